"""One heat-bath step: draw the content of a slot anew under a wall of a given height."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import move
from campaignkit.graph.kernels.options import PART
from campaignkit.graph.kernels.random64 import below
from campaignkit.graph.kernels.vectors import box_mask, count_bits

HOLE = np.int64(-1)
NOTHING_FITS = np.int64(-2)
_ONE = np.uint64(1)
_TRIALS = 2


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
    """Draw a slot anew where at most `wall` edges outside the box are allowed.

    Returns (k, p, g, whether anything fitted as 1 or 0, new state).
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
    hole_fits = others >= box.low[t] and violation(p_rest, g_rest, k_rest, box.bounds) <= wall
    # Where no hole is possible all options weigh the same, so the old node may be left out: the
    # step still preserves the law and always moves if it can.
    excluded = HOLE if hole_fits else old
    p_low = max(box.bounds[0, k_rest + 1] - wall - p_rest, 0)
    g_low = max(box.bounds[2, k_rest + 1] - wall - g_rest, 0)
    p_width = min(box.bounds[1, k_rest + 1] + wall - p_rest, 255) - p_low
    g_width = min(box.bounds[3, k_rest + 1] + wall - g_rest, 255) - g_low
    new, s0, s1, s2, s3 = _draw_content(
        graph, box, plan, scratch, t, slot, hole_fits, excluded, others,
        p_low, p_width, g_low, g_width, s0, s1, s2, s3,
    )  # fmt: skip
    if new == NOTHING_FITS:
        return k, p, g, 0, s0, s1, s2, s3
    if new != old:
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
    graph, box, plan, scratch, t, slot, hole_fits, excluded, others,
    p_low, p_width, g_low, g_width, s0, s1, s2, s3,
):  # fmt: skip
    """The conditional law: a hole weighs (high - others) * free nodes, a node others + 1."""
    start, stop = graph.type_start[t], graph.type_start[t + 1]
    high = box.high[t]
    num_free = stop - start - others
    # Two draws from the law without the box: exact where they fit, and far cheaper than a scan.
    for _ in range(_TRIALS):
        if hole_fits:
            r, s0, s1, s2, s3 = below(np.uint64(high + 1), s0, s1, s2, s3)
            if np.int64(r) < high - others:
                return HOLE, s0, s1, s2, s3
        if num_free - (excluded >= 0) <= 0:
            break
        while True:
            r, s0, s1, s2, s3 = below(np.uint64(stop - start), s0, s1, s2, s3)
            node = start + np.int64(r)
            if node != excluded and _is_free(plan, scratch, t, slot, node):
                break
        p_above = np.int64(scratch.pos_degree[node]) - p_low
        g_above = np.int64(scratch.neg_degree[node]) - g_low
        if p_above >= 0 and p_above <= p_width and g_above >= 0 and g_above <= g_width:
            return node, s0, s1, s2, s3
    num_fit = 0
    if p_width >= 0 and g_width >= 0 and p_low <= 255 and g_low <= 255:
        num_fit = _find_fitting(
            start, stop, plan, scratch, t, slot, excluded, p_low, p_width, g_low, g_width
        )
    hole_weight = (high - others) * num_free if hole_fits else 0
    weight = hole_weight + (others + 1) * num_fit
    if weight == 0:
        return NOTHING_FITS, s0, s1, s2, s3
    r, s0, s1, s2, s3 = below(np.uint64(weight), s0, s1, s2, s3)
    rank = np.int64(r) - hole_weight
    if rank < 0:
        return HOLE, s0, s1, s2, s3
    rank //= others + 1
    b = 0
    here = count_bits(scratch.fitting[0])
    while rank >= here:
        rank -= here
        b += 1
        here = count_bits(scratch.fitting[b])
    return start + (b << 6) + _nth_bit(scratch.fitting[b], rank), s0, s1, s2, s3


@njit(**PART)
def _is_free(plan, scratch, t, slot, node):
    for j in range(plan.start[t], plan.start[t + 1]):
        if j != slot and scratch.slots[j] == node:
            return False
    return True


@njit(**PART)
def _find_fitting(
    start, stop, plan, scratch, t, slot, excluded, p_low, p_width, g_low, g_width
):  # fmt: skip
    """Set a bit of scratch.fitting for each free node of the type that fits; their number."""
    fitting = scratch.fitting
    num_blocks = (stop - start + 63) >> 6
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
    if excluded >= 0:
        at = excluded - start
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
        low = word & ((_ONE << np.uint64(width)) - _ONE)
        here = count_bits(low)
        if rank >= here:
            rank -= here
            word >>= np.uint64(width)
            position += width
        else:
            word = low
    return position
