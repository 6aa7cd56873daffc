"""remove_node: a node leaves, where its type range allows one less."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import PART
from campaignkit.sample.moves.pick import pick


@njit(**PART)
def remove_node(first, second, state):
    """Propose that a uniformly drawn node of a uniformly drawn type leaves."""
    t = pick(first, state.counts.size)
    if state.counts[t] <= state.low[t]:
        return np.int64(-1), np.int64(-1)
    rank = pick(second, state.counts[t])
    return state.slots[state.slot_start[t] + rank], np.int64(-1)
