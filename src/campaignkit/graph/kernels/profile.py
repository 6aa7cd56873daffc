"""Draw node sets from Q and count their pairs, without keeping the sets."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import count_negative, count_positive
from campaignkit.graph.kernels.draw import clear_mask, draw_node_set
from campaignkit.graph.kernels.options import ENTRY
from campaignkit.graph.kernels.random64 import seed_state


@njit(**ENTRY)
def count_draws(graph, low, high, key, mask, nodes, out_sizes, out_counts):
    """Fill uint8[r] sizes and int32[r, 2] numbers of + and - pairs of r draws from Q."""
    k = 0
    for row in range(out_sizes.size):
        s0, s1, s2, s3 = seed_state(key, np.uint64(row))
        clear_mask(mask, nodes, k)
        k, s0, s1, s2, s3 = draw_node_set(graph.type_start, low, high, mask, nodes, s0, s1, s2, s3)
        out_sizes[row] = k
        out_counts[row, 0] = count_positive(graph, nodes, k, mask)
        out_counts[row, 1] = count_negative(graph, nodes, k, mask)
    clear_mask(mask, nodes, k)
