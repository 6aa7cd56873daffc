"""What a graph and type ranges say about campaigns, whatever the size of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.values import quoted
from campaignkit.dataset.vocabulary import Vocabulary
from campaignkit.errors import DatasetError, Fault

if TYPE_CHECKING:
    from campaignkit.graph import SignedGraph

_ANY = (0, np.iinfo(np.int64).max)


@dataclass(frozen=True, eq=False)
class RowCounts:
    """The counts of every row of a block.

    Attributes
    ----------
    signed : int64[rows, 2]
        Number of + and of - pairs.
    is_legal : bool[rows]
        Whether the number of nodes of every modality lies in its type range.
    """

    signed: NDArray[np.int64]
    is_legal: NDArray[np.bool_]


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
        from campaignkit.graph.node_tables import NodeTables

        order = graph_places(graph, vocabulary).astype(np.int32)
        self._tables = NodeTables.of_nodes(graph, order)
        ranges = dict.fromkeys(vocabulary.modalities, _ANY) if type_ranges is None else type_ranges
        bounds = [ranges.get(name, (0, 0)) for name in self._tables.modalities]
        self._low, self._high = np.array(bounds, np.int64).reshape(-1, 2).T.copy()
        # A modality that the ranges need and no campaign can hold makes every row illegal.
        self._is_met = all(
            low == 0 or name in self._tables.modalities for name, (low, _) in ranges.items()
        )

    def count(self, block: Block) -> RowCounts:
        """The counts of a checked block; see :meth:`Block.check`."""
        from campaignkit.graph.kernels.row_counts import count_rows
        from campaignkit.graph.kernels.vectors import aligned_zeros

        arrays = self._tables.arrays
        counts = RowCounts(np.zeros((len(block), 2), np.int64), np.zeros(len(block), np.bool_))
        longest = int(block.sizes.max(initial=0))
        count_rows(
            arrays,
            self._low,
            self._high,
            # Kernels are compiled for writable arrays; files may give read-only ones.
            np.require(block.nodes, requirements=["C", "W"]),
            np.require(block.offsets, requirements=["C", "W"]),
            aligned_zeros(arrays.num_words, np.uint64),
            np.zeros(longest, np.int32),
            counts.signed,
            counts.is_legal,
        )
        if not self._is_met:
            counts.is_legal[:] = False
        return counts


def graph_places(graph: SignedGraph, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """int64[values], the graph's node of each value of a vocabulary.

    Raises
    ------
    DatasetError
        If the graph lacks some of them; all are named.

    Examples
    --------
    >>> from campaignkit.dataset.vocabulary import Vocabulary
    >>> from campaignkit.graph import synthetic_graph
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
