"""What can be asked of a signed graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.errors import GraphError
from campaignkit.graph.columns import EdgeColumns
from campaignkit.graph.csr import CsrSigns, csr_signs, dense_signs
from campaignkit.graph.edge import Edge, Key
from campaignkit.graph.edits import NodeLike, row_of
from campaignkit.graph.from_arrays import modality_codes
from campaignkit.graph.identity import graph_digest
from campaignkit.graph.pair_counts import PairCounts, count_pairs
from campaignkit.graph.settle import pair_keys


class GraphQuestions:
    """Signs, neighbours, counts and derived forms of a settled table; see `SignedGraph`."""

    def __init__(self, catalogue: Catalogue, columns: EdgeColumns) -> None:
        # Settled tables only: the constructors below are the doors that check.
        self.catalogue = catalogue
        self.columns = columns

    def sign(self, a: NodeLike, b: NodeLike) -> int:
        """1, -1, or 0 where the pair is neutral or was never judged.

        Raises
        ------
        UnknownAttribute
            With what is spelled nearly so.
        """
        row = self._row(a, b)
        return 0 if row is None else int(self.columns.sign[row])

    def edge(self, a: NodeLike, b: NodeLike) -> Edge | None:
        """The judgement of a pair with its provenance, neutral ones included, or None."""
        row = self._row(a, b)
        return None if row is None else self._edge(row)

    def neighbors(self, a: NodeLike, sign: int | None = None) -> dict[Key, int]:
        """The attributes with a + or - edge to `a`, in catalogue order, and the signs.

        Parameters
        ----------
        sign : {1, -1} or None
            Only the edges of this sign.
        """
        if sign not in (None, 1, -1):
            raise GraphError(f"sign is {sign!r}; expected 1, -1 or None (both)")
        nodes, signs = self.csr.of(self.catalogue.index(a))
        return {
            self.catalogue[node].key: held
            for node, held in zip(nodes.tolist(), signs.tolist(), strict=True)
            if sign in (None, held)
        }

    def edges(self, *, neutrals: bool = True) -> Iterator[Edge]:
        """Every judged pair once, in node order; without the neutral ones if so asked."""
        for row in range(len(self.columns)):
            if neutrals or self.columns.sign[row]:
                yield self._edge(row)

    def by_modality_pair(self) -> Mapping[Key, PairCounts]:
        """Counts for each pair of modalities, in catalogue order."""
        return count_pairs(self)

    @cached_property
    def signs(self) -> NDArray[np.int8]:
        """int8[n, n]: -1, 0 or 1, symmetric, zero diagonal, read-only; up to 20,000 nodes."""
        return dense_signs(self.columns, self.num_nodes)

    @cached_property
    def csr(self) -> CsrSigns:
        """The + and - edges as neighbour lists; the form for large graphs."""
        return csr_signs(self.columns, self.num_nodes)

    @cached_property
    def modality_codes(self) -> NDArray[np.int32]:
        """int32[n]: position in ``catalogue.modalities`` of each node's modality."""
        return modality_codes(self.catalogue)

    @cached_property
    def digest(self) -> str:
        """``"sha256:..."`` of attributes and signs, whatever the order of nodes and rows."""
        return graph_digest(self.catalogue, self.columns)

    @property
    def num_nodes(self) -> int:
        """Number of attributes."""
        return len(self.catalogue)

    @property
    def num_edges(self) -> int:
        """Number of + and - edges."""
        return self.num_positive + self.num_negative

    @property
    def num_positive(self) -> int:
        """Number of + edges."""
        return int((self.columns.sign > 0).sum())

    @property
    def num_negative(self) -> int:
        """Number of - edges."""
        return int((self.columns.sign < 0).sum())

    @property
    def num_neutral(self) -> int:
        """Number of pairs judged neutral."""
        return len(self.columns) - self.num_edges

    @cached_property
    def _keys(self) -> NDArray[np.int64]:
        return pair_keys(self.columns.source, self.columns.target, self.num_nodes)

    def _row(self, a: NodeLike, b: NodeLike) -> int | None:
        low, high = sorted((self.catalogue.index(a), self.catalogue.index(b)))
        return row_of(self.columns, self._keys, low * self.num_nodes + high)

    def _edge(self, row: int) -> Edge:
        ends = int(self.columns.source[row]), int(self.columns.target[row])
        return self.columns.edge(row, *(self.catalogue[end].key for end in ends))

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same attributes and edges, provenance included."""
        if not isinstance(other, GraphQuestions):
            return NotImplemented
        return self.catalogue == other.catalogue and self.columns.equals(other.columns)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        neutral = f", {self.num_neutral} neutral" if self.num_neutral else ""
        counts = f"{self.num_positive} +, {self.num_negative} -{neutral}"
        return f"SignedGraph({self.num_nodes} nodes, {counts})"
