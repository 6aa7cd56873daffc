"""The heat-bath annealer: Gibbs updates of slots, exact for Q restricted to the label's box.

Type t owns ``high[t]`` slots; a slot holds one of its nodes or a hole. Lifting a node set to slots
gives the law prod_t 1 / [C(high_t, c_t) (n_t)_c_t] on slot states, whose marginal is Q: counts
uniform in range, nodes uniform given the counts. One step takes the content of a slot out and
draws another from the conditional law: a hole with weight ``(high - m)(n - m)``, each free node with
weight ``m + 1``, where m is the number of other nodes of the type and n the type's size.

Outside the box stands a soft wall: an auxiliary height h with joint law Q(x) rho^h [h >= e(x)], e
being the largest one-sided violation in edges. Drawing h = e + Geometric(rho) and then a slot
under ``e <= h`` are both Gibbs updates, so on e = 0 the stationary law is Q given the box, and the
chain watched only at its visits to the box has that law too. Holes keep their slots, so a fixed
scan over the slots preserves it.

All comparisons are of integers; the random numbers are integers; so the bytes are the same
everywhere.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import ENTRY, PART
from campaignkit.graph.kernels.draw import clear_mask, draw_node_set
from campaignkit.graph.kernels.random64 import below, mix64, next64, seed_state
from campaignkit.graph.kernels.counts import count_negative, count_positive, move
from campaignkit.sample.kernels.emit import emit_sorted
from campaignkit.sample.kernels.slots import HOLE, NOTHING_FITS, draw_content

_ATTEMPT = np.uint64(0xD1B54A32D192ED03)  # spreads the restarts of one chain over the key space


@njit(**PART)
def violation(p, g, k, bounds):
    """e: the largest one-sided violation of the box, in edges; 0 inside."""
    e = 0
    e = max(e, bounds[0, k] - p)
    e = max(e, p - bounds[1, k])
    e = max(e, bounds[2, k] - g)
    return max(e, g - bounds[3, k])


@njit(**PART)
def geometric(thresholds, s0, s1, s2, s3):
    """Number of successes before the first failure; thresholds[j] = rho**(j + 1) * 2**64."""
    value, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
    j = 0
    while value < thresholds[j]:
        j += 1
    return j, s0, s1, s2, s3


@njit(**PART)
def _fill_slots(
    graph,
    low,
    high,
    slot_start,
    slots,
    counts,
    mask,
    nodes,
    pos_degree,
    neg_degree,
    s0,
    s1,
    s2,
    s3,
):
    """A draw from Q laid into the slots, with its degrees: (k, p, g, new state)."""
    k, s0, s1, s2, s3 = draw_node_set(graph.type_start, low, high, mask, nodes, s0, s1, s2, s3)
    p = count_positive(graph, nodes, k, mask)
    g = count_negative(graph, nodes, k, mask)
    clear_mask(mask, nodes, k)
    slots[:] = HOLE
    pos_degree[:] = 0
    neg_degree[:] = 0
    t = 0
    at = slot_start[0]
    counts[:] = 0
    for j in range(k):
        while nodes[j] >= graph.type_start[t + 1]:
            t += 1
            at = slot_start[t]
        slots[at] = nodes[j]
        at += 1
        counts[t] += 1
        move(graph, np.int64(nodes[j]), HOLE, pos_degree, neg_degree)
    return k, p, g, s0, s1, s2, s3


@njit(**PART)
def _step(
    graph, low, high, bounds, slot_start, type_of_slot, slots, counts, pos_degree, neg_degree, masks,
    slot, wall, k, p, g, s0, s1, s2, s3,
):  # fmt: skip
    """Redraw one slot under a wall: (k, p, g, moved or stayed as 1 or 0, new state)."""
    t = type_of_slot[slot]
    old = np.int64(slots[slot])
    k_rest, p_rest, g_rest, others = k, p, g, counts[t]
    if old >= 0:
        k_rest -= 1
        p_rest -= np.int64(pos_degree[old])
        g_rest -= np.int64(neg_degree[old])
        others -= 1
    hole_fits = others >= low[t] and violation(p_rest, g_rest, k_rest, bounds) <= wall
    # Where no hole is possible all options weigh the same, so the old node may be left out: the
    # step still preserves the law and always moves if it can.
    excluded = old if not hole_fits else HOLE
    p_low = max(bounds[0, k_rest + 1] - wall - p_rest, 0)
    g_low = max(bounds[2, k_rest + 1] - wall - g_rest, 0)
    new, s0, s1, s2, s3 = draw_content(
        graph, t, slot, high[t], slot_start, slots, hole_fits, excluded, others,
        p_low, min(bounds[1, k_rest + 1] + wall - p_rest, 255) - p_low,
        g_low, min(bounds[3, k_rest + 1] + wall - g_rest, 255) - g_low,
        pos_degree, neg_degree, masks, s0, s1, s2, s3,
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


@njit(**ENTRY)
def heat_bath(
    graph, low, high, bounds, slot_start, type_of_slot, slot_order, falling, wall_law,
    key, first, chain_block, first_visits, next_visits, max_steps, max_restarts,
    mask, masks, pos_degree, neg_degree, nodes, slots, counts, out_nodes, out_sizes, out_counts, effort,
):  # fmt: skip
    """Fill rows `first`, `first` + 1, ...: (rows filled, nodes written, nearest violation).

    Parameters
    ----------
    graph : GraphArrays
    low, high : int64[T]
        Type ranges.
    bounds : int64[4, 256]
        Lowest and highest number of + pairs, then of - pairs, by number of nodes.
    slot_start, type_of_slot, slot_order : int64[T + 1], int64[S], int64[S]
        Slots of each type; the fixed order of the scan.
    falling, wall_law : uint64[65]
        Geometric thresholds of the wall on arrival and in the box; see `geometric`.
    key : uint64
        The label's stream. Chain c draws from the generator (key, c).
    first, chain_block : int
        Row i belongs to chain i // chain_block; `first` is a multiple of chain_block.
    first_visits, next_visits : int
        The first campaign of a chain is its state at that visit to the box, each further one
        `next_visits` later.
    max_steps, max_restarts : int
        Steps without an emission after which a chain starts again, and how often it may.
    mask, masks, pos_degree, neg_degree, nodes, slots, counts
        Working memory, see `campaignkit.sample.scratch`.
    out_nodes, out_sizes, out_counts
        As for `reject`.
    effort : int64[3]
        Steps on arrival, steps near the box, restarts: added to.
    """
    num_slots = np.uint64(slots.size)
    nearest = np.int64(1 << 60)
    written = 0
    row = 0
    while row < out_sizes.size:
        chain = np.uint64((first + row) // chain_block)
        end = min(row + chain_block - (first + row) % chain_block, out_sizes.size)
        attempt = 0
        fresh = True
        wanted = first_visits
        while row < end:
            if fresh:
                s0, s1, s2, s3 = seed_state(key ^ mix64(np.uint64(attempt) * _ATTEMPT), chain)
                k, p, g, s0, s1, s2, s3 = _fill_slots(
                    graph, low, high, slot_start, slots, counts, mask, nodes,
                    pos_degree, neg_degree,
                    s0, s1, s2, s3,
                )  # fmt: skip
                e = violation(p, g, k, bounds)
                steps = 0
                while e > 0 and steps < max_steps:
                    r, s0, s1, s2, s3 = below(num_slots, s0, s1, s2, s3)
                    rise, s0, s1, s2, s3 = geometric(falling, s0, s1, s2, s3)
                    for wall in (e - 1 + rise, e):
                        k, p, g, moved, s0, s1, s2, s3 = _step(
                            graph, low, high, bounds, slot_start, type_of_slot, slots, counts,
                            pos_degree, neg_degree, masks, np.int64(r), wall, k, p, g, s0, s1, s2, s3,
                        )  # fmt: skip
                        steps += 1
                        if moved == 1:
                            break
                    e = violation(p, g, k, bounds)
                    nearest = min(nearest, e)
                effort[0] += steps
                r, s0, s1, s2, s3 = below(num_slots, s0, s1, s2, s3)
                place = np.int64(r)
                fresh = False
                wanted = first_visits
                steps = 0 if e == 0 else max_steps
            visits = 0
            while visits < wanted and steps < max_steps:
                rise, s0, s1, s2, s3 = geometric(wall_law, s0, s1, s2, s3)
                k, p, g, _, s0, s1, s2, s3 = _step(
                    graph, low, high, bounds, slot_start, type_of_slot, slots, counts,
                    pos_degree, neg_degree, masks, slot_order[place], e + rise, k, p, g, s0, s1, s2, s3,
                )  # fmt: skip
                place += 1
                if place == slots.size:
                    place = 0
                e = violation(p, g, k, bounds)
                visits += e == 0
                steps += 1
                effort[1] += 1
            if visits == wanted:
                num_nodes = 0
                for j in range(slots.size):
                    if slots[j] >= 0:
                        nodes[num_nodes] = slots[j]
                        num_nodes += 1
                out_sizes[row] = k
                out_counts[row, 0] = p
                out_counts[row, 1] = g
                written = emit_sorted(nodes, num_nodes, out_nodes, written)
                row += 1
                wanted = next_visits
                steps = 0
            elif attempt == max_restarts:
                return row, written, nearest
            else:
                attempt += 1
                effort[2] += 1
                fresh = True
    return row, written, nearest
