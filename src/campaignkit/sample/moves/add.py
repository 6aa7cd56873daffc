"""add_node: a free node joins, where its type range allows one more."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import PART
from campaignkit.sample.moves.pick import free_node, pick


@njit(**PART)
def add_node(first, second, state):
    """Propose that a free node of a uniformly drawn type joins."""
    t = pick(first, state.counts.size)
    if state.counts[t] >= state.high[t]:
        return np.int64(-1), np.int64(-1)
    return np.int64(-1), free_node(second, t, state)
