"""Sums over the node pairs of each row, and their transpose: the two loops of a pair model.

Nodes of a row ascend, so only the upper triangle of a table is read and written.
"""

from __future__ import annotations

from numba import njit

from campaignkit.graph.kernels.options import ENTRY


@njit(**ENTRY)
def sum_pairs(nodes, offsets, table, stride, out):
    """out[row] = sum of table[u * stride + v] over the pairs u <= v of the row.

    nodes int32[total], offsets int64[rows + 1], table float64[n * stride], out float64[rows].
    """
    for row in range(len(offsets) - 1):
        total = 0.0
        for i in range(offsets[row], offsets[row + 1]):
            start = nodes[i] * stride
            for j in range(i + 1, offsets[row + 1]):
                total += table[start + nodes[j]]
        out[row] = total


@njit(**ENTRY)
def add_pairs(nodes, offsets, slopes, stride, table):
    """table[u * stride + v] += slopes[row] for every pair u <= v of every row."""
    for row in range(len(offsets) - 1):
        slope = slopes[row]
        for i in range(offsets[row], offsets[row + 1]):
            start = nodes[i] * stride
            for j in range(i + 1, offsets[row + 1]):
                table[start + nodes[j]] += slope
