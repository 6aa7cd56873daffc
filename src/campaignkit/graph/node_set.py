"""Node sets over a graph: unconstrained draws, and boxes of fractions as integer bounds.

**Q** is the law of an unconstrained draw: the number of nodes of each type uniform in its range,
the nodes uniform given the numbers. A **fraction** is a share of all node pairs of the set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import BOX_EPSILON
from campaignkit.graph.node_tables import NodeTables

MAX_NODES = 255  # of a set: degrees are kept in bytes; more would need another kernel
_ANY = np.iinfo(np.int64).max


@dataclass(frozen=True)
class DrawCounts:
    """Sizes and pair counts of some node sets, such as draws from Q.

    Attributes
    ----------
    sizes : integers[r]
        Nodes of each set.
    positives, negatives : integers[r]
        Positive and negative pairs of each set.
    """

    sizes: NDArray[np.integer]
    positives: NDArray[np.integer]
    negatives: NDArray[np.integer]

    @property
    def pairs(self) -> NDArray[np.int64]:
        """All node pairs of each set, same-modality pairs included: int64[r]."""
        sizes = self.sizes.astype(np.int64)
        return sizes * (sizes - 1) // 2

    def accepted(self, bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which sets lie in a box given as :func:`pair_bounds`: bool[r]."""
        low_p, high_p, low_n, high_n = bounds[:, self.sizes]
        inside: NDArray[np.bool_] = (low_p <= self.positives) & (self.positives <= high_p)
        inside &= (low_n <= self.negatives) & (self.negatives <= high_n)
        return inside

    def near_bound(self, bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which sets inside a box lie within one edge of a bound that can be crossed: bool[r]."""
        return ~self.accepted(clear_bounds(bounds))

    def take(self, which: NDArray[np.bool_]) -> DrawCounts:
        """Some of the sets."""
        return DrawCounts(self.sizes[which], self.positives[which], self.negatives[which])


def draw_counts(
    tables: NodeTables, type_ranges: Mapping[str, tuple[int, int]], *, num_draws: int, key: int
) -> DrawCounts:
    """Draw node sets from Q and count their pairs.

    Parameters
    ----------
    tables : NodeTables
        Of exactly the modalities in `type_ranges`.
    type_ranges : mapping of str to (int, int)
        How many nodes of each modality.
    num_draws : int
        How many draws; draw i depends on (key, i) only.
    key : int
        A stream's 64-bit key, see :func:`campaignkit.seeds.key64`.
    """
    from campaignkit.graph.kernels.row_counts import count_draws
    from campaignkit.graph.kernels.vectors import aligned_zeros

    low, high = range_arrays(tables, type_ranges)
    sizes = np.zeros(num_draws, np.uint8)
    counts = np.zeros((num_draws, 2), np.int32)
    arrays = tables.arrays
    mask = aligned_zeros(arrays.num_words, np.uint64)
    nodes = np.zeros(MAX_NODES + 1, np.int32)
    count_draws(arrays, low, high, np.uint64(key), mask, nodes, sizes, counts)
    return DrawCounts(sizes, counts[:, 0], counts[:, 1])


def range_arrays(
    tables: NodeTables, type_ranges: Mapping[str, tuple[int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Type ranges as two int64[T], in the order of the tables' types."""
    low = np.array([type_ranges[name][0] for name in tables.modalities], np.int64)
    high = np.array([type_ranges[name][1] for name in tables.modalities], np.int64)
    return low, high


def pair_bounds(
    pos_frac_range: tuple[float, float],
    neg_frac_range: tuple[float, float],
    *,
    max_size: int = MAX_NODES,
) -> NDArray[np.int64]:
    """A box of fractions as integer bounds for every size of node set.

    Returns
    -------
    int64[4, max_size + 1]
        Lowest and highest number of positive pairs, then of negative pairs, by number of nodes.

    Examples
    --------
    >>> pair_bounds((0.3, 1), (0, 0.1))[:, 5].tolist()  # of 10 pairs
    [3, 10, 0, 1]
    """
    size = np.arange(max_size + 1, dtype=np.int64)
    pairs = size * (size - 1) // 2
    rows = []
    for low, high in (pos_frac_range, neg_frac_range):
        rows += [np.ceil(low * pairs - BOX_EPSILON), np.floor(high * pairs + BOX_EPSILON)]
    return np.stack(rows).astype(np.int64)


def clear_bounds(bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The box without what lies within one edge of a bound that can be crossed: int64[4, n + 1].

    A lower bound of 0 and an upper bound of all pairs cannot be crossed, and are lifted.

    Examples
    --------
    >>> clear_bounds(pair_bounds((0.3, 0.8), (0, 0.1)))[:3, 5].tolist()  # of 10 pairs
    [5, 6, -1]
    """
    size = np.arange(bounds.shape[1])
    least = np.where(bounds > 0, bounds + 2, -1)
    most = np.where(bounds < size * (size - 1) // 2, bounds - 2, _ANY)
    return np.stack([least[0], most[1], least[2], most[3]])
