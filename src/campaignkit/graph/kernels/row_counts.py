"""Count the pairs of node sets: of draws, which are not kept, and of rows; hash and check rows."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import count_edges
from campaignkit.graph.kernels.draw import clear_mask, draw_node_set
from campaignkit.graph.kernels.options import ENTRY
from campaignkit.graph.kernels.random64 import seed_state

_ONE = np.uint64(1)


@njit(**ENTRY)
def count_draws(graph, low, high, key, mask, nodes, out_sizes, out_counts):
    """Fill uint8[r] sizes and int32[r, 2] numbers of + and - pairs of r draws from Q."""
    k = 0
    for row in range(out_sizes.size):
        s0, s1, s2, s3 = seed_state(key, np.uint64(row))
        clear_mask(mask, nodes, k)
        k, s0, s1, s2, s3 = draw_node_set(graph.type_start, low, high, mask, nodes, s0, s1, s2, s3)
        out_sizes[row] = k
        out_counts[row, 0] = count_edges(graph, nodes, k, mask, 1)
        out_counts[row, 1] = count_edges(graph, nodes, k, mask, -1)
    clear_mask(mask, nodes, k)


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
        out_counts[row, 0] = count_edges(graph, members, k, mask, 1)
        out_counts[row, 1] = count_edges(graph, members, k, mask, -1)
        clear_mask(mask, members, k)


@njit(**ENTRY)
def inspect_rows(type_start, low, high, words, nodes, offsets, out_hashes, out_legal, used):
    """Fill uint64[r] sums of the nodes' words, and bool[r]: are the type counts in range.

    In bool[n] `used` the nodes that occur are marked.

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
            used[node] = True
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


@njit(**ENTRY)
def tally_rows(sizes, signed, is_legal, bounds, out):
    """Add up rows by their number of nodes.

    sizes : int64[r]; signed : int64[r, 2]; is_legal : bool[r];
    bounds : int64[8, longest + 1], the box, see `pair_bounds`, then the part of it that does not
    lie within one edge of a bound;
    out : int64[longest + 1, 6], rows, + pairs, - pairs, legal rows, rows in the box, of those rows
    within one edge of a bound: added to.
    """
    for row in range(sizes.size):
        k, p, g = sizes[row], np.int64(signed[row, 0]), np.int64(signed[row, 1])
        is_inside = bounds[0, k] <= p <= bounds[1, k] and bounds[2, k] <= g <= bounds[3, k]
        is_clear = bounds[4, k] <= p <= bounds[5, k] and bounds[6, k] <= g <= bounds[7, k]
        out[k, 0] += 1
        out[k, 1] += p
        out[k, 2] += g
        out[k, 3] += is_legal[row]
        out[k, 4] += is_inside
        out[k, 5] += is_inside and not is_clear
