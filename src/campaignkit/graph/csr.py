"""The two derived forms of a graph's signs: neighbour lists, and a dense matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import GraphError
from campaignkit.graph.columns import EdgeColumns

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
