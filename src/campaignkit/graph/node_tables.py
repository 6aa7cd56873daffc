"""A graph as kernels want it: canonical numbers, types side by side, rows padded to vectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.derived import canonical_order
from campaignkit.store import digest_bytes

if TYPE_CHECKING:
    from campaignkit.graph.signed_graph import SignedGraph

# Up to here bit rows and a byte plane are kept (2 x 8 and 67 MB); above, neighbour lists. From the
# lower limit on they need one neighbour for every 64 nodes: a dense step touches 64 nodes at a
# time, a listed one each neighbour.
DENSE_NODES = 8192
_SURELY_DENSE_NODES = 4096
_NODES_A_NEIGHBOUR = 64
_BITS_A_VECTOR = 512
_BYTES_A_VECTOR = 64
_UNPACKING = Lock()


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
class GraphLists:
    """A graph as lists of neighbours without names: what travels to a worker.

    Equal and hashed by its digest, so that a worker can keep what it makes of it. Each task brings
    it along, at two or four bytes an edge; a process unpacks it once.

    Attributes
    ----------
    listed : ListedArrays
    digest : str
        Content digest of the arrays.
    is_dense : bool
        Whether kernels get bit rows and a plane, or the lists as they are; both give the same
        draws.
    """

    listed: ListedArrays = field(compare=False)
    digest: str
    is_dense: bool

    def __reduce__(self) -> tuple[object, ...]:
        return _unpacked, (self._packed, self.digest, self.is_dense)

    @cached_property
    def _packed(self) -> tuple[bytes, ...]:
        """Types, edges from each node to later ones, those nodes, and which edges are positive."""
        listed = self.listed
        n = len(listed.indptr) - 1
        rows = np.repeat(np.arange(n, dtype=np.int32), np.diff(listed.indptr))
        is_first = rows < listed.indices
        later = np.bincount(rows[is_first], minlength=n).astype(np.int32)
        return (
            listed.type_start.tobytes(),
            later.tobytes(),
            listed.indices[is_first].astype(_number_of(n)).tobytes(),
            np.packbits(listed.signs[is_first] > 0).tobytes(),
        )

    @cached_property
    def arrays(self) -> GraphArrays:
        """What kernels read."""
        from campaignkit.graph.kernels.vectors import aligned_zeros

        listed = self.listed
        if not self.is_dense:
            return listed
        n, stride, num_words = len(listed.indptr) - 1, listed.stride, listed.num_words
        plane = aligned_zeros(n * stride, np.int8)
        square = plane.reshape(n, stride)
        square[np.repeat(np.arange(n), np.diff(listed.indptr)), listed.indices] = listed.signs
        pos_bits, neg_bits = aligned_zeros(2 * n * num_words, np.uint64).reshape(2, -1)
        for bits, which in ((pos_bits, square > 0), (neg_bits, square < 0)):
            packed = np.packbits(which, axis=1, bitorder="little")
            bits.view(np.uint8).reshape(n, num_words * 8)[:, : packed.shape[1]] = packed
        return DenseArrays(listed.type_start, num_words, stride, pos_bits, neg_bits, plane)


def _unpacked(*packed: Any) -> GraphLists:  # what `GraphLists.__reduce__` gives
    """The lists that travelled: unpacked once in each process, by whichever thread is first."""
    with _UNPACKING:
        lists = _unpack(*packed)
        _ = lists.arrays
        return lists


@lru_cache(maxsize=2)
def _unpack(packed: tuple[bytes, ...], digest: str, is_dense: bool) -> GraphLists:
    type_start, later, columns, is_positive = packed
    counts = np.frombuffer(later, np.int32)
    n = len(counts)
    source = np.repeat(np.arange(n, dtype=np.int32), counts)
    target = np.frombuffer(columns, _number_of(n)).astype(np.int32)
    bits = np.unpackbits(np.frombuffer(is_positive, np.uint8), count=len(source))
    sign = 2 * bits.astype(np.int8) - 1
    rows, other = np.concatenate([source, target]), np.concatenate([target, source])
    # Copied: kernels are compiled for arrays that can be written, and bytes cannot.
    types = np.frombuffer(type_start, np.int64).copy()
    listed = _listed(types, rows, other, np.concatenate([sign, sign]))
    return GraphLists(listed, digest, is_dense)


@dataclass(frozen=True, eq=False)
class NodeTables:
    """The part of a graph that some of its nodes span, in canonical numbers.

    Attributes
    ----------
    keys : tuple of (str, str)
        (modality, value) of each node, in canonical order.
    modalities : tuple of str
        In code-point order; type t is modality t.
    lists : GraphLists
        The edges.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("a", "x"), ("b", "y"), 1)])
    >>> NodeTables.from_graph(graph).keys
    (('a', 'x'), ('b', 'y'))
    """

    keys: tuple[tuple[str, str], ...]
    modalities: tuple[str, ...]
    lists: GraphLists

    @classmethod
    def from_graph(
        cls,
        graph: SignedGraph,
        modalities: Iterable[str] | None = None,
        *,
        order: NDArray[np.int32] | None = None,
        is_dense: bool | None = None,
    ) -> NodeTables:
        """The tables of a graph, or of the subgraph that some of its nodes span.

        Parameters
        ----------
        graph : SignedGraph
        modalities : iterable of str, optional
            The modalities whose nodes are taken.
        order : int32[m], optional
            Or the catalogue positions of the nodes, in canonical order.
        is_dense : bool, optional
            By default tables are dense up to ``DENSE_NODES`` nodes, or fewer where edges are few.
        """
        if order is None:
            order = canonical_order(graph.catalogue, modalities)
        keys = tuple(graph.catalogue[int(position)].key for position in order)
        names, sizes = np.unique([modality for modality, _ in keys], return_counts=True)
        type_start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        n = len(keys)
        number_of = np.full(len(graph.catalogue), -1, np.int32)
        number_of[order] = np.arange(n, dtype=np.int32)
        csr = graph.csr
        rows = np.repeat(number_of, np.diff(csr.indptr))
        columns = number_of[csr.indices]
        kept = (rows >= 0) & (columns >= 0)
        listed = _listed(type_start, rows[kept], columns[kept], csr.signs[kept])
        arrays = (type_start, listed.indptr, listed.indices, listed.signs)
        digest = digest_bytes(b"".join(array.tobytes() for array in arrays))
        if is_dense is None:
            is_sparse = len(listed.indices) * _NODES_A_NEIGHBOUR < n * n
            is_dense = 0 < n <= DENSE_NODES and not (n > _SURELY_DENSE_NODES and is_sparse)
        return cls(keys, tuple(str(name) for name in names), GraphLists(listed, digest, is_dense))

    @property
    def num_nodes(self) -> int:
        """How many nodes the tables hold."""
        return len(self.keys)

    @property
    def arrays(self) -> GraphArrays:
        """What kernels read."""
        return self.lists.arrays


def _listed(
    type_start: NDArray[np.int64],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    signs: NDArray[np.int8],
) -> ListedArrays:
    """Neighbour lists, ascending, of edges that are given in both directions, in any order."""
    n = int(type_start[-1])
    # What lexsort gives; numpy sorts 16-bit keys by radix, at a tenth of its cost.
    key = np.uint16 if n <= 1 << 16 else np.int32
    by_column = np.argsort(columns.astype(key), kind="stable")
    by_row = by_column[np.argsort(rows[by_column].astype(key), kind="stable")]
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=n), out=indptr[1:])
    return ListedArrays(
        type_start,
        -(-n // _BITS_A_VECTOR) * (_BITS_A_VECTOR // 64),
        -(-n // _BYTES_A_VECTOR) * _BYTES_A_VECTOR,
        indptr,
        columns[by_row],
        signs[by_row],
    )


def _number_of(num_nodes: int) -> type[np.unsignedinteger[Any]]:
    return np.uint16 if num_nodes <= 1 << 16 else np.uint32
