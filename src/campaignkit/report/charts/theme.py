"""The one look of all charts: colours, shapes, dashes and letters, shared with the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from campaignkit.extras import require
from campaignkit.show.axes import Scale, extent
from campaignkit.show.name_sides import SIDES, name_sides
from campaignkit.show.palette import (
    GRID,
    INK,
    MUTED,
    PAPER,
    SERIES,
    diverging,
    label_colours,
)
from campaignkit.show.svg import FONT

WIDTH, HEIGHT = 520, 320
# From harms to helps, no stronger than in pages: ink is readable on all of it.
SIGNS = (diverging(-1).on_paper, PAPER, diverging(1).on_paper)
# Groups differ by shape and by dash too: for the colour-blind, and for grey print.
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (12, 4), (4, 1))

_AXIS = {
    "labelColor": MUTED, "titleColor": MUTED, "tickColor": MUTED, "domainColor": MUTED,
    "gridColor": GRID, "titleFontWeight": "normal", "labelFontSize": 11, "titleFontSize": 12,
    "labelLimit": 240,
}  # fmt: skip
_LOOK: dict[str, Any] = {  # Any: a Vega-Lite config
    "background": PAPER,
    "font": FONT,
    "axis": _AXIS,
    "title": {
        "anchor": "start", "fontSize": 15, "fontWeight": 600, "color": INK,
        "subtitleColor": MUTED, "subtitleFontSize": 12, "offset": 10,
    },
    "header": {"labelColor": INK, "titleColor": MUTED, "labelFontSize": 12},
    "legend": {"labelColor": INK, "titleColor": MUTED, "titleFontWeight": "normal"},
    "view": {"stroke": None},
    "range": {
        "category": list(SERIES),
        "diverging": list(SIGNS),
        "heatmap": list(SIGNS[1:]),
        "ramp": list(SIGNS[1:]),
    },
}  # fmt: skip


def drawing() -> Any:  # Any: the altair module, which has no types we follow
    """The drawing library, or one line that says how to install it.

    Raises
    ------
    MissingExtra
        If altair is not installed.

    Examples
    --------
    >>> drawing().__name__
    'altair'
    """
    return require("altair", extra="viz", user="a chart")


def rows_of(values: Iterable[Mapping[str, object]]) -> Any:  # Any: altair's data
    """Rows as a chart holds them: inside it, so that it needs no second file.

    Examples
    --------
    >>> rows_of([{"x": 1}]).to_dict()
    {'values': [{'x': 1}]}
    """
    return drawing().InlineData(values=[dict(row) for row in values])


def finished(chart: Any, *, title: str, subtitle: str = "") -> Any:  # Any: an altair chart
    """A chart with its title and the look of all charts.

    Examples
    --------
    >>> chart = finished(drawing().Chart(rows_of([])).mark_point(), title="None")
    >>> chart.to_dict()["title"]["text"]
    'None'
    """
    said: dict[str, object] = {"text": title}
    if subtitle:
        said["subtitle"] = subtitle
    return chart.properties(title=said).configure(**_LOOK)


def colour(field: str, names: Sequence[str], *, title: str | None = None) -> Any:
    """One colour for each of these names; labels keep theirs.

    Examples
    --------
    >>> colour("label:N", ["pos"]).to_dict()["scale"]["range"]
    ['#0072B2']
    """
    alt = drawing()
    hues = label_colours(names)
    scale = alt.Scale(domain=list(names), range=list(hues.values()))
    return alt.Color(field, scale=scale, title=title)


def shape(field: str, names: Sequence[str], *, title: str | None = None) -> Any:
    """One shape for each of these names; they repeat after six.

    Examples
    --------
    >>> shape("label:N", ["pos", "neg"]).to_dict()["scale"]["range"]
    ['circle', 'square']
    """
    alt = drawing()
    held = [SHAPES[i % len(SHAPES)] for i in range(len(names))]
    return alt.Shape(field, scale=alt.Scale(domain=list(names), range=held), title=title)


def dash(field: str, names: Sequence[str], *, title: str | None = None) -> Any:
    """One dash for each of these names; they repeat after six.

    Examples
    --------
    >>> dash("label:N", ["pos", "neg"]).to_dict()["scale"]["range"]
    [[1, 0], [6, 3]]
    """
    alt = drawing()
    held = [list(DASHES[i % len(DASHES)]) for i in range(len(names))]
    scale = alt.Scale(domain=list(names), range=held)
    # A dashed outline would blot the symbols of the shapes, which share the legend.
    legend = alt.Legend(symbolStrokeWidth=0)
    return alt.StrokeDash(field, scale=scale, title=title, legend=legend)


def lines_and_dots(
    chart: Any, field: str, names: Sequence[str], *, title: str, **dots: Any
) -> list[Any]:
    """Two layers: a line and dots for each of these names, told apart without colour, too.

    Parameters
    ----------
    chart : altair.Chart
        With its places.
    dots : channels
        Of the dots alone.

    Examples
    --------
    >>> chart = drawing().Chart(rows_of([])).encode(x="a:Q", y="b:Q")
    >>> [layer.to_dict()["mark"]["type"] for layer in lines_and_dots(chart, "c:N", [], title="c")]
    ['line', 'point']
    """
    both = chart.encode(color=colour(field, names, title=title))
    lines = both.mark_line().encode(strokeDash=dash(field, names, title=title))
    marks = both.mark_point(filled=True, size=60)
    return [lines, marks.encode(shape=shape(field, names, title=title), **dots)]


def area(field: str, counts: Iterable[int], *, title: str, most: float) -> Any:
    """Counts as areas; the legend has the least, the middle and the largest that occur.

    Examples
    --------
    >>> area("rows:Q", [5, 1, 30, 2], title="rows", most=100).to_dict()["legend"]["values"]
    [1, 5, 30]
    """
    alt = drawing()
    held = sorted(set(counts)) or [0]
    values = [*dict.fromkeys((held[0], held[len(held) // 2], held[-1]))]
    scale = alt.Scale(domain=[0, held[-1]], range=[most / 30, most])
    return alt.Size(field, scale=scale, title=title, legend=alt.Legend(values=values))


def named(
    rows: Sequence[Mapping[str, Any]],
    fields: tuple[str, str],
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    log: bool = False,
    **channels: Any,
) -> list[Any]:
    """Layers with the names of dots, those that have room; others are left to the tooltip.

    Parameters
    ----------
    rows : sequence of mapping
        With ``name`` and the two fields.
    fields : (x, y)
        Of the dots' places; x is logarithmic where `log`.
    size : (width, height)
        Of the chart, in pixels.
    channels
        The position channels of the dots.

    Examples
    --------
    >>> rows = [{"name": "a", "u": 0, "v": 0}, {"name": "b", "u": 1, "v": 1}]
    >>> len(named(rows, ("u", "v"), x="u:Q", y="v:Q"))
    1
    """
    alt = drawing()
    xs, ys = ([float(row[field]) for row in rows] for field in fields)
    width, height = size
    across = Scale(*extent(xs, log=log), 20, width - 20, log=log)
    up = Scale(*extent(ys), height - 20, 20)
    points = [(across(x), up(y)) for x, y in zip(xs, ys, strict=True)]
    inside = 0, 0, width + 40, height
    sides = name_sides(points, [str(row["name"]) for row in rows], inside=inside)
    aligned = {"start": "left", "middle": "center", "end": "right"}
    layers = []
    for side in SIDES:  # what is constant in a mark needs a layer of its own
        held = [row for row, at in zip(rows, sides, strict=True) if at == side]
        if held:
            mark = alt.Chart(rows_of(held)).mark_text(
                align=aligned[side.anchor], dx=side.dx, dy=side.dy, baseline="alphabetic",
                fontSize=11, color=INK,
            )  # fmt: skip
            layers.append(mark.encode(text="name:N", **channels))
    return layers


def percent(field: str, title: str, **options: Any) -> dict[str, Any]:
    """The arguments of a position channel that shows shares as percentages."""
    axis = drawing().Axis(format="~%", tickCount=6, **options)
    return {"shorthand": field, "title": title, "axis": axis}
