"""Write a finished node set into the output block."""

from __future__ import annotations

from numba import njit

from campaignkit.graph.kernels.options import PART


@njit(**PART)
def emit_sorted(nodes, num_nodes, out_nodes, written):
    """Append the nodes in ascending order; the end of the output so far."""
    end = written + num_nodes
    for j in range(num_nodes):
        out_nodes[written + j] = nodes[j]
    sort_nodes(out_nodes, written, end)
    return end


@njit(**PART)
def sort_nodes(nodes, start, end):
    """Sort nodes[start:end]; they come nearly sorted, type by type."""
    for j in range(start + 1, end):
        node = nodes[j]
        i = j
        while i > start and nodes[i - 1] > node:
            nodes[i] = nodes[i - 1]
            i -= 1
        nodes[i] = node
