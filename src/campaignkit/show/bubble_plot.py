"""Points that fall on one another, drawn as dots whose area tells how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from campaignkit.show.axes import (
    MARGIN_BOTTOM,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    ONE_LINE,
    Scale,
    frame,
    legend,
)
from campaignkit.show.palette import PAPER, series_colour
from campaignkit.show.svg import element, label, picture, text_width, tooltip

_CELLS = 160  # across each axis: nearer points share a dot, so the file stays small
_LARGEST = 11.0  # radius of the fullest dot
_DASHES = ("7 4", "2 3", "12 4 2 4", "1 0")  # outlines differ without colour too


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


def bubble_plot(
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    limits: tuple[tuple[float, float], tuple[float, float]],
    boxes: Mapping[str, Box] | None = None,
    colours: Sequence[str] = (),
    width: float = 760,
    height: float = 500,
) -> str:
    """Dots by group, one for each place, its area as the number of points there; as SVG.

    Parameters
    ----------
    groups : mapping of str to (float[m], float[m])
        The points' coordinates by group; all of them count.
    limits : ((x lo, x hi), (y lo, y hi))
        The plot's range; points outside are not drawn.
    boxes : mapping of str to Box, optional
        Drawn in the group's colour, named at a corner.

    Examples
    --------
    >>> groups = {"pos": ([0.5, 0.5], [0.1, 0.1])}
    >>> text = bubble_plot(
    ...     groups, title="t", x_label="x", y_label="y", limits=((0, 1), (0, 1)))
    >>> "pos: 2 at 0.5, 0.1" in text
    True
    """
    (x_lo, x_hi), (y_lo, y_hi) = limits
    hues = [*colours[: len(groups)]]
    hues += [series_colour(i) for i in range(len(hues), len(groups))]
    held = {name: _gathered(*pair, limits) for name, pair in groups.items()}
    sizes = [int(counts.sum()) for _, counts in held.values()]
    met = [i for i, size in enumerate(sizes) if size]
    names = [f"{name} ({size:,})" for name, size in zip(groups, sizes, strict=True)]
    key, plot_top = legend([names[i] for i in met], [hues[i] for i in met], width)
    height += max(plot_top - ONE_LINE, 0)
    x = Scale(x_lo, x_hi, MARGIN_LEFT, width - MARGIN_RIGHT)
    y = Scale(y_lo, y_hi, height - MARGIN_BOTTOM, plot_top)
    fullest = max([int(counts.max(initial=1)) for _, counts in held.values()] + [1])
    dots: list[tuple[int, str]] = []
    for (name, (places, counts)), hue in zip(held.items(), hues, strict=True):
        for (a, b), count in zip(places.tolist(), counts.tolist(), strict=True):
            said = f"{name}: {count:,} at {a:.3g}, {b:.3g}"
            dots.append((count, _dot(x(a), y(b), (count / fullest) ** 0.5, hue, said)))
    parts = [frame(x, y, title=title, x_label=x_label, y_label=y_label), key]
    # Large ones first, or they would hide the small ones of another group.
    parts += [dot for _, dot in sorted(dots, key=lambda pair: -pair[0])]
    taken: list[tuple[float, float]] = []
    for number, (name, hue) in enumerate(zip(groups, hues, strict=True)):
        if boxes and name in boxes:
            look = hue, _DASHES[number % len(_DASHES)]
            parts.append(_outline(name, boxes[name], look, (x, y), taken))
    return picture(width, height, title, *parts)


def _gathered(
    xs: ArrayLike, ys: ArrayLike, limits: tuple[tuple[float, float], tuple[float, float]]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The places that hold points, float[p, 2], and how many each holds."""
    points = np.stack([np.asarray(v, dtype=np.float64).ravel() for v in (xs, ys)], axis=1)
    low, high = np.array(limits).T
    inside = np.isfinite(points).all(axis=1) & (points >= low).all(axis=1)
    points = points[inside & (points <= high).all(axis=1)]
    cells = np.round((points - low) / np.maximum(high - low, 1e-12) * _CELLS)
    _, first, counts = np.unique(cells, axis=0, return_index=True, return_counts=True)
    return points[first], counts


def _dot(x: float, y: float, size: float, hue: str, said: str) -> str:
    return element(
        "circle",
        tooltip(said),
        cx=x, cy=y, r=max(1.2, _LARGEST * size),
        fill=hue, fill_opacity=0.55, stroke=PAPER, stroke_width=0.5,
    )  # fmt: skip


def _outline(
    name: str,
    box: Box,
    look: tuple[str, str],
    scales: tuple[Scale, Scale],
    taken: list[tuple[float, float]],
) -> str:
    (hue, dashes), (x, y) = look, scales
    left, right = (x(min(max(v, x.lo), x.hi)) for v in box.x)
    bottom, top = (y(min(max(v, y.lo), y.hi)) for v in box.y)
    rect = element(
        "rect",
        tooltip(f"{name}: {box.x[0]:g} to {box.x[1]:g}, {box.y[0]:g} to {box.y[1]:g}"),
        x=left, y=top, width=max(right - left, 1), height=max(bottom - top, 1),
        fill="none", stroke=hue, stroke_width=2, stroke_dasharray=dashes,
    )  # fmt: skip
    # A name that does not fit in its box, or covers another one, is left to the legend.
    wide = text_width(name, 13) + 12
    if wide > right - left or any(abs(right - a) < wide and abs(top - b) < 18 for a, b in taken):
        return rect
    taken.append((right, top))
    # A rim of paper keeps the name readable on top of dots.
    name_text = label(
        name, right - 6, top + 15, anchor="end", size=13, font_weight=700,
        stroke=PAPER, stroke_width=4, paint_order="stroke",
    )  # fmt: skip
    return rect + name_text
