"""Exact search against enumeration, which shares no code with it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.recommend.changes import changes_of
from campaignkit.recommend.partial import Question
from campaignkit.recommend.search import Found, find_best, pool_of

World = tuple[Question, np.ndarray]


def random_world(seed: int) -> World:
    """A question with everything in it: ties, forbidden pairs, budgets, what is fixed."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 6, rng.integers(2, 5))
    starts = np.append(0, np.cumsum(sizes))
    effects = rng.normal(size=(starts[-1], starts[-1]))
    if seed % 3 == 0:
        effects = effects.round()
    effects += effects.T
    for a, b in pairwise(starts.tolist()):
        effects[a:b, a:b] = 0
    num_open = int(rng.integers(1, len(sizes) + 1))
    opened, fixed = [], []
    for m, (a, b) in enumerate(pairwise(starts.tolist())):
        nodes = rng.permutation(np.arange(a, b))
        if m >= num_open:
            fixed += nodes[: rng.integers(0, 3)].tolist()
            continue
        low = int(rng.integers(0, 2))
        high = min(low + int(rng.integers(0, 3)), len(nodes))
        opened.append((np.sort(nodes[: max(high, rng.integers(1, b - a + 1))]), low, high))
    pairs = rng.integers(0, starts[-1], (seed % 4, 2))
    pairs = pairs[(pairs[:, 0] != pairs[:, 1]) & ~np.isin(pairs, fixed).all(axis=1)]
    budget = np.inf if seed % 2 else 1.2
    costs = rng.random(starts[-1])
    return Question(np.array(sorted(fixed), np.int64), opened, pairs, costs, budget), effects


def keeps_rules(question: Question, nodes: list[int]) -> bool:
    chosen = [node for node in nodes if node not in question.fixed]
    counts = [len({*nodes} & {*own.tolist()}) for own, _, _ in question.open]
    return (
        {*question.fixed.tolist()} <= {*nodes}
        and sum(counts) == len(chosen)
        and all(low <= n <= high for n, (_, low, high) in zip(counts, question.open, strict=True))
        and not any({*pair} <= {*nodes} for pair in question.pairs.tolist())
        and float(sum(question.costs[node] for node in chosen)) <= question.budget
    )


def enumerated(question: Question, effects: np.ndarray) -> dict[tuple[int, ...], float]:
    choices = [
        [of for m in range(low, high + 1) for of in combinations(own.tolist(), m)]
        for own, low, high in question.open
    ]
    found = {}
    for parts in product(*choices):
        nodes = sorted([*question.fixed.tolist(), *(node for part in parts for node in part)])
        if keeps_rules(question, nodes):
            total = sum(effects[a, b] for a, b in combinations(nodes, 2))
            found[tuple(nodes)] = total / max(len(nodes) * (len(nodes) - 1) / 2, 1)
    return found


def searched(world: World, k: int, **settings: int) -> tuple[list[tuple[int, ...]], Found]:
    pool, nodes = pool_of(*world)
    found = find_best(pool, k=k, **settings)
    fixed = world[0].fixed
    return [tuple(sorted([*fixed.tolist(), *nodes[of].tolist()])) for of in found.sets], found


@given(seed=st.integers(0, 10**6))
@settings(max_examples=200)
def test_the_best_twenty_are_those_of_enumeration(seed: int) -> None:
    world = random_world(seed)
    truth = enumerated(*world)
    best = sorted(truth.values(), reverse=True)[:20]

    sets, found = searched(world, 20)

    assert found.bound == -np.inf
    assert len({*sets}) == len(sets)
    np.testing.assert_allclose([truth[of] for of in sets], best, atol=1e-9)
    np.testing.assert_allclose(found.means, best, atol=1e-9)


@given(seed=st.integers(0, 10**6), steps=st.integers(0, 60))
@settings(max_examples=100)
def test_a_bound_is_never_below_what_was_not_looked_at(seed: int, steps: int) -> None:
    world = random_world(seed)
    truth = enumerated(*world)

    sets, found = searched(world, 1, max_steps=steps)

    best = max(truth.values(), default=-np.inf)
    assert max([found.bound, *found.means.tolist()]) >= best - 1e-9
    assert all(of in truth for of in sets)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=100)
def test_single_changes_are_those_of_enumeration(seed: int) -> None:
    question, effects = random_world(seed)
    truth = enumerated(question, effects)
    if not truth:
        return
    start = sorted(truth)[len(truth) // 2]

    found = {
        tuple(change.nodes.tolist()) for change in changes_of(question, np.array(start, np.int64))
    }

    near = {of for of in truth if len({*of} - {*start}) <= 1 and len({*start} - {*of}) <= 1}
    apart = {
        of
        for of in near
        if {*of} != {*start}
        and (
            len(of) != len(start)
            or any(({*of} ^ {*start}) <= {*own.tolist()} for own, _, _ in question.open)
        )
    }
    assert found == apart


@pytest.mark.parametrize("free", [1, 2, 3])
def test_ascents_alone_come_close_in_a_world_of_ten_modalities(free: int) -> None:
    rng = np.random.default_rng(free)
    starts = np.arange(0, 81, 8)
    effects = rng.normal(size=(80, 80))
    effects += effects.T
    for a in starts[:-1]:
        effects[a : a + 8, a : a + 8] = 0
    fixed = np.array([int(a) for a in starts[free:-1]], np.int64)
    opened = [(np.arange(a, a + 8), 1, 2) for a in starts[:free].tolist()]
    question = Question(fixed, opened, np.zeros((0, 2), np.int64), np.zeros(80), np.inf)

    _, proved = searched((question, effects), 1)
    _, climbed = searched((question, effects), 1, max_steps=0)

    assert proved.bound == -np.inf
    assert climbed.means[0] == pytest.approx(proved.means[0], abs=1e-9)


def test_numbers_of_candidates_and_of_modalities_change_nothing() -> None:
    question, effects = random_world(7)
    n = len(effects)
    order = np.random.default_rng(1).permutation(n)
    place = np.argsort(order)
    moved = replace(
        question,
        fixed=np.sort(place[question.fixed]),
        open=[(np.sort(place[own]), low, high) for own, low, high in question.open[::-1]],
        pairs=place[question.pairs],
        costs=question.costs[order],
    )

    one, _ = searched((question, effects), 5)
    other, _ = searched((moved, effects[np.ix_(order, order)]), 5)

    assert [tuple(sorted(order[[*of]].tolist())) for of in other] == one
