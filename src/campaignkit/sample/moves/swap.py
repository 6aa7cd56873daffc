"""swap_node: one node leaves, another of its type joins; the counts stay."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import PART
from campaignkit.sample.moves.pick import free_node, pick


@njit(**PART)
def swap_node(first, second, state):
    """Propose to replace a uniformly drawn node by a free one of its type."""
    rank = pick(first, state.counts.sum())
    t = 0
    while rank >= state.counts[t]:
        rank -= state.counts[t]
        t += 1
    joining = free_node(second, t, state)
    if joining < 0:
        return np.int64(-1), np.int64(-1)
    return state.slots[state.slot_start[t] + rank], joining
