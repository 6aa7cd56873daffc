"""What a move sees of a node set, and how it chooses: from random words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaignkit.graph.kernels.options import PART

_S32 = np.uint64(32)


class MoveState(NamedTuple):
    """A node set, type by type.

    Attributes
    ----------
    type_start : int64[T + 1]
        Type t contains the nodes type_start[t] .. type_start[t + 1] - 1.
    low, high : int64[T]
        Type ranges.
    slot_start : int64[T + 1]
        Type t keeps its nodes in slots[slot_start[t] : slot_start[t] + counts[t]].
    slots : int64[S]
    counts : int64[T]
        The number of nodes of each type in the set.

    Examples
    --------
    >>> one = np.array([0, 3])
    >>> state = MoveState(one, np.array([1]), np.array([2]), np.array([0, 2]),
    ...                   np.array([1, -1]), np.array([1]))
    >>> state.slots[: state.counts[0]].tolist()  # the set holds node 1 of nodes 0 to 2
    [1]
    """

    type_start: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    slot_start: NDArray[np.int64]
    slots: NDArray[np.int64]
    counts: NDArray[np.int64]


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
