"""Points with names that do not cover one another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaignkit.show.axes import (
    MARGIN_BOTTOM,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    ONE_LINE,
    Scale,
    extent,
    frame,
    legend,
    shorten,
)
from campaignkit.show.name_sides import name_sides
from campaignkit.show.palette import INK, MUTED, PAPER
from campaignkit.show.svg import element, label, number, picture, tooltip

_SIZE = 11.0  # of a name
_RADIUS = 5.5
_MOST_NAMES = 60
_MOST_MARKS = 800  # with a tooltip each; of more, all are drawn as plain dots
_ROOM = 0.05  # of the range, between the outermost dots and the frame


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a group; `low` and `high` are the interval of `y`.

    Examples
    --------
    >>> Dot("rank 8", "pairwise", 4.2, 0.9).name
    'rank 8'
    """

    name: str
    group: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None


def dot_plot(
    dots: Sequence[Dot],
    *,
    title: str,
    x_label: str,
    y_label: str,
    colours: Mapping[str, str],
    log_x: bool = False,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    line: tuple[tuple[float, float], tuple[float, float]] | None = None,
    width: float = 900,
    height: float = 480,
) -> str:
    """A colour for each group, and a name next to each dot that has room for it; as SVG.

    Parameters
    ----------
    dots : sequence of Dot
        All that are finite are drawn. The first ones are named first; a name that would cover
        another is left to the tooltip.
    colours : mapping of str to str
        The colour of each group; the legend lists the groups that occur.
    log_x : bool
        Whether x is logarithmic; values that are not above 0 lie at the left end.
    limits : ((x lo, x hi), (y lo, y hi)), optional
        The range; that of the dots otherwise.
    line : ((x, y), (x, y)), optional
        A dashed reference line between two points.

    Examples
    --------
    >>> drawn = dot_plot([Dot("rank 8", "pairs", 4.2, 0.9), Dot("free", "floor", 0, 0.3)],
    ...                  title="t", x_label="s", y_label="F1", colours={}, log_x=True)
    >>> drawn.count("<circle"), ">rank 8</text>" in drawn
    (2, True)
    """
    dots = [dot for dot in dots if math.isfinite(dot.x) and math.isfinite(dot.y)]
    groups = [*dict.fromkeys(dot.group for dot in dots)]
    hues = {group: colours.get(group, INK) for group in groups}
    names, top = legend(groups, list(hues.values()), width)
    height += max(top - ONE_LINE, 0)
    (x_lo, x_hi), (y_lo, y_hi) = limits or _limits(dots, log=log_x)
    x = Scale(x_lo, x_hi, MARGIN_LEFT, width - MARGIN_RIGHT, log=log_x)
    y = Scale(y_lo, y_hi, height - MARGIN_BOTTOM, top)
    parts = [frame(x, y, title=title, x_label=x_label, y_label=y_label), names]
    if line:
        (x1, y1), (x2, y2) = line
        parts.append(
            element("line", x1=x(x1), y1=y(y1), x2=x(x2), y2=y(y2), stroke=MUTED,
                    stroke_dasharray="4 3")
        )  # fmt: skip
    places = [(x(max(dot.x, x_lo)), y(dot.y)) for dot in dots]
    if len(dots) > _MOST_MARKS:
        parts += _plain(dots, places, hues)
    else:
        for dot, (a, b) in zip(dots, places, strict=True):
            parts += _marked(dot, a, b, hues[dot.group], y)
    named = [shorten(dot.name, 190, _SIZE) for dot in dots[:_MOST_NAMES]]
    room = MARGIN_LEFT, top - 8, width, y.start
    sides = name_sides(places[:_MOST_MARKS], named, inside=room, size=_SIZE, radius=_RADIUS)
    parts += [
        label(name, a + side.dx, b + side.dy, anchor=side.anchor, size=_SIZE)
        for name, (a, b), side in zip(named, places, sides, strict=False)
        if side is not None
    ]
    return picture(width, height, title, *parts)


def _limits(dots: Sequence[Dot], *, log: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    x_lo, x_hi = extent((dot.x for dot in dots), log=log)
    ends = [end for dot in dots for end in (dot.y, dot.low, dot.high) if end is not None]
    y_lo, y_hi = extent(ends)
    room = (y_hi - y_lo) * _ROOM
    if log:
        beyond = (x_hi / x_lo) ** _ROOM
        # What costs nothing has no place on a logarithmic axis: it stands left of the others.
        below = beyond * 3 if any(dot.x <= 0 for dot in dots) else beyond
        return (x_lo / below, x_hi * beyond), (y_lo - room, y_hi + room)
    side = (x_hi - x_lo) * _ROOM
    return (x_lo - side, x_hi + side), (y_lo - room, y_hi + room)


def _marked(dot: Dot, a: float, b: float, hue: str, y: Scale) -> list[str]:
    said = f"{dot.name} ({dot.group}): {dot.y:.4g} at {dot.x:.4g}"
    parts = []
    if dot.low is not None and dot.high is not None:
        ends = {"x1": a, "x2": a, "y1": y(dot.low), "y2": y(dot.high)}
        parts.append(element("line", **ends, stroke=hue, stroke_width=2, stroke_opacity=0.45))
    circle = element("circle", tooltip(said), cx=a, cy=b, r=_RADIUS, fill=hue, stroke=PAPER)
    return [*parts, circle]


def _plain(
    dots: Sequence[Dot], places: Sequence[tuple[float, float]], hues: Mapping[str, str]
) -> list[str]:
    """One path a group: a tenth of the size of as many shapes."""
    paths = dict.fromkeys(hues, "")
    for dot, (a, b) in zip(dots, places, strict=True):
        paths[dot.group] += f"M{number(a)} {number(b)}h0"
    look = {"stroke_width": 6, "stroke_linecap": "round", "stroke_opacity": 0.5}
    return [
        element("path", d=path, stroke=hues[group], **look)  # type: ignore[arg-type]
        for group, path in paths.items()
    ]
