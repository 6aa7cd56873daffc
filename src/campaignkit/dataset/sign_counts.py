"""What a graph and type ranges say about campaigns, whatever the size of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.row_hash import node_words
from campaignkit.dataset.values import quoted
from campaignkit.dataset.vocabulary import MAX_LABELS, Vocabulary
from campaignkit.errors import DatasetError, Fault

if TYPE_CHECKING:
    from campaignkit.graph import SignedGraph
    from campaignkit.graph.node_tables import NodeTables

_ANY = (0, np.iinfo(np.int64).max)


@dataclass(frozen=True, eq=False)
class RowCounts:
    """What is known of every row of a block.

    Attributes
    ----------
    signed : int64[rows, 2]
        Number of + and of - pairs.
    is_legal : bool[rows]
        Whether the number of nodes of every modality lies in its type range.
    hashes : uint64[rows]
        As of :func:`campaignkit.dataset.row_hash.hash_rows`.
    """

    signed: NDArray[np.int64]
    is_legal: NDArray[np.bool_]
    hashes: NDArray[np.uint64]


class SignCounter:
    """Counts the signed pairs of blocks over one vocabulary in one graph.

    Parameters
    ----------
    graph : SignedGraph
    vocabulary : Vocabulary
        What the blocks' nodes stand for.
    type_ranges : mapping of str to (int, int), optional
        How many nodes of each modality are legal, none of a modality that is not named. Without
        them every row is legal.

    Raises
    ------
    DatasetError
        If the vocabulary has attributes that the graph has not: all of them.

    Examples
    --------
    >>> from campaignkit.graph import Edge, SignedGraph
    >>> graph = SignedGraph.from_edges([Edge(("brand", "Nike"), ("geo", "Peru"), -1)])
    >>> vocabulary = Vocabulary.of([("brand", "Nike"), ("geo", "Peru")])
    >>> counter = SignCounter(graph, vocabulary, {"brand": (1, 1), "geo": (1, 1)})
    >>> counts = counter.count(Block.of_rows([[0, 1], [0]], labels=[0, 0]))
    >>> counts.signed.tolist(), counts.is_legal.tolist()
    ([[0, 1], [0, 0]], [True, False])
    """

    def __init__(
        self,
        graph: SignedGraph,
        vocabulary: Vocabulary,
        type_ranges: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self._graph = graph
        self._places = graph_places(graph, vocabulary).astype(np.int32)
        self._vocabulary = vocabulary
        self._starts = vocabulary.starts.copy()
        self._words = node_words(len(vocabulary))
        ranges = dict.fromkeys(vocabulary.modalities, _ANY) if type_ranges is None else type_ranges
        bounds = [ranges.get(name, (0, 0)) for name in vocabulary.modalities]
        self._low, self._high = np.array(bounds, np.int64).reshape(-1, 2).T.copy()
        # A modality that the ranges need and no campaign can hold makes every row illegal.
        self._is_met = all(
            low == 0 or name in vocabulary.modalities for name, (low, _) in ranges.items()
        )

    @cached_property
    def _tables(self) -> NodeTables:
        from campaignkit.graph.node_tables import NodeTables

        return NodeTables.from_graph(self._graph, order=self._places)

    def count(
        self,
        block: Block,
        *,
        signed: NDArray[np.integer] | None = None,
        used: NDArray[np.bool_] | None = None,
    ) -> RowCounts:
        """The counts of a block.

        Parameters
        ----------
        block : Block
        signed : integers[rows, 2], optional
            + and - pairs where the maker of the block has counted them: not counted again.
        used : bool[nodes], optional
            The nodes that occur are marked.

        Raises
        ------
        DatasetError
            If a row is not ascending or contains a node that is not in the vocabulary.
        """
        from campaignkit.graph.kernels.row_counts import inspect_rows

        # Kernels are compiled for writable arrays; files may give read-only ones.
        nodes = np.require(block.nodes, requirements=["C", "W"])
        offsets = np.require(block.offsets, requirements=["C", "W"])
        hashes, is_legal = np.zeros(len(block), np.uint64), np.zeros(len(block), np.bool_)
        if used is None:
            used = np.zeros(len(self._words), np.bool_)
        faulty = inspect_rows(
            self._starts, self._low, self._high, self._words, nodes, offsets, hashes, is_legal,
            used,
        )  # fmt: skip
        if faulty >= 0:
            block.check(num_nodes=len(self._vocabulary), num_labels=MAX_LABELS)
        if not self._is_met:
            is_legal[:] = False
        if signed is None:
            signed = self._count_signed(block, nodes, offsets)
        return RowCounts(signed.astype(np.int64, copy=False), is_legal, hashes)

    def _count_signed(
        self, block: Block, nodes: NDArray[np.int32], offsets: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        from campaignkit.graph.kernels.row_counts import count_rows
        from campaignkit.graph.kernels.vectors import aligned_zeros

        arrays = self._tables.arrays
        signed = np.zeros((len(block), 2), np.int64)
        members = np.zeros(int(block.sizes.max(initial=0)), np.int32)
        mask = aligned_zeros(arrays.num_words, np.uint64)
        count_rows(arrays, nodes, offsets, mask, members, signed)
        return signed


def graph_places(graph: SignedGraph, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """int64[values], the graph's node of each value of a vocabulary.

    Raises
    ------
    DatasetError
        If the graph lacks some of them; all are named.

    Examples
    --------
    >>> from campaignkit.dataset.vocabulary import Vocabulary
    >>> from campaignkit.simulation import synthetic_graph
    >>> graph = synthetic_graph({"brand": 2, "geo": 2}, num_positive=1, num_negative=1, seed=0)
    >>> keys = tuple(a.key for a in graph.catalogue)
    >>> graph_places(graph, Vocabulary(keys)).tolist()
    [0, 1, 2, 3]
    """
    number = {attribute.key: i for i, attribute in enumerate(graph.catalogue)}
    missing = [key for key in vocabulary.keys if key not in number]
    if missing:
        raise DatasetError(
            f"{len(missing)} attributes of the data set are not in the graph",
            hint="give the graph it was sampled from, with its catalogue",
            faults=[Fault(modality, quoted(value)) for modality, value in missing],
        )
    return np.array([number[key] for key in vocabulary.keys], np.int64)
