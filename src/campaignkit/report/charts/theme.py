"""The one look of all charts: colours, shapes, dashes and letters, shared with the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from campaignkit.extras import require
from campaignkit.show.palette import (
    GRID,
    INK,
    MUTED,
    NEGATIVE,
    PAPER,
    POSITIVE,
    SERIES,
    label_colours,
)
from campaignkit.show.svg import FONT

WIDTH, HEIGHT = 520, 320
# Groups differ by shape and by dash too: for the colour-blind, and for grey print.
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (12, 4), (4, 1))

_AXIS = {
    "labelColor": MUTED, "titleColor": MUTED, "tickColor": MUTED, "domainColor": MUTED,
    "gridColor": GRID, "titleFontWeight": "normal", "labelFontSize": 11, "titleFontSize": 12,
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
    "line": {"strokeWidth": 2},
    "range": {
        "category": list(SERIES),
        "diverging": [NEGATIVE, PAPER, POSITIVE],
        "heatmap": [PAPER, POSITIVE],
        "ramp": [PAPER, POSITIVE],
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
    """Rows as a chart holds them: inside it, so that it needs no file beside it.

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
    return alt.StrokeDash(field, scale=alt.Scale(domain=list(names), range=held), title=title)


def percent(field: str, title: str, **options: Any) -> dict[str, Any]:
    """The arguments of a position channel that shows shares as percentages."""
    axis = drawing().Axis(format="~%", **options)
    return {"shorthand": field, "title": title, "axis": axis}
