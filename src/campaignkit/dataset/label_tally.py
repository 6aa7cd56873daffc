"""Running sums over the rows of one label."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from campaignkit.spec import LabelSpec

# Bounds are compared with counts of pairs; this absorbs what binary floats lose in 0.2 * 45 pairs.
_EPSILON = 1e-9


@dataclass(eq=False)
class LabelTally:
    """What is summed up over the rows of one label while they stream by.

    Attributes
    ----------
    rows, in_range, near_bound, legal : int
        Rows seen; inside both ranges; of those within one edge of a bound; with legal type counts.
    pos, neg, deviation : float
        Sums over rows of the fractions and of their distances to the ranges.
    sizes : int64[largest + 1]
        Rows by number of nodes.

    Examples
    --------
    >>> tally = LabelTally(None)
    >>> tally.add(np.array([[1, 2]]), np.array([3]), np.array([True]))
    >>> tally.rows, round(tally.pos, 3), round(tally.neg, 3)
    (1, 0.333, 0.667)
    """

    spec: LabelSpec | None
    rows: int = 0
    in_range: int = 0
    near_bound: int = 0
    legal: int = 0
    pos: float = 0.0
    neg: float = 0.0
    deviation: float = 0.0
    sizes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))

    def add(
        self, counts: NDArray[np.int64], sizes: NDArray[np.int64], legal: NDArray[np.bool_]
    ) -> None:
        """Add rows: their + and - pairs int64[rows, 2], their sizes, whether counts are legal."""
        pairs = sizes * (sizes - 1) // 2
        fracs = counts / np.maximum(pairs, 1)[:, None]
        self.rows += len(sizes)
        self.legal += int(legal.sum())
        self.pos += float(fracs[:, 0].sum())
        self.neg += float(fracs[:, 1].sum())
        here = np.bincount(sizes, minlength=len(self.sizes))
        here[: len(self.sizes)] += self.sizes
        self.sizes = here
        if self.spec is None:
            return
        inside = np.ones(len(sizes), bool)
        near = np.zeros(len(sizes), bool)
        distance = np.zeros(len(sizes))
        for column, (low, high) in enumerate((self.spec.pos_frac_range, self.spec.neg_frac_range)):
            count, frac = counts[:, column], fracs[:, column]
            least = np.ceil(low * pairs - _EPSILON)
            most = np.floor(high * pairs + _EPSILON)
            fits = (least <= count) & (count <= most)
            inside &= fits
            near |= ((least > 0) & (count - least <= 1)) | ((most < pairs) & (most - count <= 1))
            away = np.maximum(low - frac, 0) + np.maximum(frac - high, 0)
            distance += np.where(fits, 0.0, away)
        self.in_range += int(inside.sum())
        self.near_bound += int((near & inside).sum())
        self.deviation += float(distance.sum())
