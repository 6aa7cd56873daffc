"""How dense unconstrained campaigns are, and label boxes that suit that density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_count, checked_share
from campaignkit.diagnosis.ceiling import pair_ceiling
from campaignkit.errors import Fault, SpecError
from campaignkit.graph.node_set import DrawCounts, draw_counts, pair_bounds
from campaignkit.graph.node_tables import NodeTables
from campaignkit.seeds import checked_seed, key64
from campaignkit.spec import LabelSpec, SamplingSpec
from campaignkit.spec.fit import fitting_ranges
from campaignkit.spec.sampling import ranges_words

if TYPE_CHECKING:
    from campaignkit.graph import SignedGraph

_PERCENTILES = (5, 25, 50, 75, 95)
_MAX_DRAWS = 10_000_000
_MAX_ACCEPTED = 0.30  # pos and neg each hold at most this share of draws: they are exceptions
_MIN_ACCEPTED = 0.01  # below this the second bound is relaxed: a label should be cheap to draw
_LABELS = ("pos", "avg", "neg")
_SHARES = ("positive", "negative", "absent")
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

    def suggest(
        self,
        num_samples: Mapping[str, int],
        *,
        order: Sequence[str] | None = None,
        widen: float = 0.25,
    ) -> SamplingSpec:
        """A spec whose labels, `pos`, `avg` and `neg` or others, suit this graph.

        `pos` contains draws with many positive and few negative pairs, `neg` the reverse; the two
        boxes are disjoint and each accepts at most 30% of draws. `avg` spans the middle half of
        both fractions.

        Parameters
        ----------
        num_samples : mapping of str to int
            How many campaigns of each label; the keys are among pos, avg, neg, or in `order`.
        order : sequence of str, optional
            Labels of your own from worst to best, two or three: they take the places of `neg` and
            `pos`, or of `neg`, `avg` and `pos`.
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
        if not isinstance(num_samples, Mapping):
            raise SpecError(
                f"num_samples is {num_samples!r:.60}; expected a mapping of labels to counts",
                hint='suggest({"pos": 40, "avg": 50, "neg": 40})',
            )
        place_of = dict(zip(_LABELS, _LABELS, strict=True))
        if order is not None:
            places = _LABELS[::-1] if len(order) == 3 else ("neg", "pos")
            if isinstance(order, str) or len({*order}) != len(places):
                raise SpecError(
                    f"order is {order!r:.60}; expected two or three different labels",
                    hint="write a SamplingSpec by hand for more",
                )
            place_of = dict(zip(order, places, strict=True))
        unknown = [name for name in num_samples if name not in place_of]
        if unknown or not num_samples:
            raise SpecError(
                f"num_samples names {', '.join(map(repr, num_samples)) or 'no label'}; "
                f"expected some of {', '.join(place_of)}",
                hint='pass the order of your own labels: order=["bad", "fair", "good"]',
            )
        widen = checked_share(widen, "widen", high=10, error=SpecError)
        pairs = self.draws.pairs
        shares = {"pos": self.draws.positives / pairs, "neg": self.draws.negatives / pairs}
        cuts = {name: _cut(share) for name, share in shares.items()}
        boxes = {"avg": {name: _middle(share, widen) for name, share in shares.items()}}
        faults = []
        for name, other, kind, seen in (
            ("pos", "neg", "positive", self.positive), ("neg", "pos", "negative", self.negative)
        ):  # fmt: skip
            many, few = cuts[name][0], cuts[other][1]
            if many is not None:
                cap = _cap(shares[other], few, among=shares[name] >= many)
                boxes[name] = {name: (many, 1.0), other: (0.0, cap)}
            elif label := next((told for told in num_samples if place_of[told] == name), ""):
                faults.append(
                    Fault(
                        f"label_params.{label}",
                        f"no bound on the {kind} fraction is reached by some but at most "
                        f"{_MAX_ACCEPTED:.0%} of draws (95th percentile {seen.p95:.3f})",
                        f"widen type_ranges, add {kind} edges, or leave '{label}' out",
                    )
                )
        if faults:
            raise SpecError("some labels cannot be placed on this graph", faults=faults)
        labels = {
            name: LabelSpec(
                pos_frac_range=boxes[place_of[name]]["pos"],
                neg_frac_range=boxes[place_of[name]]["neg"],
                num_samples=wanted,
            )
            for name, wanted in num_samples.items()
        }
        return SamplingSpec(type_ranges=self.type_ranges, label_params=labels)

    def coverage(self, spec: SamplingSpec) -> BoxCoverage:
        """Which share of the draws each label of a spec accepts, and each two labels share."""
        inside = {
            name: self.draws.accepted(pair_bounds(box.pos_frac_range, box.neg_frac_range))
            for name, box in spec.label_params.items()
        }
        overlap = {
            (a, b): float((inside[a] & inside[b]).mean()) for a, b in combinations(inside, 2)
        }
        return BoxCoverage({name: float(at.mean()) for name, at in inside.items()}, overlap)

    def to_dict(self) -> dict[str, object]:
        """The profile as JSON values, without the single draws."""
        told = {
            name: getattr(self, name) for name in ("num_draws", "seed", "graph_digest", "ceiling")
        }
        shares = {name: asdict(getattr(self, name)) for name in _SHARES}
        ranges = {name: list(ends) for name, ends in self.type_ranges.items()}
        return {"type_ranges": ranges, **told, **shares}

    def __repr__(self) -> str:
        plus, minus = self.positive.mean, self.negative.mean
        return (
            f"DensityProfile({ranges_words(self.type_ranges)}; + {plus:.3f}, - {minus:.3f} of the "
            f"pairs in {self.num_draws:,} draws)"
        )

    def __str__(self) -> str:
        heads, rows = self._table()
        lines = [
            f"{name:<10}" + "".join(f"{cell:>7}" for cell in cells)
            for name, *cells in (["fraction", *heads], *rows)
        ]
        lines.append(f"type counts allow at most {self.ceiling:.3f} of the pairs to be signed")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from campaignkit.show import figure, histogram, paragraph, table
        from campaignkit.show.palette import NEGATIVE, POSITIVE

        heads, rows = self._table()
        pairs = self.draws.pairs
        drawn = histogram(
            {"+": self.draws.positives / pairs, "−": self.draws.negatives / pairs},
            title="Unconstrained draws",
            x_label="share of pairs",
            colours=(POSITIVE, NEGATIVE),
            width=460,
        )
        said = (
            f"{self.num_draws:,} draws of {ranges_words(self.type_ranges)}; type counts allow at "
            f"most {self.ceiling:.1%} of the pairs to be signed."
        )
        return paragraph(said) + table(["share of pairs", *heads], rows) + figure(drawn)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        shares = {name: asdict(getattr(self, name)) for name in _SHARES}
        rows = [[name, *(f"{x:.3f}" for x in of.values())] for name, of in shares.items()]
        return list(shares["positive"]), rows


@dataclass(frozen=True)
class BoxCoverage:
    """Shares of unconstrained draws: accepted by each label, and by both of two labels."""

    accepted: dict[str, float]
    overlap: dict[tuple[str, str], float]

    def __str__(self) -> str:
        labels = [f"label {name}: accepts" for name in self.accepted]
        pairs = [f"labels {a} and {b} share" for a, b in self.overlap]
        shares = [*self.accepted.values(), *self.overlap.values()]
        said = zip(labels + pairs, shares, strict=True)
        return "\n".join(f"{what} {share:.1%} of draws" for what, share in said)


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
        The number of attributes of each modality in a campaign, both ends inclusive.
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
    ranges = fitting_ranges(type_ranges, graph)
    num_draws = checked_count(num_draws, "num_draws", most=_MAX_DRAWS, error=SpecError)
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
