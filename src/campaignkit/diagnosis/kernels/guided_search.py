"""A short search for a campaign in a box: draws from Q, then the best exchange of one node."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import count_edges, move
from campaignkit.graph.kernels.draw import clear_mask, draw_node_set, outside, type_of
from campaignkit.graph.kernels.options import ENTRY, PART
from campaignkit.graph.kernels.random64 import below, next64, seed_state

_FAR = np.int64(1 << 40)
_NONE = np.int64(-1)
# One exchange in 16 is taken although it leads away, so that a search leaves a dead end.
_STRAY = np.uint64(1 << 60)


@njit(**PART)
def _keep(nodes, k, best):
    for j in range(k):
        best[j] = nodes[j]


@njit(**ENTRY)
def seek(
    graph, low, high, bounds, key, num_draws, num_starts, num_steps,
    mask, nodes, counts, is_in, pos_degree, neg_degree, best, effort,
):  # fmt: skip
    """Look for a campaign in the box: (edges outside, nodes of the nearest found).

    Draws from Q come first, then `num_starts` walks from a fresh draw each; a step takes a node
    out, or none, and puts in the one that brings the campaign nearest to the box, or none.

    Parameters
    ----------
    graph : GraphArrays
    low, high : int64[T]
    bounds : int64[4, 256]
    key : uint64
        Draw i comes from the generator (key, i), walk j from (key, num_draws + j).
    num_draws, num_starts, num_steps : int64
    mask, nodes, counts, is_in, pos_degree, neg_degree
        Scratch: uint64[words], empty; int32[256]; int64[T]; uint8[n]; uint8[stride] twice.
    best : int32[256]
        Filled with the nodes of the nearest campaign.
    effort : int64[2]
        Draws and steps made: added to.
    """
    type_start = graph.type_start
    num_types = low.size
    nearest, nearest_k, k = _FAR, 0, 0
    for row in range(num_draws):
        s0, s1, s2, s3 = seed_state(key, np.uint64(row))
        clear_mask(mask, nodes, k)
        k, s0, s1, s2, s3 = draw_node_set(type_start, low, high, mask, nodes, s0, s1, s2, s3)
        p, g = count_edges(graph, nodes, k, mask, 1), count_edges(graph, nodes, k, mask, -1)
        effort[0] += 1
        e = outside(p, g, k, bounds)
        if e < nearest:
            nearest, nearest_k = e, k
            _keep(nodes, k, best)
            if e == 0:
                break
    clear_mask(mask, nodes, k)
    for walk in range(num_starts):
        if nearest == 0:
            break
        s0, s1, s2, s3 = seed_state(key, np.uint64(num_draws + walk))
        k, s0, s1, s2, s3 = draw_node_set(type_start, low, high, mask, nodes, s0, s1, s2, s3)
        p, g = count_edges(graph, nodes, k, mask, 1), count_edges(graph, nodes, k, mask, -1)
        clear_mask(mask, nodes, k)
        pos_degree[:] = 0
        neg_degree[:] = 0
        is_in[:] = 0
        counts[:] = 0
        for j in range(k):
            is_in[nodes[j]] = 1
            counts[type_of(type_start, nodes[j])] += 1
            move(graph, np.int64(nodes[j]), _NONE, pos_degree, neg_degree)
        e = outside(p, g, k, bounds)
        for _ in range(num_steps):
            if e < nearest:
                nearest, nearest_k = e, k
                _keep(nodes, k, best)
            if e == 0:
                break
            effort[1] += 1
            # Which node leaves; beyond the nodes stand the types, to which one may be added.
            r, s0, s1, s2, s3 = below(np.uint64(k + num_types), s0, s1, s2, s3)
            place = np.int64(r)
            old = _NONE
            if place < k:
                old = np.int64(nodes[place])
                t = type_of(type_start, old)
            else:
                t = place - k
                if counts[t] == high[t]:
                    continue
            rest_k, rest_p, rest_g = k, p, g
            if old >= 0:
                move(graph, _NONE, old, pos_degree, neg_degree)
                rest_k -= 1
                rest_p -= np.int64(pos_degree[old])
                rest_g -= np.int64(neg_degree[old])
            chosen, least = _NONE, _FAR
            if old >= 0 and counts[t] > low[t]:
                least = outside(rest_p, rest_g, rest_k, bounds)
            first = type_start[t]
            size = type_start[t + 1] - first
            # From a random node on, so that the first of equals is another one each time.
            r, s0, s1, s2, s3 = below(np.uint64(size), s0, s1, s2, s3)
            for half in range(2):
                begin = first + (np.int64(r) if half == 0 else 0)
                end = first + (size if half == 0 else np.int64(r))
                for v in range(begin, end):
                    if is_in[v] == 0:
                        new_p = rest_p + np.int64(pos_degree[v])
                        new_g = rest_g + np.int64(neg_degree[v])
                        there = outside(new_p, new_g, rest_k + 1, bounds)
                        if there < least:
                            chosen, least = v, there
            stray, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
            if least == _FAR or (least > e and stray >= _STRAY):
                if old >= 0:
                    move(graph, old, _NONE, pos_degree, neg_degree)
                continue
            k, p, g, e = rest_k, rest_p, rest_g, least
            if old >= 0:
                is_in[old] = 0
                counts[t] -= 1
                nodes[place] = nodes[k]
            if chosen >= 0:
                p += np.int64(pos_degree[chosen])
                g += np.int64(neg_degree[chosen])
                move(graph, chosen, _NONE, pos_degree, neg_degree)
                is_in[chosen] = 1
                counts[t] += 1
                nodes[k] = chosen
                k += 1
        if e < nearest:
            nearest, nearest_k = e, k
            _keep(nodes, k, best)
    return nearest, nearest_k
