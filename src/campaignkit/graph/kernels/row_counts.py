"""Count the pairs of node sets that lie one after the other, and look at their type counts."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import count_negative, count_positive
from campaignkit.graph.kernels.draw import clear_mask
from campaignkit.graph.kernels.options import ENTRY

_ONE = np.uint64(1)


@njit(**ENTRY)
def count_rows(graph, low, high, nodes, offsets, mask, members, out_counts, out_legal):
    """Fill int64[r, 2] numbers of + and - pairs, and bool[r]: are the type counts in range.

    low, high : int64[T]; nodes : int32[total], ascending within a row; offsets : int64[r + 1];
    mask : uint64[words], empty; members : int32[>= the longest row], overwritten.
    """
    for row in range(out_legal.size):
        begin, k = offsets[row], offsets[row + 1] - offsets[row]
        for j in range(k):
            node = nodes[begin + j]
            members[j] = node
            mask[node >> 6] |= _ONE << np.uint64(node & 63)
        out_counts[row, 0] = count_positive(graph, members, k, mask)
        out_counts[row, 1] = count_negative(graph, members, k, mask)
        clear_mask(mask, members, k)
        legal = True
        j = 0
        for t in range(low.size):
            first = j
            while j < k and members[j] < graph.type_start[t + 1]:
                j += 1
            legal &= low[t] <= j - first <= high[t]
        out_legal[row] = legal
