"""The + and - pairs of campaigns, whatever the size of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.values import quoted
from campaignkit.dataset.vocabulary import Vocabulary
from campaignkit.errors import DatasetError, Fault

if TYPE_CHECKING:
    from campaignkit.graph import SignedGraph

_DENSE_LIMIT = 4_096  # nodes; 16 MB as int8, beyond that neighbour lists stay nearer to the core


class SignCounter:
    """Counts the signed pairs of blocks over one vocabulary in one graph.

    Raises
    ------
    DatasetError
        If the vocabulary has attributes that the graph has not: all of them.

    Examples
    --------
    >>> from campaignkit.graph import Edge, SignedGraph
    >>> graph = SignedGraph.from_edges([Edge(("brand", "Nike"), ("geo", "Peru"), -1)])
    >>> counter = SignCounter(graph, Vocabulary.of([("brand", "Nike"), ("geo", "Peru")]))
    >>> counter.count(Block.of_rows([[0, 1], [0]], labels=[0, 0])).tolist()
    [[0, 1], [0, 0]]
    """

    def __init__(self, graph: SignedGraph, vocabulary: Vocabulary) -> None:
        self._graph = graph
        number = {attribute.key: i for i, attribute in enumerate(graph.catalogue)}
        missing = [key for key in vocabulary.keys if key not in number]
        if missing:
            raise DatasetError(
                f"{len(missing)} attributes of the data set are not in the graph",
                hint="give the graph it was sampled from, with its catalogue",
                faults=[Fault(modality, quoted(value)) for modality, value in missing],
            )
        self._number = np.array([number[key] for key in vocabulary.keys], np.int32)

    def count(self, block: Block) -> NDArray[np.int64]:
        """int64[rows, 2], number of + and of - pairs in every row."""
        from campaignkit.dataset.kernels.sign_counts import count_signs_csr, count_signs_dense

        graph = self._graph
        nodes = self._number[block.nodes] if len(block.nodes) else block.nodes
        offsets = np.ascontiguousarray(block.offsets)
        if len(graph.catalogue) <= _DENSE_LIMIT:
            return np.asarray(count_signs_dense(nodes, offsets, graph.signs))
        csr = graph.csr
        return np.asarray(count_signs_csr(nodes, offsets, csr.indptr, csr.indices, csr.signs))
