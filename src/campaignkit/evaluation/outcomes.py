"""Edges against outcomes: which signs do the campaigns' own results bear out?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import check_all, is_count, is_share
from campaignkit.classify import as_labels
from campaignkit.classify.encoding import own_labels
from campaignkit.dataset.numbering import NumberedRows
from campaignkit.dataset.records import read_records
from campaignkit.errors import ClassifierError, Fault, GraphError
from campaignkit.evaluation.edge_outcomes import EdgeOutcomes, Verdict
from campaignkit.evaluation.outcome_design import design_of
from campaignkit.evaluation.outcome_ridge import fit_signs
from campaignkit.graph import SignedGraph
from campaignkit.seeds import stream

LABEL_VALUES = {"neg": -1.0, "avg": 0.0, "pos": 1.0}


def validate_edges(
    graph: SignedGraph,
    campaigns: Any,
    *,
    outcomes: Any = None,
    min_campaigns: int = 40,
    flip_probability: float = 0.9,
    seed: int = 0,
) -> EdgeOutcomes:
    """Hold the signs of a graph against the outcomes of campaigns.

    A Bayesian ridge over attributes and pairs, with the signs as its prior: for each edge an
    effect with its uncertainty, and the probability that the sign is wrong. Attributes have
    effects of their own, so a strong brand does not make all its edges look +, as it does where
    averages with and without a pair are compared (lift).

    Parameters
    ----------
    graph : SignedGraph
        The signs in question. Pairs judged neutral are fitted too, around 0; pairs that were
        never judged are not.
    campaigns : CampaignDataset, data frame, or list of records
        What each campaign held. Attributes that the graph does not know are left out and counted.
    outcomes : float[n] or labels[n], optional
        How each campaign did: numbers, more is better; or ``neg``, ``avg``, ``pos`` in any form
        that classifiers read. Without it, the labels of the data set or the column ``label``.
    min_campaigns : int
        An edge seen in fewer campaigns is flagged "too few", and no flip is proposed for it.
    flip_probability : float
        A flip is proposed where the sign is wrong at least this probably, above 0.5.
    seed : int
        Of the draws that measure the uncertainty.

    Returns
    -------
    EdgeOutcomes
        Verdicts in the order of the graph's edge table. Where the outcomes do not follow the
        signs at all, every verdict is "no information".

    Raises
    ------
    GraphError
        If there are no edges, no campaigns, no edge in any of them, or outcomes that do not fit.
    DatasetError, ClassifierError
        If campaigns or labels cannot be read.

    Notes
    -----
    An outcome is taken to be a sum of effects plus noise; effects of three or more attributes
    together are noise here. What is reported are effects in these campaigns. They were not drawn
    at random by anyone, so an effect need not be a cause.

    Examples
    --------
    >>> from campaignkit.simulation import synthetic_graph
    >>> graph = synthetic_graph({"brand": 4, "geo": 4}, num_positive=6, num_negative=2, seed=1)
    >>> signs = {(e.source[1], e.target[1]): e.sign for e in graph.edges()}
    >>> names = [(a.value, b.value) for a in graph.catalogue.of("brand")
    ...          for b in graph.catalogue.of("geo")] * 60
    >>> told = validate_edges(graph, [{"brand": a, "geo": b} for a, b in names],
    ...                       outcomes=[signs.get(pair, 0) for pair in names])
    >>> told.counts["keep"], told.counts["flip"]
    (8, 0)
    """
    is_probability = is_share(flip_probability) and flip_probability > 0.5
    check_all(
        "edges cannot be validated like this",
        {
            "min_campaigns": (min_campaigns, is_count(min_campaigns), "1 or more"),
            "flip_probability": (
                flip_probability, is_probability, "more than 0.5, at most 1",
            ),
        },
        error=GraphError,
    )  # fmt: skip
    rows = read_records(campaigns)
    results = _as_numbers(campaigns, rows, outcomes)
    design = _design(graph, rows)
    signs = graph.columns.sign
    rng = stream(seed, "evaluation", "outcomes")
    spread = float(results.std())
    fit = fit_signs(
        design.pairs, design.nodes, signs, (results - results.mean()) / spread, rng=rng
    )
    return EdgeOutcomes(
        graph=graph,
        num_rows=len(results),
        num_unknown=sum(key not in graph.catalogue for key in rows.vocabulary.keys),
        num_campaigns=design.num_campaigns,
        effect=fit.effect * spread,
        effect_sd=fit.effect_sd * spread,
        wrong_probability=fit.wrong,
        verdict=_verdicts(
            signs,
            design.num_campaigns,
            fit.wrong,
            least=min_campaigns,
            probability=flip_probability,
        ),
        size=fit.size * spread,
        size_sd=fit.size_sd * spread,
        explained_frac=1 - fit.noise_frac,
        wrong_frac=fit.wrong_frac,
        min_campaigns=min_campaigns,
        flip_probability=flip_probability,
    )


def _verdicts(
    signs: NDArray[np.int8], seen: NDArray[np.int64], wrong: NDArray[np.float64], *,
    least: int, probability: float,
) -> NDArray[np.uint8]:  # fmt: skip
    verdict = np.full(len(signs), Verdict.KEEP, dtype=np.uint8)
    verdict[wrong >= probability] = Verdict.FLIP
    verdict[seen < least] = Verdict.TOO_FEW
    verdict[(signs != 0) & np.isnan(wrong)] = Verdict.NO_INFORMATION
    verdict[signs == 0] = Verdict.NEUTRAL
    return verdict


def _design(graph: SignedGraph, rows: NumberedRows) -> Any:
    if not (graph.columns.sign != 0).any():
        raise GraphError(f"{graph!r} has no edge to validate")
    index = {a.key: i for i, a in enumerate(graph.catalogue)}
    node_of = np.array([index.get(key, -1) for key in rows.vocabulary.keys], dtype=np.int64)
    design = design_of(graph, rows.block, node_of)
    if not design.num_campaigns.any():
        first = rows.vocabulary.keys[0] if rows.vocabulary.keys else "none at all"
        raise GraphError(
            f"none of {len(rows.block):,} campaigns holds both ends of an edge",
            hint=f"campaigns and graph must name attributes alike; the first of theirs is {first}",
        )
    return design


def _as_numbers(campaigns: Any, rows: NumberedRows, outcomes: Any) -> NDArray[np.float64]:
    """float64[n], finite and not all alike."""
    try:
        numbers = _numbers(own_labels(campaigns) if outcomes is None else outcomes)
    except ClassifierError as err:
        if outcomes is not None:
            raise
        raise GraphError(
            "the campaigns have no outcomes",
            hint="pass outcomes=, one number or label a campaign, or give each a label",
        ) from err
    if len(numbers) != len(rows.block):
        raise GraphError(
            f"there are {len(numbers):,} outcomes for {len(rows.block):,} campaigns; "
            "expected one for each"
        )
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        faults = [Fault(f"outcomes[{i}]", f"is {numbers[i]}") for i in bad.tolist()]
        raise GraphError(
            f"{len(bad):,} outcomes are not finite numbers",
            hint="leave campaigns without an outcome out",
            faults=faults,
        )
    if len(numbers) < 2 or numbers.std() <= 1e-12 * max(1.0, float(np.abs(numbers).max())):
        raise GraphError(
            f"the {len(numbers):,} outcomes are all alike; they tell nothing about edges",
            hint="give campaigns that did well and campaigns that did badly",
        )
    return numbers


def _numbers(outcomes: Any) -> NDArray[np.float64]:
    values = outcomes.to_numpy() if hasattr(outcomes, "to_numpy") else outcomes
    array = np.asarray(values)
    if array.ndim != 1:
        raise GraphError(f"outcomes have {array.ndim} dimensions; expected one number a campaign")
    if array.dtype.kind in "iufb":
        return array.astype(np.float64)
    return np.array([LABEL_VALUES[word] for word in as_labels(values)])
