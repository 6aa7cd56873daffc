"""A graph as kernels want it: canonical numbers, types side by side, rows padded to vectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
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
_ARRIVING = Lock()


class DenseArrays(NamedTuple):
    """A graph for kernels as bit rows and a byte plane.

    Attributes
    ----------
    type_start : int64[T + 1]
        Type t contains the nodes type_start[t] .. type_start[t + 1] - 1.
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
    """A graph without names, each edge once: what travels to a worker.

    Equal and hashed by its digest, so that a worker can keep what it makes of it. Each task brings
    it along, at two or four bytes per edge; a process expands it once.

    Attributes
    ----------
    type_start : int64[T + 1]
    later : int32[n]
        How many edges each node has to later ones.
    target : uint16[m] or uint32[m]
        Those nodes, ascending.
    is_positive : uint8[ceil(m / 8)]
        Which edges are positive, as bits.
    digest : str
        Content digest of the arrays.
    is_dense : bool
        Whether kernels get bit rows and a plane, or lists of neighbours; both give the same draws.
    """

    type_start: NDArray[np.int64] = field(compare=False)
    later: NDArray[np.int32] = field(compare=False)
    target: NDArray[np.unsignedinteger[Any]] = field(compare=False)
    is_positive: NDArray[np.uint8] = field(compare=False)
    digest: str
    is_dense: bool

    def __reduce__(self) -> tuple[object, ...]:
        return _travelled, tuple(getattr(self, held.name) for held in fields(self))

    @cached_property
    def listed(self) -> ListedArrays:
        """The neighbours of each node, ascending."""
        n = len(self.later)
        source = np.repeat(np.arange(n, dtype=np.int32), self.later)
        target = self.target.astype(np.int32)
        sign = 2 * np.unpackbits(self.is_positive, count=len(target)).astype(np.int8) - 1
        rows, columns = np.concatenate([source, target]), np.concatenate([target, source])
        # What lexsort gives; numpy sorts 16-bit keys by radix, at a tenth of its cost.
        by_column = np.argsort(columns.astype(self.target.dtype), kind="stable")
        order = by_column[np.argsort(rows[by_column].astype(self.target.dtype), kind="stable")]
        indptr = np.zeros(n + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=n), out=indptr[1:])
        return ListedArrays(
            self.type_start,
            -(-n // _BITS_A_VECTOR) * (_BITS_A_VECTOR // 64),
            -(-n // _BYTES_A_VECTOR) * _BYTES_A_VECTOR,
            indptr,
            columns[order],
            np.tile(sign, 2)[order],
        )

    @cached_property
    def arrays(self) -> GraphArrays:
        """What kernels read."""
        from campaignkit.graph.kernels.vectors import aligned_zeros

        listed = self.listed
        if not self.is_dense:
            return listed
        n, stride, num_words = len(self.later), listed.stride, listed.num_words
        plane = aligned_zeros(n * stride, np.int8)
        square = plane.reshape(n, stride)
        square[np.repeat(np.arange(n), np.diff(listed.indptr)), listed.indices] = listed.signs
        pos_bits, neg_bits = aligned_zeros(2 * n * num_words, np.uint64).reshape(2, -1)
        for bits, which in ((pos_bits, square > 0), (neg_bits, square < 0)):
            packed = np.packbits(which, axis=1, bitorder="little")
            bits.view(np.uint8).reshape(n, num_words * 8)[:, : packed.shape[1]] = packed
        return DenseArrays(listed.type_start, num_words, stride, pos_bits, neg_bits, plane)


def _travelled(*parts: Any) -> GraphLists:  # the fields of GraphLists
    """A graph that came to this process: the existing one, if it came before."""
    with _ARRIVING:
        lists = _first_of(GraphLists(*parts))
        _ = lists.arrays  # made once, by whichever thread comes first
        return lists


@lru_cache(maxsize=2)
def _first_of(lists: GraphLists) -> GraphLists:
    """The first one of those that are equal."""
    return lists


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
        edges = graph.columns
        ends = np.sort(number_of[np.stack([edges.source, edges.target])], axis=0)
        kept = np.flatnonzero((edges.sign != 0) & (ends[0] >= 0))
        kept = kept[np.lexsort((ends[1, kept], ends[0, kept]))]
        parts = (
            type_start,
            np.bincount(ends[0, kept], minlength=n).astype(np.int32),
            ends[1, kept].astype(np.uint16 if n <= 1 << 16 else np.uint32),
            np.packbits(edges.sign[kept] > 0),
        )
        if is_dense is None:
            is_sparse = 2 * len(kept) * _NODES_A_NEIGHBOUR < n * n
            is_dense = 0 < n <= DENSE_NODES and not (n > _SURELY_DENSE_NODES and is_sparse)
        digest = digest_bytes(b"".join(part.tobytes() for part in parts))
        return cls(keys, tuple(str(name) for name in names), GraphLists(*parts, digest, is_dense))

    @property
    def num_nodes(self) -> int:
        """The number of nodes in the tables."""
        return len(self.keys)

    @property
    def arrays(self) -> GraphArrays:
        """What kernels read."""
        return self.lists.arrays
