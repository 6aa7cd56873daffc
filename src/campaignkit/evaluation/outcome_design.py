"""Campaigns as sparse matrices: which attributes, and which judged pairs, each one holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset import Block
from campaignkit.graph import SignedGraph

_PAIRS_AT_ONCE = 4_000_000  # about 100 MB while they are looked up


@dataclass(frozen=True, slots=True)
class OutcomeDesign:
    """Campaigns over the attributes and edges of a graph.

    Attributes
    ----------
    nodes : scipy.sparse.csr_array, float64[n, N]
        1 where a campaign holds an attribute.
    pairs : scipy.sparse.csr_array, float64[n, m]
        1 where a campaign holds both ends of an edge, judged neutral ones among them.
    num_campaigns : int64[m]
        How many campaigns hold each edge.
    """

    nodes: Any
    pairs: Any
    num_campaigns: NDArray[np.int64]


def design_of(graph: SignedGraph, block: Block, node_of: NDArray[np.int64]) -> OutcomeDesign:
    """The matrices of campaigns.

    Parameters
    ----------
    graph : SignedGraph
        Its edge table gives the columns.
    block : Block
        The campaigns, in their own node numbers.
    node_of : int64[k]
        The graph's number of each of the block's nodes; -1 for what the graph does not hold.
    """
    from scipy import sparse

    edges, num_nodes = graph.columns, len(graph.catalogue)
    keys = edges.source.astype(np.int64) * num_nodes + edges.target
    nodes = node_of[block.nodes] if len(block.nodes) else np.zeros(0, np.int64)
    row_of = np.repeat(np.arange(len(block)), block.sizes)
    known = nodes >= 0
    nodes, row_of = nodes[known], row_of[known]
    sizes = np.bincount(row_of, minlength=len(block))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    found_rows, found_edges = [], []
    for size in np.unique(sizes[sizes > 1]).tolist():
        one, other = np.triu_indices(size, 1)
        rows = np.flatnonzero(sizes == size)
        step = max(1, _PAIRS_AT_ONCE // len(one))
        for begin in range(0, len(rows), step):
            some = rows[begin : begin + step]
            held = nodes[starts[some][:, None] + np.arange(size)]
            a, b = held[:, one], held[:, other]
            at, there = _look_up(keys, np.minimum(a, b) * num_nodes + np.maximum(a, b))
            found_edges.append(at[there])
            found_rows.append(some[np.nonzero(there)[0]])
    of_row = np.concatenate(found_rows) if found_rows else np.zeros(0, np.int64)
    of_edge = np.concatenate(found_edges) if found_edges else np.zeros(0, np.int64)
    return OutcomeDesign(
        nodes=_indicators(sparse, row_of, nodes, (len(block), num_nodes)),
        pairs=_indicators(sparse, of_row, of_edge, (len(block), len(edges))),
        num_campaigns=np.bincount(of_edge, minlength=len(edges)),
    )


def _look_up(
    keys: NDArray[np.int64], wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Positions of keys in the sorted table, and whether they are there."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return at, keys[at] == wanted


def _indicators(
    sparse: Any, rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]
) -> Any:
    ones = np.ones(len(rows))
    return sparse.csr_array((ones, (rows, columns)), shape=shape)
