"""Rejection: draw from Q until a draw is in the label's box. Exact by construction."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import count_edges
from campaignkit.graph.kernels.draw import clear_mask, draw_node_set
from campaignkit.graph.kernels.options import ENTRY
from campaignkit.graph.kernels.random64 import seed_state
from campaignkit.sample.kernels.emit import emit_row


@njit(**ENTRY)
def reject(graph, box, scratch, key, first, max_draws, rows):
    """Fill rows `first`, `first` + 1, ... : (rows filled, nodes written, draws made).

    Parameters
    ----------
    graph : GraphArrays
    box : Box
    scratch : Scratch
    key : uint64
        The label's stream; row i draws from the generator (key, i).
    first : int64
    max_draws : int64
        Draws after which a row is given up; rows filled then stops short.
    rows : Rows
    """
    mask, nodes = scratch.mask, scratch.nodes
    written = 0
    draws = 0
    k = 0
    for row in range(rows.sizes.size):
        s0, s1, s2, s3 = seed_state(key, np.uint64(first + row))
        last = draws + max_draws
        while True:
            if draws == last:
                clear_mask(mask, nodes, k)
                return row, written, draws
            clear_mask(mask, nodes, k)
            k, s0, s1, s2, s3 = draw_node_set(
                graph.type_start, box.low, box.high, mask, nodes, s0, s1, s2, s3
            )
            draws += 1
            p = count_edges(graph, nodes, k, mask, 1)
            if p < box.bounds[0, k] or p > box.bounds[1, k]:
                continue
            g = count_edges(graph, nodes, k, mask, -1)
            if g >= box.bounds[2, k] and g <= box.bounds[3, k]:
                break
        written = emit_row(rows, row, nodes, k, p, g, written)
    clear_mask(mask, nodes, k)
    return rows.sizes.size, written, draws
