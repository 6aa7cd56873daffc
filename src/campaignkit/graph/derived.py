"""What is derived of a graph: the forms of its signs and counts, and its canonical numbering."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue

DENSE_LIMIT = 20_000  # nodes; 400 MB as int8


@dataclass(frozen=True, slots=True)
class CsrSigns:
    """The + and - edges of a graph as neighbour lists, symmetric and without neutrals.

    Attributes
    ----------
    indptr : int64[n + 1]
        The neighbours of node i lie at ``indptr[i]:indptr[i + 1]``.
    indices : int32[2 * edges]
        Neighbours, ascending within a node.
    signs : int8[2 * edges]
        -1 or 1, at the neighbours' positions.

    Examples
    --------
    >>> from campaignkit.graph import Edge, SignedGraph
    >>> nike = ("brand", "Nike")
    >>> edges = [Edge(nike, ("geo", "Peru"), 1), Edge(nike, ("geo", "Chile"), -1)]
    >>> csr = SignedGraph.from_edges(edges).csr
    >>> [array.tolist() for array in csr.of(0)]
    [[1, 2], [-1, 1]]
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    signs: NDArray[np.int8]

    def of(self, node: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """The neighbours of a node and their signs."""
        span = slice(int(self.indptr[node]), int(self.indptr[node + 1]))
        return self.indices[span], self.signs[span]


@dataclass(frozen=True, slots=True)
class PairCounts:
    """The pairs of attributes between two modalities, by sign.

    Attributes
    ----------
    num_pairs : int
        All of them, judged or not.
    num_positive, num_negative, num_neutral : int
        Those judged so.

    Examples
    --------
    >>> PairCounts(num_pairs=8, num_positive=4, num_negative=1, num_neutral=0).pos_frac
    0.5
    """

    num_pairs: int
    num_positive: int
    num_negative: int
    num_neutral: int

    @property
    def pos_frac(self) -> float:
        """Share of the pairs that is +."""
        return self.num_positive / self.num_pairs if self.num_pairs else 0.0

    @property
    def neg_frac(self) -> float:
        """Share of the pairs that is -."""
        return self.num_negative / self.num_pairs if self.num_pairs else 0.0


def canonical_order(
    catalogue: Catalogue, modalities: Iterable[str] | None = None
) -> NDArray[np.int32]:
    """Catalogue positions in canonical order, optionally of some modalities only.

    The order is by (modality, value) in code points. Catalogues keep their own; draws and data
    sets use this one, so that shuffled rows or swapped columns in a file give the same bytes.

    Returns
    -------
    int32[m]
        ``order[i]`` is the catalogue position of the node with canonical number i.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute, Catalogue
    >>> canonical_order(Catalogue([Attribute("b", "x"), Attribute("a", "y")])).tolist()
    [1, 0]
    """
    wanted = None if modalities is None else set(modalities)
    # Python compares str by code point, which is what makes this order the same everywhere.
    keyed = sorted(
        (attribute.modality, attribute.value, position)
        for position, attribute in enumerate(catalogue)
        if wanted is None or attribute.modality in wanted
    )
    return np.array([position for _, _, position in keyed], dtype=np.int32)
