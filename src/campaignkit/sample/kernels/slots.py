"""One heat-bath step: draw new content for a slot under a wall of a given height."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import move
from campaignkit.graph.kernels.options import PART
from campaignkit.graph.kernels.random64 import below
from campaignkit.graph.kernels.vectors import box_mask, count_bits

HOLE = np.int64(-1)
_ONE = np.uint64(1)


@njit(**PART)
def violation(p, g, k, bounds):
    """The largest one-sided violation of the box, in edges; 0 inside."""
    e = 0
    e = max(e, bounds[0, k] - p)
    e = max(e, p - bounds[1, k])
    e = max(e, bounds[2, k] - g)
    return max(e, g - bounds[3, k])


@njit(**PART)
def redraw_slot(graph, box, plan, scratch, slot, wall, k, p, g, s0, s1, s2, s3):
    """Draw new content for a slot where at most `wall` edges outside the box are allowed.

    Returns (k, p, g, whether the slot changed as 1 or 0, new state).
    """
    t = plan.type_of[slot]
    slots, counts = scratch.slots, scratch.counts
    pos_degree, neg_degree = scratch.pos_degree, scratch.neg_degree
    old = slots[slot]
    k_rest, p_rest, g_rest, others = k, p, g, counts[t]
    if old >= 0:
        k_rest -= 1
        p_rest -= np.int64(pos_degree[old])
        g_rest -= np.int64(neg_degree[old])
        others -= 1
    num_fit = _find_fitting(graph, box, plan, scratch, t, slot, wall, k_rest, p_rest, g_rest)
    hole_weight = 0
    if others >= box.low[t] and violation(p_rest, g_rest, k_rest, box.bounds) <= wall:
        hole_weight = (box.high[t] - others) * (
            graph.type_start[t + 1] - graph.type_start[t] - others
        )
    new, s0, s1, s2, s3 = _draw_content(
        graph.type_start[t], scratch.fitting, old, num_fit, hole_weight, (others + 1) * num_fit,
        s0, s1, s2, s3,
    )  # fmt: skip
    if new == old:
        return k, p, g, 0, s0, s1, s2, s3
    k, p, g = k_rest, p_rest, g_rest
    counts[t] = others
    if new >= 0:
        k += 1
        p += np.int64(pos_degree[new])
        g += np.int64(neg_degree[new])
        counts[t] += 1
    slots[slot] = new
    move(graph, new, old, pos_degree, neg_degree)
    return k, p, g, 1, s0, s1, s2, s3


@njit(**PART)
def _draw_content(
    start, fitting, old, num_fit, hole_weight, node_weight, s0, s1, s2, s3
):  # fmt: skip
    """The new content: from a hole to a node or back if it can, else to another node.

    Reversible for weights `hole_weight` of a hole and `node_weight` of all fitting nodes together,
    and it changes the number of nodes more often than drawing from the weights would: numbers are
    what mixes slowest.
    """
    if old >= 0:
        if hole_weight > 0:
            if hole_weight >= node_weight:
                return HOLE, s0, s1, s2, s3
            r, s0, s1, s2, s3 = below(np.uint64(node_weight), s0, s1, s2, s3)
            if np.int64(r) < hole_weight:
                return HOLE, s0, s1, s2, s3
        at = old - start
        bit = _ONE << np.uint64(at & 63)
        if fitting[at >> 6] & bit:
            fitting[at >> 6] ^= bit
            num_fit -= 1
    elif hole_weight > node_weight:
        r, s0, s1, s2, s3 = below(np.uint64(hole_weight), s0, s1, s2, s3)
        if np.int64(r) >= node_weight:
            return HOLE, s0, s1, s2, s3
    if num_fit == 0:
        return old, s0, s1, s2, s3
    r, s0, s1, s2, s3 = below(np.uint64(num_fit), s0, s1, s2, s3)
    rank = np.int64(r)
    b = 0
    here = count_bits(fitting[0])
    while rank >= here:
        rank -= here
        b += 1
        here = count_bits(fitting[b])
    return start + (b << 6) + _nth_bit(fitting[b], rank), s0, s1, s2, s3


@njit(**PART)
def _find_fitting(graph, box, plan, scratch, t, slot, wall, k, p, g):
    """Set a bit of scratch.fitting for each free node of the type that fits; their number.

    k, p, g : the set without the content of the slot.
    """
    fitting = scratch.fitting
    start, stop = graph.type_start[t], graph.type_start[t + 1]
    p_low = max(box.bounds[0, k + 1] - wall - p, 0)
    g_low = max(box.bounds[2, k + 1] - wall - g, 0)
    p_width = min(box.bounds[1, k + 1] + wall - p, 255) - p_low
    g_width = min(box.bounds[3, k + 1] + wall - g, 255) - g_low
    num_blocks = (stop - start + 63) >> 6
    if p_width < 0 or g_width < 0:
        for b in range(num_blocks):
            fitting[b] = np.uint64(0)
        return 0
    for b in range(num_blocks):
        at = start + (b << 6)
        fits = box_mask(
            scratch.pos_degree, scratch.neg_degree, at,
            np.uint8(p_low), np.uint8(p_width), np.uint8(g_low), np.uint8(g_width),
        )  # fmt: skip
        if stop - at < 64:
            fits &= (_ONE << np.uint64(stop - at)) - _ONE
        fitting[b] = fits
    for j in range(plan.start[t], plan.start[t + 1]):
        if scratch.slots[j] >= 0 and j != slot:
            at = scratch.slots[j] - start
            fitting[at >> 6] &= ~(_ONE << np.uint64(at & 63))
    num_fit = 0
    for b in range(num_blocks):
        num_fit += count_bits(fitting[b])
    return num_fit


@njit(**PART)
def _nth_bit(word, rank):
    """Position of the set bit of `word` that has `rank` set bits below it."""
    position = np.int64(0)
    for width in (32, 16, 8, 4, 2, 1):
        here = count_bits(word & ((_ONE << np.uint64(width)) - _ONE))
        # Arithmetic, not a branch: which half holds the bit cannot be predicted.
        is_above = np.int64(rank >= here)
        rank -= here * is_above
        word >>= np.uint64(width * is_above)
        position += width * is_above
    return position
