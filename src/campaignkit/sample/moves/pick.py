"""Choices from random words, for moves."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import PART

_S32 = np.uint64(32)


@njit(**PART)
def pick(word, num_choices):
    """One of 0..num_choices - 1, uniform up to 2**-32, from a random uint64.

    Examples
    --------
    >>> [int(pick.py_func(word, 10)) for word in (0, 2**63, 2**64 - 1)]
    [0, 5, 9]
    """
    return np.int64(((np.uint64(word) >> _S32) * np.uint64(num_choices)) >> _S32)


@njit(**PART)
def free_node(word, t, state):
    """A uniformly drawn node of type t that is not in the set; -1 if all are."""
    start = state.type_start[t]
    num_free = state.type_start[t + 1] - start - state.counts[t]
    if num_free <= 0:
        return np.int64(-1)
    rank = start + pick(word, num_free)
    node = rank
    # The rank-th free node is the least fixed point of rank + taken nodes at or below it.
    while True:
        taken = 0
        for j in range(state.slot_start[t], state.slot_start[t] + state.counts[t]):
            taken += state.slots[j] <= node
        if rank + taken == node:
            return np.int64(node)
        node = rank + taken
