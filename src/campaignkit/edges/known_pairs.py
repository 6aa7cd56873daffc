"""A controlled check of correctness: obvious pairs that every graph should get right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from campaignkit.errors import GraphError
from campaignkit.graph import Edge, SignedGraph

_SIGNS = {1: "+", -1: "-", 0: "0"}
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
    not_there : tuple of Edge
        Pairs of which the graph lacks an attribute; not counted.

    Examples
    --------
    >>> check = KnownPairsCheck(right=(), wrong=(), not_there=())
    >>> check.num_checked, check.correct_frac is None
    (0, True)
    """

    right: tuple[tuple[Edge, int], ...]
    wrong: tuple[tuple[Edge, int], ...]
    not_there: tuple[Edge, ...]

    @property
    def num_checked(self) -> int:
        """Pairs that were looked up."""
        return len(self.right) + len(self.wrong)

    @property
    def correct_frac(self) -> float | None:
        """Share of them with the expected sign; None without any."""
        return len(self.right) / self.num_checked if self.num_checked else None

    def __str__(self) -> str:
        lines = [f"{len(self.right)} of {self.num_checked} known pairs have the expected sign"]
        lines += [
            f"  {': '.join(edge.source)} - {': '.join(edge.target)}: "
            f"expected {_SIGNS[edge.sign]}, is {_SIGNS[found]}"
            for edge, found in self.wrong
        ]
        if self.not_there:
            lines.append(f"  {len(self.not_there)} name attributes that are not in the graph")
        return "\n".join(lines)


def check_known_pairs(graph: SignedGraph, known: Iterable[Edge] | SignedGraph) -> KnownPairsCheck:
    """Compare a graph with pairs whose signs are beyond doubt.

    Parameters
    ----------
    graph : SignedGraph
        What is checked.
    known : iterable of Edge, or SignedGraph
        The obvious pairs: a graph read from your own edges.csv will do (read it with
        ``neutral="keep"`` if it holds neutral pairs). `published_pairs()` are an example.

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
    listed = _edges_of(known)
    here = [e for e in listed if e.source in graph.catalogue and e.target in graph.catalogue]
    if not here:
        raise GraphError(
            f"none of the {len(listed)} known pairs has both its attributes in the graph",
            hint="write the names as the catalogue does: (modality, value)",
        )
    found = [(edge, graph.sign(edge.source, edge.target)) for edge in here]
    return KnownPairsCheck(
        right=tuple((edge, sign) for edge, sign in found if edge.sign == sign),
        wrong=tuple((edge, sign) for edge, sign in found if edge.sign != sign),
        not_there=tuple(edge for edge in listed if edge not in here),
    )


def published_pairs() -> tuple[Edge, ...]:
    """The obvious pairs that the published reports name, as an example of such a list.

    Examples
    --------
    >>> [edge.sign for edge in published_pairs()].count(-1)
    5
    """
    return tuple(
        Edge((one, first), (other, second), sign) for one, first, other, second, sign in _PUBLISHED
    )


def _edges_of(known: object) -> list[Edge]:
    if isinstance(known, SignedGraph):
        return list(known.edges())
    listed = list(known) if isinstance(known, Iterable) else [known]
    edges = [edge for edge in listed if isinstance(edge, Edge)]
    if len(edges) < len(listed):
        raise GraphError(
            f"known pairs are {known!r:.60}; expected edges or a graph",
            hint="SignedGraph.read_csv(path, neutral='keep') reads them from a file",
        )
    return edges
