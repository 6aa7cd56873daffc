"""Exact search: node by node, smallest modality first, cut off where bounds exclude the box."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.diagnosis.kernels.count_bounds import best_share, demand
from campaignkit.graph.kernels.counts import move
from campaignkit.graph.kernels.options import ENTRY, PART

_NONE = np.int64(-1)
_LOW = np.int64(-(1 << 40))
FOUND, PROVEN, STOPPED = 1, 2, 3


@njit(**ENTRY)
def depth_first(
    graph, order, bounds, weights, directions, needs, degrees, vectors, num_vectors, max_visits,
    type_at, is_ready, choice, rest, future, top, pos_degree, neg_degree, best,
):  # fmt: skip
    """Search all campaigns with given type counts: (outcome, nodes of it, visits, used).

    `used` is the set of constraints that a proof of absence rests on, as bits.

    Parameters
    ----------
    graph : GraphArrays
    order : int64[T]
        Types, those of few nodes first.
    bounds, weights : int64[4, 256], int64[8, 2]
    directions : int64[A]
        Directions to bound in.
    needs : int64[>= 8]
        The constraints that each direction needs, as bits.
    degrees : int32[n, T, 2]
    vectors, num_vectors : uint8[rows, T], int64
        Vectors of type counts.
    max_visits : int64
        Partial campaigns looked at before the search stops undecided.
    type_at, is_ready, choice, rest : int64[256], uint8[256], int64[256], int64[T]
        Scratch.
    future : int16[kmax, A, n]
        Scratch: at each depth, what a node can add with the nodes still to come.
    top : int64[256]
        Scratch.
    pos_degree, neg_degree : uint8[stride]
        Scratch.
    best : int32[256]
        Filled with the campaign, if one is found.
    """
    type_start = graph.type_start
    visits = np.int64(0)
    used = np.int64(0)
    pos_degree[:] = 0
    neg_degree[:] = 0
    for row in range(num_vectors):
        k = 0
        for i in range(order.size):
            for _ in range(vectors[row, order[i]]):
                type_at[k] = order[i]
                k += 1
        is_ready[:k] = 0
        p = np.int64(0)
        g = np.int64(0)
        depth = 0
        is_entered = True
        while depth >= 0:
            if is_entered:
                if visits == max_visits:
                    return STOPPED, 0, visits, used
                visits += 1
                t = type_at[depth]
                first = type_start[t]
                if depth > 0 and type_at[depth - 1] == t:
                    first = choice[depth - 1] + 1
                if depth == k - 1:
                    for v in range(first, type_start[t + 1]):
                        new_p = p + np.int64(pos_degree[v])
                        new_g = g + np.int64(neg_degree[v])
                        broken = _broken(bounds, k, new_p, new_g)
                        if broken == 0:
                            for j in range(depth):
                                best[j] = choice[j]
                            best[depth] = v
                            return FOUND, k, visits, used
                        if broken & used == 0:
                            used |= broken & -broken
                    is_entered = False
                else:
                    if is_ready[depth] == 0:
                        _look_ahead(
                            type_start, weights, directions, degrees, type_at, depth, k, rest,
                            future[depth],
                        )  # fmt: skip
                        is_ready[depth] = 1
                    excluding = _excluding(
                        type_start, bounds, weights, directions, needs, used, type_at, depth, k,
                        first, future[depth], top, pos_degree, neg_degree, p, g,
                    )  # fmt: skip
                    used |= excluding
                    is_entered = excluding == 0
                choice[depth] = first - 1
                if not is_entered:
                    depth -= 1
                    if depth < 0:
                        break
            # Leave the node chosen here, if any, and take the next that leaves enough behind it.
            t = type_at[depth]
            v = choice[depth]
            if not is_entered:
                move(graph, _NONE, v, pos_degree, neg_degree)
                p -= np.int64(pos_degree[v])
                g -= np.int64(neg_degree[v])
            v += 1
            after = depth + 1
            while after < k and type_at[after] == t:
                after += 1
            if v > type_start[t + 1] - (after - depth):
                is_entered = False
                depth -= 1
                continue
            choice[depth] = v
            p += np.int64(pos_degree[v])
            g += np.int64(neg_degree[v])
            move(graph, v, _NONE, pos_degree, neg_degree)
            depth += 1
            is_entered = True
    return PROVEN, 0, visits, used


@njit(**PART)
def _look_ahead(type_start, weights, directions, degrees, type_at, depth, k, rest, future):
    """Fill what each node can add with the nodes that fill the places from `depth` on."""
    rest[:] = 0
    for j in range(depth, k):
        rest[type_at[j]] += 1
    for t in range(rest.size):
        if rest[t] == 0:
            continue
        for v in range(type_start[t], type_start[t + 1]):
            for i in range(directions.size):
                future[i, v] = 0
            for b in range(rest.size):
                if b == t or rest[b] == 0:
                    continue
                pos, neg = np.int64(degrees[v, b, 0]), np.int64(degrees[v, b, 1])
                none = type_start[b + 1] - type_start[b] - pos - neg
                for i in range(directions.size):
                    wp, wn = weights[directions[i], 0], weights[directions[i], 1]
                    future[i, v] += best_share(wp, wn, rest[b], pos, neg, none)


@njit(**PART)
def _excluding(
    type_start, bounds, weights, directions, needs, used, type_at, depth, k, first, future, top,
    pos_degree, neg_degree, p, g,
):  # fmt: skip
    """The constraints (bits) that bounds show to be out of reach; 0 if there is room for the box.

    Of several such sets one that lies within `used` is preferred, so that a proof rests on few
    constraints. Edges among nodes to come are seen from both ends, so all is counted twice.
    """
    excluding = np.int64(0)
    for i in range(directions.size):
        d = directions[i]
        wp, wn = weights[d, 0], weights[d, 1]
        total = 2 * (wp * p + wn * g)
        j = depth
        begin = first
        while j < k:
            t = type_at[j]
            count = 1
            while j + count < k and type_at[j + count] == t:
                count += 1
            if j > depth:
                begin = type_start[t]
            total += _top_sum(
                begin, type_start[t + 1], count, wp, wn, future[i], top, pos_degree, neg_degree
            )
            j += count
        if total < 2 * demand(d, weights, bounds, k):
            if needs[d] & ~used == 0:
                return needs[d]
            if excluding == 0:
                excluding = needs[d]
    return excluding


@njit(**PART)
def _broken(bounds, k, p, g):
    """The constraints that a finished campaign breaks, as bits; 0 inside the box."""
    return (
        np.int64(p < bounds[0, k])
        | (np.int64(p > bounds[1, k]) << 1)
        | (np.int64(g < bounds[2, k]) << 2)
        | (np.int64(g > bounds[3, k]) << 3)
    )


@njit(**PART)
def _top_sum(begin, end, count, wp, wn, future, top, pos_degree, neg_degree):
    """Sum of the `count` highest values among the nodes begin .. end - 1, counted twice."""
    if count == 1:
        most = _LOW
        for v in range(begin, end):
            value = 2 * (wp * np.int64(pos_degree[v]) + wn * np.int64(neg_degree[v])) + future[v]
            most = max(most, value)
        return most
    top[:count] = _LOW
    for v in range(begin, end):
        value = 2 * (wp * np.int64(pos_degree[v]) + wn * np.int64(neg_degree[v])) + future[v]
        if value > top[0]:
            i = 0
            while i + 1 < count and top[i + 1] < value:
                top[i] = top[i + 1]
                i += 1
            top[i] = value
    total = np.int64(0)
    for i in range(count):
        total += top[i]
    return total
