"""Colours that the colour-blind can tell apart, for light and dark screens and for grey print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

# Okabe and Ito 2008, "Color Universal Design"; blue against vermillion is its safest pair.
POSITIVE = "#0072B2"
NEGATIVE = "#D55E00"
NEUTRAL = "#B4B8BE"
INK = "#1F2933"
MUTED = "#5F6B7A"
GRID = "#E3E7EC"
PAPER = "#FFFFFF"
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A5C00", "#000000")
_AVERAGE = "#7A7F87"
# The published labels keep their meaning in colour: blue for helps, vermillion for harms.
_LABELS = {"pos": POSITIVE, "neg": NEGATIVE, "avg": _AVERAGE}
# What a dark screen shows in place of each colour. All texts keep a contrast of 4.5 (WCAG AA).
DARK = {
    INK: "#E6EAEF", MUTED: "#A3AFBC", GRID: "#2E3742", PAPER: "#14181D", NEUTRAL: "#5B6470",
    _AVERAGE: "#A4ABB5", "#0072B2": "#4BA3E3", "#E69F00": "#E6B033", "#009E73": "#2FC79A",
    "#CC79A7": "#E09BC2", "#56B4E9": "#8FD0F5", "#D55E00": "#F4814A", "#7A5C00": "#B08D3C",
    "#000000": "#F2F5F8",
}  # fmt: skip
# Names of style sheets: on a light screen, on a dark one.
VARIABLES = {
    "ink": (INK, DARK[INK]),
    "muted": (MUTED, DARK[MUTED]),
    "line": (GRID, DARK[GRID]),
    "soft": ("#F5F7F9", "#1D232A"),
    "paper": (PAPER, DARK[PAPER]),
    "link": ("#00629B", "#7CC4F5"),
    "good": ("#1B6E3C", "#7FD6A0"),
    "warning": ("#8A5A00", "#F0B95A"),
    "error": ("#B3261E", "#FF8A80"),
    "info": ("#0B6199", "#7CC4F5"),
    "positive": (POSITIVE, DARK[POSITIVE]),
    "negative": (NEGATIVE, DARK[NEGATIVE]),
}
_STRONGEST = 0.6  # of a tint: text in ink stays readable on it, on light and on dark paper
PALE = 0.35  # opacity of a bar of any colour that has ink on it


class Tint(NamedTuple):
    """A colour laid thinly over the paper, so that ink stays readable on it.

    Examples
    --------
    >>> Tint("#0072B2", 0.6).on_paper
    '#66aad1'
    """

    colour: str
    opacity: float

    @property
    def on_paper(self) -> str:
        """The colour that it gives on light paper, for charts of other libraries."""
        parts = [int(self.colour[i : i + 2], 16) for i in (1, 3, 5)]
        return "#" + "".join(f"{round(255 + (c - 255) * self.opacity):02x}" for c in parts)


def series_colour(position: int) -> str:
    """The colour of the n-th series; they repeat after eight.

    Examples
    --------
    >>> series_colour(0) == series_colour(8)
    True
    """
    return SERIES[position % len(SERIES)]


def label_colours(names: Iterable[str]) -> dict[str, str]:
    """One colour a label, the same in every picture; own labels repeat after eight.

    Examples
    --------
    >>> label_colours(["pos", "mine"])
    {'pos': '#0072B2', 'mine': '#E69F00'}
    """
    held = tuple(names)
    taken = {_LABELS[name] for name in held if name in _LABELS}
    # Blue and vermillion say helps and harms: other labels take them last.
    free = [hue for hue in SERIES if hue not in _LABELS.values()]
    free += [hue for hue in (POSITIVE, NEGATIVE) if hue not in taken]
    rest = [name for name in held if name not in _LABELS]
    own = {name: free[i % len(free)] for i, name in enumerate(rest)}
    return {name: _LABELS.get(name) or own[name] for name in held}


def hue_class(colour: str) -> str:
    """The class that gives an element of a page the variable ``--hue``, light and dark.

    Examples
    --------
    >>> hue_class("#0072B2")
    'hue-0072b2'
    """
    return f"hue-{colour[1:].lower()}"


def diverging(value: float) -> Tint:
    """From the negative colour at -1 over the paper at 0 to the positive one at 1.

    Examples
    --------
    >>> diverging(0).opacity, diverging(1), diverging(-5).colour
    (0.0, Tint(colour='#0072B2', opacity=0.6), '#D55E00')
    """
    return Tint(POSITIVE if value >= 0 else NEGATIVE, min(abs(value), 1.0) * _STRONGEST)


def sequential(value: float) -> Tint:
    """From the paper at 0 to the positive colour at 1.

    Examples
    --------
    >>> sequential(0).opacity, sequential(1).opacity
    (0.0, 0.6)
    """
    return Tint(POSITIVE, min(max(value, 0.0), 1.0) * _STRONGEST)


def colour_rules() -> str:
    """A style sheet with all colours as variables, and with every SVG recoloured for the dark.

    Pictures hold the light colours, so that they stand alone; a dark page replaces them.

    Examples
    --------
    >>> "--ink:#1F2933" in colour_rules()
    True
    """
    light = "".join(f"--{name}:{pair[0]};" for name, pair in VARIABLES.items())
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in VARIABLES.items())
    hues = [*SERIES, _AVERAGE]
    light_hues = "".join(f".{hue_class(hue)}{{--hue:{hue}}}" for hue in hues)
    dark_hues = "".join(f".{hue_class(hue)}{{--hue:{DARK[hue]}}}" for hue in hues)
    pictures = "".join(
        f'svg [{role}="{hue}"]{{{role}:{other}}}'
        for hue, other in DARK.items()
        for role in ("fill", "stroke")
    )
    dark = f":root{{{dark}}}\n{dark_hues}\n{pictures}"
    return (
        f":root{{{light}}}\n{light_hues}\n"
        f"@media screen and (prefers-color-scheme:dark){{{dark}}}\n"
    )
