"""The contract of :class:`campaignkit.edges.GraphMethod`, for ours and for yours."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from campaignkit.testing.breaches import assert_offers, contract

if TYPE_CHECKING:
    from campaignkit.catalogue import Attribute, Catalogue
    from campaignkit.edges import GraphBuild, GraphMethod
    from campaignkit.llm import Budget
    from campaignkit.simulation import RehearsalWorld

PairKey = frozenset[tuple[str, str]]


@contract
def check_graph_method(
    method: GraphMethod, *, world: RehearsalWorld | None = None, calls: int | None = None
) -> None:
    """Test a method against its contract; raises `AssertionError` on the first breach.

    It must: end every pair in exactly one state; ask no call of more pairs than its `batch_size`,
    and no more calls than the budget has; ask about no pair twice, nor about one that an earlier
    build in the same store has judged; give the same graph for the same seed, and the same again
    where a build was interrupted and resumed; and plan, where it has a `plan`, at least the calls
    it makes, unless the plan says that it is an estimate (`is_bound`).

    Parameters
    ----------
    method : GraphMethod
        The one under test.
    world : RehearsalWorld, optional
        What it builds a graph of; 80 attributes without it. The scorer answers with the truth;
        a method that asks a model other things brings its own.
    calls : int, optional
        The budget that it is held to, for all it asks; none without it.

    Raises
    ------
    AssertionError
        With what was broken.

    Examples
    --------
    >>> from campaignkit.edges import BruteForce
    >>> check_graph_method(BruteForce())
    """
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges import BatchedMethod
    from campaignkit.llm import Budget
    from campaignkit.simulation import RehearsalWorld

    assert_offers(method, "method", "build")
    known = world or RehearsalWorld(80, seed=5)
    allowed = None if calls is None else Budget(calls=calls)
    catalogue = known.carded()
    size = method.batch_size if isinstance(method, BatchedMethod) else 25
    with tempfile.TemporaryDirectory() as folder:
        scorer = _Truth(known)
        whole = _built(method, catalogue, scorer, store=None, budget=allowed)
        _check_counts(whole, scorer, size=size, calls=calls)
        _check_plan(method, catalogue, whole, budget=allowed)
        again = _built(method, catalogue, _Truth(known), store=None, budget=allowed)
        assert _edges(again) == _edges(whole), "the same seed gave another graph"
        if calls is None:  # what a cut wastes would be missing from a budget
            store = Path(folder, "cut")
            cut = _Truth(known, fail_at=max(1, scorer.num_calls // 2))
            try:
                _built(method, catalogue, cut, store=store, budget=None)
            except _CutShort:
                pass
            else:
                raise AssertionError("the error of a scorer did not pass through")
            rest = _Truth(known)
            resumed = _built(method, catalogue, rest, store=store, budget=None)
            assert _edges(resumed) == _edges(whole), "a resumed build gave another graph"
            assert not cut.asked & rest.asked, "a resumed build asked about a judged pair again"
            young, grown = _Truth(known), _Truth(known)
            store = Path(folder, "growing")
            _built(method, Catalogue(list(catalogue)[:-1]), young, store=store, budget=None)
            _built(method, catalogue, grown, store=store, budget=None)
            assert not young.asked & grown.asked, "a grown build asked about a judged pair again"


class _CutShort(Exception):
    """Stands for a killed process."""


class _Truth:
    """Answers with the world's signs; keeps what it was asked."""

    def __init__(self, world: RehearsalWorld, fail_at: int | None = None) -> None:
        self.identity = "truth"
        self.asked: set[PairKey] = set()
        self.twice: set[PairKey] = set()
        self.largest = self.num_calls = 0
        self._world, self._fail_at = world, fail_at

    def score(self, pairs: Sequence[tuple[Attribute, Attribute]]) -> list[int]:
        if self.num_calls == self._fail_at:
            raise _CutShort
        self.num_calls += 1
        self.largest = max(self.largest, len(pairs))
        named = [frozenset((one.key, other.key)) for one, other in pairs]
        self.twice |= self.asked & set(named)
        self.asked |= set(named)
        rows = [self._world.pair_index(one, other) for one, other in pairs]
        return [int(sign) for sign in self._world.truth[rows]]


def _built(
    method: GraphMethod,
    catalogue: Catalogue,
    scorer: _Truth,
    *,
    store: Path | None,
    budget: Budget | None,
) -> GraphBuild:
    from campaignkit.edges import build_graph

    return build_graph(
        catalogue, scorer=scorer, method=method, store=store, budget=budget, seed=11
    )


def _edges(build: GraphBuild) -> list[object]:
    return list(build.graph.edges())


def _check_counts(build: GraphBuild, scorer: _Truth, *, size: int, calls: int | None) -> None:
    report = build.report
    ended = (
        report.num_positive + report.num_negative + report.num_neutral
        + report.num_not_viable + report.num_discarded + report.num_failed
    )  # fmt: skip
    assert ended == report.num_pairs, f"{ended} of {report.num_pairs} pairs ended in a state"
    assert scorer.largest <= size, (
        f"a call asked about {scorer.largest} pairs; expected at most {size}"
    )
    assert not scorer.twice, f"{len(scorer.twice)} pairs were asked about twice"
    made = report.calls or 0
    assert calls is None or made <= calls, f"{made} calls were made, {calls} were allowed"
    assert made >= scorer.num_calls, "calls of the scorer are missing from the report"


def _check_plan(
    method: GraphMethod, catalogue: Catalogue, build: GraphBuild, *, budget: Budget | None
) -> None:
    from campaignkit.edges import PlanningMethod, plan_graph

    if not isinstance(method, PlanningMethod):
        return
    plan = plan_graph(catalogue, method=method, budget=budget)
    if not plan.is_bound:  # an estimate, and says so
        return
    made = build.report.calls or 0
    assert made <= plan.calls, f"{made} calls were made, {plan.calls} were planned"
    assert plan.at_most or made == plan.calls, f"{made} calls were made, {plan.calls} planned"
