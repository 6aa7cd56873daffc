"""How far two graphs agree: not by recall alone, which answering + everywhere would win."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from campaignkit.distinct import distinct
from campaignkit.graph.edge import Key
from campaignkit.graph.signed_graph import SignedGraph

_SHARES = (
    "edge_recall",
    "edge_precision",
    "sign_agreement",
    "three_way_agreement",
    "kappa",
    "negative_recall",
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of two graphs over a set of pairs, from one table of counts.

    Attributes
    ----------
    counts : 3 x 3 tuple of int
        Pairs by sign in the reference (rows) and in the candidate (columns), each in the order
        -, none, +. Neutral judgements count as none.

    Examples
    --------
    >>> agreement = Agreement(((4, 1, 0), (0, 3, 2), (1, 1, 8)))
    >>> agreement.num_pairs, agreement.three_way_agreement
    (20, 0.75)
    >>> agreement.edge_recall, agreement.negative_recall
    (0.8666666666666667, 0.8)
    """

    counts: tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]

    @property
    def num_pairs(self) -> int:
        """Pairs compared."""
        return sum(map(sum, self.counts))

    @property
    def num_common(self) -> int:
        """Pairs that are edges in both, whatever the sign."""
        return self.num_same_sign + self.counts[0][2] + self.counts[2][0]

    @property
    def num_same_sign(self) -> int:
        """Edges in both with the same sign."""
        return self.counts[0][0] + self.counts[2][2]

    @property
    def edge_recall(self) -> float | None:
        """Share of the reference's edges that are edges in the candidate; None without any."""
        return _share(self.num_common, sum(self.counts[0]) + sum(self.counts[2]))

    @property
    def edge_precision(self) -> float | None:
        """Share of the candidate's edges that are edges in the reference; None without any."""
        found = sum(row[0] + row[2] for row in self.counts)
        return _share(self.num_common, found)

    @property
    def sign_agreement(self) -> float | None:
        """Share of the common edges with the same sign; None without any."""
        return _share(self.num_same_sign, self.num_common)

    @property
    def three_way_agreement(self) -> float | None:
        """Share of all pairs on which both say the same of +, - and none."""
        return _share(sum(self.counts[i][i] for i in range(3)), self.num_pairs)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa over +, - and none; None where chance alone agrees on every pair."""
        observed = self.three_way_agreement
        if observed is None:
            return None
        columns = [sum(row[j] for row in self.counts) for j in range(3)]
        chance = sum(sum(self.counts[i]) * columns[i] for i in range(3)) / self.num_pairs**2
        return None if chance == 1 else (observed - chance) / (1 - chance)

    @property
    def negative_recall(self) -> float | None:
        """Share of the reference's - edges that are - in the candidate; None without any."""
        return _share(self.counts[0][0], sum(self.counts[0]))

    def table_cells(self) -> list[str]:
        """Edge recall and precision, sign, three-way, kappa, - recall: 10 columns wide each."""
        shares = [getattr(self, name) for name in _SHARES]
        return [f"{'-':>10}" if share is None else f"{share:>10.3f}" for share in shares]

    def to_dict(self) -> dict[str, object]:
        """The counts and all measures, as JSON values."""
        names = ("num_pairs", "num_common", "num_same_sign", *_SHARES)
        measures = {name: getattr(self, name) for name in names}
        return measures | {"counts": [list(row) for row in self.counts]}


@dataclass(frozen=True, slots=True)
class GraphComparison:
    """What `compare` found.

    Attributes
    ----------
    overall : Agreement
        Over all pairs of common attributes of different modalities.
    by_modality_pair : mapping of (modality, modality) to Agreement
        The same for each pair of modalities, in the reference's order.
    only_in_reference, only_in_candidate : tuple of (modality, value)
        Attributes that only one graph has. They and their edges are not compared.

    Examples
    --------
    >>> from campaignkit.graph import Edge
    >>> nike, japan = ("brand", "Nike"), ("geo", "Japan")
    >>> one = SignedGraph.from_edges([Edge(nike, japan, 1)])
    >>> compare(one, one).overall.kappa is None, compare(one, one).only_in_candidate
    (True, ())
    """

    overall: Agreement
    by_modality_pair: Mapping[Key, Agreement]
    only_in_reference: tuple[Key, ...]
    only_in_candidate: tuple[Key, ...]

    def __repr__(self) -> str:
        all_of = self.overall
        return f"GraphComparison({all_of.num_pairs:,} pairs, {all_of.num_same_sign:,} same signs)"

    def to_dict(self) -> dict[str, object]:
        """All of it as JSON values; modality pairs as a list of objects."""
        pairs = [
            {"modalities": list(pair), **agreement.to_dict()}
            for pair, agreement in self.by_modality_pair.items()
        ]
        return {
            "overall": self.overall.to_dict(),
            "by_modality_pair": pairs,
            "only_in_reference": [list(key) for key in self.only_in_reference],
            "only_in_candidate": [list(key) for key in self.only_in_candidate],
        }


def compare(reference: SignedGraph, candidate: SignedGraph) -> GraphComparison:
    """Measure how far `candidate` says what `reference` says.

    Compared are all pairs of attributes of different modalities that **both** graphs have; what
    only one has is listed in the result. An attribute is the same by (modality, value), whatever
    its number. Neutral and never judged are both "none".

    Parameters
    ----------
    reference : SignedGraph
        What recall is a share of.
    candidate : SignedGraph
        What precision is a share of.

    Examples
    --------
    >>> from campaignkit.graph import Edge
    >>> nike, japan, peru = ("brand", "Nike"), ("geo", "Japan"), ("geo", "Peru")
    >>> a = SignedGraph.from_edges([Edge(nike, japan, 1), Edge(nike, peru, -1)])
    >>> b = SignedGraph.from_edges([Edge(nike, japan, 1), Edge(nike, peru, 1)])
    >>> compare(a, b).overall.sign_agreement
    0.5
    """
    ours, theirs = reference.catalogue, candidate.catalogue
    shared = [position for position, a in enumerate(ours) if a.key in theirs]
    table = _count(reference, candidate, shared)
    modalities = ours.modalities
    m = len(modalities)
    sizes = np.bincount(reference.modality_codes[shared], minlength=m).tolist()
    by_pair = {
        (modalities[i], modalities[j]): _agreement(table[i * m + j], sizes[i] * sizes[j])
        for i, j in combinations(range(m), 2)
        if sizes[i] * sizes[j]
    }
    return GraphComparison(
        overall=_agreement(table.sum(axis=0), sum(a.num_pairs for a in by_pair.values())),
        by_modality_pair=by_pair,
        only_in_reference=tuple(a.key for a in ours if a.key not in theirs),
        only_in_candidate=tuple(a.key for a in theirs if a.key not in ours),
    )


def _count(reference: SignedGraph, candidate: SignedGraph, shared: list[int]) -> NDArray[np.int64]:
    """int64[m * m, 9]: edges of either graph by modality pair and by (sign here, sign there)."""
    n, m = reference.num_nodes, len(reference.catalogue.modalities)
    there = [candidate.catalogue.index(reference.catalogue[position]) for position in shared]
    keys, signs = [], []
    for graph, positions in ((reference, shared), (candidate, there)):
        number = np.full(graph.num_nodes, -1, dtype=np.int64)
        number[positions] = shared
        ends = np.sort(number[np.stack([graph.columns.source, graph.columns.target])], axis=0)
        kept = (graph.columns.sign != 0) & (ends[0] >= 0)
        keys.append(ends[0][kept] * n + ends[1][kept])
        signs.append(graph.columns.sign[kept])
    either = distinct(*keys)
    held = np.zeros((2, len(either)), dtype=np.int64)
    for row in range(2):
        held[row, np.searchsorted(either, keys[row])] = signs[row]
    pairs = np.stack(np.divmod(either, max(n, 1)))
    one, other = np.sort(reference.modality_codes[pairs].astype(np.int64), axis=0)
    cell = (one * m + other) * 9 + (held[0] + 1) * 3 + held[1] + 1
    return np.bincount(cell, minlength=m * m * 9).reshape(m * m, 9)


def _agreement(cells: NDArray[np.int64], num_pairs: int) -> Agreement:
    counts = cells.tolist()
    counts[4] = num_pairs - sum(counts)  # none in both: all pairs that are an edge in neither
    first, second, third = (tuple(counts[at : at + 3]) for at in (0, 3, 6))
    return Agreement((first, second, third))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
