"""What outcomes say of the edges of a graph, one verdict each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Key
from campaignkit.errors import GraphError
from campaignkit.graph import SignedGraph

_SHOWN = 10


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
        Campaigns that hold both ends.
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
class EdgeOutcomes:
    """The signs of a graph against outcomes; arrays in the order of the graph's edge table.

    Attributes
    ----------
    graph : SignedGraph
        The one that was validated.
    num_rows, num_unknown : int
        Campaigns; attributes of theirs that the graph does not hold.
    num_campaigns : int64[m]
        Campaigns that hold both ends of each edge.
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
    effect: NDArray[np.float64]
    effect_sd: NDArray[np.float64]
    wrong_probability: NDArray[np.float64]
    verdict: NDArray[np.uint8]
    size: float
    size_sd: float
    explained_frac: float
    wrong_frac: float
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
        """What is said of one row of the graph's edge table."""
        columns, catalogue = self.graph.columns, self.graph.catalogue
        return EdgeOutcome(
            source=catalogue[int(columns.source[row])].key,
            target=catalogue[int(columns.target[row])].key,
            sign=int(columns.sign[row]),
            num_campaigns=int(self.num_campaigns[row]),
            effect=float(self.effect[row]),
            effect_sd=float(self.effect_sd[row]),
            wrong_probability=float(self.wrong_probability[row]),
            verdict=Verdict(int(self.verdict[row])).word,
        )

    def flipped(self) -> SignedGraph:
        """The graph with the proposed flips made; each says so in its reason.

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
            if edge is None:
                raise GraphError(f"{told.source} - {told.target} is no longer in the graph")
            edges.append(replace(edge, sign=-told.sign, decided_by="learned",
                                 probability=told.wrong_probability, strength=told.effect,
                                 reason=_reason(told)))  # fmt: skip
        return self.graph.with_edges(edges) if edges else self.graph

    def to_frame(self, backend: str = "pandas") -> Any:  # a frame of the library asked for
        """A table with one row an edge, of ``"pandas"``, ``"polars"`` or ``"pyarrow"``.

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
        import narwhals as nw

        names = ["source_modality", "source", "target_modality", "target",
                 *(field.name for field in fields(EdgeOutcome)[2:])]  # fmt: skip
        rows = [(*told.source, *told.target, *astuple(told)[2:]) for told in self]
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        choice: Any = backend
        return nw.from_dict(columns, backend=choice).to_native()

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


def _reason(told: EdgeOutcome) -> str:
    return (
        f"{told.num_campaigns:,} campaigns: effect {told.effect:+.3g} "
        f"(sd {told.effect_sd:.2g}), wrong with probability {told.wrong_probability:.3f}"
    )
