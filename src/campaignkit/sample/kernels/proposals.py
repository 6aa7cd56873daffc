"""The random-proposal annealer: Metropolis on the edges outside the box.

A geometric schedule of temperatures leads from Q into the box; with ``stop="first_feasible"`` the
first state inside is emitted, which is the published behaviour and biased (see the docs page "What
is a sample a sample of?"). Otherwise the walk goes on inside under a soft wall of half an edge, a
fixed number of visits, and is exact as the heat-bath annealer is, at more steps.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numba.core.errors import NumbaError

from campaignkit.errors import SettingError
from campaignkit.graph.kernels.counts import move, sign_between
from campaignkit.graph.kernels.draw import outside, type_of
from campaignkit.graph.kernels.options import ENTRY, PART
from campaignkit.graph.kernels.random64 import mix64, next64, seed_state
from campaignkit.sample.kernels.emit import emit_slots
from campaignkit.sample.kernels.heat_bath import ATTEMPT, fill_slots
from campaignkit.sample.moves.defaults import DEFAULT_MOVES
from campaignkit.sample.moves.pick import MoveState

_NONE = np.int64(-1)


def _chain(moves):
    head = moves[0]
    if len(moves) == 1:
        return njit(**PART)(lambda which, first, second, state: head(first, second, state))
    tail = _chain(moves[1:])

    @njit(**PART)
    def propose(which, first, second, state):
        if which == 0:
            return head(first, second, state)
        return tail(which - 1, first, second, state)

    return propose


_propose_default = _chain([move for move, _ in DEFAULT_MOVES])


@njit(**PART)
def anneal_with(
    propose, graph, box, plan, scratch, chances, shares, key, first, schedule, rows, effort
):
    """The annealer for one way of proposing; the parameters are those of `anneal`."""
    stops_inside, num_visits, max_steps, patience, best_of, max_restarts = schedule
    hottest = chances.shape[0] - 2
    state = MoveState(
        graph.type_start, box.low, box.high, plan.start, scratch.slots, scratch.counts
    )
    pos_degree, neg_degree = scratch.pos_degree, scratch.neg_degree
    nearest = np.int64(0)
    written = 0
    for row in range(rows.sizes.size):
        nearest = np.int64(1 << 60)
        attempt = 0
        while True:
            s0, s1, s2, s3 = seed_state(
                key ^ mix64(np.uint64(attempt) * ATTEMPT), np.uint64(first + row)
            )
            k, p, g, s0, s1, s2, s3 = fill_slots(graph, box, plan, scratch, s0, s1, s2, s3)
            e = outside(p, g, k, box.bounds)
            lowest = e
            since = 0
            visits = 0
            steps = 0
            has_arrived = e == 0
            while steps < max_steps and not (
                has_arrived and (stops_inside == 1 or visits >= num_visits)
            ):
                # The last row of chances is the soft wall, the others the falling schedule.
                level = chances.shape[0] - 1 if has_arrived else steps * (hottest + 1) // max_steps
                e_best = np.int64(1 << 60)
                p_best, g_best, k_best = p, g, k
                leaving_best, joining_best = _NONE, _NONE
                for _ in range(best_of):
                    r, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
                    which = 0
                    while r > shares[which]:
                        which += 1
                    a, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
                    b, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
                    leaving, joining = propose(which, a, b, state)
                    if leaving < 0 and joining < 0:
                        continue
                    p_new, g_new, k_new = p, g, k
                    if leaving >= 0:
                        p_new -= np.int64(pos_degree[leaving])
                        g_new -= np.int64(neg_degree[leaving])
                        k_new -= 1
                    if joining >= 0:
                        p_new += np.int64(pos_degree[joining])
                        g_new += np.int64(neg_degree[joining])
                        k_new += 1
                    if leaving >= 0 and joining >= 0:
                        sign = sign_between(graph, leaving, joining)
                        p_new -= sign > 0
                        g_new -= sign < 0
                    e_new = outside(p_new, g_new, k_new, box.bounds)
                    if e_new < e_best:
                        e_best, p_best, g_best, k_best = e_new, p_new, g_new, k_new
                        leaving_best, joining_best = leaving, joining
                steps += 1
                if leaving_best >= 0 or joining_best >= 0:
                    r, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
                    rise = min(max(e_best - e, 0), chances.shape[1] - 1)
                    if r <= chances[level, rise]:
                        _apply(state, leaving_best, joining_best)
                        move(graph, joining_best, leaving_best, pos_degree, neg_degree)
                        e, p, g, k = e_best, p_best, g_best, k_best
                visits += has_arrived and e == 0
                if e < lowest:
                    lowest = e
                    since = 0
                else:
                    since += 1
                if e == 0 and not has_arrived:
                    has_arrived = True
                    effort[0] += steps
                    steps = 0  # max_iters bounds the way in and the mixing each
                if not has_arrived and since >= patience:
                    break
            effort[1 if has_arrived else 0] += steps
            effort[2] += visits
            nearest = min(nearest, lowest)
            if e == 0 and has_arrived and (stops_inside == 1 or visits >= num_visits):
                break
            if attempt == max_restarts:
                return row, written, nearest
            attempt += 1
            effort[3] += 1
        written = emit_slots(rows, row, scratch, p, g, written)
    return rows.sizes.size, written, nearest


@njit(**PART)
def _apply(state, leaving, joining):
    if leaving >= 0:
        t = type_of(state.type_start, leaving)
        j = state.slot_start[t]
        while state.slots[j] != leaving:
            j += 1
        state.counts[t] -= 1
        state.slots[j] = state.slots[state.slot_start[t] + state.counts[t]]
        state.slots[state.slot_start[t] + state.counts[t]] = _NONE
    if joining >= 0:
        t = type_of(state.type_start, joining)
        state.slots[state.slot_start[t] + state.counts[t]] = joining
        state.counts[t] += 1


@njit(**ENTRY)
def anneal(graph, box, plan, scratch, chances, shares, key, first, schedule, rows, effort):
    """Fill rows `first`, `first` + 1, ... by the default moves.

    Parameters
    ----------
    graph, box, plan, scratch, key, first, rows, effort
        As for `heat_bath`; row i draws from the generator (key, i).
    chances : uint64[levels + 1, D]
        Chance, times 2**64 - 1, of accepting a rise of d edges at each level of the schedule; the
        last row is that of the soft wall.
    shares : uint64[M]
        Cumulative shares of the moves, times 2**64 - 1.
    schedule : int64[6]
        1 to stop at the first feasible state; visits otherwise; max_iters; patience;
        proposals_per_step; restarts.

    Returns
    -------
    (rows filled, nodes written, nearest energy)
    """
    return anneal_with(
        _propose_default, graph, box, plan, scratch, chances, shares, key, first, schedule, rows,
        effort,
    )  # fmt: skip


def compile_annealer(moves):
    """`anneal` for other moves: numba-compiled functions of the signature of a move.

    Compiled again in each process: the name of a user's function does not show what it does.
    """
    propose = _chain(moves)

    @njit(**{**ENTRY, "cache": False})
    def anneal_moves(
        graph, box, plan, scratch, chances, shares, key, first, schedule, rows, effort
    ):
        return anneal_with(
            propose, graph, box, plan, scratch, chances, shares, key, first, schedule, rows, effort
        )

    def anneal_or_say(*given):
        try:
            return anneal_moves(*given)
        except NumbaError as err:
            names = ", ".join(move.__name__ for move in moves)
            raise SettingError(
                f"numba cannot compile {names} as (first, second, state) -> (leaving, joining)",
                hint="call it without numba.njit to see what it gives; both are node numbers",
            ) from err

    return anneal_or_say
