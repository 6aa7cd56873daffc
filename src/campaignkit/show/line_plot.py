"""Curves: how one number goes with another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from campaignkit.show.axes import (
    MARGIN_BOTTOM,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    ONE_LINE,
    Scale,
    extent,
    frame,
    legend,
    tick_text,
)
from campaignkit.show.palette import series_colour
from campaignkit.show.svg import element, number, picture, tooltip

Points = Sequence[tuple[float, float]]


def line_plot(
    series: Mapping[str, Points],
    *,
    title: str,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
    from_zero: bool = False,
    width: float = 640,
    height: float = 340,
) -> str:
    """Points of each series, joined in the order given; as SVG.

    Parameters
    ----------
    series : mapping of str to sequence of (x, y)
        Points that are not finite (or not positive, on a logarithmic axis) break the line.
    from_zero : bool
        Whether the y axis starts at zero.

    Examples
    --------
    >>> text = line_plot({"a": [(1, 2), (10, 5)]}, title="t", x_label="x", y_label="y", log_x=True)
    >>> "a: 10, 5" in text
    True
    """
    points = [point for line in series.values() for point in line]
    x_lo, x_hi = extent((p[0] for p in points), log=log_x)
    y_lo, y_hi = extent((p[1] for p in points), log=log_y)
    if not log_y:
        room = (y_hi - y_lo) * 0.06
        y_lo, y_hi = (0.0 if from_zero else y_lo - room), y_hi + room
    hues = [series_colour(i) for i in range(len(series))]
    key, top = legend(list(series) if len(series) > 1 else [], hues, width)
    height += max(top - ONE_LINE, 0)
    x = Scale(x_lo, x_hi, MARGIN_LEFT, width - MARGIN_RIGHT - 8, log=log_x)
    y = Scale(y_lo, y_hi, height - MARGIN_BOTTOM, top, log=log_y)
    parts = [frame(x, y, title=title, x_label=x_label, y_label=y_label), key]
    for (name, line), hue in zip(series.items(), hues, strict=True):
        path, joined = "", False
        dots = []
        for a, b in line:
            if not _drawable(a, log=log_x) or not _drawable(b, log=log_y):
                joined = False
                continue
            path += f"{'L' if joined else 'M'}{number(x(a))} {number(y(b))}"
            joined = True
            tip = tooltip(f"{name}: {tick_text(a)}, {tick_text(b)}")
            dots.append(element("circle", tip, cx=x(a), cy=y(b), r=3.2, fill=hue))
        parts.append(element("path", d=path or "M0 0", fill="none", stroke=hue, stroke_width=2))
        parts += dots
    return picture(width, height, title, *parts)


def _drawable(value: float, *, log: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not log)
