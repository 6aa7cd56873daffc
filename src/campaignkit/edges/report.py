"""What building a graph gives: the graph, an account that adds up, how steady answers are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Key
from campaignkit.edges.pairs import PairStates
from campaignkit.edges.scorers.protocols import Answer, Asking
from campaignkit.errors import Fault
from campaignkit.graph import PairCounts, SignedGraph, mark_of
from campaignkit.metrics import wilson_interval
from campaignkit.show import paragraph, table

WAYS_ON = """signs come from one of four things
    traits:  columns that rules read, such as category, price_tier, interests:
             build_graph(Catalogue.read_csv("catalogue.csv"), scorer=TraitScorer())
    signs:   SignedGraph.read_csv("edges.csv")
    results: graph_from_outcomes(table, outcome="ctr", exposure="impressions")
    a model: build_graph(catalogue,
                         scorer=LLMEdgeScorer(GeminiModel("gemini-3.1-flash-lite-preview")))"""
_NEARLY_NEUTRAL = 0.99  # share of the judged pairs from which a build is warned of
_FEW = 20  # judged pairs below which one sign for all of them says little
_SHOWN_ROWS = 30  # pairs of modalities in a notebook
_SHOWN_NAMES = 10  # that a scorer does not read, in the warnings
_STEEP = 3.0  # standard errors from which a slope is told as a warning


@dataclass(frozen=True, slots=True)
class AnswerQuality:
    """What the repeats and the positions of a model's answers say about it.

    Attributes
    ----------
    num_repeats : int
        Pairs that were asked twice, each in another call.
    num_flips : int
        Repeated pairs whose two answers differ.
    position_slope, position_slope_se : float or None
        Change of the sign from the first to the last place of a call, and its standard error;
        None where it cannot be estimated. Positions are random, so this is position bias alone.

    Examples
    --------
    >>> AnswerQuality(num_repeats=40, num_flips=3).flip_rate
    0.075
    """

    num_repeats: int = 0
    num_flips: int = 0
    position_slope: float | None = None
    position_slope_se: float | None = None

    @property
    def flip_rate(self) -> float | None:
        """Share of the repeats that came out otherwise; None without any."""
        return self.num_flips / self.num_repeats if self.num_repeats else None

    @property
    def flip_interval(self) -> tuple[float, float] | None:
        """95% interval of the flip rate (Wilson); None without repeats.

        Examples
        --------
        >>> low, high = AnswerQuality(num_repeats=100, num_flips=7).flip_interval
        >>> round(low, 3), round(high, 3)
        (0.034, 0.137)
        """
        if not self.num_repeats:
            return None
        return wilson_interval(self.num_flips, self.num_repeats)

    @property
    def rerun_ceiling(self) -> float | None:
        """Share of pairs on which another run of the same judge would agree; None without any.

        No build can be expected to agree with this one more than it agrees with itself.
        """
        rate = self.flip_rate
        return None if rate is None else 1 - rate


def measure_answers(answers: Iterable[Answer]) -> AnswerQuality:
    """Measure flips and the pull of position over all answers of a build.

    Examples
    --------
    >>> from campaignkit.edges.scorers.protocols import Judgement
    >>> pair = ("brand", "Nike"), ("geo", "Peru")
    >>> measure_answers([
    ...     Answer(pair, Judgement(1)), Answer(pair, Judgement(0), Asking.REPEAT)
    ... ]).flip_rate
    1.0
    """
    first: dict[object, Answer] = {}
    repeats: list[tuple[object, int]] = []
    for answer in answers:
        if answer.asking is Asking.REPEAT:
            repeats.append((frozenset(answer.pair), answer.judgement.sign))
        elif answer.asking is Asking.FIRST:
            first[frozenset(answer.pair)] = answer
    seen = [first[pair].judgement.sign != sign for pair, sign in repeats if pair in first]
    placed = [(a.place, a.judgement.sign) for a in first.values() if a.place is not None]
    slope, error = _slope(*np.array(placed, dtype=np.float64).reshape(-1, 2).T)
    return AnswerQuality(len(seen), sum(seen), slope, error)


def quality_warnings(quality: AnswerQuality, signs: Sequence[int] | NDArray[np.int8]) -> list[str]:
    """What a user should be warned of; `signs` are those of all pairs that were judged.

    Examples
    --------
    >>> quality_warnings(AnswerQuality(), [1] * 30)
    ['all 30 judged pairs are +: the answers contain no information']
    """
    warnings = []
    held = np.unique(np.asarray(signs))
    if len(signs) >= _FEW and len(held) == 1:
        told = f"all {len(signs):,} judged pairs are {mark_of(int(held[0]))}"
        warnings.append(f"{told}: the answers contain no information")
    slope, error = quality.position_slope, quality.position_slope_se
    if slope is not None and error is not None and abs(slope) > _STEEP * error:
        warnings.append(
            f"the position in a call changes the answers: the last is {slope:+.3f} against the "
            f"first (standard error {error:.3f}); smaller batches lessen it"
        )
    return warnings


def unread_warnings(num_edges: int, num_judged: int, unread: Sequence[Fault]) -> list[str]:
    """What the scorer does not read but may be meant to; all of it where few pairs have a sign.

    Examples
    --------
    >>> unread = [Fault("trait 'a'", "is read by no rule"),
    ...           Fault("trait 'shunz'", "is read by no rule", "call it shuns")]
    >>> unread_warnings(500, 1_000, unread)
    ["trait 'shunz': is read by no rule (call it shuns)"]
    >>> unread_warnings(1, 1_000, unread)[0][:70]
    "99.9% of the pairs have no sign; trait 'a': is read by no rule; trait "
    """
    share = 1 - num_edges / max(num_judged, 1)
    if share <= _NEARLY_NEUTRAL:
        meant = [str(fault) for fault in unread if fault.fix]
        more = len(meant) - _SHOWN_NAMES
        return [*meant[:_SHOWN_NAMES], *([f"{more:,} names more like these"] if more > 0 else [])]
    told = [
        f"{share:.1%} of the pairs have no sign",
        *map(str, unread),
        " ".join(WAYS_ON.split()),
    ]
    return ["; ".join(told)]


def _slope(
    places: NDArray[np.float64], signs: NDArray[np.float64]
) -> tuple[float | None, float | None]:
    """Slope of the least-squares line and its standard error."""
    if len(places) < 3 or not np.ptp(places):
        return None, None
    if not np.ptp(signs):
        return 0.0, 0.0
    centred = places - places.mean()
    spread = float((centred**2).sum())
    slope = float((centred * signs).sum()) / spread
    left = signs - signs.mean() - slope * centred
    return slope, math.sqrt(float((left**2).sum()) / (len(places) - 2) / spread)


_UNMEASURED = AnswerQuality()


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """How often a rule spoke for a pair and against one.

    Examples
    --------
    >>> RuleCounts(num_for=3, num_against=1)
    RuleCounts(num_for=3, num_against=1)
    """

    num_for: int
    num_against: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The account of a build: every pair of different modalities is in it once.

    Attributes
    ----------
    scorer : str
        Name of what decided.
    num_pairs, num_positive, num_negative, num_neutral : int
        All pairs, and those with each sign; the three add up to the first.
    by_modality_pair : mapping of (str, str) to PairCounts
        The same for each pair of modalities; adds up to the totals.
    by_rule : mapping of str to RuleCounts
        How often each rule of the scorer spoke, where it has rules. Several may speak on one pair.
    method : str
        Name of the method; empty where the scorer was simply asked about every pair. What follows
        is filled where there is one.
    num_not_viable, num_discarded, num_failed : int
        Pairs without a sign, by why; with +, - and neutral they add up to all pairs.
    calls : int or None
        Calls of the scorer and of models, repeated ones included.
    calls_by_stage : mapping of str to int
        The same by what they were for; adds up to `calls`.
    unconfirmed : int
        Calls among them whose answer never came: the run was cut, or the connection.
    decided_by : mapping of str to int
        Pairs with a sign by how it was decided: ``"scored"``, ``"inherited"``, ...
    failures : mapping of str to int
        Failed pairs by reason.
    tokens_in, tokens_out : int
        Tokens of all calls, as the service counts them, else estimated.
    cost : float or None
        In the currency of the price table; None if a model has no price.
    time_s : float
        Seconds this run took, earlier ones that it resumed not included.
    quality : AnswerQuality
        Flip rate, rerun ceiling and position slope of a model's answers.
    warnings : tuple of str
        What should not be overlooked: a judge that says + to everything, a pull of position.
    details : mapping of str to object
        What the method has to say, as JSON values.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute, Catalogue
    >>> from campaignkit.edges import build_graph
    >>> catalogue = Catalogue([Attribute("brand", "Nike"), Attribute("geo", "Brazil")])
    >>> print(build_graph(catalogue, scorer=lambda pairs: [1 for _ in pairs]).report)
    1 pairs judged by <lambda>: 1 + (100.0%), 0 - (0.0%), 0 neutral
      brand - geo: 1 +, 0 -, 0 neutral
    """

    scorer: str
    num_pairs: int
    num_positive: int
    num_negative: int
    num_neutral: int
    by_modality_pair: Mapping[Key, PairCounts]
    by_rule: Mapping[str, RuleCounts]
    method: str = ""
    num_not_viable: int = 0
    num_discarded: int = 0
    num_failed: int = 0
    calls: int | None = None
    calls_by_stage: Mapping[str, int] = field(default_factory=dict)
    unconfirmed: int = 0
    decided_by: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None
    time_s: float = field(default=0.0, compare=False)
    quality: AnswerQuality = _UNMEASURED
    warnings: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def judge(self) -> str:
        """The method, where there is one, and the scorer."""
        return " and ".join(name for name in (self.method, self.scorer) if name)

    @property
    def pos_frac(self) -> float:
        """Share of all pairs that is +."""
        return self.num_positive / self.num_pairs if self.num_pairs else 0.0

    @property
    def neg_frac(self) -> float:
        """Share of all pairs that is -."""
        return self.num_negative / self.num_pairs if self.num_pairs else 0.0

    @property
    def edges_per_call(self) -> float | None:
        """Edges, + and -, for each call; None where calls were not counted, or none was made."""
        return (self.num_positive + self.num_negative) / self.calls if self.calls else None

    def to_dict(self) -> dict[str, object]:
        """All of it as JSON values; pairs of modalities as a list of objects."""
        quality, by_pair = self.quality, self.by_modality_pair.items()
        return asdict(self) | {
            "edges_per_call": self.edges_per_call,
            "by_modality_pair": [{"modalities": list(p), **asdict(held)} for p, held in by_pair],
            "quality": asdict(quality)
            | {
                "flip_rate": quality.flip_rate,
                "flip_interval": quality.flip_interval,
                "rerun_ceiling": quality.rerun_ceiling,
            },
            "warnings": list(self.warnings),
        }

    def __repr__(self) -> str:
        return (
            f"BuildReport({self.num_pairs:,} pairs by {self.judge}: {self.num_positive:,} +, "
            f"{self.num_negative:,} -, {self.num_neutral:,} neutral)"
        )

    def __str__(self) -> str:
        done = "judged" if not self.method else f"decided by {self.method} with answers"
        others = {
            "not viable": self.num_not_viable,
            "discarded": self.num_discarded,
            "failed": self.num_failed,
        }
        lines = [
            f"{self.num_pairs:,} pairs {done} by {self.scorer}: "
            f"{self.num_positive:,} + ({self.pos_frac:.1%}), "
            f"{self.num_negative:,} - ({self.neg_frac:.1%}), {self.num_neutral:,} neutral"
            + "".join(f", {count:,} {what}" for what, count in others.items() if count)
        ]
        if self.calls is not None:
            lines.append(f"  {self.calls:,} calls ({_listed(self.calls_by_stage)})")
            lines.append(f"  decided: {_listed(self.decided_by)}")
            lines += self._costs()
        lines += [f"  {count:,} pairs failed: {why}" for why, count in self.failures.items()]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [
            f"  {one} - {other}: "
            f"{c.num_positive:,} +, {c.num_negative:,} -, {c.num_neutral:,} neutral"
            for (one, other), c in self.by_modality_pair.items()
        ]
        lines += [
            f"  rule {name}: {c.num_for:,} for, {c.num_against:,} against"
            for name, c in self.by_rule.items()
        ]
        return "\n".join(lines)

    def _costs(self) -> list[str]:
        rate = self.edges_per_call
        told = [] if rate is None else [f"{rate:.2f} edges per call"]
        if self.tokens_in or self.tokens_out:
            told.append(f"{self.tokens_in:,} tokens in, {self.tokens_out:,} out")
        if self.cost is not None:
            told.append(f"cost {self.cost:,.4f}")
        if self.unconfirmed:
            lost = f"{self.unconfirmed:,}"
            told.append(f"{lost} calls unconfirmed: a budget of {lost} more makes up for them")
        lines = ["  " + ", ".join([*told, f"{self.time_s:,.1f} s"])]
        quality = self.quality
        if quality.flip_rate is not None and quality.flip_interval is not None:
            low, high = quality.flip_interval
            lines.append(
                f"  {quality.num_flips:,} of {quality.num_repeats:,} repeated answers differ: "
                f"flip rate {quality.flip_rate:.1%} ({low:.1%} to {high:.1%})"
            )
        if quality.position_slope is not None:
            lines.append(
                f"  position slope {quality.position_slope:+.3f} "
                f"(standard error {quality.position_slope_se:.3f})"
            )
        return lines


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


@dataclass(frozen=True, slots=True)
class GraphBuild:
    """A graph that was built, and the account of the build.

    Attributes
    ----------
    graph : SignedGraph
        The catalogue with a judgement for each pair.
    report : BuildReport
        How many pairs got which sign, and why.
    states : PairStates or None
        What became of each pair, by number in ``PairTable(graph.catalogue)``; None where a build
        is put together by hand.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> from campaignkit.edges import TraitScorer, build_graph
    >>> build = build_graph(Catalogue.bundled("starter-27"), scorer=TraitScorer())
    >>> build.report.num_pairs == build.graph.num_edges + build.report.num_neutral
    True
    """

    graph: SignedGraph
    report: BuildReport
    states: PairStates | None = None

    def __repr__(self) -> str:
        return f"GraphBuild({self.graph!r} by {self.report.judge})"

    def _repr_html_(self) -> str:
        rows = [
            [f"{one} - {other}", held.num_positive, held.num_negative, held.num_neutral]
            for (one, other), held in self.report.by_modality_pair.items()
        ]
        told = str(self.report).splitlines()
        warnings = [f"warning: {warning}" for warning in self.report.warnings]
        return "".join(map(paragraph, [told[0], *warnings])) + table(
            ["modalities", "+", "-", "neutral"], rows[:_SHOWN_ROWS]
        )
