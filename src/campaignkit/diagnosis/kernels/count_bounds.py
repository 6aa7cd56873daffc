"""What type counts and degrees allow: bounds on edges for every vector of type counts.

A **direction** is a pair of weights (wp, wn) in -1, 0, 1; it bounds wp * P + wn * N from above, P
and N being the + and - pairs of a campaign. The eight of them bound P, N, P + N and P - N from
both sides. A node with r others of some type among its neighbours-to-be, dp of that type by +, dn
by - and dz by no edge, adds at most what the best r of the dp + dn + dz give.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import ENTRY, PART

NUM_DIRECTIONS = 8
NUM_CAUSES = 10  # the directions, and two for ranges that hold no whole number of pairs


@njit(**PART)
def best_share(wp, wn, num_others, num_pos, num_neg, num_none):
    """The most a node adds in a direction with `num_others` partners of one type: int64."""
    gains = num_pos * (wp == 1) + num_neg * (wn == 1)
    level = num_none + num_pos * (wp == 0) + num_neg * (wn == 0)
    return min(num_others, gains) - max(0, num_others - gains - level)


@njit(**PART)
def demand(d, weights, bounds, k):
    """The least wp * P + wn * N over the box, for k nodes: int64."""
    wp, wn = weights[d, 0], weights[d, 1]
    least = np.int64(0)
    if wp != 0:
        least += bounds[0, k] if wp > 0 else -bounds[1, k]
    if wn != 0:
        least += bounds[2, k] if wn > 0 else -bounds[3, k]
    return least


@njit(**ENTRY)
def pair_limits(type_start, high, degrees, weights, start, tally, limits):
    """Fill the bounds of every pair of types a < b, for all counts of the two.

    Parameters
    ----------
    type_start, high : int64[T + 1], int64[T]
    degrees : int32[n, T, 2]
        + and - edges of each node to each type.
    weights : int64[8, 2]
    start : int64[T, T]
        The bounds of a and b with i and j nodes lie at start[a, b] + i * (high[b] + 1) + j.
    tally : int64[2 * 256 + 1]
    limits : int64[entries, 8]
        Filled: the lesser of two sums, each of the best nodes of one type with all of the other.
    """
    for a in range(high.size):
        for b in range(high.size):
            if a == b:
                continue
            size_b = type_start[b + 1] - type_start[b]
            for d in range(NUM_DIRECTIONS):
                wp, wn = weights[d, 0], weights[d, 1]
                for others in range(high[b] + 1):
                    tally[: 2 * others + 1] = 0
                    for v in range(type_start[a], type_start[a + 1]):
                        pos, neg = np.int64(degrees[v, b, 0]), np.int64(degrees[v, b, 1])
                        share = best_share(wp, wn, others, pos, neg, size_b - pos - neg)
                        tally[share + others] += 1
                    value = 2 * others
                    total = np.int64(0)
                    for chosen in range(high[a] + 1):
                        if chosen > 0:
                            while tally[value] == 0:
                                value -= 1
                            tally[value] -= 1
                            total += value - others
                        if a < b:
                            at = start[a, b] + chosen * (high[b] + 1) + others
                            limits[at, d] = total
                        else:
                            at = start[b, a] + others * (high[a] + 1) + chosen
                            limits[at, d] = min(limits[at, d], total)


@njit(**ENTRY)
def scan_counts(
    low, high, bounds, weights, start, limits, causes_of, counts, sums,
    open_counts, extremes, extreme_counts, survivors,
):  # fmt: skip
    """Test every vector of type counts against a box: how many it does not exclude.

    Parameters
    ----------
    low, high : int64[T]
    bounds : int64[4, 256]
    weights, start, limits
        As in `pair_limits`.
    causes_of : int64[16]
        For each set of constraints (bits: pos low, pos high, neg low, neg high), which of the ten
        causes it suffices for, as bits.
    counts, sums : int64[T], int64[T + 1, 8]
        Scratch.
    open_counts : int64[16]
        Filled: how many vectors each set of constraints does not exclude.
    extremes, extreme_counts : int64[8, 2], int64[8, T]
        Filled: the highest bound in each direction as a share of pairs (numerator, denominator),
        and the type counts it belongs to.
    survivors : uint8[rows, T]
        Filled with the vectors that the whole box does not exclude, as many as it contains.
    """
    num_types = low.size
    found = 0
    open_counts[:] = 0
    extremes[:] = 0
    sums[0] = 0
    t = 0
    counts[0] = low[0] - 1
    while t >= 0:
        counts[t] += 1
        if counts[t] > high[t]:
            t -= 1
            continue
        for d in range(NUM_DIRECTIONS):
            sums[t + 1, d] = sums[t, d]
        for a in range(t):
            at = start[a, t] + counts[a] * (high[t] + 1) + counts[t]
            for d in range(NUM_DIRECTIONS):
                sums[t + 1, d] += limits[at, d]
        if t < num_types - 1:
            t += 1
            counts[t] = low[t] - 1
            continue
        k = counts.sum()
        pairs = k * (k - 1) // 2
        causes = np.int64(0)
        for d in range(NUM_DIRECTIONS):
            most = sums[num_types, d]
            if extremes[d, 1] == 0 or most * extremes[d, 1] > extremes[d, 0] * pairs:
                extremes[d, 0] = most
                extremes[d, 1] = pairs
                for a in range(num_types):
                    extreme_counts[d, a] = counts[a]
            if most < demand(d, weights, bounds, k):
                causes |= 1 << d
        if bounds[0, k] > bounds[1, k]:
            causes |= 1 << NUM_DIRECTIONS
        if bounds[2, k] > bounds[3, k]:
            causes |= 1 << (NUM_DIRECTIONS + 1)
        for constraints in range(16):
            open_counts[constraints] += (causes & causes_of[constraints]) == 0
        if causes == 0:
            if found < survivors.shape[0]:
                for a in range(num_types):
                    survivors[found, a] = counts[a]
            found += 1
    return found
