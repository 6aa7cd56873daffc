"""Count the positive or negative pairs of a node set, and keep the degrees of all nodes to it.

Each function exists once for graphs in dense form and once for listed neighbours; the compiler
picks by the type of the graph, so a kernel contains only the code of its own form.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from campaignkit.graph.kernels.options import PART
from campaignkit.graph.kernels.vectors import count_pairs, move_degrees

_ONE = np.uint64(1)
_SCAN = 8  # neighbours per node of the set up to which reading a list beats bisecting it


def count_edges(graph, nodes, num_nodes, mask, sign):
    """Pairs of sign 1 or -1 in the set that `nodes` and `mask` both contain (kernels only)."""
    raise NotImplementedError


def move(graph, new, old, pos_degree, neg_degree):
    """Let `new` join the set and `old` leave it in the degrees; -1 means none (kernels only)."""
    raise NotImplementedError


def sign_between(graph, a, b):
    """The sign of the edge between two nodes, 0 if there is none (kernels only)."""
    raise NotImplementedError


def _is_dense(graph: types.NamedTuple) -> bool:
    return "plane" in graph.fields


@overload(count_edges, jit_options=PART)
def _count_edges(graph, nodes, num_nodes, mask, sign):
    if not _is_dense(graph):
        return _count_listed

    def count(graph, nodes, num_nodes, mask, sign):
        bits = graph.pos_bits if sign > 0 else graph.neg_bits
        return count_pairs(bits, graph.num_words, nodes, num_nodes, mask) >> 1

    return count


@overload(move, jit_options=PART)
def _move(graph, new, old, pos_degree, neg_degree):
    if _is_dense(graph):
        return lambda graph, new, old, pos_degree, neg_degree: move_degrees(
            graph.plane, graph.stride, new, old, pos_degree, neg_degree
        )
    return _move_listed


@overload(sign_between, jit_options=PART)
def _sign_between(graph, a, b):
    if _is_dense(graph):
        return lambda graph, a, b: np.int64(graph.plane[a * graph.stride + b])

    def search(graph, a, b):
        low, high = graph.indptr[a], graph.indptr[a + 1]
        while low < high:
            middle = (low + high) >> 1
            if graph.indices[middle] < b:
                low = middle + 1
            else:
                high = middle
        if low < graph.indptr[a + 1] and graph.indices[low] == b:
            return np.int64(graph.signs[low])
        return np.int64(0)

    return search


def _count_listed(graph, nodes, num_nodes, mask, sign):
    total = 0
    for j in range(num_nodes):
        begin, end = graph.indptr[nodes[j]], graph.indptr[nodes[j] + 1]
        if end - begin > _SCAN * num_nodes:
            for i in range(num_nodes):
                total += np.int64(sign_between(graph, nodes[j], nodes[i]) == sign)
        else:
            for i in range(begin, end):
                other = graph.indices[i]
                inside = np.int64((mask[other >> 6] >> np.uint64(other & 63)) & _ONE)
                total += inside & np.int64(graph.signs[i] == sign)
    return total >> 1


def _move_listed(graph, new, old, pos_degree, neg_degree):
    """Touches the neighbours of the two nodes only."""
    for step in (1, -1):
        node = new if step > 0 else old
        if node >= 0:
            for j in range(graph.indptr[node], graph.indptr[node + 1]):
                degree = pos_degree if graph.signs[j] > 0 else neg_degree
                degree[graph.indices[j]] += np.uint8(step)
