"""Building a graph by asking a scorer about every pair of different modalities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

from campaignkit.catalogue import Catalogue
from campaignkit.edges.answer_quality import AnswerQuality, quality_warnings
from campaignkit.edges.asking_pairs import as_model_scorer
from campaignkit.edges.graph_build import BuildReport, GraphBuild, RuleCounts
from campaignkit.edges.in_order import InOrder
from campaignkit.edges.judgement import Judgement
from campaignkit.edges.method import GraphMethod
from campaignkit.edges.method_build import run_method
from campaignkit.edges.pair_table import MAX_PAIRS, count_pairs, too_many
from campaignkit.edges.scorer import EdgeScorer, Pair, ScoreFunction, as_edge, ask, name_of
from campaignkit.errors import GraphError
from campaignkit.graph import Edge, SignedGraph
from campaignkit.llm import Budget, RetryPolicy, checked_budget
from campaignkit.progress import Progress, Silent
from campaignkit.seeds import checked_seed

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
