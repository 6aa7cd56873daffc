"""Rejection: draw from Q until the label's box holds the draw. Exact by construction."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import ENTRY
from campaignkit.graph.kernels.counts import count_negative, count_positive
from campaignkit.graph.kernels.draw import clear_mask, draw_node_set
from campaignkit.graph.kernels.random64 import seed_state
from campaignkit.sample.kernels.emit import emit_sorted


@njit(**ENTRY)
def reject(
    graph, low, high, bounds, key, first, max_draws, mask, nodes, out_nodes, out_sizes, out_counts
):
    """Fill rows `first`, `first` + 1, ... : (rows filled, nodes written, draws made).

    Parameters
    ----------
    graph : GraphArrays
    low, high : int64[T]
        Type ranges.
    bounds : int64[4, 256]
        Lowest and highest number of + pairs, then of - pairs, by number of nodes.
    key : uint64
        The label's stream; row i draws from the generator (key, i).
    max_draws : int
        Draws after which a row is given up; rows filled then stops short.
    mask, nodes : uint64[num_words], int32[256]
        Working memory; the mask is empty.
    out_nodes : int32[>= rows * kmax], out_sizes : uint8[rows], out_counts : int32[rows, 2]
        Nodes ascending within a row, back to back; their number; + and - pairs of each row.
    """
    written = 0
    draws = 0
    k = 0
    for row in range(out_sizes.size):
        s0, s1, s2, s3 = seed_state(key, np.uint64(first + row))
        last = draws + max_draws
        while True:
            if draws == last:
                clear_mask(mask, nodes, k)
                return row, written, draws
            clear_mask(mask, nodes, k)
            k, s0, s1, s2, s3 = draw_node_set(
                graph.type_start, low, high, mask, nodes, s0, s1, s2, s3
            )
            draws += 1
            p = count_positive(graph, nodes, k, mask)
            if p < bounds[0, k] or p > bounds[1, k]:
                continue
            g = count_negative(graph, nodes, k, mask)
            if g >= bounds[2, k] and g <= bounds[3, k]:
                break
        out_sizes[row] = k
        out_counts[row, 0] = p
        out_counts[row, 1] = g
        written = emit_sorted(nodes, k, out_nodes, written)
    clear_mask(mask, nodes, k)
    return out_sizes.size, written, draws
