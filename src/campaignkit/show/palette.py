"""Colours that the colour-blind can tell apart and that stay apart in grey print."""

from __future__ import annotations

from collections.abc import Iterable

# Okabe and Ito 2008, "Color Universal Design"; blue against vermillion is its safest pair.
POSITIVE = "#0072B2"
NEGATIVE = "#D55E00"
NEUTRAL = "#B4B8BE"
INK = "#1F2933"
MUTED = "#5F6B7A"
GRID = "#E3E7EC"
PAPER = "#FFFFFF"
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A5C00", "#000000")
# The published labels keep their meaning in colour: blue for helps, vermillion for harms.
_LABELS = {"pos": POSITIVE, "neg": NEGATIVE, "avg": "#7A7F87"}
_WHITE = (255, 255, 255)


def series_colour(position: int) -> str:
    """The colour of the n-th series; they repeat after eight.

    Examples
    --------
    >>> series_colour(0) == series_colour(8)
    True
    """
    return SERIES[position % len(SERIES)]


def label_colours(names: Iterable[str]) -> dict[str, str]:
    """One colour a label, the same in every picture.

    Examples
    --------
    >>> label_colours(["pos", "mine"])
    {'pos': '#0072B2', 'mine': '#E69F00'}
    """
    held = tuple(names)
    taken = set(_LABELS.values())
    free = [hue for hue in SERIES if hue not in taken]
    rest = [name for name in held if name not in _LABELS]
    own = {name: free[i % len(free)] for i, name in enumerate(rest)}
    return {name: _LABELS.get(name) or own[name] for name in held}


def diverging(value: float) -> str:
    """From the negative colour at -1 over white at 0 to the positive one at 1.

    Examples
    --------
    >>> diverging(0), diverging(1), diverging(-5)
    ('#ffffff', '#0072b2', '#d55e00')
    """
    return _mix(POSITIVE if value >= 0 else NEGATIVE, min(abs(value), 1.0))


def sequential(value: float) -> str:
    """From white at 0 to the positive colour at 1.

    Examples
    --------
    >>> sequential(0), sequential(1)
    ('#ffffff', '#0072b2')
    """
    return _mix(POSITIVE, min(max(value, 0.0), 1.0))


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour.

    Examples
    --------
    >>> ink_on("#ffffff"), ink_on("#0072b2")
    ('#1F2933', '#FFFFFF')
    """
    red, green, blue = (part / 255 for part in _rgb(colour))
    # Rec. 709 luma; .6 keeps dark text on all the paler half.
    return INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.6 else PAPER


def _mix(colour: str, share: float) -> str:
    parts = zip(_WHITE, _rgb(colour), strict=True)
    return "#" + "".join(f"{round(w + (c - w) * share):02x}" for w, c in parts)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
