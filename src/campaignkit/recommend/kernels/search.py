"""Branch and bound for the sets of highest mean pair effect.

Candidates are numbered side by side by open modality; ``weights[c, d]`` is the effect of a pair,
0 within a modality, -inf where the two may not meet. What is fixed is told by `degree`, `base` and
`fixed` alone. A vector of counts, how many of each modality, is searched depth first, a slot a
level. The bound of a slot: the effects of what is chosen, for each open slot the best candidate's
effects with it, and half the best links between open slots, as each is counted from both ends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaignkit.graph.kernels.options import ENTRY, PART

_TINY = 1e-12  # what sums lose to rounding; completions closer than this count as equal
_LOWEST = -np.inf
_STEP = 128  # candidates: a level with more of them below it counts as several steps


class Work(NamedTuple):
    """Memory of the search, for c candidates, j modalities, s slots and the k best sets.

    Attributes
    ----------
    best : float64[k]
        Means of the best sets so far, descending; -inf where there are none yet.
    sizes, sets : int64[k], int64[k, s]
        Their candidates.
    degrees : float64[s + 1, c]
        Effects with what is fixed and what is chosen above a level.
    later : float64[j, c]
        Half the best links to modalities after j.
    key : float64[c]
        What a candidate can add, as of the level where its modality began.
    order, sorted_to : int64[c], int64[j]
        Candidates by key, as far as they were asked for.
    total, rest, spent, need : float64[s + 1]
        By level: effects chosen, the most that later modalities add, costs, the least to come.
    place, slot, left, taken : int64[s]
        By level: the next candidate to try, the modality, its open slots, the one chosen.
    top : float64[s]
    """

    best: NDArray[np.float64]
    sizes: NDArray[np.int64]
    sets: NDArray[np.int64]
    degrees: NDArray[np.float64]
    later: NDArray[np.float64]
    key: NDArray[np.float64]
    order: NDArray[np.int64]
    sorted_to: NDArray[np.int64]
    total: NDArray[np.float64]
    rest: NDArray[np.float64]
    spent: NDArray[np.float64]
    need: NDArray[np.float64]
    place: NDArray[np.int64]
    slot: NDArray[np.int64]
    left: NDArray[np.int64]
    taken: NDArray[np.int64]
    top: NDArray[np.float64]


@njit(**PART)
def mean_of(total, size):
    """The mean over all node pairs of a set; a single node has one pair, of its own."""
    return total / max(size * (size - 1) // 2, 1)


@njit(**PART)
def floor_of(work):
    """The mean that a set must exceed to be among the best."""
    floor = work.best[len(work.best) - 1]
    return floor + _TINY * max(1.0, abs(floor)) if floor > _LOWEST else _LOWEST


@njit(**PART)
def keep(work, mean, size):
    """Put what is taken among the best, if it belongs there."""
    k = len(work.best) - 1
    if not mean > work.best[k]:
        return
    while k > 0 and work.best[k - 1] < mean:
        work.best[k], work.sizes[k] = work.best[k - 1], work.sizes[k - 1]
        for i in range(work.sizes[k]):
            work.sets[k, i] = work.sets[k - 1, i]
        k -= 1
    work.best[k], work.sizes[k] = mean, size
    for i in range(size):
        work.sets[k, i] = work.taken[i]


@njit(**PART)
def keep_top(values, num, value, first):
    """Keep `value` if it is among the `num` largest; begins anew with the first one."""
    if first:
        for m in range(num):
            values[m] = _LOWEST
    if value > values[num - 1]:
        m = num - 1
        while m > 0 and values[m - 1] < value:
            values[m] = values[m - 1]
            m -= 1
        values[m] = value


@njit(**PART)
def rest_of(pool, link, counts, work, depth):
    """The most that modalities after a slot's can add to what is chosen above its level."""
    q, left, total = work.slot[depth], work.left[depth], 0.0
    for j in range(q + 1, len(counts)):
        for c in range(pool.start[j], pool.start[j + 1]):
            if counts[j] > 0:
                value = work.degrees[depth, c] + work.later[q, c] + 0.5 * link[c, q, left]
                keep_top(work.top, counts[j], value, c == pool.start[j])
        for m in range(counts[j]):
            total += work.top[m]
    return total


@njit(**PART)
def enter(pool, link, counts, work, depth):
    """Prepare a level: the keys of a modality at its first slot, and the most of what is left."""
    q = work.slot[depth]
    if depth > 0 and work.slot[depth - 1] == q:
        work.place[depth] = work.place[depth - 1]  # one past the choice of the slot before
    else:
        work.place[depth] = work.sorted_to[q] = pool.start[q]
        for c in range(pool.start[q], pool.start[q + 1]):
            work.key[c] = work.degrees[depth, c] + work.later[q, c]
            work.order[c] = c
    work.rest[depth] = rest_of(pool, link, counts, work, depth)


@njit(**PART)
def begin(pool, link, counts, work):
    """Lay out the slots of a vector of counts and enter the first; their number."""
    depth = 0
    for q in range(len(counts)):
        for i in range(counts[q]):
            work.slot[depth] = q
            work.left[depth] = counts[q] - i
            depth += 1
        for c in range(pool.start[q], pool.start[len(counts)]):
            work.later[q, c] = 0.0
            for j in range(q + 1, len(counts)):
                # A candidate's own modality has no link to it: these are 0.
                work.later[q, c] += 0.5 * link[c, j, counts[j]]
    work.need[depth] = 0.0
    for above in range(depth - 1, -1, -1):
        work.need[above] = work.need[above + 1] + pool.cheapest[work.slot[above]]
    work.total[0], work.spent[0] = pool.base, 0.0
    if depth > 0:
        enter(pool, link, counts, work, 0)
    return depth


@njit(**PART)
def bound_of(pool, work, depth, size):
    """A mean that no set exceeds which takes the next candidate of a slot, or a later one."""
    q, place = work.slot[depth], work.place[depth]
    end = place + work.left[depth]
    if end > pool.start[q + 1]:
        return _LOWEST
    while work.sorted_to[q] < end:
        i, order = work.sorted_to[q], work.order
        found = i
        for t in range(i + 1, pool.start[q + 1]):
            if work.key[order[t]] > work.key[order[found]]:
                found = t
        order[i], order[found] = order[found], order[i]
        work.sorted_to[q] += 1
    total = work.total[depth] + work.rest[depth]
    for i in range(place, end):
        total += work.key[work.order[i]]
    return mean_of(total, size)


@njit(**ENTRY)
def bound_counts(pool, link, vectors, work, bounds):
    """bounds[v]: a mean that no set with the counts vectors[v] exceeds."""
    for v in range(len(vectors)):
        num = begin(pool, link, vectors[v], work)
        size = pool.fixed + num
        bounds[v] = bound_of(pool, work, 0, size) if num else mean_of(pool.base, size)


@njit(**ENTRY)
def branch_and_bound(pool, link, vectors, bounds, work, max_steps):
    """Find the best sets; vectors int64[v, j] come in descending order of their bounds.

    Returns the highest mean that a set which was not looked at can have: -inf where the best are
    proved.
    """
    steps = 0
    for v in range(len(vectors)):
        if bounds[v] <= floor_of(work):
            break  # those after it are no better
        counts = vectors[v]
        num = begin(pool, link, counts, work)
        size, depth = pool.fixed + num, 0 if num else -1
        if num == 0:
            keep(work, mean_of(pool.base, size), 0)
        while depth >= 0:
            bound = bound_of(pool, work, depth, size)
            if bound <= floor_of(work):
                depth -= 1
                continue
            if steps >= max_steps:
                for above in range(depth):
                    bound = max(bound, bound_of(pool, work, above, size))
                return max(bound, bounds[v + 1]) if v + 1 < len(vectors) else bound
            steps += 1 + (len(work.key) - pool.start[work.slot[depth]]) // _STEP
            node = work.order[work.place[depth]]
            work.place[depth] += 1
            gain, spent = work.degrees[depth, node], work.spent[depth] + pool.cost[node]
            if gain == _LOWEST or spent + work.need[depth + 1] > pool.budget:
                continue
            work.taken[depth] = node
            work.total[depth + 1], work.spent[depth + 1] = work.total[depth] + gain, spent
            if depth == num - 1:
                keep(work, mean_of(work.total[num], size), num)
                continue
            for c in range(pool.start[work.slot[depth]], len(work.key)):
                work.degrees[depth + 1, c] = work.degrees[depth, c] + pool.weights[node, c]
            depth += 1
            enter(pool, link, counts, work, depth)
    return _LOWEST
