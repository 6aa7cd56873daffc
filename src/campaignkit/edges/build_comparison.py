"""Two builds side by side: how far they agree, beside what could be expected at all."""

from __future__ import annotations

from dataclasses import dataclass

from campaignkit.edges.graph_build import GraphBuild
from campaignkit.graph import Agreement, GraphComparison, SignedGraph, compare


@dataclass(frozen=True, slots=True)
class BuildComparison:
    """The agreement of a candidate build with a reference build, and its ends of the scale.

    Attributes
    ----------
    graphs : GraphComparison
        Agreement overall and by pair of modalities.
    all_positive : Agreement
        What answering + to every pair, with no call at all, would reach.
    rerun_ceiling : float or None
        Three-way agreement that another run of the reference's own judge could reach, from its
        repeated pairs; None where none was asked twice.
    calls : tuple of int or None
        Calls of the reference and of the candidate.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> from campaignkit.edges import TraitScorer, build_graph
    >>> build = build_graph(Catalogue.bundled("starter-27"), scorer=TraitScorer())
    >>> found = compare_builds(build, build)
    >>> found.overall.three_way_agreement, found.rerun_ceiling
    (1.0, None)
    """

    graphs: GraphComparison
    all_positive: Agreement
    rerun_ceiling: float | None
    calls: tuple[int | None, int | None]

    @property
    def overall(self) -> Agreement:
        """Agreement over all pairs: three-way, kappa, precision, recall, negative recall."""
        return self.graphs.overall

    def __str__(self) -> str:
        heads = ("recall", "precision", "sign", "3-way", "kappa", "- recall")
        lines = [f"{'':<14}" + "".join(f"{head:>10}" for head in heads)]
        for name, held in (("candidate", self.overall), ("+ everywhere", self.all_positive)):
            lines.append(f"{name:<14}" + "".join(held.table_cells()))
        if self.rerun_ceiling is not None:
            lines.append(f"{'rerun ceiling':<14}{'':>30}{self.rerun_ceiling:>10.3f}")
        if self.calls[0] is not None and self.calls[1] is not None:
            lines.append(f"calls: {self.calls[1]:,} against {self.calls[0]:,}")
        return "\n".join(lines)


def compare_builds(reference: GraphBuild, candidate: GraphBuild | SignedGraph) -> BuildComparison:
    """Measure how far a build says what another one says.

    Recall and sign agreement alone can be gamed: answering + everywhere has full recall. Three-way
    agreement, kappa, precision and the recall of - edges cannot.

    Parameters
    ----------
    reference : GraphBuild
        What is taken for right, such as brute force.
    candidate : GraphBuild or SignedGraph
        What is measured.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> from campaignkit.edges import TraitScorer, build_graph
    >>> starter = Catalogue.bundled("starter-27")
    >>> build = build_graph(starter, scorer=TraitScorer())
    >>> plus = build_graph(starter, scorer=lambda pairs: [1 for _ in pairs])
    >>> compare_builds(build, plus).overall.negative_recall
    0.0
    """
    graph = candidate.graph if isinstance(candidate, GraphBuild) else candidate
    found = compare(reference.graph, graph)
    negative, none, positive = (sum(row) for row in found.overall.counts)
    return BuildComparison(
        graphs=found,
        all_positive=Agreement(((0, 0, negative), (0, 0, none), (0, 0, positive))),
        rerun_ceiling=reference.report.quality.rerun_ceiling,
        calls=(
            reference.report.calls,
            candidate.report.calls if isinstance(candidate, GraphBuild) else None,
        ),
    )
