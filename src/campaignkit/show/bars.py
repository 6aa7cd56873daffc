"""Bars: how much of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from campaignkit.show.palette import MUTED, POSITIVE, ink_on, series_colour
from campaignkit.show.svg import element, label, picture, text_width, tooltip

_BAR, _GAP, _LONGEST = 20.0, 8.0, 260.0


def bar_chart(
    values: Mapping[str, float],
    *,
    title: str,
    unit: str = "",
    colours: Mapping[str, str] | None = None,
    width: float = 640,
) -> str:
    """Horizontal bars from zero, each with its name and number; as SVG.

    Parameters
    ----------
    values : mapping of str to float
        Bars from top to bottom; none negative.
    unit : str
        Written after each number, such as ``" rows"``.
    colours : mapping of str to str, optional
        Colours of some bars by name.

    Examples
    --------
    >>> "4,000 rows" in bar_chart({"pos": 4000, "neg": 1000}, title="Balance", unit=" rows")
    True
    """
    left = _names_width(values)
    longest = max([*values.values(), 0]) or 1.0
    room = width - left - 90
    parts = [label(title, 0, 16, size=15, font_weight=600)]
    for row, (name, value) in enumerate(values.items()):
        y = 32 + row * (_BAR + _GAP)
        colour = (colours or {}).get(name, POSITIVE)
        text = f"{_amount(value)}{unit}"
        length = max(value, 0) / longest * room
        parts += [
            label(_short(name, left), left - 8, y + 14, anchor="end"),
            element(
                "rect",
                tooltip(f"{name}: {text}"),
                x=left, y=y, width=length, height=_BAR, fill=colour, rx=2,
            ),
            label(text, left + length + 6, y + 14, fill=MUTED),
        ]  # fmt: skip
    return picture(width, 36 + len(values) * (_BAR + _GAP), title, *parts)


def stacked_bars(
    rows: Mapping[str, Sequence[float]],
    series: Sequence[str],
    *,
    title: str,
    colours: Sequence[str] = (),
    width: float = 640,
) -> str:
    """One bar a row, cut into the shares of the series; as SVG.

    Parameters
    ----------
    rows : mapping of str to sequence of float
        The amounts of each series in a row; the bar shows their shares.
    series : sequence of str
        Their names.

    Examples
    --------
    >>> "train, pos: 30 (30%)" in stacked_bars({"train": [30, 70]}, ["pos", "neg"], title="Split")
    True
    """
    left = _names_width(rows)
    room = width - left - 10
    hues = [*colours[: len(series)]]
    hues += [series_colour(i) for i in range(len(hues), len(series))]
    parts = [label(title, 0, 16, size=15, font_weight=600)]
    x = left
    for name, hue in zip(series, hues, strict=True):
        parts.append(element("rect", x=x, y=28, width=11, height=11, fill=hue))
        parts.append(label(name, x + 16, 38, size=11))
        x += 34 + text_width(name, 11)
    for row, (name, amounts) in enumerate(rows.items()):
        y, x, total = 50 + row * (_BAR + _GAP), left, sum(amounts) or 1.0
        parts.append(label(_short(name, left), left - 8, y + 14, anchor="end"))
        for which, amount, hue in zip(series, amounts, hues, strict=True):
            share = amount / total
            text = f"{share:.0%}"
            tip = tooltip(f"{name}, {which}: {_amount(amount)} ({text})")
            length = share * room
            parts.append(
                element("rect", tip, x=x, y=y, width=length, height=_BAR, fill=hue, stroke="#fff")
            )
            if length > text_width(text, 11) + 6:
                middle = x + length / 2
                ink = ink_on(hue)
                parts.append(label(text, middle, y + 14, anchor="middle", size=11, fill=ink))
            x += length
    return picture(width, 54 + len(rows) * (_BAR + _GAP), title, *parts)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _names_width(rows: Mapping[str, object]) -> float:
    return min(max([text_width(name) for name in rows] + [40]) + 16, _LONGEST)


def _short(name: str, width: float) -> str:
    room = int((width - 16) / text_width("x"))
    return name if len(name) <= room else name[: room - 1] + "…"
