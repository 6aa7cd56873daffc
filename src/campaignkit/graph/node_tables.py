"""A graph as kernels want it: canonical numbers, types side by side, rows padded to vectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.canonical import canonical_order

if TYPE_CHECKING:
    from campaignkit.graph.signed_graph import SignedGraph

# Up to here bit rows and a byte plane are kept (67 MB and 2 x 8 MB); above, lists of neighbours.
DENSE_NODES = 8192
_BITS_A_VECTOR = 512
_BYTES_A_VECTOR = 64


class DenseArrays(NamedTuple):
    """A graph for kernels as bit rows and a byte plane.

    Attributes
    ----------
    type_start : int64[T + 1]
        Type t holds the nodes type_start[t] .. type_start[t + 1] - 1.
    num_words : int
        uint64 words of a node-set mask and of a bit row, a multiple of 8.
    stride : int
        Bytes of a degree plane and of a sign row, a multiple of 64, at least the number of nodes.
    pos_bits, neg_bits : uint64[n * num_words]
        Bit v of row u is set if (u, v) is a positive (negative) edge.
    plane : int8[n * stride]
        The sign of (u, v).
    """

    type_start: NDArray[np.int64]
    num_words: int
    stride: int
    pos_bits: NDArray[np.uint64]
    neg_bits: NDArray[np.uint64]
    plane: NDArray[np.int8]


class ListedArrays(NamedTuple):
    """A graph for kernels as lists of neighbours; the first three fields are those above.

    Attributes
    ----------
    indptr, indices, signs : int64[n + 1], int32[m], int8[m]
        Neighbours of u and the signs to them.
    """

    type_start: NDArray[np.int64]
    num_words: int
    stride: int
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    signs: NDArray[np.int8]


GraphArrays = DenseArrays | ListedArrays


@dataclass(frozen=True)
class NodeTables:
    """The part of a graph that some modalities span, in canonical numbers.

    Parameters
    ----------
    keys : tuple of (str, str)
        (modality, value) of each node, in canonical order.
    modalities : tuple of str
        In code-point order; type t is modality t.
    type_start : int64[T + 1]
        Type t holds the nodes type_start[t] .. type_start[t + 1] - 1.
    indptr, indices, signs : int64[n + 1], int32[m], int8[m]
        The edges in CSR form, symmetric, +1 and -1 only, ascending within a row.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("a", "x"), ("b", "y"), 1)])
    >>> NodeTables.from_graph(graph).num_nodes
    2
    """

    keys: tuple[tuple[str, str], ...]
    modalities: tuple[str, ...]
    type_start: NDArray[np.int64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    signs: NDArray[np.int8]

    @classmethod
    def from_graph(cls, graph: SignedGraph, modalities: Iterable[str] | None = None) -> NodeTables:
        """The tables of a graph, or of the subgraph that some of its modalities span."""
        order = canonical_order(graph.catalogue, modalities)
        keys = tuple(graph.catalogue[int(position)].key for position in order)
        names = tuple(sorted({modality for modality, _ in keys}))
        sizes = dict.fromkeys(names, 0)
        for modality, _ in keys:
            sizes[modality] += 1
        type_start = np.cumsum([0, *sizes.values()], dtype=np.int64)
        indptr, indices, signs = _renumbered(graph, order)
        return cls(keys, names, type_start, indptr, indices, signs)

    @property
    def num_nodes(self) -> int:
        """How many nodes the tables hold."""
        return len(self.keys)

    @cached_property
    def arrays(self) -> GraphArrays:
        """What kernels read; dense up to ``DENSE_NODES`` nodes."""
        return self.arrays_as(is_dense=self.num_nodes <= DENSE_NODES)

    def arrays_as(self, *, is_dense: bool) -> GraphArrays:
        """The same in a chosen form: both give the same draws."""
        from campaignkit.graph.kernels.vectors import aligned_zeros, padded

        n = self.num_nodes
        num_words = padded(n, _BITS_A_VECTOR) // 64
        stride = padded(n, _BYTES_A_VECTOR)
        start = self.type_start
        if not is_dense:
            return ListedArrays(start, num_words, stride, self.indptr, self.indices, self.signs)
        plane = aligned_zeros(n * stride, np.int8)
        square = plane.reshape(n, stride)
        square[np.repeat(np.arange(n), np.diff(self.indptr)), self.indices] = self.signs
        pos_bits = aligned_zeros(n * num_words, np.uint64)
        neg_bits = aligned_zeros(n * num_words, np.uint64)
        _set_bits(pos_bits, square > 0)
        _set_bits(neg_bits, square < 0)
        return DenseArrays(start, num_words, stride, pos_bits, neg_bits, plane)


def _set_bits(bits: NDArray[np.uint64], which: NDArray[np.bool_]) -> None:
    packed = np.packbits(which, axis=1, bitorder="little")
    row_bytes = bits.size * 8 // len(which)
    bits.view(np.uint8).reshape(len(which), row_bytes)[:, : packed.shape[1]] = packed


def _renumbered(
    graph: SignedGraph, order: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int8]]:
    number_of = np.full(len(graph.catalogue), -1, np.int32)
    number_of[order] = np.arange(len(order), dtype=np.int32)
    csr = graph.csr
    rows = np.repeat(number_of, np.diff(csr.indptr))
    columns = number_of[csr.indices]
    kept = (rows >= 0) & (columns >= 0)
    rows, columns, signs = rows[kept], columns[kept], csr.signs[kept]
    by_row = np.lexsort((columns, rows))
    indptr = np.zeros(len(order) + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=len(order)), out=indptr[1:])
    return indptr, columns[by_row], signs[by_row]
