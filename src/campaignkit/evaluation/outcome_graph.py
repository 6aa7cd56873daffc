"""A signed graph learned from what campaigns achieved, with no edge where the data cannot tell."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.checks import check_all, is_count
from campaignkit.classify.effect_graph import NEUTRAL_BELOW
from campaignkit.dataset.measured import MeasuredRows, RowsLeftOut, measured_rows, reliability
from campaignkit.errors import GraphError
from campaignkit.evaluation.edge_outcomes import design_of
from campaignkit.evaluation.outcome_ridge import STEPS, PairEffects, fit_pairs
from campaignkit.extras import frame_library
from campaignkit.graph import Edge, SignedGraph
from campaignkit.progress import Progress, Steps
from campaignkit.seeds import stream

_NULL_PAIRS = 4_000  # of shuffled outcomes, to measure how far chance alone goes
_MOST_SHUFFLES = 20
_MOST_UNEVEN = 25  # fourth moment of effects over their second, squared, at most
_NO_SKEW = 0.01
_REACH = 3.0  # standard deviations
_MANY_VALUES, _MOST_CUTS = 20, 50
_SURE = 0.9  # probability that the effect of an edge is more than half of a strong one
_SIDES = 1.959964  # standard deviations of a 95% interval
_FEW = 0.01  # share of all pairs; a graph of fewer edges decides hardly any campaign


class FewEdges(UserWarning):
    """A graph learned from outcomes has no edge, or hardly any; the warning says why."""


@dataclass(frozen=True, eq=False)
class OutcomeGraph:
    """A graph learned from outcomes; arrays in the order of its tested pairs.

    Attributes
    ----------
    tested : SignedGraph
        Every pair in enough campaigns; sign 0 where the data cannot tell.
    num_campaigns : int64[m]
        Campaigns that contain both attributes of each tested pair.
    effect, effect_sd : float64[m]
        Of the pair on the outcome, in the outcome's units, apart from the effects of its two
        attributes: mean and standard deviation.
    probability : float64[m]
        That the effect has the sign it seems to have.
    p_value : float64[m]
        That chance alone makes an effect of 0 look as large.
    strong : float
        Size of a strong effect, in the outcome's units; an edge has surely more than half of it.
    num_rows, num_left_out : int
        Campaigns used, and rows that could not be.
    num_pairs : int
        Pairs of attributes of different modalities, tested or not.
    explained_frac : float
        Share of the outcome's variance that attributes and pairs explain.
    max_false_frac : float
        As asked for.

    Examples
    --------
    >>> import pyarrow as pa
    >>> brands, places = ["Nike", "Puma"] * 200, ["Peru", "Peru", "Chile", "Chile"] * 100
    >>> ctr = [0.02 + 0.01 * ((b == "Nike") == (g == "Peru")) for b, g in zip(brands, places)]
    >>> ctr = [value + 1e-3 * (i % 7) + 1e-6 * i for i, value in enumerate(ctr)]
    >>> told = graph_from_outcomes(
    ...     pa.table({"brand": brands, "geo": places, "ctr": ctr}), outcome="ctr")
    >>> told.graph.sign(("brand", "Nike"), ("geo", "Peru"))
    1
    """

    tested: SignedGraph
    num_campaigns: NDArray[np.int64]
    effect: NDArray[np.float64]
    effect_sd: NDArray[np.float64]
    probability: NDArray[np.float64]
    p_value: NDArray[np.float64]
    strong: float
    num_rows: int
    num_left_out: int
    num_pairs: int
    explained_frac: float
    max_false_frac: float

    @cached_property
    def graph(self) -> SignedGraph:
        """All attributes, and the edges that the data can tell, each with its reason."""
        columns, catalogue = self.tested.columns, self.tested.catalogue
        edges = []
        for row in np.flatnonzero(columns.sign).tolist():
            low, high = (self.effect[row] + side * _SIDES * self.effect_sd[row]
                         for side in (-1, 1))  # fmt: skip
            edges.append(Edge(
                catalogue[int(columns.source[row])].key, catalogue[int(columns.target[row])].key,
                int(columns.sign[row]), decided_by="learned",
                probability=float(self.probability[row]), strength=float(self.effect[row]),
                reason=f"in {self.num_campaigns[row]:,} campaigns; effect "
                f"{self.effect[row]:.3g} ({low:.3g} to {high:.3g})",
            ))  # fmt: skip
        return SignedGraph.from_edges(edges, catalogue=catalogue)

    def __repr__(self) -> str:
        signs = self.tested.columns.sign
        return (
            f"OutcomeGraph({int((signs > 0).sum()):,} +, {int((signs < 0).sum()):,} - of "
            f"{len(signs):,} pairs tested, from {self.num_rows:,} campaigns)"
        )

    def __str__(self) -> str:
        signs, rare = self.tested.columns.sign, self.num_pairs - len(self.tested.columns.sign)
        lines = [
            f"{self.num_rows:,} campaigns, {len(self.tested.catalogue):,} attributes, "
            f"{self.num_pairs:,} pairs",
            f"  +          {int((signs > 0).sum()):>9,}",
            f"  -          {int((signs < 0).sum()):>9,}",
            f"  cannot tell{int((signs == 0).sum()):>9,}",
            f"  not tested {rare:>9,}",
            f"attributes and pairs explain {self.explained_frac:.0%} of the outcome's variance; "
            f"of the edges at most {self.max_false_frac:.0%} are expected to be chance",
        ]
        if self.num_left_out:
            lines.append(f"{self.num_left_out:,} rows could not be used")
        return "\n".join(lines)

    def to_frame(self, backend: str | None = None) -> Any:  # a frame of the library asked for
        """A row a tested pair: ends, sign, campaigns, effect with its 95% interval, probability.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"} or None
            None takes the first of them that is installed.

        Raises
        ------
        GraphError
            If the backend is none of the three.
        MissingExtra
            If it is not installed.
        """
        library = frame_library(backend, error=GraphError)
        import narwhals as nw

        columns, catalogue = self.tested.columns, self.tested.catalogue
        ends: dict[str, list[str]] = {}
        for name, numbers in (("source", columns.source), ("target", columns.target)):
            keys = [catalogue[int(number)].key for number in numbers]
            ends[f"{name}_modality"] = [key[0] for key in keys]
            ends[f"{name}_value"] = [key[1] for key in keys]
        reach = _SIDES * self.effect_sd
        data: dict[str, Any] = {
            **ends, "sign": columns.sign, "num_campaigns": self.num_campaigns,
            "effect": self.effect, "from": self.effect - reach, "to": self.effect + reach,
            "probability": self.probability, "p_value": self.p_value,
        }  # fmt: skip
        return nw.from_dict(data, backend=library).to_native()


def graph_from_outcomes(
    campaigns: Any,
    *,
    outcome: str,
    exposure: str | None = None,
    higher_is_better: bool = True,
    max_false_frac: float = 0.05,
    min_campaigns: int = 40,
    separator: str | None = ",",
    leave_out: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> OutcomeGraph:
    """Learn a signed graph from campaigns with results: no traits, no model, no signs needed.

    The outcome is taken to be a sum: a level, an effect of each attribute, an effect of each pair
    of attributes of different modalities, and noise. A pair gets an edge where chance does not
    explain its effect, at a false discovery rate of `max_false_frac`, and where the effect is
    more than half of a strong one, with a probability of 90% or more.

    Parameters
    ----------
    campaigns : data frame or path
        A row per campaign and a column per modality, as for :meth:`CampaignDataset.from_frame`.
    outcome : str
        Column of numbers, such as a click-through rate.
    exposure : str, optional
        Column of what the outcome is a mean over, such as impressions: campaigns of little
        exposure count less.
    higher_is_better : bool
        False for costs.
    max_false_frac : float
        Share of the edges drawn that may be chance, in expectation; in (0, 1). Where outcomes
        have nothing to do with pairs, there is any edge at all with at most this probability.
    min_campaigns : int
        A pair in fewer campaigns is not tested, nor one of which an attribute is in fewer
        campaigns without the other, nor one that is in the same campaigns as another pair.
    separator, leave_out, keep
        As for :meth:`CampaignDataset.from_frame`.
    seed : int
        Of the shuffles that measure chance.
    progress : Progress, optional
        Gets the stage "fitting effects", in steps.

    Raises
    ------
    CatalogueError, DatasetError
        If campaigns, outcomes or exposures cannot be read.
    GraphError
        If outcomes are all alike, or no pair is in enough campaigns.

    Warns
    -----
    FewEdges
        If fewer than 1% of the pairs get an edge.

    Notes
    -----
    Effects are those in these campaigns. Nobody drew them at random, so an effect need not be a
    cause. p-values are of z-scores, whose spread under chance is measured on shuffled outcomes.
    An effect is what remains after those of the two attributes, so some of it shows in the pairs
    next to it; what is below half of a strong effect may be no more than that. Strong is the size
    that effects have where most of their variance lies: the root of their fourth moment over their
    second.
    Outcomes of many values are cut three standard deviations from their mean, so that a few far
    ones decide no edge; p-values of skewed outcomes are those of a gamma distribution of the same
    skewness. Of rows that are equal in everything, such as those of an export that was appended
    to itself, one counts, unless outcomes take so few values that equal rows are to be expected.

    References
    ----------
    Benjamini and Hochberg 1995, Controlling the false discovery rate.

    Examples
    --------
    >>> import campaignkit as ck
    >>> import pyarrow as pa
    >>> rows = pa.table({"brand": ["Nike", "Puma"] * 200, "geo": ["Peru"] * 100 + ["Chile"] * 300,
    ...                  "ctr": [0.01 * (i % 7) for i in range(400)]})
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", FewEdges)  # no pair has an effect
    ...     ck.graph_from_outcomes(rows, outcome="ctr")
    OutcomeGraph(0 +, 0 - of 4 pairs tested, from 400 campaigns)
    """
    settings = {
        "max_false_frac": (max_false_frac, 0 < max_false_frac < 1, "a share between 0 and 1"),
        "min_campaigns": (min_campaigns, is_count(min_campaigns), "1 or more"),
    }
    check_all("no graph can be learned like this", settings, error=GraphError)
    told = measured_rows(
        campaigns, outcome=outcome, exposure=exposure, separator=separator,
        leave_out=leave_out, keep=keep,
    )  # fmt: skip
    values = told.outcome if higher_is_better else -told.outcome
    if len(values) < 3 or values.std() <= 1e-12 * max(1.0, float(np.abs(values).max())):
        raise GraphError(
            f"the {len(values):,} outcomes are all equal: no information about pairs",
            hint="give campaigns that did well and campaigns that did badly",
        )
    weight = np.ones(len(values))
    if told.exposure is not None:
        weight = np.maximum(reliability(values, told.exposure), 1e-6)
    everything = _all_pairs(told)
    block, places = told.rows.block, np.arange(len(everything.catalogue))
    nodes, pairs = design_of(everything, block, places)
    num_left_out = told.num_left_out
    rows = _without_copies(nodes, values, told.exposure)
    if len(rows) < len(values):
        num_left_out += len(values) - len(rows)
        warnings.warn(
            f"{len(values) - len(rows):,} of {len(values):,} rows repeat another row, its outcome "
            "too; each counts once", RowsLeftOut, stacklevel=2,
        )  # fmt: skip
        nodes, pairs, values, weight = nodes[rows], pairs[rows], values[rows], weight[rows]
    values = _within_reach(values)
    columns = everything.columns
    seen = np.bincount(pairs.indices, minlength=pairs.shape[1])
    of_node = np.bincount(nodes.indices, minlength=nodes.shape[1])
    # What is never apart from its partner has no effect apart from the partner's.
    apart = np.minimum(of_node[columns.source], of_node[columns.target]) - seen
    kept = np.flatnonzero((seen >= min_campaigns) & (apart >= min_campaigns))
    kept = kept[_first_of_equal(pairs[:, kept])]
    enough = len(values) * min_campaigns * len(seen) / max(int(seen.sum()), 1)
    needed = f"about {_round_up(enough):,} campaigns"
    if not len(kept):
        raise GraphError(
            f"no pair of attributes is together in {min_campaigns} of the {len(values):,} "
            f"campaigns and apart in {min_campaigns}; the most frequent is in "
            f"{int(seen.max(initial=0)):,}",
            hint=f"give more campaigns ({needed} have a pair in {min_campaigns} on average), "
            "coarser attributes, or a smaller min_campaigns",
        )
    effects, chance = _fit(pairs[:, kept], nodes, values, weight, seed=seed, progress=progress)
    spread = chance * effects.estimate_sd
    strong = _strong(effects.estimate, spread)
    p_value = _p_value(effects.estimate / spread, _skew(pairs[:, kept], values, weight))
    beyond = (np.abs(effects.effect) - NEUTRAL_BELOW * strong) / effects.effect_sd
    drawn = _discoveries(p_value, max_false_frac) & (_below(beyond) >= _SURE)
    sign = np.where(drawn, np.sign(effects.estimate), 0).astype(np.int8)
    if drawn.sum() < max(_FEW * len(seen), 1):
        warnings.warn(
            f"{int(drawn.sum()):,} of {len(seen):,} pairs get an edge; {len(kept):,} are in "
            f"enough campaigns to be tested (min_campaigns={min_campaigns}). A pair is in "
            f"{seen.mean():,.1f} of the {len(values):,} campaigns on average. "
            + (
                f"For {min_campaigns} on average, {needed} are needed; or give coarser attributes"
                if seen.mean() < min_campaigns
                else "Outcomes may not depend on pairs, or so little that it takes more campaigns"
            ),
            FewEdges, stacklevel=2,
        )  # fmt: skip
    probability = _below(np.abs(effects.effect) / effects.effect_sd)
    tested = SignedGraph.from_arrays(
        everything.catalogue, columns.source[kept], columns.target[kept], sign,
        decided_by="learned",
    )  # fmt: skip
    return OutcomeGraph(
        tested, seen[kept], effects.effect, effects.effect_sd, probability, p_value,
        strong, len(values), num_left_out, len(columns.sign), effects.explained_frac,
        max_false_frac,
    )  # fmt: skip


def _round_up(number: float) -> int:
    """Upwards to two digits.

    >>> _round_up(1121.5)
    1200
    """
    unit = int(10 ** max(len(str(int(number))) - 2, 0))
    return ceil(number / unit) * unit


def _all_pairs(told: MeasuredRows) -> SignedGraph:
    """Every pair of attributes of different modalities, in the vocabulary's numbers."""
    vocabulary = told.rows.vocabulary
    starts = vocabulary.starts
    blocks = [np.arange(a, b) for a, b in pairwise(starts)]
    if len(blocks) < 2:
        raise GraphError(
            f"the campaigns have one modality alone: {', '.join(vocabulary.modalities)}",
            hint="pairs are of attributes of two modalities, such as brand and audience",
        )
    met = [np.meshgrid(one, two, indexing="ij") for one, two in combinations(blocks, 2)]
    source, target = (np.concatenate([pair[end].ravel() for pair in met]) for end in (0, 1))
    catalogue = Catalogue(Attribute(*key) for key in vocabulary.keys)
    return SignedGraph.from_arrays(catalogue, source, target, np.ones(len(source), np.int8))


def _fit(
    pairs: Any, nodes: Any, values: Any, weight: Any, *, seed: int, progress: Progress | None
) -> tuple[PairEffects, float]:
    """Effects, and the standard deviation of z-scores where outcomes are shuffled; 1 or more."""
    shuffles = min(max(_NULL_PAIRS // pairs.shape[1], 1), _MOST_SHUFFLES)
    steps = Steps(progress, "fitting effects", (1 + shuffles) * STEPS)
    rng = stream(seed, "outcome graph", "fit")
    effects = fit_pairs(pairs, nodes, values, weight, rng=rng, steps=steps)
    rng = stream(seed, "outcome graph", "shuffles")
    squares = []
    for _ in range(shuffles):
        # Outcome and weight stay together: what a campaign held is drawn anew.
        order = rng.permutation(len(values))
        told = fit_pairs(pairs, nodes, values[order], weight[order], rng=rng, steps=steps)
        squares.append((told.estimate / told.estimate_sd) ** 2)
    return effects, max(1.0, float(np.sqrt(np.mean(np.concatenate(squares)))))


def _strong(estimate: NDArray[np.float64], spread: NDArray[np.float64]) -> float:
    """The size of strong effects, from estimates that scatter around them."""
    second = max(float(np.mean(estimate**2 - spread**2)), 0.0)
    fourth = float(np.mean(estimate**4 - 6 * estimate**2 * spread**2 + 3 * spread**4))
    if not second:
        return 0.0
    return float(np.sqrt(np.clip(fourth / second, second, _MOST_UNEVEN * second)))


def _below(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """How probable a standard normal is below `z`."""
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def _p_value(z: NDArray[np.float64], skew: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided, of a gamma distribution with mean 0, variance 1 and this skewness."""
    from scipy.special import gammainc, gammaincc

    shape = 4 / np.maximum(np.abs(skew), _NO_SKEW) ** 2
    # The long tail is on the side of the skewness.
    at = np.maximum(shape + np.where(skew < 0, -z, z) * np.sqrt(shape), 0)
    of_gamma = 2 * np.minimum(gammainc(shape, at), gammaincc(shape, at))
    return np.asarray(np.where(np.abs(skew) <= _NO_SKEW, 2 * _below(-np.abs(z)), of_gamma))


def _skew(pairs: Any, values: Any, weight: Any) -> NDArray[np.float64]:
    """float64[m], of the mean outcome of as many campaigns as hold each pair."""
    around = np.sqrt(weight) * (values - np.average(values, weights=weight))
    of_one = np.mean(around**3) / np.mean(around**2) ** 1.5
    turned = pairs.T.tocsr()
    num = (turned @ weight) ** 2 / (turned @ weight**2)
    return np.asarray(of_one / np.sqrt(num))


def _within_reach(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outcomes of many values, cut at three standard deviations of what is left."""
    found, counts = np.unique(values, return_counts=True)
    if len(found) < _MANY_VALUES:
        return values
    others = values[values != found[counts.argmax()]]
    for _ in range(_MOST_CUTS):
        mean = values.mean()
        # Where nearly all outcomes are equal, the others are no outliers.
        reach = max(_REACH * values.std(), float(np.quantile(np.abs(others - mean), 0.9)))
        cut = np.clip(values, mean - reach, mean + reach)
        moved = float(np.abs(cut - values).max())
        values = cut
        if moved <= 1e-3 * reach:
            break
    return values


def _without_copies(nodes: Any, values: Any, exposure: Any) -> NDArray[np.int64]:
    """The rows to count: one of those that are equal, where that cannot be chance."""
    rows = np.arange(len(values))
    marks = nodes @ np.random.default_rng(0).normal(size=nodes.shape[1])
    parts = [marks, values] if exposure is None else [marks, values, exposure]
    _, first = np.unique(np.stack(parts, axis=1), axis=0, return_index=True)
    if len(first) == len(rows):
        return rows
    found, counts = np.unique(values, return_counts=True)
    usual = found[counts.argmax()]  # many campaigns have no click at all
    num_others = np.count_nonzero(values[first] != usual)
    is_copied = np.count_nonzero(values != usual) > num_others
    return np.sort(first) if is_copied and len(found) - 1 >= num_others / 2 else rows


def _first_of_equal(pairs: Any) -> NDArray[np.int64]:
    """The first of the columns that are in the same rows."""
    marks = pairs.T.tocsr() @ np.random.default_rng(0).normal(size=pairs.shape[0])
    _, first = np.unique(marks.round(9), return_index=True)
    return np.sort(first)


def _discoveries(p_value: NDArray[np.float64], rate: float) -> NDArray[np.bool_]:
    """bool[m], the rule of Benjamini and Hochberg."""
    order = np.argsort(p_value, kind="stable")
    under = p_value[order] <= rate * np.arange(1, len(order) + 1) / len(order)
    most = int(np.flatnonzero(under)[-1]) + 1 if under.any() else 0
    drawn = np.zeros(len(order), bool)
    drawn[order[:most]] = True
    return drawn
