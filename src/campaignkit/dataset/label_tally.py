"""Running sums over the rows of one label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_set import DrawCounts, clear_bounds, pair_bounds

if TYPE_CHECKING:
    from campaignkit.spec import LabelSpec


class LabelTally:
    """What is summed up over the rows of one label while they stream by.

    Parameters
    ----------
    spec : LabelSpec or None
        The label's box; None where it has none.

    Attributes
    ----------
    by_size : int64[largest + 1, 6]
        By number of nodes: rows, + pairs, - pairs, rows with legal type counts, rows inside both
        ranges, of those rows within one edge of a bound.
    deviation : float
        Sum over rows of the distances of their fractions to the ranges.

    Examples
    --------
    >>> tally = LabelTally(None)
    >>> tally.add(np.array([[1, 2]]), np.array([3]), np.array([True]))
    >>> tally.rows, round(tally.pos, 3), round(tally.neg, 3)
    (1, 0.333, 0.667)
    """

    def __init__(self, spec: LabelSpec | None) -> None:
        self.spec = spec
        self.by_size = np.zeros((1, 6), np.int64)
        self.deviation = 0.0
        self._bounds = self._box(0)

    @property
    def rows(self) -> int:
        """Rows seen."""
        return int(self.by_size[:, 0].sum())

    @property
    def pos(self) -> float:
        """Sum of the rows' positive fractions."""
        return self._sum_of_fractions(1)

    @property
    def neg(self) -> float:
        """Sum of the rows' negative fractions."""
        return self._sum_of_fractions(2)

    @property
    def legal(self) -> int:
        """Rows with legal type counts."""
        return int(self.by_size[:, 3].sum())

    @property
    def in_range(self) -> int:
        """Rows inside both ranges."""
        return int(self.by_size[:, 4].sum())

    @property
    def near_bound(self) -> int:
        """Rows inside, but within one edge of a bound."""
        return int(self.by_size[:, 5].sum())

    def add(
        self, counts: NDArray[np.int64], sizes: NDArray[np.int64], legal: NDArray[np.bool_]
    ) -> None:
        """Add rows: their + and - pairs int64[rows, 2], their sizes, whether counts are legal."""
        from campaignkit.graph.kernels.row_counts import tally_rows

        longer = int(sizes.max(initial=0)) + 1 - len(self.by_size)
        if longer > 0:
            self.by_size = np.pad(self.by_size, ((0, longer), (0, 0)))
            self._bounds = self._box(len(self.by_size) - 1)
        inside = self.in_range
        tally_rows(sizes, counts, legal, self._bounds, self.by_size)
        if self.spec is not None and self.in_range - inside < len(sizes):
            rows = DrawCounts(sizes, counts[:, 0], counts[:, 1])
            outside = rows.take(~rows.accepted(self._bounds[:4]))
            self.deviation += _deviation(outside, self.spec, self._bounds[:4])

    def _box(self, largest: int) -> NDArray[np.int64]:
        pos, neg = (
            ((0.0, 1.0), (0.0, 1.0))
            if self.spec is None
            else (self.spec.pos_frac_range, self.spec.neg_frac_range)
        )
        bounds = pair_bounds(pos, neg, max_size=largest)
        return np.concatenate([bounds, clear_bounds(bounds)])

    def _sum_of_fractions(self, column: int) -> float:
        sizes = np.arange(len(self.by_size))
        return float((self.by_size[:, column] / np.maximum(sizes * (sizes - 1) // 2, 1)).sum())


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
