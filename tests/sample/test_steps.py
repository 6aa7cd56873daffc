"""One heat-bath step against the law by definition: every state, every slot, several walls.

The law of slot states is stated here by counting: each node set of probability q has
prod C(high, c) c! ways to lie in slots and shares q among them. From it follow the chances of one
step; they have to leave the law as it is, and the compiled step has to have them.
"""

from __future__ import annotations

import itertools
from functools import cache
from math import comb, factorial

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray
from worlds import structured_graph

from campaignkit.graph.kernels.counts import move
from campaignkit.graph.kernels.random64 import seed_state
from campaignkit.graph.node_set import pair_bounds
from campaignkit.graph.node_tables import NodeTables
from campaignkit.sample.arrays import Box, Scratch, SlotPlan
from campaignkit.sample.chances import wall_thresholds
from campaignkit.sample.kernels.heat_bath import _geometric
from campaignkit.sample.kernels.slots import redraw_slot
from campaignkit.seeds import key64

SIZES = {"a": 3, "b": 4}
LOW, HIGH = np.array([1, 0], np.int64), np.array([2, 2], np.int64)
BOUNDS = pair_bounds((0.3, 0.7), (0.0, 0.25))
WALLS = (0, 1, 2)
STEPS = 4_000
HOLE = -1
pytestmark = pytest.mark.slow


@cache
def tables(*, is_dense: bool = True) -> NodeTables:
    graph = structured_graph(SIZES, pos=6, neg=4)
    return NodeTables.from_graph(graph, is_dense=is_dense)


@cache
def states() -> list[tuple[int, ...]]:
    """Every legal content of the four slots."""
    contents = [
        [
            slots
            for slots in itertools.product([HOLE, *range(start, start + size)], repeat=high)
            if len(held := [node for node in slots if node >= 0]) == len({*held})
            and low <= len(held)
        ]
        for start, size, low, high in zip((0, 3), SIZES.values(), LOW, HIGH, strict=True)
    ]
    return [a + b for a, b in itertools.product(*contents)]


def law(state: tuple[int, ...]) -> float:
    """Its probability, but for a constant: Q of the node set, shared among the set's states."""
    share = 1.0
    for held, size, high in zip((state[:2], state[2:]), SIZES.values(), HIGH, strict=True):
        c = sum(node >= 0 for node in held)
        share /= comb(size, c) * comb(int(high), c) * factorial(c)
    return share


@cache
def counts(state: tuple[int, ...]) -> tuple[int, int, int]:
    nodes = [node for node in state if node >= 0]
    signs = np.asarray(structured_graph(SIZES, pos=6, neg=4).signs)[np.ix_(nodes, nodes)]
    return len(nodes), int((signs > 0).sum()) // 2, int((signs < 0).sum()) // 2


def outside(state: tuple[int, ...]) -> int:
    """The largest number of edges by which one bound is missed."""
    k, p, g = counts(state)
    low_p, high_p, low_g, high_g = (int(edge) for edge in BOUNDS[:, k])
    return max(0, low_p - p, p - high_p, low_g - g, g - high_g)


def step_chances(state: tuple[int, ...], slot: int, wall: int) -> dict[tuple[int, ...], float]:
    """Where a step on a slot may lead: Metropolis between hole and nodes, else another node."""
    start = (0, 3)[slot // 2]
    size = list(SIZES.values())[slot // 2]
    options = {
        content: changed
        for content in [HOLE, *range(start, start + size)]
        if (changed := (*state[:slot], content, *state[slot + 1 :])) in known()
        and outside(changed) <= wall
    }
    hole = law(options[HOLE]) if HOLE in options else 0.0
    nodes = [changed for content, changed in options.items() if content != HOLE]
    total = sum(law(changed) for changed in nodes)
    if state[slot] == HOLE:
        stay = max(0.0, 1 - total / hole) if hole else 0.0
        chances = {state: stay} if stay else {}
        return chances | {changed: (1 - stay) / len(nodes) for changed in nodes}
    leave = min(1.0, hole / total) if hole else 0.0
    others = [changed for changed in nodes if changed != state]
    chances = {options[HOLE]: leave} if leave else {}
    if not others:
        return chances | ({state: 1 - leave} if leave < 1 else {})
    if leave < 1:
        chances |= {changed: (1 - leave) / len(others) for changed in others}
    return chances


@cache
def known() -> frozenset[tuple[int, ...]]:
    return frozenset(states())


@pytest.mark.parametrize("rho", [0.2, 0.4])
@pytest.mark.parametrize("slot", range(4))
def test_a_step_under_the_soft_wall_keeps_the_law(slot: int, rho: float) -> None:
    number = {state: i for i, state in enumerate(states())}
    before = np.array([law(state) * rho ** outside(state) for state in states()])
    after = np.zeros(len(before))
    highest = max(outside(state) for state in states())

    for state, share in zip(states(), before, strict=True):
        for wall in range(outside(state), highest + 1):
            rise = wall - outside(state)
            chance = rho**rise * (1 if wall == highest else 1 - rho)
            for reached, step in step_chances(state, slot, wall).items():
                after[number[reached]] += share * chance * step

    assert highest >= 2
    np.testing.assert_allclose(after, before, rtol=1e-12)


def test_the_law_of_slots_is_the_law_of_node_sets() -> None:
    shares: dict[frozenset[int], float] = {}
    for state in states():
        nodes = frozenset(state) - {HOLE}
        shares[nodes] = shares.get(nodes, 0.0) + law(state)
    by_counts: dict[tuple[int, int], list[float]] = {}
    for nodes, share in shares.items():
        a = sum(node < SIZES["a"] for node in nodes)
        by_counts.setdefault((a, len(nodes) - a), []).append(share)

    assert len(by_counts) == 6
    for same in by_counts.values():
        np.testing.assert_allclose(same, 1 / len(same))  # uniform, and 1 for every counts


@njit
def repeat_step(graph, box, plan, scratch, key, state, slot, wall, k, p, g, seen):  # type: ignore[no-untyped-def]
    """Take the same step again and again; count what the slot holds after it."""
    for i in range(STEPS):
        scratch.slots[:] = state
        scratch.counts[:] = 0
        scratch.pos_degree[:] = 0
        scratch.neg_degree[:] = 0
        for j in range(state.size):
            if state[j] >= 0:
                scratch.counts[plan.type_of[j]] += 1
                move(graph, state[j], np.int64(-1), scratch.pos_degree, scratch.neg_degree)
        s0, s1, s2, s3 = seed_state(key, np.uint64(i))
        k_new, p_new, g_new, _, s0, s1, s2, s3 = redraw_slot(
            graph, box, plan, scratch, slot, wall, k, p, g, s0, s1, s2, s3
        )
        seen[scratch.slots[slot] + 1, 0] += 1
        seen[scratch.slots[slot] + 1, 1:] = (k_new, p_new, g_new)


@pytest.mark.parametrize("is_dense", [True, False])
def test_the_compiled_step_has_these_chances(is_dense: bool) -> None:
    graph = tables(is_dense=is_dense).arrays
    box, plan = Box(LOW, HIGH, BOUNDS), SlotPlan.of(HIGH)
    scratch = Scratch.of(graph, plan)
    misfit, freedom = 0.0, 0

    cases = itertools.product(states(), range(4), WALLS)
    for case, (state, slot, wall) in enumerate(cases):
        if outside(state) > wall:
            continue
        seen = np.zeros((8, 4), np.int64)
        key, start = np.uint64(key64(0, "step", case)), np.array(state, np.int64)
        repeat_step(graph, box, plan, scratch, key, start, slot, wall, *counts(state), seen)
        chances = step_chances(state, slot, wall)
        expected = np.zeros(8)
        for reached, chance in chances.items():
            expected[reached[slot] + 1] = STEPS * chance
            if seen[reached[slot] + 1, 0]:
                assert tuple(seen[reached[slot] + 1, 1:]) == counts(reached)
        assert not seen[expected == 0, 0].any()
        misfit += _chi_square(seen[:, 0], expected)
        freedom += len(chances) - 1

    # Four standard deviations of a chi-square with so many degrees of freedom.
    assert freedom > 1_000
    assert abs(misfit - freedom) < 4 * np.sqrt(2 * freedom)


@njit
def draw_rises(thresholds, seen):  # type: ignore[no-untyped-def]
    for i in range(200_000):
        s0, s1, s2, s3 = seed_state(np.uint64(5), np.uint64(i))
        rise, s0, s1, s2, s3 = _geometric(thresholds, s0, s1, s2, s3)
        seen[min(rise, seen.size - 1)] += 1


@pytest.mark.parametrize("rho", [0.2, 0.4])
def test_the_wall_rises_geometrically(rho: float) -> None:
    seen = np.zeros(7, np.int64)

    draw_rises(wall_thresholds(rho)[1], seen)

    shares = np.array([(1 - rho) * rho**j for j in range(6)] + [rho**6])
    assert _chi_square(seen, 200_000 * shares) < 22.5  # .999 of chi-square with 6 degrees


def _chi_square(seen: NDArray[np.int64], expected: NDArray[np.float64]) -> float:
    held = expected > 0
    return float(((seen[held] - expected[held]) ** 2 / expected[held]).sum())
