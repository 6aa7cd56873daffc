"""Running sums over the rows of one label."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_set import DrawCounts, clear_bounds, pair_bounds

if TYPE_CHECKING:
    from campaignkit.spec import LabelSpec


class Totals(NamedTuple):
    """Rows; sums of their fractions; rows of legal type counts, in range, near a bound of it."""

    rows: int
    pos: float
    neg: float
    legal: int
    in_range: int
    near_bound: int


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
    >>> total = tally.totals()
    >>> total.rows, round(total.pos, 3), round(total.neg, 3)
    (1, 0.333, 0.667)
    """

    def __init__(self, spec: LabelSpec | None) -> None:
        self.spec = spec
        self.by_size = np.zeros((0, 6), np.int64)
        self.deviation = 0.0
        free = (0.0, 1.0)
        self._ranges = (spec.pos_frac_range, spec.neg_frac_range) if spec else (free, free)

    def totals(self) -> Totals:
        """The sums over all rows so far."""
        rows, pos, neg, legal, inside, near = self.by_size.T
        sizes = np.arange(len(rows))
        pairs = np.maximum(sizes * (sizes - 1) // 2, 1)
        return Totals(
            rows=int(rows.sum()),
            pos=float((pos / pairs).sum()),
            neg=float((neg / pairs).sum()),
            legal=int(legal.sum()),
            in_range=int(inside.sum()),
            near_bound=int(near.sum()),
        )

    def add(
        self, counts: NDArray[np.int64], sizes: NDArray[np.int64], legal: NDArray[np.bool_]
    ) -> None:
        """Add rows: their + and - pairs int64[rows, 2], their sizes, whether counts are legal."""
        from campaignkit.graph.kernels.row_counts import tally_rows

        longer = int(sizes.max(initial=0)) + 1 - len(self.by_size)
        if longer > 0:
            self.by_size = np.pad(self.by_size, ((0, longer), (0, 0)))
            box = pair_bounds(*self._ranges, max_size=len(self.by_size) - 1)
            self._bounds = np.concatenate([box, clear_bounds(box)])
        inside = self.by_size[:, 4].sum()
        tally_rows(sizes, counts, legal, self._bounds, self.by_size)
        if self.spec is not None and self.by_size[:, 4].sum() - inside < len(sizes):
            rows = DrawCounts(sizes, counts[:, 0], counts[:, 1])
            outside = rows.take(~rows.accepted(self._bounds[:4]))
            pairs, signed = np.maximum(outside.pairs, 1), (outside.positives, outside.negatives)
            total = 0.0
            for sign, (low, high) in enumerate(self._ranges):
                count, frac = signed[sign], signed[sign] / pairs
                least, most = self._bounds[2 * sign : 2 * sign + 2, outside.sizes]
                away = np.maximum(low - frac, 0) + np.maximum(frac - high, 0)
                total += float(away[(count < least) | (count > most)].sum())
            self.deviation += total
