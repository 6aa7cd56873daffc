"""The signed graph: which attributes fit together or harm each other, and why."""

from __future__ import annotations

from campaignkit.graph.comparison import Agreement, GraphComparison, compare
from campaignkit.graph.derived import DENSE_LIMIT, CsrSigns, PairCounts
from campaignkit.graph.edge import (
    DECIDED_BY,
    MARKS,
    DecidedBy,
    Edge,
    Key,
    Sign,
    mark_of,
    read_sign,
)
from campaignkit.graph.edges_csv import read_marked_edges
from campaignkit.graph.signed_graph import SignedGraph

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "Agreement",
    "CsrSigns",
    "DECIDED_BY",
    "DENSE_LIMIT",
    "DecidedBy",
    "Edge",
    "GraphComparison",
    "Key",
    "MARKS",
    "PairCounts",
    "Sign",
    "SignedGraph",
    "compare",
    "mark_of",
    "read_marked_edges",
    "read_sign",
]
