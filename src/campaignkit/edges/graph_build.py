"""What building a graph gives: the graph, and an account that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from campaignkit.catalogue import Key
from campaignkit.graph import PairCounts, SignedGraph


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

    @property
    def pos_frac(self) -> float:
        """Share of all pairs that is +."""
        return self.num_positive / self.num_pairs if self.num_pairs else 0.0

    @property
    def neg_frac(self) -> float:
        """Share of all pairs that is -."""
        return self.num_negative / self.num_pairs if self.num_pairs else 0.0

    def __str__(self) -> str:
        lines = [
            f"{self.num_pairs:,} pairs judged by {self.scorer}: "
            f"{self.num_positive:,} + ({self.pos_frac:.1%}), "
            f"{self.num_negative:,} - ({self.neg_frac:.1%}), {self.num_neutral:,} neutral"
        ]
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


@dataclass(frozen=True, slots=True)
class GraphBuild:
    """A graph that was built, and the account of the build.

    Attributes
    ----------
    graph : SignedGraph
        The catalogue with a judgement for each pair.
    report : BuildReport
        How many pairs got which sign, and why.

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
