"""Shares of the pairs of a node set, counted by definition."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

from campaignkit.graph import SignedGraph


class Shares(NamedTuple):
    """Of all node pairs, same-modality pairs included; they add up to 1."""

    positive: float
    negative: float
    absent: float


def shares_of(graph: SignedGraph, nodes: Iterable[tuple[str, str]]) -> Shares:
    """The shares of a set of two nodes or more."""
    signs = [graph.sign(a, b) for a, b in combinations(nodes, 2)]
    return Shares(*(signs.count(sign) / len(signs) for sign in (1, -1, 0)))
