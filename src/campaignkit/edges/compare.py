"""Comparisons of two builds, and of a graph with pairs whose signs are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike

from campaignkit.edges.report import GraphBuild
from campaignkit.errors import Fault, GraphError
from campaignkit.graph import (
    Agreement,
    Edge,
    GraphComparison,
    Key,
    SignedGraph,
    compare,
    mark_of,
    read_marked_edges,
)
from campaignkit.store import checked_path

_HEADS = ("recall", "precision", "sign", "3-way", "kappa", "- recall")
NamedPair = tuple[Key, Key]


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

    def __repr__(self) -> str:
        cells = dict(zip(_HEADS, self.overall.table_cells(), strict=True))
        told = ", ".join(f"{head} {cell.strip()}" for head, cell in cells.items())
        return f"BuildComparison({told})"

    def __str__(self) -> str:
        lines = [f"{'':<14}" + "".join(f"{head:>10}" for head in _HEADS)]
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


# The examples of the published reports; (source, target, sign).
_PUBLISHED = (
    ("audience", "Athletes", "brand", "Nike", 1),
    ("audience", "Winter Sports Enthusiasts", "brand", "The North Face", 1),
    ("platform", "LinkedIn", "audience", "C-Suite Executives", 1),
    ("brand", "Adidas", "audience", "K-Pop Fans", 1),
    ("brand", "Sephora", "audience", "Beauty & Personal Care", 1),
    ("audience", "Budget Shoppers", "brand", "Rolex", -1),
    ("brand", "Salesforce", "audience", "K-Pop Fans", -1),
    ("brand", "Salesforce", "platform", "TikTok", -1),
    ("brand", "Rolex", "platform", "Wish", -1),
    ("audience", "Winter Sports Enthusiasts", "geo", "Brazil", -1),
    ("audience", "Women 18-34", "geo", "Brazil", 0),
    ("audience", "Fitness Enthusiasts", "brand", "Dior", 0),
    ("audience", "Beauty Enthusiasts", "brand", "Red Bull", 0),
    ("brand", "Dior", "platform", "TikTok", 0),
)


@dataclass(frozen=True, slots=True)
class KnownPairsCheck:
    """How a graph fares on pairs whose signs are known.

    Attributes
    ----------
    right, wrong : tuple of (expected Edge, found sign)
        Pairs of which the graph has both attributes. A pair that was never judged has sign 0.
    not_there : tuple of pair
        Pairs of which the graph lacks an attribute; not counted.
    ambiguous : tuple of (pair, found sign)
        Pairs on which people reasonably disagree: counted separately, never as errors.

    Examples
    --------
    >>> check = KnownPairsCheck(right=(), wrong=(), not_there=())
    >>> check.num_checked, check.correct_frac is None
    (0, True)
    """

    right: tuple[tuple[Edge, int], ...]
    wrong: tuple[tuple[Edge, int], ...]
    not_there: tuple[NamedPair, ...]
    ambiguous: tuple[tuple[NamedPair, int], ...] = ()

    @property
    def num_checked(self) -> int:
        """Pairs that were looked up."""
        return len(self.right) + len(self.wrong)

    @property
    def correct_frac(self) -> float | None:
        """Share of them with the expected sign; None without any."""
        return len(self.right) / self.num_checked if self.num_checked else None

    def __repr__(self) -> str:
        return f"KnownPairsCheck({len(self.right)} of {self.num_checked} right)"

    def __str__(self) -> str:
        lines = [f"{len(self.right)} of {self.num_checked} known pairs have the expected sign"]
        lines += [
            f"  {': '.join(edge.source)} - {': '.join(edge.target)}: "
            f"expected {mark_of(edge.sign)}, is {mark_of(found)}"
            for edge, found in self.wrong
        ]
        if self.ambiguous:
            counts = Counter(found for _, found in self.ambiguous)
            told = ", ".join(f"{counts[sign]} {mark_of(sign)}" for sign in (1, -1, 0))
            lines.append(f"  {len(self.ambiguous)} ambiguous pairs, none of them wrong: {told}")
        if self.not_there:
            lines.append(f"  {len(self.not_there)} name attributes that are not in the graph")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class KnownPairs:
    """Pairs whose signs are beyond doubt, and pairs that are known to be ambiguous.

    Attributes
    ----------
    clear : tuple of Edge
        The obvious ones: +, - and 0.
    ambiguous : tuple of ((modality, value), (modality, value))
        Those on which reasonable people disagree.

    Examples
    --------
    >>> KnownPairs((), ((("brand", "Dior"), ("platform", "TikTok")),)).clear
    ()
    """

    clear: tuple[Edge, ...]
    ambiguous: tuple[NamedPair, ...] = ()

    @classmethod
    def read_csv(cls, path: str | PathLike[str]) -> KnownPairs:
        """Read a file like an edges.csv (``source,target,rel,sign``), where ``?`` is ambiguous.

        Raises
        ------
        GraphError
            With all faults at once, each with file, line and fix.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "known.csv")
        ...     rows = "Nike,Athletes,brand_to_audience,+\\nDior,TikTok,brand_to_platform,?\\n"
        ...     _ = path.write_text("source,target,rel,sign\\n" + rows)
        ...     known = KnownPairs.read_csv(path)
        >>> len(known.clear), known.ambiguous
        (1, ((('brand', 'Dior'), ('platform', 'TikTok')),))
        """
        clear, ambiguous = read_marked_edges(checked_path(path, error=GraphError), mark="?")
        named = Counter(frozenset((edge.source, edge.target)) for edge in (*clear, *ambiguous))
        twice = [sorted(pair) for pair, times in named.items() if times > 1]
        faults = [
            Fault(str(path), f"{' '.join(one)} - {' '.join(other)} occurs twice", "keep one")
            for one, other in twice
        ]
        if faults:
            raise GraphError(f"{path} names {len(faults)} pairs more than once", faults=faults)
        return cls(clear, tuple((edge.source, edge.target) for edge in ambiguous))


def check_known_pairs(
    graph: SignedGraph, known: KnownPairs | Iterable[Edge] | SignedGraph
) -> KnownPairsCheck:
    """Compare a graph with pairs whose signs are beyond doubt.

    Parameters
    ----------
    graph : SignedGraph
        What is checked.
    known : KnownPairs, iterable of Edge, or SignedGraph
        The obvious pairs, and perhaps the ambiguous ones: `KnownPairs.read_csv` reads a file.
        A graph read from your own edges.csv will do (read it with ``neutral="keep"`` if it
        contains neutral pairs). `published_pairs()` are an example.

    Raises
    ------
    GraphError
        If none of the pairs has both its attributes in the graph, or they are no edges.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> from campaignkit.edges import TraitScorer, build_graph
    >>> graph = build_graph(Catalogue.bundled("starter-27"), scorer=TraitScorer()).graph
    >>> check_known_pairs(graph, published_pairs()).correct_frac > 0.8
    True
    """
    pairs = known if isinstance(known, KnownPairs) else KnownPairs(_edges_of(known))
    named = [*((edge.source, edge.target) for edge in pairs.clear), *pairs.ambiguous]
    signs = {pair: graph.sign(*pair) for pair in named if all(k in graph.catalogue for k in pair)}
    if not signs:
        raise GraphError(
            f"none of the {len(named)} known pairs has both its attributes in the graph",
            hint="write the names as the catalogue does: (modality, value)",
        )
    clear = [
        (edge, signs[edge.source, edge.target])
        for edge in pairs.clear
        if (edge.source, edge.target) in signs
    ]
    return KnownPairsCheck(
        right=tuple((edge, sign) for edge, sign in clear if edge.sign == sign),
        wrong=tuple((edge, sign) for edge, sign in clear if edge.sign != sign),
        not_there=tuple(pair for pair in named if pair not in signs),
        ambiguous=tuple((pair, signs[pair]) for pair in pairs.ambiguous if pair in signs),
    )


def published_pairs() -> tuple[Edge, ...]:
    """The obvious pairs that the published reports name, as an example of such a list.

    Examples
    --------
    >>> for edge in published_pairs()[4:6]:
    ...     print(edge.source[1], "-", edge.target[1], edge.sign)
    Sephora - Beauty & Personal Care 1
    Budget Shoppers - Rolex -1
    """
    return tuple(
        Edge((one, first), (other, second), sign) for one, first, other, second, sign in _PUBLISHED
    )


def _edges_of(known: object) -> tuple[Edge, ...]:
    listed = known.edges() if isinstance(known, SignedGraph) else known
    edges = tuple(listed) if isinstance(listed, Iterable) else ()
    if not edges or not all(isinstance(edge, Edge) for edge in edges):
        raise GraphError(
            f"known pairs are {known!r:.60}; expected edges or a graph",
            hint="KnownPairs.read_csv(path) reads them from a file",
        )
    return edges
