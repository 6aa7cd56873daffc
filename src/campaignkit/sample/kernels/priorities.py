"""Soft priorities: change finished rows inside their box, towards high pairs, away from low."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import sign_between
from campaignkit.graph.kernels.draw import outside, type_of
from campaignkit.graph.kernels.options import ENTRY, PART
from campaignkit.graph.kernels.random64 import below, next64, seed_state
from campaignkit.sample.kernels.emit import emit_row

_STREAM = np.uint64(0xA0761D6478BD642F)  # keeps these draws apart from those that made the rows


@njit(**ENTRY)
def improve(graph, box, worth, chances, key, first, num_steps, rows, tally):
    """Swap nodes of each row, inside the box, for those whose connections are worth more.

    Swaps are symmetric, so that Metropolis' rule gives the law of a row in its box, times
    exp(worth / temperature), for the row's type counts.

    Parameters
    ----------
    graph, box, key, first, rows
        As for `reject`; rows are changed in place, their sizes stay.
    worth : int64[T, T]
        What an edge between two types is worth; symmetric.
    chances : uint64[D]
        Chance, times 2**64 - 1, of accepting a loss of d.
    num_steps : int64
    tally : int64[2, 3]
        For pairs of positive, then of negative worth: how many there are, how many have an edge
        before and after, over all rows: added to.
    """
    at = 0
    type_start = graph.type_start
    for row in range(rows.sizes.size):
        k = np.int64(rows.sizes[row])
        nodes = rows.nodes[at : at + k]
        s0, s1, s2, s3 = seed_state(key ^ _STREAM, np.uint64(first + row))
        p, g = np.int64(rows.counts[row, 0]), np.int64(rows.counts[row, 1])
        _add_connected(graph, nodes, worth, tally, 1)
        for _ in range(num_steps):
            r, s0, s1, s2, s3 = below(np.uint64(k), s0, s1, s2, s3)
            slot = np.int64(r)
            old = np.int64(nodes[slot])
            t = type_of(type_start, old)
            r, s0, s1, s2, s3 = below(np.uint64(type_start[t + 1] - type_start[t]), s0, s1, s2, s3)
            new = type_start[t] + np.int64(r)
            coin, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
            dp = dg = gain = 0
            is_taken = False
            for j in range(k):
                other = np.int64(nodes[j])
                is_taken |= other == new
                gone, come = sign_between(graph, old, other), sign_between(graph, new, other)
                dp += np.int64(come > 0) - np.int64(gone > 0)
                dg += np.int64(come < 0) - np.int64(gone < 0)
                edges = np.int64(come != 0) - np.int64(gone != 0)
                if edges != 0:
                    gain += edges * worth[t, type_of(type_start, other)]
            if is_taken or outside(p + dp, g + dg, k, box.bounds) > 0:
                continue
            if gain >= 0 or coin <= chances[min(-gain, chances.size - 1)]:
                nodes[slot] = new
                p += dp
                g += dg
        _add_connected(graph, nodes, worth, tally, 2)
        at = emit_row(rows, row, nodes, k, p, g, at)


@njit(**PART)
def _add_connected(graph, nodes, worth, tally, column):
    """Add the pairs of prior types that have an edge; before the change, all of them as well."""
    for i in range(nodes.size):
        t = type_of(graph.type_start, np.int64(nodes[i]))
        for j in range(i):
            value = worth[t, type_of(graph.type_start, np.int64(nodes[j]))]
            if value != 0:
                tier = np.int64(value < 0)
                tally[tier, 0] += column == 1
                tally[tier, column] += sign_between(graph, nodes[i], nodes[j]) != 0
