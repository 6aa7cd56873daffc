"""Count the pairs of node sets that lie one after the other; hash them, check type counts."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import count_negative, count_positive
from campaignkit.graph.kernels.draw import clear_mask
from campaignkit.graph.kernels.options import ENTRY

_ONE = np.uint64(1)


@njit(**ENTRY)
def count_rows(graph, nodes, offsets, mask, members, out_counts):
    """Fill int64[r, 2] numbers of + and - pairs.

    nodes : int32[total], ascending within a row; offsets : int64[r + 1];
    mask : uint64[words], empty; members : int32[>= the longest row], overwritten.
    """
    for row in range(offsets.size - 1):
        begin, k = offsets[row], offsets[row + 1] - offsets[row]
        for j in range(k):
            node = nodes[begin + j]
            members[j] = node
            mask[node >> 6] |= _ONE << np.uint64(node & 63)
        out_counts[row, 0] = count_positive(graph, members, k, mask)
        out_counts[row, 1] = count_negative(graph, members, k, mask)
        clear_mask(mask, members, k)


@njit(**ENTRY)
def inspect_rows(type_start, low, high, words, nodes, offsets, out_hashes, out_legal):
    """Fill uint64[r] sums of the nodes' words, and bool[r]: are the type counts in range.

    Returns the first row whose nodes are not ascending numbers of nodes, at which it stops, or -1.

    type_start : int64[T + 1]; low, high : int64[T]; words : uint64[n]; the others as above.
    """
    for row in range(out_hashes.size):
        total = np.uint64(0)
        is_legal = True
        t = num = 0
        last = np.int64(-1)
        for j in range(offsets[row], offsets[row + 1]):
            node = np.int64(nodes[j])
            if node <= last or node >= words.size:
                return row
            last = node
            total += words[node]
            while node >= type_start[t + 1]:
                is_legal &= low[t] <= num <= high[t]
                num = 0
                t += 1
            num += 1
        for rest in range(t, low.size):
            is_legal &= low[rest] <= num <= high[rest]
            num = 0
        out_hashes[row] = total
        out_legal[row] = is_legal
    return -1
