"""How dense unconstrained campaigns are, and label boxes that suit that density."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.diagnosis.ceiling import pair_ceiling
from campaignkit.errors import Fault, SpecError
from campaignkit.graph.node_set import DrawCounts, draw_counts, pair_bounds
from campaignkit.graph.node_tables import NodeTables
from campaignkit.seeds import checked_seed, key64
from campaignkit.spec import LabelSpec, SamplingSpec
from campaignkit.spec.fit import check_type_ranges
from campaignkit.spec.sampling import checked_type_ranges

if TYPE_CHECKING:
    from campaignkit.graph import SignedGraph

_PERCENTILES = (5, 25, 50, 75, 95)
_MAX_DRAWS = 10_000_000
_MAX_ACCEPTED = 0.30  # pos and neg each hold at most this share of draws: they are exceptions
_MIN_ACCEPTED = 0.01  # below this the second bound is relaxed: a label should be cheap to draw
_LABELS = ("pos", "avg", "neg")
_DIGITS = 3


@dataclass(frozen=True)
class FractionStats:
    """Where a fraction lies over many draws; all in [0, 1].

    Examples
    --------
    >>> stats = FractionStats.of(np.arange(101) / 100)
    >>> round(stats.mean, 2), round(stats.p5, 2), round(stats.p95, 2)
    (0.5, 0.05, 0.95)
    """

    mean: float
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> FractionStats:
        """The statistics of some fractions."""
        at = np.percentile(values, _PERCENTILES)
        return cls(float(values.mean()), *(float(value) for value in at))


@dataclass(frozen=True)
class DensityProfile:
    """The density of unconstrained draws from a graph under some type ranges.

    Attributes
    ----------
    type_ranges : dict of str to (int, int)
    num_draws, seed : int
    positive, negative, absent : FractionStats
        Shares of all node pairs; the three means add up to 1.
    ceiling : float
        The highest share of signed pairs that type counts allow, whatever the edges.
    graph_digest : str
    draws : DrawCounts
        Size and pair counts of every draw.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> round(profile.positive.mean + profile.negative.mean + profile.absent.mean, 6)
    1.0
    """

    type_ranges: dict[str, tuple[int, int]]
    num_draws: int
    seed: int
    positive: FractionStats
    negative: FractionStats
    absent: FractionStats
    ceiling: float
    graph_digest: str
    draws: DrawCounts = field(repr=False, compare=False)

    def suggest(self, num_samples: Mapping[str, int], *, widen: float = 0.25) -> SamplingSpec:
        """A spec whose labels `pos`, `avg` and `neg` suit this graph.

        `pos` holds draws with many positive and few negative pairs, `neg` the reverse; the two
        boxes are disjoint and each accepts at most 30% of draws. `avg` spans the middle half of
        both fractions.

        Parameters
        ----------
        num_samples : mapping of str to int
            How many campaigns of each label; the keys are among pos, avg, neg.
        widen : float
            By which share of the interquartile range `avg` reaches beyond the quartiles.

        Raises
        ------
        SpecError
            If a label cannot be placed, with the reason.

        Examples
        --------
        >>> import campaignkit as ck
        >>> graph = ck.build_graph(
        ...     ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
        >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
        >>> sorted(profile.suggest({"pos": 10, "neg": 10}).label_params)
        ['neg', 'pos']
        """
        return _suggested(self, num_samples, widen=widen)

    def coverage(self, spec: SamplingSpec) -> BoxCoverage:
        """Which share of the draws each label of a spec accepts, and each two labels share."""
        inside = {
            name: self.draws.accepted(pair_bounds(box.pos_frac_range, box.neg_frac_range))
            for name, box in spec.label_params.items()
        }
        names = list(inside)
        overlap = {
            (a, b): float((inside[a] & inside[b]).mean())
            for i, a in enumerate(names)
            for b in names[i + 1 :]
        }
        return BoxCoverage({name: float(at.mean()) for name, at in inside.items()}, overlap)

    def to_dict(self) -> dict[str, object]:
        """The profile as JSON values, without the single draws."""
        return {
            "type_ranges": {name: list(ends) for name, ends in self.type_ranges.items()},
            "num_draws": self.num_draws,
            "seed": self.seed,
            "graph_digest": self.graph_digest,
            "ceiling": self.ceiling,
            "positive": asdict(self.positive),
            "negative": asdict(self.negative),
            "absent": asdict(self.absent),
        }

    def __str__(self) -> str:
        heads = ("mean", *(f"p{p}" for p in _PERCENTILES))
        lines = ["fraction  " + "".join(f"{head:>7}" for head in heads)]
        for name in ("positive", "negative", "absent"):
            values = asdict(getattr(self, name)).values()
            lines.append(f"{name:<10}" + "".join(f"{value:7.3f}" for value in values))
        lines.append(f"type counts allow at most {self.ceiling:.3f} of the pairs to be signed")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from campaignkit.show import histogram
        from campaignkit.show.page import figure, paragraph, table
        from campaignkit.show.palette import NEGATIVE, POSITIVE

        heads = ["share of pairs", "mean", *(f"p{p}" for p in _PERCENTILES)]
        rows = [
            [name, *(f"{value:.3f}" for value in asdict(getattr(self, name)).values())]
            for name in ("positive", "negative", "absent")
        ]
        drawn = histogram(
            {
                "+": self.draws.positives / self.draws.pairs,
                "−": self.draws.negatives / self.draws.pairs,
            },
            title="Unconstrained draws",
            x_label="share of pairs",
            colours=(POSITIVE, NEGATIVE),
            width=460,
        )
        ranges = ", ".join(
            f"{name} {low}" if low == high else f"{name} {low}-{high}"
            for name, (low, high) in self.type_ranges.items()
        )
        said = (
            f"{self.num_draws:,} draws of {ranges}; type counts allow at most "
            f"{self.ceiling:.1%} of the pairs to be signed."
        )
        return paragraph(said) + table(heads, rows) + figure(drawn)


@dataclass(frozen=True)
class BoxCoverage:
    """Shares of unconstrained draws: accepted by each label, and by both of two labels."""

    accepted: dict[str, float]
    overlap: dict[tuple[str, str], float]

    def __str__(self) -> str:
        lines = [
            f"label {name}: accepts {share:.1%} of draws" for name, share in self.accepted.items()
        ]
        lines += [
            f"labels {a} and {b} share {share:.1%} of draws"
            for (a, b), share in self.overlap.items()
        ]
        return "\n".join(lines)


def diagnose(
    graph: SignedGraph,
    *,
    type_ranges: Mapping[str, tuple[int, int]],
    num_draws: int = 10_000,
    seed: int = 0,
) -> DensityProfile:
    """Profile unconstrained draws: what share of their pairs is positive, negative, absent.

    Parameters
    ----------
    graph : SignedGraph
    type_ranges : mapping of str to (int, int)
        How many attributes of each modality a campaign holds, both ends inclusive.
    num_draws : int
        1 to 10 million; ten thousand place a percentile within half a point.
    seed : int

    Raises
    ------
    SpecError
        If the ranges have faults or do not fit the graph.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("a", "x"), ("b", "y"), 1)])
    >>> ck.diagnose(graph, type_ranges={"a": (1, 1), "b": (1, 1)}, num_draws=10).positive.mean
    1.0
    """
    ranges = checked_type_ranges(type_ranges)
    check_type_ranges(ranges, graph)
    if isinstance(num_draws, bool) or not isinstance(num_draws, int):
        raise SpecError(f"num_draws is {num_draws!r}; expected an integer")
    if not 1 <= num_draws <= _MAX_DRAWS:
        raise SpecError(f"num_draws is {num_draws}; expected 1 to {_MAX_DRAWS}")
    tables = NodeTables.from_graph(graph, ranges)
    draws = draw_counts(
        tables, ranges, num_draws=num_draws, key=key64(checked_seed(seed), "diagnose")
    )
    positive, negative = draws.positives / draws.pairs, draws.negatives / draws.pairs
    return DensityProfile(
        type_ranges=ranges,
        num_draws=num_draws,
        seed=seed,
        positive=FractionStats.of(positive),
        negative=FractionStats.of(negative),
        absent=FractionStats.of(1 - positive - negative),
        ceiling=pair_ceiling(ranges),
        graph_digest=graph.digest,
        draws=draws,
    )


def _suggested(
    profile: DensityProfile, num_samples: Mapping[str, int], *, widen: float
) -> SamplingSpec:
    """See :meth:`DensityProfile.suggest`."""
    unknown = [name for name in num_samples if name not in _LABELS]
    if unknown or not num_samples:
        raise SpecError(
            f"num_samples names {', '.join(map(repr, num_samples)) or 'no label'}; "
            "expected some of pos, avg, neg",
            hint="write a SamplingSpec by hand for labels of other names",
        )
    if not (isinstance(widen, int | float) and 0 <= widen <= 10):
        raise SpecError(f"widen is {widen!r}; expected a number from 0 to 10")
    pos_frac = profile.draws.positives / profile.draws.pairs
    neg_frac = profile.draws.negatives / profile.draws.pairs
    many_pos, few_pos = _cut(pos_frac)
    many_neg, few_neg = _cut(neg_frac)
    faults = []
    boxes: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {}
    if "pos" in num_samples:
        if many_pos is None:
            faults.append(_unplaced("pos", "positive", profile.positive.p95))
        else:
            limit = few_neg if many_neg is not None else 1.0
            cap = _cap(neg_frac, limit, among=pos_frac >= many_pos)
            boxes["pos"] = ((many_pos, 1.0), (0.0, cap))
    if "avg" in num_samples:
        boxes["avg"] = (_middle(pos_frac, widen), _middle(neg_frac, widen))
    if "neg" in num_samples:
        if many_neg is None:
            faults.append(_unplaced("neg", "negative", profile.negative.p95))
        else:
            limit = few_pos if many_pos is not None else 1.0
            cap = _cap(pos_frac, limit, among=neg_frac >= many_neg)
            boxes["neg"] = ((0.0, cap), (many_neg, 1.0))
    if faults:
        raise SpecError("some labels cannot be placed on this graph", faults=faults)
    return SamplingSpec(
        type_ranges=profile.type_ranges,
        label_params={
            name: LabelSpec(
                pos_frac_range=boxes[name][0],
                neg_frac_range=boxes[name][1],
                num_samples=num_samples[name],
            )
            for name in num_samples
        },
    )


def _cut(fraction: NDArray[np.float64]) -> tuple[float | None, float]:
    """A lower bound that at most 30% of draws reach, and an upper bound just below it."""
    values, counts = np.unique(fraction, return_counts=True)
    reach = np.cumsum(counts[::-1])[::-1] / fraction.size  # share of draws at or above each value
    high = np.flatnonzero((reach <= _MAX_ACCEPTED) & (values > 0))
    if high.size == 0 or high[0] == 0:
        return None, 1.0
    below, at = float(values[high[0] - 1]), float(values[high[0]])
    return _between(below, at)


def _between(below: float, at: float) -> tuple[float, float]:
    # Two short numbers in the gap between attained values: the boxes cannot touch, and no draw
    # lies so near a bound that rounding could decide about it.
    for digits in range(_DIGITS, 12):
        step = 10.0**-digits
        low = round(below + (at - below) / 3, digits)
        high = round(below + 2 * (at - below) / 3, digits)
        if below < low < high < at and high - low >= step / 2:
            return high, low
    return at, below


def _cap(fraction: NDArray[np.float64], limit: float, *, among: NDArray[np.bool_]) -> float:
    """The median if enough of the draws `among` lie below it, else the limit."""
    median = float(np.ceil(np.median(fraction) * 10**_DIGITS) / 10**_DIGITS)
    cap = min(median, limit)
    return cap if ((fraction <= cap) & among).mean() >= _MIN_ACCEPTED else limit


def _middle(fraction: NDArray[np.float64], widen: float) -> tuple[float, float]:
    low, high = np.percentile(fraction, [25, 75])
    extra = widen * (high - low)
    scale = 10**_DIGITS
    return (
        max(0.0, float(np.floor((low - extra) * scale) / scale)),
        min(1.0, float(np.ceil((high + extra) * scale) / scale)),
    )


def _unplaced(label: str, kind: str, p95: float) -> Fault:
    return Fault(
        f"label_params.{label}",
        f"no bound on the {kind} fraction is reached by some but at most "
        f"{_MAX_ACCEPTED:.0%} of draws (95th percentile {p95:.3f})",
        f"widen type_ranges, add {kind} edges, or leave '{label}' out",
    )
