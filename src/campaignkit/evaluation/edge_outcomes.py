"""Edges against outcomes: which signs do the campaigns' own results confirm?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Key
from campaignkit.checks import check_all, is_count, is_share
from campaignkit.classify.encoding import own_labels
from campaignkit.classify.labels import label_codes
from campaignkit.dataset import Block
from campaignkit.dataset.records import read_records
from campaignkit.errors import ClassifierError, Fault, GraphError
from campaignkit.evaluation.outcome_ridge import STEPS, SignEffects, fit_signs
from campaignkit.extras import frame_library
from campaignkit.graph import SignedGraph
from campaignkit.progress import Progress, Steps
from campaignkit.seeds import stream

_SHOWN = 10
_PAIRS_AT_ONCE = 4_000_000  # about 100 MB while they are looked up


class Verdict(IntEnum):
    """What becomes of a sign when outcomes are held against it.

    Examples
    --------
    >>> Verdict.TOO_FEW.word
    'too few'
    """

    KEEP = 0
    """Seen often enough, and no reason to doubt it."""
    FLIP = 1
    """Seen often enough, and probably wrong."""
    TOO_FEW = 2
    """Seen in too few campaigns to say."""
    NEUTRAL = 3
    """The pair was judged neutral: fitted, but nothing is proposed."""
    NO_INFORMATION = 4
    """Outcomes do not follow the signs at all, so they tell nothing of any one."""

    @property
    def word(self) -> str:
        """In small letters."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class EdgeOutcome:
    """An edge and what outcomes say of it.

    Attributes
    ----------
    source, target : (modality, value)
    sign : int
        As the graph has it.
    num_campaigns : int
        Campaigns that contain both attributes.
    effect, effect_sd : float
        Of the pair on the outcome, in the outcome's own units, apart from the effects of its two
        attributes: mean and standard deviation.
    wrong_probability : float
        That the effect lies against the sign; NaN for a neutral pair.
    verdict : str
        ``"keep"``, ``"flip"``, ``"too few"``, ``"neutral"`` or ``"no information"``.

    Examples
    --------
    >>> edge = ("brand", "Rolex"), ("audience", "Budget Shoppers")
    >>> EdgeOutcome(*edge, 1, 90, -0.4, 0.1, 0.99, "flip").verdict
    'flip'
    """

    source: Key
    target: Key
    sign: int
    num_campaigns: int
    effect: float
    effect_sd: float
    wrong_probability: float
    verdict: str


@dataclass(frozen=True, eq=False)
class EdgeOutcomes(SignEffects):
    """The signs of a graph against outcomes; arrays in the order of the graph's edge table.

    Attributes
    ----------
    graph : SignedGraph
        The one that was validated.
    num_rows, num_unknown : int
        Campaigns; attributes of theirs that are not in the graph.
    num_campaigns : int64[m]
        Campaigns that contain both attributes of each edge.
    effect, effect_sd, wrong_probability : float64[m]
        As in :class:`EdgeOutcome`.
    verdict : uint8[m]
        A :class:`Verdict` each; the counts of all five add up to m.
    size, size_sd : float
        The mean effect of a sign, in the outcome's units, and its standard error.
    explained_frac : float
        Share of the outcomes' variance that attributes and pairs explain.
    wrong_frac : float
        Share of wrong signs that the data suggest; NaN without information.
    min_campaigns : int
    flip_probability : float
        As asked for.

    Examples
    --------
    >>> from campaignkit.evaluation import validate_edges
    >>> from campaignkit.simulation import synthetic_graph
    >>> graph = synthetic_graph({"brand": 2, "geo": 2}, num_positive=2, num_negative=2, seed=0)
    >>> rows = [{"brand": e.source[1], "geo": e.target[1]} for e in graph.edges()] * 50
    >>> told = validate_edges(graph, rows, outcomes=[e.sign for e in graph.edges()] * 50)
    >>> sum(told.counts.values()) == len(told) == 4
    True
    """

    graph: SignedGraph
    num_rows: int
    num_unknown: int
    num_campaigns: NDArray[np.int64]
    verdict: NDArray[np.uint8]
    min_campaigns: int
    flip_probability: float

    @property
    def counts(self) -> dict[str, int]:
        """Edges by verdict; adds up to all rows of the edge table."""
        found = np.bincount(self.verdict, minlength=len(Verdict)).tolist()
        return {verdict.word: found[verdict] for verdict in Verdict}

    @property
    def flips(self) -> list[EdgeOutcome]:
        """The proposed flips, the surest first."""
        return self._sorted(Verdict.FLIP, self.wrong_probability)

    @property
    def too_few(self) -> list[EdgeOutcome]:
        """The edges that were seen too rarely to say, the most often seen first."""
        return self._sorted(Verdict.TOO_FEW, self.num_campaigns)

    def _sorted(self, verdict: Verdict, figures: NDArray[Any]) -> list[EdgeOutcome]:
        rows = np.flatnonzero(self.verdict == verdict)
        order = rows[np.argsort(-figures[rows], kind="stable")]
        return [self.edge(row) for row in order.tolist()]

    def edge(self, row: int) -> EdgeOutcome:
        """The verdict on one row of the graph's edge table."""
        columns, catalogue = self.graph.columns, self.graph.catalogue
        source, target = (catalogue[int(end[row])].key for end in (columns.source, columns.target))
        names = ("num_campaigns", "effect", "effect_sd", "wrong_probability")
        figures: dict[str, Any] = {name: getattr(self, name)[row].item() for name in names}
        sign, verdict = int(columns.sign[row]), Verdict(self.verdict[row]).word
        return EdgeOutcome(source, target, sign, **figures, verdict=verdict)

    def flipped(self) -> SignedGraph:
        """The graph with the proposed flips made; the reason of each edge states this.

        Examples
        --------
        >>> from campaignkit.evaluation import validate_edges
        >>> from campaignkit.simulation import synthetic_graph
        >>> graph = synthetic_graph({"brand": 2, "geo": 2}, num_positive=3, num_negative=0, seed=0)
        >>> rows = [{"brand": e.source[1], "geo": e.target[1]} for e in graph.edges()] * 50
        >>> validate_edges(graph, rows, outcomes=[1, 2, 3] * 50).flipped() == graph
        True
        """
        edges = []
        for told in self.flips:
            edge = self.graph.edge(told.source, told.target)
            assert edge is not None
            edges.append(replace(edge, sign=-told.sign, decided_by="learned",
                                 probability=told.wrong_probability, strength=told.effect,
                                 reason=_reason(told)))  # fmt: skip
        return self.graph.with_edges(edges) if edges else self.graph

    def to_frame(self, backend: str | None = None) -> Any:  # a frame of the library asked for
        """A table with one row an edge, of ``"pandas"``, ``"polars"`` or ``"pyarrow"``.

        Without a backend, of the first of them that is installed.

        Examples
        --------
        >>> from campaignkit.evaluation import validate_edges
        >>> from campaignkit.simulation import synthetic_graph
        >>> graph = synthetic_graph({"brand": 2, "geo": 2}, num_positive=2, num_negative=2, seed=0)
        >>> rows = [{"brand": e.source[1], "geo": e.target[1]} for e in graph.edges()] * 50
        >>> told = validate_edges(graph, rows, outcomes=[e.sign for e in graph.edges()] * 50)
        >>> list(told.to_frame().columns)[4:7]
        ['sign', 'num_campaigns', 'effect']
        """
        library = frame_library(backend, error=GraphError)
        import narwhals as nw

        names = ["source_modality", "source", "target_modality", "target",
                 *(field.name for field in fields(EdgeOutcome)[2:])]  # fmt: skip
        rows = [(*told.source, *told.target, *astuple(told)[2:]) for told in self]
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        return nw.from_dict(columns, backend=library).to_native()

    def __len__(self) -> int:
        return len(self.verdict)

    def __iter__(self) -> Iterator[EdgeOutcome]:
        return map(self.edge, range(len(self)))

    def __repr__(self) -> str:
        told = ", ".join(f"{count:,} {word}" for word, count in self.counts.items() if count)
        return f"EdgeOutcomes({len(self):,} edges against {self.num_rows:,} campaigns: {told})"

    def __str__(self) -> str:
        lines = [
            repr(self)[len("EdgeOutcomes(") : -1],
            f"  a sign moves the outcome by {self.size:.3g} (standard error {self.size_sd:.2g}); "
            f"attributes and pairs explain {self.explained_frac:.1%} of its variance",
        ]
        suggested = f"suggest that {self.wrong_frac:.1%} of signs are wrong"
        nothing = "do not follow the signs: nothing is proposed"
        lines.append(f"  the outcomes {nothing if np.isnan(self.wrong_frac) else suggested}")
        if self.num_unknown:
            lines.append(f"  {self.num_unknown:,} attributes of campaigns are not in the graph")
        flips = self.flips
        lines += [
            f"  flip {told.source[1]} - {told.target[1]} to {'-' if told.sign > 0 else '+'}: "
            f"{_reason(told)}"
            for told in flips[:_SHOWN]
        ]
        if len(flips) > _SHOWN:
            lines.append(f"  ... and {len(flips) - _SHOWN:,} more flips")
        return "\n".join(lines)


def validate_edges(
    graph: SignedGraph,
    campaigns: Any,
    *,
    outcomes: Any = None,
    min_campaigns: int = 40,
    flip_probability: float = 0.9,
    seed: int = 0,
    progress: Progress | None = None,
) -> EdgeOutcomes:
    """Compare the signs of a graph with the outcomes of campaigns.

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
    progress : Progress, optional
        Gets the stage "fitting effects", in steps.

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
    is_right = is_share(flip_probability) and flip_probability > 0.5
    settings = {
        "min_campaigns": (min_campaigns, is_count(min_campaigns), "1 or more"),
        "flip_probability": (flip_probability, is_right, "more than 0.5, at most 1"),
    }
    check_all("edges cannot be validated like this", settings, error=GraphError)
    rows = read_records(campaigns)
    results = _as_numbers(campaigns, len(rows.block), outcomes)
    signs, keys = graph.columns.sign, rows.vocabulary.keys
    if not signs.any():
        raise GraphError(f"{graph!r} has no edge to validate")
    number = {attribute.key: i for i, attribute in enumerate(graph.catalogue)}
    node_of = np.array([number.get(key, -1) for key in keys], np.int64)
    nodes, pairs = design_of(graph, rows.block, node_of)
    seen = np.bincount(pairs.indices, minlength=len(signs))
    if not seen.any():
        first = keys[0] if keys else "none at all"
        raise GraphError(
            f"none of {len(rows.block):,} campaigns contains both attributes of an edge",
            hint=f"campaigns and graph must use the same names; the first in campaigns: {first}",
        )
    rng = stream(seed, "evaluation", "outcomes")
    steps = Steps(progress, "fitting effects", STEPS)
    effects = fit_signs(pairs, nodes, signs, results, rng=rng, steps=steps)
    wrong = effects.wrong_probability
    verdict = np.select(
        [signs == 0, np.isnan(wrong), seen < min_campaigns, wrong >= flip_probability],
        [Verdict.NEUTRAL, Verdict.NO_INFORMATION, Verdict.TOO_FEW, Verdict.FLIP],
        Verdict.KEEP,
    )
    return EdgeOutcomes(
        **vars(effects),
        graph=graph,
        num_rows=len(results),
        num_unknown=int((node_of < 0).sum()),
        num_campaigns=seen,
        verdict=verdict.astype(np.uint8),
        min_campaigns=min_campaigns,
        flip_probability=flip_probability,
    )


def design_of(
    graph: SignedGraph, block: Block, node_of: NDArray[np.int64]
) -> tuple[Any, Any]:  # scipy's arrays
    """Campaigns as sparse matrices: which attributes, and which judged pairs, each one contains.

    Parameters
    ----------
    graph : SignedGraph
        Its edge table gives the columns of pairs.
    block : Block
        The campaigns, in their own node numbers.
    node_of : int64[k]
        The graph's number of each of the block's nodes; -1 for an attribute that is not in the
        graph.

    Returns
    -------
    nodes : scipy.sparse.csr_array, float64[n, N]
        1 where a campaign contains an attribute.
    pairs : scipy.sparse.csr_array, float64[n, m]
        1 where a campaign contains both attributes of an edge, judged neutral ones among them.
    """
    from scipy.sparse import csr_array

    edges, num_nodes = graph.columns, len(graph.catalogue)
    table = edges.source.astype(np.int64) * num_nodes + edges.target  # ascending
    nodes, row_of = node_of[block.nodes], np.repeat(np.arange(len(block)), block.sizes)
    places = (row_of[nodes >= 0], nodes[nodes >= 0])
    held = csr_array((np.ones(len(places[0])), places), shape=(len(block), num_nodes))
    held.sort_indices()
    members, sizes = held.indices.astype(np.int64), np.diff(held.indptr)
    found = [np.zeros((2, 0), np.int64)]
    for size in np.unique(sizes[sizes > 1]).tolist():
        one, other = np.triu_indices(size, 1)
        rows = np.flatnonzero(sizes == size)
        step = max(1, _PAIRS_AT_ONCE // len(one))
        for begin in range(0, len(rows), step):
            some = rows[begin : begin + step]
            ends = members[held.indptr[some][:, None] + np.arange(size)]
            wanted = ends[:, one] * num_nodes + ends[:, other]
            at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
            there = table[at] == wanted
            found.append(np.stack([some[np.nonzero(there)[0]], at[there]]))
    of_row, of_edge = np.concatenate(found, axis=1)
    ones = np.ones(len(of_row))
    return held, csr_array((ones, (of_row, of_edge)), shape=(len(block), len(edges)))


def _as_numbers(campaigns: Any, num_rows: int, outcomes: Any) -> NDArray[np.float64]:
    """float64[n], finite and not all alike."""
    if outcomes is None:
        try:
            outcomes = own_labels(campaigns)
        except ClassifierError as err:
            raise GraphError(
                "the campaigns have no outcomes",
                hint="pass outcomes=, one number or label per campaign, or give each a label",
            ) from err
    given = np.asarray(outcomes)
    if given.ndim != 1:
        raise GraphError(
            f"outcomes have {given.ndim} dimensions; expected one number per campaign"
        )
    is_number = given.dtype.kind in "iufb"
    numbers = np.asarray(given if is_number else label_codes(outcomes) - 1, np.float64)
    if len(numbers) != num_rows:
        raise GraphError(
            f"there are {len(numbers):,} outcomes for {num_rows:,} campaigns; "
            "expected one for each"
        )
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise GraphError(
            f"{len(bad):,} outcomes are not finite numbers",
            hint="leave campaigns without an outcome out",
            faults=[Fault(f"outcomes[{i}]", f"is {numbers[i]}") for i in bad.tolist()],
        )
    if len(numbers) < 2 or numbers.std() <= 1e-12 * max(1.0, float(np.abs(numbers).max())):
        raise GraphError(
            f"the {len(numbers):,} outcomes are all equal: no information about edges",
            hint="give campaigns that did well and campaigns that did badly",
        )
    return numbers


def _reason(told: EdgeOutcome) -> str:
    return (
        f"{told.num_campaigns:,} campaigns: effect {told.effect:+.3g} "
        f"(sd {told.effect_sd:.2g}), wrong with probability {told.wrong_probability:.3f}"
    )
