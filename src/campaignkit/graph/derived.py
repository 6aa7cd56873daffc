"""What is derived of a graph: neighbour lists, dense signs, counts, its numbering and digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.errors import GraphError
from campaignkit.graph.columns import EdgeColumns
from campaignkit.graph.edge import Key
from campaignkit.graph.from_python import modality_codes

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

    @property
    def num_nodes(self) -> int:
        """Number of nodes."""
        return len(self.indptr) - 1

    def of(self, node: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """The neighbours of a node and their signs."""
        span = slice(int(self.indptr[node]), int(self.indptr[node + 1]))
        return self.indices[span], self.signs[span]


def csr_signs(columns: EdgeColumns, num_nodes: int) -> CsrSigns:
    """Neighbour lists of a settled edge table."""
    real = columns.sign != 0
    low, high, sign = columns.source[real], columns.target[real], columns.sign[real]
    rows = np.concatenate([low, high])
    # Two stable passes, the minor key first: ascending neighbours within ascending nodes.
    neighbours = np.concatenate([high, low])
    order = np.lexsort((neighbours, rows))
    indptr = np.zeros(num_nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=num_nodes), out=indptr[1:])
    form = CsrSigns(indptr, neighbours[order], np.concatenate([sign, sign])[order])
    for array in (form.indptr, form.indices, form.signs):
        array.setflags(write=False)
    return form


def dense_signs(columns: EdgeColumns, num_nodes: int) -> NDArray[np.int8]:
    """The symmetric int8[n, n] matrix of a settled edge table; read-only, zero diagonal.

    Raises
    ------
    GraphError
        Above ``DENSE_LIMIT`` nodes.
    """
    if num_nodes > DENSE_LIMIT:
        raise GraphError(
            f"a dense matrix of {num_nodes:,} nodes would take {num_nodes**2 / 1e9:.1f} GB; "
            f"it is made up to {DENSE_LIMIT:,} nodes",
            hint="use graph.csr",
        )
    signs = np.zeros((num_nodes, num_nodes), dtype=np.int8)
    signs[columns.source, columns.target] = columns.sign
    signs[columns.target, columns.source] = columns.sign
    signs.setflags(write=False)
    return signs


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


def count_pairs(catalogue: Catalogue, columns: EdgeColumns) -> dict[Key, PairCounts]:
    """The counts of every pair of modalities; see :meth:`SignedGraph.by_modality_pair`."""
    modalities, codes = catalogue.modalities, modality_codes(catalogue)
    m = len(modalities)
    one, other = codes[columns.source], codes[columns.target]
    cells = (np.minimum(one, other).astype(np.int64) * m + np.maximum(one, other)) * 3
    counts = np.bincount(cells + columns.sign + 1, minlength=m * m * 3).reshape(m, m, 3).tolist()
    sizes = np.bincount(codes, minlength=m).tolist()
    return {
        (modalities[i], modalities[j]): PairCounts(
            num_pairs=sizes[i] * sizes[j],
            num_positive=counts[i][j][2],
            num_negative=counts[i][j][0],
            num_neutral=counts[i][j][1],
        )
        for i, j in combinations(range(m), 2)
    }


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


def graph_digest(catalogue: Catalogue, columns: EdgeColumns) -> str:
    """``"sha256:..."`` of identities and signs, whatever the order of nodes, rows and ends.

    Neutral judgements, reasons and provenance change nothing that can be sampled and are not in
    it.
    """
    ranks = np.argsort(canonical_order(catalogue)).astype(np.int32)
    real = columns.sign != 0
    one, other = ranks[columns.source[real]], ranks[columns.target[real]]
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((high, low))
    identities = sorted(attribute.key for attribute in catalogue)
    hasher = hashlib.sha256(b"campaignkit.graph.1\n")
    hasher.update(json.dumps(identities, ensure_ascii=False, separators=(",", ":")).encode())
    for array, kind in ((low, "<i4"), (high, "<i4"), (columns.sign[real], "|i1")):
        hasher.update(array[order].astype(kind).tobytes())
    return "sha256:" + hasher.hexdigest()
