"""Building a graph: the plan, the session a method runs in, the graph and account it ends in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.checks import check_plugin, checked_count, takes
from campaignkit.edges.methods.brute_force import BruteForce, InOrder
from campaignkit.edges.methods.protocols import (
    BatchedMethod,
    GraphMethod,
    NamedMethod,
    PlanningMethod,
)
from campaignkit.edges.pairs import Outcome, PairStates, PairTable, count_pairs
from campaignkit.edges.plan import GraphPlan
from campaignkit.edges.report import (
    WAYS_ON,
    BuildReport,
    GraphBuild,
    RuleCounts,
    measure_answers,
    quality_warnings,
    unread_warnings,
)
from campaignkit.edges.scorers.protocols import EdgeScorer, ResolvedScorer, ScoreFunction
from campaignkit.edges.session import BuildSession
from campaignkit.errors import NoEdges, SettingError
from campaignkit.graph import SignedGraph
from campaignkit.graph.columns import EdgeColumns
from campaignkit.llm import Budget, RetryPolicy, checked_budget
from campaignkit.progress import Progress
from campaignkit.seeds import checked_seed
from campaignkit.store import checked_path, digest_json

Prices = Mapping[str, Any] | str | Path  # Any: a Price, a pair or a row, as in read_prices


def build_graph(
    catalogue: Catalogue,
    *,
    scorer: EdgeScorer | ScoreFunction,
    method: GraphMethod | None = None,
    budget: Budget | None = None,
    store: str | PathLike[str] | None = None,
    seed: int = 0,
    batch_size: int = 1000,
    keep_neutral: bool = True,
    concurrency: int = 7,
    requests_per_minute: int | None = None,
    retry: RetryPolicy | None = None,
    prices: Prices | None = None,
    progress: Progress | None = None,
) -> GraphBuild:
    """Build a signed graph: every pair of attributes of different modalities gets a sign.

    Parameters
    ----------
    catalogue : Catalogue
        The attributes; at least two modalities.
    scorer : EdgeScorer or function
        What decides: `TraitScorer()`, your own object with ``score(pairs)``, or a function that
        gives each pair of attributes 1, -1 or 0.
    method : GraphMethod, optional
        Which pairs are asked about, in which calls, and what becomes of the others. Without one
        every pair is judged.
    budget : Budget, optional
        What may be spent, at most, over all runs and builds of the store. Pairs that are left
        when it is spent have failed, with that reason; a resumed build asks about them.
    store : path, optional
        A folder that keeps every answer. An interrupted build continues where it stopped when it
        is called again in the same way, and a catalogue that has grown has only its new pairs
        judged. Answers are kept under the scorer's name and the attributes' identities: give
        another scorer of the same name, or new descriptions, another folder.
    seed : int
        For what a method draws.
    batch_size : int
        Pairs in one call of the scorer, at most; the graph does not depend on it. A method has
        its own.
    keep_neutral : bool
        Whether neutral judgements stay in the graph with their reasons. They are no edges; kept,
        they tell a pair that was judged from one that was not.
    concurrency, requests_per_minute, retry, prices
        How models are called; as for :class:`~campaignkit.llm.Account`.
    progress : Progress, optional
        Receives the stage "scoring pairs", or a method's own stages.

    Returns
    -------
    GraphBuild
        ``.graph`` and ``.report``, whose counts add up to all pairs.

    Raises
    ------
    SettingError
        If an argument is of another kind or out of range; nothing was asked.
    NoEdges
        If every pair is neutral; the hint names the ways on.
    GraphError
        If there are no pairs or too many, or the scorer's answers are no signs.

    Examples
    --------
    >>> from campaignkit.edges import TraitScorer
    >>> build = build_graph(Catalogue.bundled("starter-27"), scorer=TraitScorer())
    >>> build.graph.sign(("brand", "Rolex"), ("audience", "Budget Shoppers"))
    -1
    """
    count_pairs(catalogue)
    resolved = ResolvedScorer(scorer)
    if method is None:
        size = checked_count(batch_size, "batch_size")
        model_scorer = resolved.asks_model
        chosen: GraphMethod = InOrder(size if model_scorer is None else model_scorer.batch_size)
    else:
        chosen = _checked_method(method)
    started = time.monotonic()
    session = BuildSession(
        catalogue,
        scorer,
        seed=checked_seed(seed),
        batch_size=chosen.batch_size if isinstance(chosen, BatchedMethod) else 25,
        budget=checked_budget(budget),
        store=None if store is None else checked_path(store, error=SettingError),
        build=build_key(chosen, catalogue, resolved.identity, seed=seed),
        calling={
            "concurrency": concurrency,
            "requests_per_minute": requests_per_minute,
            "retry": retry,
            "prices": prices,
        },
        progress=progress,
    )
    try:
        states = chosen.build(session)
        states.check_complete()
        graph = graph_of(session.pairs, states)
        # A plain scorer that was simply asked about every pair costs nothing worth a report.
        is_plain = method is None and store is None and budget is None and not resolved.asks_model
        report = account(
            session,
            graph,
            method=None if is_plain else chosen,
            time_s=time.monotonic() - started,
        )
    finally:
        session.close()
    if report.num_neutral == report.num_pairs:
        raise NoEdges(
            f"{report.judge} gave none of {report.num_pairs:,} pairs a sign",
            hint=WAYS_ON,
            faults=resolved.unread(catalogue),
        )
    if not keep_neutral:
        graph = graph_of(session.pairs, states, keep_neutral=False)
    return GraphBuild(graph, report, states)


def build_key(method: GraphMethod, catalogue: Catalogue, scorer: str, *, seed: int) -> str:
    """What tells a build from others in a store: called again in the same way, it is resumed.

    A method's ``identity`` is what it goes by, or else its type's name and settings.
    """
    named = str(method.identity) if isinstance(method, NamedMethod) else ""
    if not named:
        # The settings of a dataclass may stand in slots.
        names = getattr(method, "__dataclass_fields__", None) or sorted(
            getattr(method, "__dict__", ())
        )
        held = {name: getattr(method, name) for name in names}
        plain = {name: it for name, it in held.items() if isinstance(it, str | float | int)}
        named = f"{type(method).__name__} {plain}"
    return digest_json([catalogue.digest, scorer, named, seed])


def graph_of(pairs: PairTable, states: PairStates, *, keep_neutral: bool = True) -> SignedGraph:
    """The graph of all decided pairs, with how each was decided.

    Examples
    --------
    >>> pairs = PairTable(Catalogue.bundled("starter-27"))
    >>> states = PairStates.of(len(pairs))
    >>> states.decide(np.array([0, 5]), np.array([-1, 1]), by="scored")
    >>> graph_of(pairs, states)
    SignedGraph(27 nodes, 1 +, 1 -)
    """
    held = states.is_decided()
    if not keep_neutral:
        held &= states.sign != 0
    rows = np.flatnonzero(held)
    probability = states.probability[rows].astype(np.float64).round(6)  # float32 holds no more
    strength = states.strength[rows]
    rounds = states.round[rows].astype(np.int32)
    columns = EdgeColumns(
        source=pairs.pairs[rows, 0],
        target=pairs.pairs[rows, 1],
        sign=states.sign[rows],
        decided_by=states.decided_by[rows],
        probability=None if np.isnan(probability).all() else probability,
        strength=None if np.isnan(strength).all() else strength,
        round=None if (rounds < 0).all() else rounds,
        reason=_texts(states.reasons, rows),
        context=_texts(states.contexts, rows),
    )
    return SignedGraph(pairs.catalogue, columns.frozen())


def _texts(held: Mapping[int, str], rows: NDArray[np.int64]) -> NDArray[np.object_] | None:
    """object[m]: the text of each row, which few rows may have; None where all are empty."""
    if not any(held.values()):
        return None
    numbers = np.array(sorted(held), dtype=np.int64)
    places = np.searchsorted(rows, numbers)
    found = np.full(len(rows), "", dtype=object)
    for number, place in zip(numbers.tolist(), places.tolist(), strict=True):
        if place < len(rows) and rows[place] == number:
            found[place] = held[number]
    return found if found.any() else None


def account(
    session: BuildSession, graph: SignedGraph, *, method: GraphMethod | None, time_s: float
) -> BuildReport:
    """The account of a build, whose counts add up to all pairs; without calls for no method."""
    states, spent = session.states, session.spent
    decided = states.is_decided()
    judged = states.is_decided(by="scored") | states.is_decided(by="rule")
    quality = measure_answers(session.answers)
    votes = Counter(
        (rule, vote.weight > 0)
        for pair, said in session.judged.items()
        if decided[pair]
        for rule, vote in said.votes
    )
    num_judged = len(states) - int((states.outcome == Outcome.FAILED).sum())
    unread = session.resolved.unread(session.catalogue)
    counts = {f"num_{what}": num for what, num in states.counts().items() if what != "undecided"}
    told: dict[str, Any] = dict(counts)  # Any: each field of the report has its own type
    if method is not None:
        failed = np.flatnonzero(states.outcome == Outcome.FAILED).tolist()
        reasons = Counter(states.reasons.get(pair, "no reason") for pair in failed)
        told |= {
            "method": type(method).__name__,
            "calls": spent.calls,
            "calls_by_stage": {stage: held.calls for stage, held in spent.by_stage.items()},
            "unconfirmed": spent.unconfirmed,
            "failures": dict(reasons.most_common()),
            "tokens_in": spent.tokens_in,
            "tokens_out": spent.tokens_out,
            "cost": spent.money if spent.tokens_in else None,  # own scorers have no price
            "details": dict(session.details),
        }
    return BuildReport(
        scorer=session.resolved.name,
        num_pairs=len(states),
        by_modality_pair=graph.by_modality_pair(),
        by_rule={
            rule: RuleCounts(votes[rule, True], votes[rule, False])
            for rule in sorted({rule for rule, _ in votes})
        },
        decided_by=states.num_decided_by(),
        time_s=time_s,
        quality=quality,
        warnings=(
            *session.warnings,
            *quality_warnings(quality, states.sign[judged]),
            *unread_warnings(graph.num_edges, num_judged, unread),
        ),
        **told,
    )


def _checked_method(method: object) -> GraphMethod:
    is_right = isinstance(method, GraphMethod) and takes(method.build, 1)
    hint = "pass BruteForce(), ClusterPrefilter(...) or ActiveBuilder(...)"
    check_plugin(method, "method", is_right, "an object with build(session)", hint)
    return cast("GraphMethod", method)


def plan_graph(
    catalogue: Catalogue,
    *,
    method: object = None,
    model: object = None,
    prices: object = None,
    budget: object = None,
) -> GraphPlan:
    """Say what a build will ask and cost, before anything is sent.

    Parameters
    ----------
    catalogue : Catalogue
        The attributes.
    method : GraphMethod, optional
        One with a ``plan``; `BruteForce()` without it.
    model : ChatModel or str, optional
        Whose price is meant, where `prices` has several.
    prices : mapping or path, optional
        ``{"my-model": (0.10, 0.40)}``: in and out, per million tokens; `read_prices` reads a file.
    budget : Budget, optional
        What may be spent; a plan that it does not cover is refused.

    Raises
    ------
    SettingError
        If the method has no plan.
    GraphError
        If there are no pairs, or the plan goes over the budget.

    Examples
    --------
    >>> catalogue = Catalogue.bundled("starter-27")
    >>> plan = plan_graph(catalogue, method=BruteForce(packing="published"))
    >>> plan.calls, plan.judgements
    (54, 252)
    >>> plan_graph(catalogue, prices={"my-model": (0.1, 0.4)}).cost < 0.01
    True
    """
    budget = checked_budget(budget)
    chosen = BruteForce() if method is None else _checked_method(method)
    if not isinstance(chosen, PlanningMethod):
        raise SettingError(
            f"method is {type(chosen).__name__}, which has no plan; "
            "expected a method such as BruteForce()"
        )
    plan = chosen.plan(catalogue, model=model, prices=prices, budget=budget)
    if budget is not None:
        plan.check_budget(budget)
    return plan
