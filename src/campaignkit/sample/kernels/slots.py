"""One heat-bath step: draw the content of a slot anew under a wall of a given height."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import PART
from campaignkit.graph.kernels.random64 import below
from campaignkit.graph.kernels.vectors import box_mask, count_bits

HOLE = np.int64(-1)
NOTHING_FITS = np.int64(-2)
_ONE = np.uint64(1)
_TRIALS = 2


@njit(**PART)
def nth_bit(word, rank):
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


@njit(**PART)
def _free_in_type(slots, first_slot, last_slot, slot, node):
    for j in range(first_slot, last_slot):
        if j != slot and slots[j] == node:
            return False
    return True


@njit(**PART)
def draw_content(
    graph, t, slot, high, slot_start, slots, hole_fits, excluded, others,
    p_low, p_width, g_low, g_width, pos_degree, neg_degree, masks, s0, s1, s2, s3,
):  # fmt: skip
    """Draw the new content of a slot from its conditional law inside the wall.

    Returns (content, state): a node, HOLE or NOTHING_FITS.
    """
    start, stop = graph.type_start[t], graph.type_start[t + 1]
    first_slot, last_slot = slot_start[t], slot_start[t + 1]
    size = np.uint64(stop - start)
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
            r, s0, s1, s2, s3 = below(size, s0, s1, s2, s3)
            node = start + np.int64(r)
            if node != excluded and _free_in_type(slots, first_slot, last_slot, slot, node):
                break
        p_fits = np.int64(pos_degree[node]) - p_low
        g_fits = np.int64(neg_degree[node]) - g_low
        if p_fits >= 0 and p_fits <= p_width and g_fits >= 0 and g_fits <= g_width:
            return node, s0, s1, s2, s3
    # The scan: 64 nodes at a time, one bit for each that fits and is free.
    num_blocks = (stop - start + 63) >> 6
    num_fit = 0
    if p_width >= 0 and g_width >= 0:
        for b in range(num_blocks):
            at = start + (b << 6)
            fit = box_mask(
                pos_degree, neg_degree, at,
                np.uint8(p_low), np.uint8(p_width), np.uint8(g_low), np.uint8(g_width),
            )  # fmt: skip
            left = stop - at
            if left < 64:
                fit &= (_ONE << np.uint64(left)) - _ONE
            masks[b] = fit
        for j in range(first_slot, last_slot):
            if slots[j] >= 0 and j != slot:
                at = slots[j] - start
                masks[at >> 6] &= ~(_ONE << np.uint64(at & 63))
        if excluded >= 0:
            at = excluded - start
            masks[at >> 6] &= ~(_ONE << np.uint64(at & 63))
        for b in range(num_blocks):
            num_fit += count_bits(masks[b])
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
    here = count_bits(masks[0])
    while rank >= here:
        rank -= here
        b += 1
        here = count_bits(masks[b])
    return start + (b << 6) + nth_bit(masks[b], rank), s0, s1, s2, s3
