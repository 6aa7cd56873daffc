"""Write a finished node set into the output rows."""

from __future__ import annotations

from numba import njit

from campaignkit.graph.kernels.options import PART


@njit(**PART)
def emit_row(rows, row, nodes, num_nodes, p, g, written):
    """Put nodes, ascending, behind those written, with their + and - pairs: the end of all."""
    end = written + num_nodes
    for j in range(num_nodes):  # they come nearly sorted, type by type
        node = nodes[j]
        i = written + j
        while i > written and rows.nodes[i - 1] > node:
            rows.nodes[i] = rows.nodes[i - 1]
            i -= 1
        rows.nodes[i] = node
    rows.sizes[row] = num_nodes
    rows.counts[row, 0] = p
    rows.counts[row, 1] = g
    return end


@njit(**PART)
def emit_slots(rows, row, scratch, p, g, written):
    """The same for the nodes that slots hold."""
    k = 0
    for j in range(scratch.slots.size):
        if scratch.slots[j] >= 0:
            scratch.nodes[k] = scratch.slots[j]
            k += 1
    return emit_row(rows, row, scratch.nodes, k, p, g, written)
