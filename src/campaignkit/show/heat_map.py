"""A table whose cells are coloured by their numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from campaignkit.show.axes import shorten
from campaignkit.show.palette import GRID, MUTED, Tint, sequential
from campaignkit.show.svg import element, label, picture, text_width, tooltip


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    title: str,
    texts: Sequence[Sequence[str]] | None = None,
    colour: Callable[[float], Tint] = sequential,
    cell: tuple[float, float] = (92, 44),
) -> str:
    """Cells coloured by number, with a text in each; as SVG.

    Parameters
    ----------
    rows, columns : sequence of str
        Names of the rows and columns.
    values : float[rows, columns]
        What is coloured; None leaves a cell empty.
    texts : str[rows, columns], optional
        What is written in the cells, a line each for ``\\n``; the numbers themselves otherwise.
    colour : callable
        From number to a colour and its strength.
    cell : (width, height)
        In pixels.

    Examples
    --------
    >>> "brand, geo: 0.5" in heat_map(["brand"], ["geo"], [[0.5]], title="Share")
    True
    """
    wide, high = cell
    left = min(max([text_width(name) for name in rows] + [30]) + 16, 240)
    # Column names that do not fit are turned.
    turned = any(text_width(name) > wide - 6 for name in columns)
    top = 36 + (min(max(text_width(name) for name in columns), 200) * 0.75 if turned else 18)
    right = left + wide * len(columns)
    parts = [label(title, 0, 16, size=14, font_weight=600)]
    for j, name in enumerate(columns):
        x, y = left + (j + 0.5) * wide, top - 8
        if turned:
            turn = f"rotate(-40 {x:.1f} {y:.1f})"
            parts.append(label(shorten(name, 200), x - 8, y, fill=MUTED, transform=turn))
        else:
            parts.append(label(name, x, y, anchor="middle", fill=MUTED))
    for i, name in enumerate(rows):
        middle = top + (i + 0.5) * high + 4
        parts.append(label(shorten(name, left - 16), left - 8, middle, anchor="end", fill=MUTED))
        for j, other in enumerate(columns):
            value = values[i][j]
            if value is None:
                continue
            tint = colour(value)
            text = texts[i][j] if texts else f"{value:.3g}"
            said = text.replace("\n", ", ")
            x, y = left + j * wide, top + i * high
            parts.append(
                element(
                    "rect",
                    tooltip(f"{name}, {other}: {said}"),
                    x=x, y=y, width=wide - 2, height=high - 2, rx=3, stroke=GRID,
                    fill=tint.colour, fill_opacity=tint.opacity,
                )
            )  # fmt: skip
            parts += _lines(text, x + wide / 2 - 1, y + high / 2 - 1)
    extra = 60 if turned else 8  # room for the last turned name
    wide_enough = max(right + extra, text_width(title, 15) + 12)
    return picture(wide_enough, top + high * len(rows) + 6, title, *parts)


def _lines(text: str, x: float, y: float) -> list[str]:
    lines = text.split("\n")
    first = y + 4 - (len(lines) - 1) * 7.5
    return [
        label(line, x, first + 15 * row, anchor="middle", pointer_events="none")
        for row, line in enumerate(lines)
    ]
