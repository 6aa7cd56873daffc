"""What a move sees of a node set."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class MoveState(NamedTuple):
    """A node set, type by type.

    Attributes
    ----------
    type_start : int64[T + 1]
        Type t holds the nodes type_start[t] .. type_start[t + 1] - 1.
    low, high : int64[T]
        Type ranges.
    slot_start : int64[T + 1]
        Type t keeps its nodes in slots[slot_start[t] : slot_start[t] + counts[t]].
    slots : int64[S]
    counts : int64[T]
        How many nodes of each type the set holds.

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
