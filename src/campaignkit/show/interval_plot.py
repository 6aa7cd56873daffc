"""Numbers with how sure they are: a dot on its interval, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaignkit.show.axes import Scale, apart, extent, shorten, tick_text
from campaignkit.show.palette import GRID, INK, MUTED, PAPER
from campaignkit.show.svg import element, label, picture, text_width, tooltip

_ROW, _TOP, _BOTTOM = 28.0, 34.0, 48.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its interval; without one where `low` or `high` is None.

    Examples
    --------
    >>> Interval("one-hot", 0.77, 0.75, 0.79).high
    0.79
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    colour: str = INK
    text: str = ""


def interval_plot(
    rows: Sequence[Interval],
    *,
    title: str,
    x_label: str,
    references: Mapping[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    percent: bool = False,
    width: float = 640,
) -> str:
    """A dot for each number on a bar from `low` to `high`; as SVG.

    Parameters
    ----------
    rows : sequence of Interval
        From top to bottom; `text` is written at the right.
    references : mapping of str to float, optional
        Dashed lines with their names, such as a floor and a ceiling.
    limits : (lo, hi), optional
        The range of the axis; that of all numbers otherwise.
    percent : bool
        Whether ticks are written as percentages.

    Examples
    --------
    >>> drawn = interval_plot([Interval("a", 0.5, 0.4, 0.7)], title="Score", x_label="F1")
    >>> "a: 0.5 [0.4, 0.7]" in drawn
    True
    """
    marks = references or {}
    ends = [end for row in rows for end in (row.value, row.low, row.high) if end is not None]
    lo, hi = limits or extent([*ends, *marks.values()])
    if limits is None:
        lo, hi = lo - 0.04 * (hi - lo), hi + 0.04 * (hi - lo)
    left = min(max([text_width(row.name) for row in rows] + [40]) + 16, 240)
    right = max([text_width(row.text) for row in rows] + [4]) + 16
    top = _TOP + 16 * len(marks)
    x = Scale(lo, hi, left, width - right)
    bottom = top + _ROW * len(rows)
    parts = [label(title, 0, 16, size=14, font_weight=600)]
    ticks = x.ticks()
    for tick in apart(ticks, x, [44.0] * len(ticks)):
        at = x(tick)
        said = f"{tick:.3g}" if not percent else f"{tick * 100:.3g}%"
        parts.append(element("line", x1=at, x2=at, y1=top, y2=bottom, stroke=GRID))
        parts.append(label(said, at, bottom + 16, anchor="middle", size=12, fill=MUTED))
    parts.append(
        label(x_label, (left + width - right) / 2, bottom + 38, anchor="middle", fill=MUTED)
    )
    drawn = [
        _reference(name, x(value), _TOP + 16 * line, bottom, width)
        for line, (name, value) in enumerate(marks.items())
    ]
    parts += [line for line, _ in drawn] + [name for _, name in drawn]
    for number, row in enumerate(rows):
        parts += _line(row, x, top + _ROW * (number + 0.5), left)
    return picture(width, bottom + _BOTTOM, title, *parts)


def _reference(name: str, at: float, y: float, bottom: float, width: float) -> tuple[str, str]:
    # A name that would leave the picture on the right stands on the left of its line.
    over = at + text_width(name) + 8 > width
    line = element("line", x1=at, x2=at, y1=y - 8, y2=bottom, stroke=MUTED, stroke_dasharray="4 3")
    # A rim in the colour of the paper keeps it readable on the lines of others.
    said = label(
        name, at - 6 if over else at + 6, y + 4, anchor="end" if over else "start", fill=MUTED,
        stroke=PAPER, stroke_width=4, paint_order="stroke",
    )  # fmt: skip
    return line, said


def _line(row: Interval, x: Scale, y: float, left: float) -> list[str]:
    said = f"{row.name}: {tick_text(row.value)}"
    parts = [label(shorten(row.name, left - 16), left - 8, y + 4, anchor="end")]
    if row.low is not None and row.high is not None:
        said += f" [{tick_text(row.low)}, {tick_text(row.high)}]"
        start, stop = x(row.low), x(row.high)
        parts.append(
            element(
                "rect", x=start, y=y - 7, width=max(stop - start, 1.5), height=14, rx=2,
                fill=row.colour, fill_opacity=0.4,
            )
        )  # fmt: skip
    parts.append(element("circle", tooltip(said), cx=x(row.value), cy=y, r=3.5, fill=row.colour))
    parts.append(label(row.text, x.stop + 12, y + 4, fill=MUTED))
    return parts
