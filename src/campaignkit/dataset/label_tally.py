"""Running sums over the rows of one label."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_set import DrawCounts, pair_bounds

if TYPE_CHECKING:
    from campaignkit.spec import LabelSpec


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
        rows = DrawCounts(sizes, counts[:, 0], counts[:, 1])
        pairs = np.maximum(rows.pairs, 1)
        self.rows += len(sizes)
        self.legal += int(legal.sum())
        self.pos += float((rows.positives / pairs).sum())
        self.neg += float((rows.negatives / pairs).sum())
        here = np.bincount(sizes, minlength=len(self.sizes))
        here[: len(self.sizes)] += self.sizes
        self.sizes = here
        if self.spec is None:
            return
        bounds = pair_bounds(
            self.spec.pos_frac_range, self.spec.neg_frac_range, max_size=len(here) - 1
        )
        inside = rows.accepted(bounds)
        self.in_range += int(inside.sum())
        self.near_bound += int((rows.near_bound(bounds) & inside).sum())
        if not inside.all():
            self.deviation += _deviation(rows.take(~inside), self.spec, bounds)


def _deviation(rows: DrawCounts, spec: LabelSpec, bounds: NDArray[np.int64]) -> float:
    pairs, total = np.maximum(rows.pairs, 1), 0.0
    for counts, (low, high), (least, most) in (
        (rows.positives, spec.pos_frac_range, bounds[:2, rows.sizes]),
        (rows.negatives, spec.neg_frac_range, bounds[2:, rows.sizes]),
    ):
        frac = counts / pairs
        away = np.maximum(low - frac, 0) + np.maximum(frac - high, 0)
        total += float(away[(counts < least) | (counts > most)].sum())
    return total
