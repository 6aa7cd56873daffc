"""A build by a method: the session it runs in, and the graph and the account it ends in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from campaignkit.catalogue import Catalogue
from campaignkit.edges.answer_quality import measure_answers, quality_warnings
from campaignkit.edges.graph_build import BuildReport, GraphBuild, RuleCounts
from campaignkit.edges.method import GraphMethod
from campaignkit.edges.pair_states import Decider, Fate, PairStates
from campaignkit.edges.pair_table import PairTable
from campaignkit.edges.scorer import EdgeScorer, ScoreFunction, identity_of, name_of
from campaignkit.edges.session import BuildSession
from campaignkit.errors import ArtifactError, GraphError
from campaignkit.graph import SignedGraph
from campaignkit.graph.columns import EdgeColumns
from campaignkit.graph.texts import Texts
from campaignkit.llm import Budget
from campaignkit.progress import Progress
from campaignkit.seeds import checked_seed
from campaignkit.store import digest_json


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
    >>> states.decide(np.array([0, 5]), np.array([-1, 1]), by=Decider.SCORED)
    >>> graph_of(pairs, states)
    SignedGraph(27 nodes, 1 +, 1 -)
    """
    held = states.fate == Fate.DECIDED
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
    scored = (states.fate == Fate.DECIDED) & (states.decided_by == Decider.SCORED)
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
        by_decider=_by_decider(states),
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
    for pair in np.flatnonzero(states.fate == Fate.DECIDED).tolist():
        said = session.judgement(pair)
        if said is not None:
            votes.update((rule, vote.weight > 0) for rule, vote in said.votes)
    names = sorted({rule for rule, _ in votes})
    return {rule: RuleCounts(votes[rule, True], votes[rule, False]) for rule in names}


def _by_decider(states: PairStates) -> dict[str, int]:
    decided = states.decided_by[states.fate == Fate.DECIDED]
    counts = np.bincount(decided, minlength=1)
    return {Decider(code).word: count for code, count in enumerate(counts.tolist()) if count}


def _failures(states: PairStates) -> dict[str, int]:
    failed = np.flatnonzero(states.fate == Fate.FAILED).tolist()
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
