"""Points of several groups, and the boxes they should lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from campaignkit.show.axes import (
    MARGIN_BOTTOM,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    ONE_LINE,
    Scale,
    extent,
    frame,
    legend,
)
from campaignkit.show.palette import series_colour
from campaignkit.show.svg import element, label, number, picture, tooltip


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the plot's own numbers.

    Examples
    --------
    >>> Box((0.2, 1.0), (0.0, 0.3)).x
    (0.2, 1.0)
    """

    x: tuple[float, float]
    y: tuple[float, float]


def scatter(
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    boxes: Mapping[str, Box] | None = None,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    max_points: int = 1500,
    colours: Sequence[str] = (),
    width: float = 640,
    height: float = 460,
) -> str:
    """Points by group, with a dashed box for each group that has one; as SVG.

    Parameters
    ----------
    groups : mapping of str to (float[m], float[m])
        The points' coordinates by group.
    boxes : mapping of str to Box, optional
        Drawn in the group's colour.
    limits : ((x lo, x hi), (y lo, y hi)), optional
        The plot's range; that of points and boxes otherwise.
    max_points : int
        Of a larger group every n-th point is drawn, and the legend says so.

    Examples
    --------
    >>> "pos (2)" in scatter({"pos": ([0, 1], [1, 0])}, title="t", x_label="x", y_label="y")
    True
    """
    held = {name: _points(*pair) for name, pair in groups.items()}
    known = boxes or {}
    (x_lo, x_hi), (y_lo, y_hi) = limits or (
        extent(
            [v for p in held.values() for v in p[0]] + [v for b in known.values() for v in b.x]
        ),
        extent(
            [v for p in held.values() for v in p[1]] + [v for b in known.values() for v in b.y]
        ),
    )
    hues = [*colours[: len(held)]]
    hues += [series_colour(i) for i in range(len(hues), len(held))]
    steps = {name: -(-len(xs) // max_points) or 1 for name, (xs, _) in held.items()}
    names = [
        f"{name} ({len(xs[:: steps[name]]):,}{f' of {len(xs):,}' * (steps[name] > 1)})"
        for name, (xs, _) in held.items()
    ]
    key, top = legend(names, hues, width)
    height += max(top - ONE_LINE, 0)
    x = Scale(x_lo, x_hi, MARGIN_LEFT, width - MARGIN_RIGHT)
    y = Scale(y_lo, y_hi, height - MARGIN_BOTTOM, top)
    parts = [frame(x, y, title=title, x_label=x_label, y_label=y_label), key]
    for name, hue in zip(held, hues, strict=True):
        xs, ys = held[name]
        every = steps[name]
        # One path of round dots: a tenth of the size of as many circles.
        dots = "".join(
            f"M{number(x(a))} {number(y(b))}h0"
            for a, b in zip(xs[::every], ys[::every], strict=True)
            if x_lo <= a <= x_hi and y_lo <= b <= y_hi
        )
        parts.append(
            element(
                "path",
                d=dots or "M0 0",
                stroke=hue, stroke_opacity=0.45, stroke_width=4, stroke_linecap="round",
            )
        )  # fmt: skip
    for name, hue in zip(held, hues, strict=True):
        if name in known:
            parts.append(_outline(name, known[name], hue, x, y))
    return picture(width, height, title, *parts)


def _points(xs: ArrayLike, ys: ArrayLike) -> tuple[list[float], list[float]]:
    a, b = np.asarray(xs, dtype=np.float64).ravel(), np.asarray(ys, dtype=np.float64).ravel()
    finite = np.isfinite(a) & np.isfinite(b)
    return a[finite].tolist(), b[finite].tolist()


def _outline(name: str, box: Box, hue: str, x: Scale, y: Scale) -> str:
    left, right = (x(min(max(v, x.lo), x.hi)) for v in box.x)
    bottom, top = (y(min(max(v, y.lo), y.hi)) for v in box.y)
    rect = element(
        "rect",
        tooltip(f"{name}: {box.x[0]:g} to {box.x[1]:g}, {box.y[0]:g} to {box.y[1]:g}"),
        x=left, y=top, width=max(right - left, 1), height=max(bottom - top, 1),
        fill="none", stroke=hue, stroke_width=1.8, stroke_dasharray="6 4",
    )  # fmt: skip
    return rect + label(name, left + 5, top + 14, size=11, fill=hue, font_weight=600)
