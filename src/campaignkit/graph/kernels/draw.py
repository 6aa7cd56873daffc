"""Node sets: draws from Q, counts and then nodes uniform; types of nodes; edges outside a box."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import PART
from campaignkit.graph.kernels.random64 import below

_ONE = np.uint64(1)
_FEW_WORDS = 64  # up to here clearing the whole mask is cheaper than clearing its nodes


@njit(**PART)
def clear_mask(mask, nodes, num_nodes):
    """Empty the mask that contains the first `num_nodes` of `nodes`."""
    if mask.size <= _FEW_WORDS:
        for j in range(mask.size):
            mask[j] = np.uint64(0)
    else:
        for j in range(num_nodes):
            mask[nodes[j] >> 6] = np.uint64(0)


@njit(**PART)
def draw_node_set(type_start, low, high, mask, nodes, s0, s1, s2, s3):
    """Fill `nodes` and the (empty) bit `mask` with a draw from Q: (num_nodes, new state).

    type_start : int64[T + 1]; low, high : int64[T]; mask : uint64[words]; nodes : int32[>= k].
    Nodes come type by type, in drawn order within a type.
    """
    k = 0
    for t in range(low.size):
        count = low[t]
        if high[t] > count:
            more, s0, s1, s2, s3 = below(np.uint64(high[t] - count + 1), s0, s1, s2, s3)
            count += np.int64(more)
        start = type_start[t]
        size = np.uint64(type_start[t + 1] - start)
        for _ in range(count):
            while True:
                drawn, s0, s1, s2, s3 = below(size, s0, s1, s2, s3)
                node = start + np.int64(drawn)
                bit = _ONE << np.uint64(node & 63)
                if mask[node >> 6] & bit == 0:
                    break
            mask[node >> 6] |= bit
            nodes[k] = node
            k += 1
    return k, s0, s1, s2, s3


@njit(**PART)
def type_of(type_start, node):
    """The type of a node; type_start : int64[T + 1]."""
    t = 0
    while node >= type_start[t + 1]:
        t += 1
    return t


@njit(**PART)
def outside(p, g, k, bounds):
    """How many edges a set of k nodes with p + and g - pairs lies outside a box: 0 inside."""
    pos = max(bounds[0, k] - p, p - bounds[1, k], 0)
    return pos + max(bounds[2, k] - g, g - bounds[3, k], 0)
