"""How many + and - pairs each row of a block holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

_SCAN = 8  # neighbours per partner up to which reading a list beats bisecting it


def _read(kind: Any, ndim: int = 1) -> Any:  # numba's types
    # A writable array passes for a read-only one, not the other way round: graphs are read-only.
    return types.Array(kind, ndim, "C", readonly=True)


_COUNTS: Any = types.Array(types.int64, 2, "C")


@njit(
    _COUNTS(_read(types.int32), _read(types.int64), _read(types.int8, 2)),
    cache=True,
    nogil=True,
    boundscheck=False,
)
def count_signs_dense(
    nodes: NDArray[np.int32], offsets: NDArray[np.int64], signs: NDArray[np.int8]
) -> NDArray[np.int64]:
    """Positive and negative pairs of every row, from a dense matrix.

    Parameters
    ----------
    nodes, offsets : int32[total], int64[rows + 1]
        Node sets in the graph's own numbers, in any order.
    signs : int8[n, n]
        Symmetric.

    Returns
    -------
    int64[rows, 2]
        Number of + and of - pairs.
    """
    counts = np.zeros((len(offsets) - 1, 2), np.int64)
    for r in range(len(offsets) - 1):
        positive = 0
        edges = 0
        for i in range(offsets[r], offsets[r + 1]):
            for j in range(i + 1, offsets[r + 1]):
                sign = signs[nodes[i], nodes[j]]
                positive += sign > 0
                edges += sign != 0
        counts[r, 0] = positive
        counts[r, 1] = edges - positive
    return counts


@njit(
    _COUNTS(
        _read(types.int32),
        _read(types.int64),
        _read(types.int64),
        _read(types.int32),
        _read(types.int8),
    ),
    cache=True,
    nogil=True,
    boundscheck=False,
)
def count_signs_csr(
    nodes: NDArray[np.int32],
    offsets: NDArray[np.int64],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    signs: NDArray[np.int8],
) -> NDArray[np.int64]:
    """The same from neighbour lists (ascending within a node), for graphs too large to be dense.

    Returns
    -------
    int64[rows, 2]
        Number of + and of - pairs.
    """
    counts = np.zeros((len(offsets) - 1, 2), np.int64)
    mark = np.full(len(indptr), -1, np.int64)
    for r in range(len(offsets) - 1):
        begin = offsets[r]
        end = offsets[r + 1]
        for i in range(begin, end):
            mark[nodes[i]] = r
        positive = 0
        negative = 0
        for i in range(begin, end):
            node = nodes[i]
            first = indptr[node]
            last = indptr[node + 1]
            if last - first <= _SCAN * (end - begin):
                for e in range(first, last):
                    if mark[indices[e]] == r and indices[e] > node:
                        positive += signs[e] > 0
                        negative += signs[e] < 0
            else:
                for j in range(begin, end):
                    other = nodes[j]
                    if other > node:
                        e = first + np.searchsorted(indices[first:last], other)
                        if e < last and indices[e] == other:
                            positive += signs[e] > 0
                            negative += signs[e] < 0
        counts[r, 0] = positive
        counts[r, 1] = negative
    return counts
