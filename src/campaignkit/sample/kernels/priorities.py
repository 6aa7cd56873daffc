"""Soft priorities: improve finished rows inside their box, high pairs first, then low ones."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import sign_between
from campaignkit.graph.kernels.options import ENTRY, PART
from campaignkit.graph.kernels.random64 import below, next64, seed_state
from campaignkit.sample.kernels.emit import sort_nodes

_STREAM = np.uint64(0xA0761D6478BD642F)  # keeps these draws apart from those that made the rows


@njit(**ENTRY)
def improve(graph, box, tier_of, tier_bounds, chances, key, first, num_steps, rows, gains):
    """Swap nodes of each row, inside the box, towards the label's fractions in prior pairs.

    Parameters
    ----------
    graph, box, key, first, rows
        As for `reject`; rows are changed in place, their sizes stay.
    tier_of : int8[T, T]
        1 for a high-priority pair of types, 2 for a low one, else 0; symmetric.
    tier_bounds : int64[4, M]
        Lowest and highest number of + pairs, then of - pairs, among m pairs of a tier.
    chances : uint64[D]
        Chance, times 2**64 - 1, of accepting d more edges outside a tier's bounds.
    num_steps : int64
    gains : int64[2, 2]
        Edges outside the bounds of each tier before and after, over all rows: added to.
    """
    at = 0
    type_start = graph.type_start
    for row in range(rows.sizes.size):
        k = np.int64(rows.sizes[row])
        nodes = rows.nodes[at : at + k]
        s0, s1, s2, s3 = seed_state(key ^ _STREAM, np.uint64(first + row))
        p, g = np.int64(rows.counts[row, 0]), np.int64(rows.counts[row, 1])
        p1, g1, m1, p2, g2, m2 = _tier_counts(graph, nodes, tier_of)
        e1 = _outside(p1, g1, m1, tier_bounds)
        e2 = _outside(p2, g2, m2, tier_bounds)
        gains[0, 0] += e1
        gains[1, 0] += e2
        for _ in range(num_steps):
            if e1 == 0 and e2 == 0:
                break
            r, s0, s1, s2, s3 = below(np.uint64(k), s0, s1, s2, s3)
            slot = np.int64(r)
            old = np.int64(nodes[slot])
            t = _type_of(type_start, old)
            size = type_start[t + 1] - type_start[t]
            r, s0, s1, s2, s3 = below(np.uint64(size), s0, s1, s2, s3)
            new = type_start[t] + np.int64(r)
            coin, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
            dp = dg = dp1 = dg1 = dp2 = dg2 = 0
            is_taken = False
            for j in range(k):
                other = np.int64(nodes[j])
                if other == new:
                    is_taken = True
                if j == slot:
                    continue
                gone, come = sign_between(graph, old, other), sign_between(graph, new, other)
                up = np.int64(come > 0) - np.int64(gone > 0)
                down = np.int64(come < 0) - np.int64(gone < 0)
                dp += up
                dg += down
                tier = tier_of[t, _type_of(type_start, other)]
                if tier == 1:
                    dp1 += up
                    dg1 += down
                elif tier == 2:
                    dp2 += up
                    dg2 += down
            if is_taken or _misses(p + dp, g + dg, k, box.bounds):
                continue
            e1_new = _outside(p1 + dp1, g1 + dg1, m1, tier_bounds)
            e2_new = _outside(p2 + dp2, g2 + dg2, m2, tier_bounds)
            # Lexicographic: the low tier only decides where the high one does not care.
            rise = e1_new - e1 if e1_new != e1 else e2_new - e2
            if rise <= 0 or coin <= chances[min(rise, chances.size - 1)]:
                nodes[slot] = new
                p, g, e1, e2 = p + dp, g + dg, e1_new, e2_new
                p1, g1, p2, g2 = p1 + dp1, g1 + dg1, p2 + dp2, g2 + dg2
        gains[0, 1] += e1
        gains[1, 1] += e2
        rows.counts[row, 0] = p
        rows.counts[row, 1] = g
        sort_nodes(nodes, 0, k)
        at += k


@njit(**PART)
def _type_of(type_start, node):
    t = 0
    while node >= type_start[t + 1]:
        t += 1
    return t


@njit(**PART)
def _misses(p, g, k, bounds):
    return p < bounds[0, k] or p > bounds[1, k] or g < bounds[2, k] or g > bounds[3, k]


@njit(**PART)
def _outside(p, g, m, tier_bounds):
    e = max(tier_bounds[0, m] - p, p - tier_bounds[1, m], 0)
    return e + max(tier_bounds[2, m] - g, g - tier_bounds[3, m], 0)


@njit(**PART)
def _tier_counts(graph, nodes, tier_of):
    p1 = g1 = m1 = p2 = g2 = m2 = 0
    for i in range(nodes.size):
        t = _type_of(graph.type_start, np.int64(nodes[i]))
        for j in range(i):
            tier = tier_of[t, _type_of(graph.type_start, np.int64(nodes[j]))]
            if tier == 0:
                continue
            sign = sign_between(graph, np.int64(nodes[i]), np.int64(nodes[j]))
            if tier == 1:
                m1 += 1
                p1 += sign > 0
                g1 += sign < 0
            else:
                m2 += 1
                p2 += sign > 0
                g2 += sign < 0
    return p1, g1, m1, p2, g2, m2
