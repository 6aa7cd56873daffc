"""The heat-bath annealer: Gibbs updates of slots, exact for Q restricted to the label's box.

Type t owns ``high[t]`` slots; a slot contains one of its nodes or a hole. Lifting a node set to
slots gives the law prod_t 1 / [C(high_t, c_t) (n_t)_c_t] on slot states, whose marginal is Q:
counts uniform in range, nodes uniform given the counts. One step takes the content of a slot out
and draws another from the conditional law: a hole with weight ``(high - m)(n - m)``, each free
node with weight ``m + 1``, where m is the number of other nodes of the type and n the type's size.

Outside the box stands a soft wall: an auxiliary height h with joint law Q(x) rho^h [h >= e(x)], e
being the largest one-sided violation in edges. Drawing h = e + Geometric(rho) and then a slot
under ``e <= h`` are both Gibbs updates, so on e = 0 the stationary law is Q given the box, and the
chain watched only at its visits to the box has that law too. Holes keep their slots, so a fixed
scan over the slots preserves it.

All comparisons are of integers and so are the random numbers: the bytes are the same everywhere.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.counts import count_edges, move
from campaignkit.graph.kernels.draw import clear_mask, draw_node_set
from campaignkit.graph.kernels.options import ENTRY, PART
from campaignkit.graph.kernels.random64 import below, mix64, next64, seed_state
from campaignkit.sample.kernels.emit import emit_slots
from campaignkit.sample.kernels.slots import HOLE, redraw_slot, violation

ATTEMPT = np.uint64(0xD1B54A32D192ED03)  # spreads the restarts of one chain over the key space


@njit(**ENTRY)
def heat_bath(graph, box, plan, scratch, walls, key, first, schedule, rows, effort):
    """Fill rows `first`, `first` + 1, ...: (rows filled, nodes written, nearest violation).

    Parameters
    ----------
    graph : GraphArrays
    box : Box
    plan : SlotPlan
    scratch : Scratch
    walls : uint64[2, 65]
        Geometric thresholds of the wall on arrival and in the box; see `_geometric`.
    key : uint64
        The label's stream. Chain c draws from the generator (key, c).
    first : int64
        A multiple of chain_block; row i belongs to chain i // chain_block.
    schedule : int64[5]
        chain_block; visits to the box before the first campaign of a chain; visits between two;
        steps without an emission after which a chain starts again; how often it may.
    rows : Rows
    effort : int64[5]
        Steps on arrival, steps near the box, visits, restarts, changes of a slot: added to.
    """
    chain_block, first_visits, next_visits, max_steps, max_restarts = schedule
    num_slots = scratch.slots.size
    nearest = np.int64(0)
    written = 0
    row = 0
    while row < rows.sizes.size:
        nearest = np.int64(1 << 60)
        chain = np.uint64((first + row) // chain_block)
        end = min(row + chain_block - (first + row) % chain_block, rows.sizes.size)
        attempt = 0
        is_fresh = True
        wanted = first_visits
        while row < end:
            if is_fresh:
                s0, s1, s2, s3 = seed_state(key ^ mix64(np.uint64(attempt) * ATTEMPT), chain)
                k, p, g, s0, s1, s2, s3 = fill_slots(graph, box, plan, scratch, s0, s1, s2, s3)
                steps, k, p, g, s0, s1, s2, s3 = _arrive(
                    graph, box, plan, scratch, walls[0], max_steps, k, p, g, s0, s1, s2, s3
                )
                effort[0] += steps
                e = violation(p, g, k, box.bounds)
                nearest = min(nearest, e)
                r, s0, s1, s2, s3 = below(np.uint64(num_slots), s0, s1, s2, s3)
                place = np.int64(r)
                is_fresh = False
                wanted = first_visits
                steps = 0 if e == 0 else max_steps
            visits = 0
            while visits < wanted and steps < max_steps:
                rise, s0, s1, s2, s3 = _geometric(walls[1], s0, s1, s2, s3)
                k, p, g, has_changed, s0, s1, s2, s3 = redraw_slot(
                    graph, box, plan, scratch, plan.order[place], e + rise, k, p, g, s0, s1, s2, s3
                )
                place += 1
                if place == num_slots:
                    place = 0
                e = violation(p, g, k, box.bounds)
                visits += e == 0
                steps += 1
                effort[1] += 1
                effort[4] += has_changed
            effort[2] += visits
            if visits == wanted:
                written = emit_slots(rows, row, scratch, p, g, written)
                row += 1
                wanted = next_visits
                steps = 0
            elif attempt == max_restarts:
                return row, written, nearest
            else:
                attempt += 1
                effort[3] += 1
                is_fresh = True
    return row, written, nearest


@njit(**PART)
def _geometric(thresholds, s0, s1, s2, s3):
    """Number of successes before the first failure; thresholds[j] = rho**(j + 1) * 2**64."""
    value, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
    # The first four without a branch, since they cannot be predicted.
    j = np.int64(value < thresholds[0]) + np.int64(value < thresholds[1])
    j += np.int64(value < thresholds[2]) + np.int64(value < thresholds[3])
    if j == 4:
        while value < thresholds[j]:
            j += 1
    return j, s0, s1, s2, s3


@njit(**PART)
def fill_slots(graph, box, plan, scratch, s0, s1, s2, s3):
    """A draw from Q laid into the slots, with its degrees: (k, p, g, new state)."""
    mask, nodes = scratch.mask, scratch.nodes
    k, s0, s1, s2, s3 = draw_node_set(
        graph.type_start, box.low, box.high, mask, nodes, s0, s1, s2, s3
    )
    p = count_edges(graph, nodes, k, mask, 1)
    g = count_edges(graph, nodes, k, mask, -1)
    clear_mask(mask, nodes, k)
    scratch.slots[:] = HOLE
    scratch.counts[:] = 0
    scratch.pos_degree[:] = 0
    scratch.neg_degree[:] = 0
    t = 0
    for j in range(k):
        while nodes[j] >= graph.type_start[t + 1]:
            t += 1
        scratch.slots[plan.start[t] + scratch.counts[t]] = nodes[j]
        scratch.counts[t] += 1
        move(graph, np.int64(nodes[j]), HOLE, scratch.pos_degree, scratch.neg_degree)
    return k, p, g, s0, s1, s2, s3


@njit(**PART)
def _arrive(graph, box, plan, scratch, thresholds, max_steps, k, p, g, s0, s1, s2, s3):
    """Redraw random slots under a falling wall until the box is reached: (steps, k, p, g, ...)."""
    e = violation(p, g, k, box.bounds)
    steps = 0
    while e > 0 and steps < max_steps:
        r, s0, s1, s2, s3 = below(np.uint64(scratch.slots.size), s0, s1, s2, s3)
        rise, s0, s1, s2, s3 = _geometric(thresholds, s0, s1, s2, s3)
        wall = e - 1 + rise
        for _ in range(2):
            k, p, g, has_changed, s0, s1, s2, s3 = redraw_slot(
                graph, box, plan, scratch, np.int64(r), wall, k, p, g, s0, s1, s2, s3
            )
            steps += 1
            if has_changed == 1:
                break
            wall = e
        e = violation(p, g, k, box.bounds)
    return steps, k, p, g, s0, s1, s2, s3
