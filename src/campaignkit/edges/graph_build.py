"""What building a graph gives: the graph, and an account that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from campaignkit.catalogue import Key
from campaignkit.edges.answer_quality import AnswerQuality
from campaignkit.edges.pair_states import PairStates
from campaignkit.graph import PairCounts, SignedGraph

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
    by_decider : mapping of str to int
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
    by_decider: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None
    time_s: float = field(default=0.0, compare=False)
    quality: AnswerQuality = _UNMEASURED
    warnings: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)

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
        told: dict[str, object] = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in ("by_modality_pair", "by_rule", "quality", "warnings")
        }
        return told | {
            "calls_by_stage": dict(self.calls_by_stage),
            "by_decider": dict(self.by_decider),
            "failures": dict(self.failures),
            "details": dict(self.details),
            "edges_per_call": self.edges_per_call,
            "by_modality_pair": [
                {"modalities": list(pair), **asdict(held)}
                for pair, held in self.by_modality_pair.items()
            ],
            "by_rule": {rule: asdict(held) for rule, held in self.by_rule.items()},
            "quality": asdict(self.quality)
            | {
                "flip_rate": self.quality.flip_rate,
                "flip_interval": self.quality.flip_interval,
                "rerun_ceiling": self.quality.rerun_ceiling,
            },
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        done = "judged" if not self.method else f"decided by {self.method} with answers"
        lines = [
            f"{self.num_pairs:,} pairs {done} by {self.scorer}: "
            f"{self.num_positive:,} + ({self.pos_frac:.1%}), "
            f"{self.num_negative:,} - ({self.neg_frac:.1%}), {self.num_neutral:,} neutral"
            + "".join(
                f", {count:,} {what}"
                for what, count in (
                    ("not viable", self.num_not_viable),
                    ("discarded", self.num_discarded),
                    ("failed", self.num_failed),
                )
                if count
            )
        ]
        if self.calls is not None:
            stages = ", ".join(f"{name} {calls:,}" for name, calls in self.calls_by_stage.items())
            lines.append(f"  {self.calls:,} calls ({stages})")
            deciders = ", ".join(f"{name} {count:,}" for name, count in self.by_decider.items())
            lines.append(f"  decided: {deciders}")
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
        told = [] if rate is None else [f"{rate:.2f} edges a call"]
        if self.tokens_in or self.tokens_out:
            told.append(f"{self.tokens_in:,} tokens in, {self.tokens_out:,} out")
        if self.cost is not None:
            told.append(f"cost {self.cost:,.4f}")
        if self.unconfirmed:
            told.append(f"{self.unconfirmed:,} calls unconfirmed")
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
        What became of each pair, by number in ``PairTable(graph.catalogue)``; None where the
        scorer was simply asked about every pair.

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
