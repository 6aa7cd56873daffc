"""Write a finished node set into the output block."""

from __future__ import annotations

from numba import njit

from campaignkit.graph.kernels.options import PART


@njit(**PART)
def emit_sorted(nodes, num_nodes, out_nodes, written):
    """Append the nodes in ascending order; they come nearly sorted, type by type."""
    for j in range(num_nodes):
        node = nodes[j]
        i = written + j
        while i > written and out_nodes[i - 1] > node:
            out_nodes[i] = out_nodes[i - 1]
            i -= 1
        out_nodes[i] = node
    return written + num_nodes
