"""Bars: how much of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from campaignkit.show.axes import legend, shorten
from campaignkit.show.palette import MUTED, PALE, POSITIVE, series_colour
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
    parts = [label(title, 0, 16, size=14, font_weight=600)]
    for row, (name, value) in enumerate(values.items()):
        y = 32 + row * (_BAR + _GAP)
        colour = (colours or {}).get(name, POSITIVE)
        text = f"{_amount(value)}{unit}"
        length = max(value, 0) / longest * room
        parts += [
            label(shorten(name, left - 16), left - 8, y + 14, anchor="end"),
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
    met = [i for i in range(len(series)) if any(amounts[i] for amounts in rows.values())]
    key, top = legend([series[i] for i in met], [hues[i] for i in met], width)
    parts = [label(title, 0, 16, size=14, font_weight=600), key]
    for row, (name, amounts) in enumerate(rows.items()):
        y, x, total = top + row * (_BAR + _GAP), left, sum(amounts) or 1.0
        parts.append(label(shorten(name, left - 16), left - 8, y + 14, anchor="end"))
        for which, amount, hue in zip(series, amounts, hues, strict=True):
            share = amount / total
            text = f"{share:.0%}"
            tip = tooltip(f"{name}, {which}: {_amount(amount)} ({text})")
            length = share * room
            # Ink is readable on a pale colour, light or dark; the edge is in the full one.
            inner = max(length - 2, 0)
            bar: dict[str, str | float] = {"x": x, "width": inner, "fill": hue}
            parts.append(element("rect", tip, y=y, height=_BAR, fill_opacity=PALE, **bar))
            parts.append(element("rect", y=y + _BAR - 3, height=3, **bar))
            if length > text_width(text) + 8:
                parts.append(label(text, x + inner / 2, y + 13, anchor="middle"))
            x += length
    return picture(width, top + len(rows) * (_BAR + _GAP), title, *parts)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _names_width(rows: Mapping[str, object]) -> float:
    return min(max([text_width(name) for name in rows] + [40]) + 16, _LONGEST)
