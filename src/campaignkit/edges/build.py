"""Building a graph: the session a method runs in, and the graph and account it ends in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from campaignkit.catalogue import Catalogue
from campaignkit.edges.methods.brute_force import BruteForce, InOrder
from campaignkit.edges.methods.protocols import GraphMethod
from campaignkit.edges.pairs import MAX_PAIRS, PairTable, count_pairs, too_many
from campaignkit.edges.plan import GraphPlan
from campaignkit.edges.report import (
    AnswerQuality,
    BuildReport,
    GraphBuild,
    RuleCounts,
    measure_answers,
    quality_warnings,
)
from campaignkit.edges.scorers.protocols import (
    EdgeScorer,
    Judgement,
    Pair,
    ScoreFunction,
    as_edge,
    ask,
    identity_of,
    name_of,
)
from campaignkit.edges.session import BuildSession, as_model_scorer
from campaignkit.edges.states import Outcome, PairStates
from campaignkit.errors import ArtifactError, GraphError
from campaignkit.graph import Edge, SignedGraph
from campaignkit.graph.columns import EdgeColumns
from campaignkit.graph.texts import Texts
from campaignkit.llm import Budget, RetryPolicy, checked_budget
from campaignkit.progress import Progress, Silent
from campaignkit.seeds import checked_seed
from campaignkit.store import digest_json

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
        A folder that keeps every answer. A build that is cut short goes on where it was when it
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
        Told of the stage "scoring pairs", or of a method's own stages.

    Returns
    -------
    GraphBuild
        ``.graph`` and ``.report``, whose counts add up to all pairs.

    Raises
    ------
    GraphError
        If there are no pairs or too many, the scorer is none, or its answers are no signs for
        these pairs.

    Examples
    --------
    >>> from campaignkit.edges import TraitScorer
    >>> build = build_graph(Catalogue.bundled("starter-27"), scorer=TraitScorer())
    >>> build.graph.sign(("brand", "Rolex"), ("audience", "Budget Shoppers"))
    -1
    """
    name = name_of(scorer)
    _check_batch_size(batch_size)
    num_pairs = count_pairs(catalogue)
    if num_pairs > MAX_PAIRS:
        raise too_many(catalogue, num_pairs)
    seed, budget = checked_seed(seed), checked_budget(budget)
    if store is not None and not isinstance(store, str | PathLike):
        raise GraphError(f"store is {store!r:.60}; expected the path of a folder")
    if method is None and as_model_scorer(scorer) is not None:
        method = InOrder(getattr(scorer, "batch_size", 25))
    if method is None and (budget is not None or store is not None):
        method = InOrder(batch_size)
    if method is not None:
        return run_method(
            method,
            catalogue,
            scorer,
            budget=budget,
            store=None if store is None else Path(store),
            seed=seed,
            keep_neutral=keep_neutral,
            calling={
                "concurrency": concurrency,
                "requests_per_minute": requests_per_minute,
                "retry": retry,
                "prices": prices,
            },
            progress=progress,
        )
    tell = progress or Silent()
    edges: list[Edge] = []
    votes: Counter[tuple[str, bool]] = Counter()
    pairs = _cross_pairs(catalogue)
    done = 0
    while batch := list(islice(pairs, batch_size)):
        judged = ask(scorer, batch)
        edges += [as_edge(pair, j) for pair, j in zip(batch, judged, strict=True)]
        votes.update(_votes(judged))
        done += len(batch)
        tell.update("scoring pairs", done, num_pairs)
    graph = SignedGraph.from_edges(edges, catalogue=catalogue)
    report = _account(graph, name, num_pairs, votes)
    return GraphBuild(graph if keep_neutral else _without_neutral(graph), report)


def _check_batch_size(batch_size: object) -> None:
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise GraphError(f"batch_size is {batch_size!r}; expected an integer from 1 on")


def _cross_pairs(catalogue: Catalogue) -> Iterator[Pair]:
    """Every pair of different modalities once, the earlier attribute first."""
    attributes = tuple(catalogue)
    for position, one in enumerate(attributes):
        for other in islice(attributes, position + 1, None):
            if one.modality != other.modality:
                yield one, other


def _votes(judged: Sequence[Judgement]) -> Iterator[tuple[str, bool]]:
    return ((rule, vote.weight > 0) for j in judged for rule, vote in j.votes)


def _account(
    graph: SignedGraph, scorer: str, num_pairs: int, votes: Counter[tuple[str, bool]]
) -> BuildReport:
    rules = sorted({rule for rule, _ in votes})
    return BuildReport(
        scorer=scorer,
        num_pairs=num_pairs,
        num_positive=graph.num_positive,
        num_negative=graph.num_negative,
        num_neutral=graph.num_neutral,
        by_modality_pair=graph.by_modality_pair(),
        by_rule={rule: RuleCounts(votes[rule, True], votes[rule, False]) for rule in rules},
        warnings=tuple(quality_warnings(AnswerQuality(), graph.columns.sign)),
    )


def _without_neutral(graph: SignedGraph) -> SignedGraph:
    return SignedGraph.from_edges(graph.edges(neutrals=False), catalogue=graph.catalogue)


def run_method(
    method: GraphMethod,
    catalogue: Catalogue,
    scorer: EdgeScorer | ScoreFunction,
    *,
    budget: Budget | None,
    store: Path | None,
    seed: int,
    keep_neutral: bool,
    calling: Mapping[str, Any],  # Any: arguments of Account
    progress: Progress | None,
) -> GraphBuild:
    """Build a graph by a method; see :func:`~campaignkit.edges.build_graph`."""
    started = time.monotonic()
    if store is not None and store.exists() and not store.is_dir():
        raise ArtifactError(f"{store} is a file; expected a folder", hint="give another name")
    session = BuildSession(
        catalogue,
        scorer,
        seed=checked_seed(seed),
        batch_size=getattr(method, "batch_size", 25),
        budget=budget,
        store=store,
        build=build_key(method, catalogue, scorer, seed=seed),
        calling=calling,
        progress=progress,
    )
    try:
        states = _checked_method(method).build(session)
        states.check_complete()
        graph = graph_of(session.pairs, states)
        report = account(session, states, graph, method=method, started=started)
    finally:
        session.close()
    if not keep_neutral:
        graph = graph_of(session.pairs, states, keep_neutral=False)
    return GraphBuild(graph, report, states)


def build_key(
    method: object, catalogue: Catalogue, scorer: EdgeScorer | ScoreFunction, *, seed: int
) -> str:
    """What tells a build from others in a store: called again in the same way, it is resumed.

    A method's ``identity`` is what it goes by, or else its type's name and settings.
    """
    named = str(getattr(method, "identity", ""))
    if not named:
        plain = {name: v for name, v in _settings(method) if isinstance(v, str | float | int)}
        named = f"{type(method).__name__} {plain}"
    return digest_json([catalogue.digest, identity_of(scorer), named, seed])


def _settings(method: object) -> list[tuple[str, object]]:
    if is_dataclass(method):
        return [(field.name, getattr(method, field.name)) for field in fields(method)]
    return sorted(getattr(method, "__dict__", {}).items())


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
    held = states.outcome == Outcome.DECIDED
    if not keep_neutral:
        held &= states.sign != 0
    rows = np.flatnonzero(held)
    numbers = rows.tolist()
    probability = states.probability[rows].astype(np.float64).round(6)  # float32 holds no more
    strength = np.array([states.strengths.get(row, np.nan) for row in numbers])
    rounds = states.round[rows].astype(np.int32)
    columns = EdgeColumns(
        source=pairs.pairs[rows, 0],
        target=pairs.pairs[rows, 1],
        sign=states.sign[rows],
        decided_by=states.decided_by[rows],
        probability=None if np.isnan(probability).all() else probability,
        strength=None if np.isnan(strength).all() else strength,
        round=None if (rounds < 0).all() else rounds,
        reason=Texts.of(states.reasons.get(row, "") for row in numbers),
        context=Texts.of(states.contexts.get(row, "") for row in numbers),
    )
    return SignedGraph(pairs.catalogue, columns.frozen())


def account(
    session: BuildSession,
    states: PairStates,
    graph: SignedGraph,
    *,
    method: object,
    started: float,
) -> BuildReport:
    """The account of a build; its counts add up to all pairs."""
    counts = states.counts()
    spent = session.spent
    quality = measure_answers(session.answers)
    scored = states.is_decided(by="scored")
    return BuildReport(
        scorer=name_of(session.scorer),
        num_pairs=len(states),
        num_positive=counts["positive"],
        num_negative=counts["negative"],
        num_neutral=counts["neutral"],
        by_modality_pair=graph.by_modality_pair(),
        by_rule=_by_rule(session, states),
        method=type(method).__name__,
        num_not_viable=counts["not_viable"],
        num_discarded=counts["discarded"],
        num_failed=counts["failed"],
        calls=spent.calls,
        calls_by_stage={stage: held.calls for stage, held in spent.by_stage.items()},
        unconfirmed=spent.unconfirmed,
        decided_by=states.num_decided_by(),
        failures=_failures(states),
        tokens_in=spent.tokens_in,
        tokens_out=spent.tokens_out,
        cost=spent.money if spent.tokens_in else None,  # own scorers have no price
        time_s=time.monotonic() - started,
        quality=quality,
        warnings=tuple(quality_warnings(quality, states.sign[scored])),
        details=dict(session.details),
    )


def _by_rule(session: BuildSession, states: PairStates) -> dict[str, RuleCounts]:
    votes: Counter[tuple[str, bool]] = Counter()
    for pair in np.flatnonzero(states.outcome == Outcome.DECIDED).tolist():
        said = session.judgement(pair)
        if said is not None:
            votes.update((rule, vote.weight > 0) for rule, vote in said.votes)
    names = sorted({rule for rule, _ in votes})
    return {rule: RuleCounts(votes[rule, True], votes[rule, False]) for rule in names}


def _failures(states: PairStates) -> dict[str, int]:
    failed = np.flatnonzero(states.outcome == Outcome.FAILED).tolist()
    return dict(Counter(states.reasons.get(pair, "no reason") for pair in failed).most_common())


def _checked_method(method: object) -> GraphMethod:
    if isinstance(method, type):
        raise GraphError(
            f"method is the class {method.__name__}; expected an object",
            hint=f"pass {method.__name__}(), with the brackets",
        )
    if not isinstance(method, GraphMethod):
        raise GraphError(
            f"method is a {type(method).__name__}; expected an object with build(session)",
            hint="pass BruteForce(), ClusterPrefilter(...) or ActiveBuilder(...)",
        )
    return method


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
    chosen = BruteForce() if method is None else method
    make = getattr(chosen, "plan", None)
    if make is None or isinstance(chosen, type):
        kind = chosen.__name__ if isinstance(chosen, type) else type(chosen).__name__
        raise GraphError(
            f"method is {kind}, which has no plan; expected a method such as BruteForce()"
        )
    asked = {"model": model, "prices": prices}
    if budget is not None:
        asked["budget"] = budget
    try:
        plan = make(catalogue, **asked)
    except TypeError:
        # A method of your own may not know of budgets; the check below holds for it all the same.
        asked.pop("budget", None)
        plan = make(catalogue, **asked)
    assert isinstance(plan, GraphPlan)
    if budget is not None:
        plan.check_budget(budget)
    return plan
