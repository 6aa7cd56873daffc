"""How numbers spread, one curve of steps a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from campaignkit.show.svg import element, number, picture, tooltip


def histogram(
    groups: Mapping[str, ArrayLike],
    *,
    title: str,
    x_label: str,
    num_bins: int = 40,
    limits: tuple[float, float] | None = None,
    spans: Mapping[str, tuple[float, float]] | None = None,
    colours: Sequence[str] = (),
    width: float = 640,
    height: float = 300,
) -> str:
    """Share of each group's numbers by bin, drawn over one another; as SVG.

    Parameters
    ----------
    groups : mapping of str to float[m]
        The numbers by group; what is not finite is left out.
    limits : (lo, hi), optional
        Range of the bins; that of the numbers otherwise.
    spans : mapping of str to (lo, hi), optional
        A range of a group's own, marked by a bar below the axis.

    Examples
    --------
    >>> "pos: 3 numbers" in histogram({"pos": [0.1, 0.2, 0.2]}, title="Spread", x_label="share")
    True
    """
    held = {name: _finite(values) for name, values in groups.items()}
    everything = np.concatenate([*held.values(), np.zeros(0)])
    lo, hi = limits or extent(everything.tolist())
    edges = np.linspace(lo, hi, num_bins + 1)
    shares = {
        name: np.histogram(values, edges)[0] / max(len(values), 1) for name, values in held.items()
    }
    highest = max([float(share.max()) for share in shares.values()] + [1e-9])
    hues = [*colours[: len(held)]]
    hues += [series_colour(i) for i in range(len(hues), len(held))]
    key, top = legend(list(held) if len(held) > 1 else [], hues, width)
    x = Scale(lo, hi, MARGIN_LEFT, width - MARGIN_RIGHT)
    drop = 4.0 * len(spans) + 2 if spans else 0.0
    height += max(top - ONE_LINE, 0) + drop
    y = Scale(0, highest * 1.08, height - MARGIN_BOTTOM - drop, top)
    parts = [frame(x, y, title=title, x_label=x_label, y_label="share", drop=drop), key]
    for row, (name, hue) in enumerate(zip(held, hues, strict=True)):
        parts.append(
            element(
                "path",
                tooltip(f"{name}: {len(held[name]):,} numbers"),
                d=_steps(edges, shares[name], x, y),
                fill=hue, fill_opacity=0.22, stroke=hue, stroke_width=1.6,
            )
        )  # fmt: skip
        if spans and name in spans:
            a, b = x(max(spans[name][0], lo)), x(min(spans[name][1], hi))
            at = y.start + 3.5 + row * 4
            parts.append(element("line", x1=a, x2=b, y1=at, y2=at, stroke=hue, stroke_width=3))
    return picture(width, height, title, *parts)


def _finite(values: ArrayLike) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]


def _steps(edges: ArrayLike, shares: ArrayLike, x: Scale, y: Scale) -> str:
    bounds, heights = np.asarray(edges).tolist(), np.asarray(shares).tolist()
    path = [f"M{number(x(bounds[0]))} {number(y(0))}"]
    for start, stop, share in zip(bounds, bounds[1:], heights, strict=False):
        at = number(y(share))
        path.append(f"L{number(x(start))} {at}L{number(x(stop))} {at}")
    return "".join(path) + f"L{number(x(bounds[-1]))} {number(y(0))}Z"
