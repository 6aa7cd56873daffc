"""Points that fall on one another, gathered: a chart holds places with counts, not every point."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

CELLS = 200  # across [0, 1]: finer than a dot


def gathered(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The places that hold points, float[p, 2] in [0, 1], and how many each holds.

    Nothing is left out: the counts add up to the number of points.

    Examples
    --------
    >>> places, counts = gathered([0.5, 0.5, 0.1], [0.2, 0.2, 0.0])
    >>> places.tolist(), counts.tolist()
    ([[0.1, 0.0], [0.5, 0.2]], [1, 2])
    """
    points = np.stack([np.asarray(v, dtype=np.float64).ravel() for v in (x, y)], axis=1)
    cells, counts = np.unique(np.round(points * CELLS), axis=0, return_counts=True)
    return np.round(cells / CELLS, 6), counts


def upper(values: ArrayLike) -> float:
    """A round top for an axis of fractions: the largest value, to the next twentieth above.

    Examples
    --------
    >>> upper([0.1, 0.62]), upper([]), upper([1.0])
    (0.65, 0.05, 1.0)
    """
    held = np.asarray(values, dtype=np.float64)
    return float(min(1.0, np.ceil(held.max(initial=0.01) * 20 + 1e-9) / 20))
