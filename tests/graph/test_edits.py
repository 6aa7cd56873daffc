"""Any sequence of edits leaves a graph whole, and the graphs before it as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from campaignkit.catalogue import Attribute
from campaignkit.errors import CatalogueError, GraphError
from campaignkit.graph import Edge, Key, SignedGraph

KEYS = [(modality, str(i)) for modality in ("a", "b", "c") for i in range(3)]
KEY = st.sampled_from(KEYS)
PAIR = st.tuples(KEY, KEY).filter(lambda pair: pair[0][0] != pair[1][0])
SIGN = st.sampled_from((-1, 0, 1))


class Edits(RuleBasedStateMachine):
    """A graph beside a dict that is edited the plain way."""

    def __init__(self) -> None:
        super().__init__()
        self.graph = SignedGraph.from_edges([])
        self.nodes: list[Key] = []
        self.held: dict[frozenset[Key], int] = {}

    @rule(key=KEY)
    def add_attribute(self, key: Key) -> None:
        if key in self.nodes:
            with pytest.raises(CatalogueError):
                self.graph.add([Attribute(*key)])
            return
        self.graph = self.graph.add([Attribute(*key)])
        self.nodes.append(key)

    @rule(pair=PAIR, sign=SIGN)
    def add_edge(self, pair: tuple[Key, Key], sign: int) -> None:
        edge = Edge(*pair, sign)
        if not set(pair) <= set(self.nodes):
            with pytest.raises(GraphError):
                self.graph.add(edges=[edge])
        elif self.held.get(frozenset(pair), sign) != sign:
            with pytest.raises(GraphError, match="at this graph"):
                self.graph.add(edges=[edge])
        else:
            self.graph = self.graph.add(edges=[edge])
            self.held[frozenset(pair)] = sign

    @rule(pairs=st.lists(PAIR, max_size=4, unique_by=frozenset), sign=SIGN)
    def change_edges(self, pairs: list[tuple[Key, Key]], sign: int) -> None:
        known = [pair for pair in pairs if set(pair) <= set(self.nodes)]
        self.graph = self.graph.with_edges(Edge(*pair, sign, reason="new") for pair in known)
        self.held |= {frozenset(pair): sign for pair in known}

    @rule(pair=PAIR)
    def remove_edge(self, pair: tuple[Key, Key]) -> None:
        if set(pair) <= set(self.nodes):
            self.graph = self.graph.without_edges([pair])
            self.held.pop(frozenset(pair), None)

    @rule(key=KEY)
    def remove_attribute(self, key: Key) -> None:
        if key in self.nodes:
            self.graph = self.graph.without_attributes([key])
            self.nodes.remove(key)
            self.held = {pair: sign for pair, sign in self.held.items() if key not in pair}

    @invariant()
    def the_graph_is_what_the_dict_says(self) -> None:
        found = {frozenset((e.source, e.target)): e.sign for e in self.graph.edges()}

        assert found == self.held
        assert [a.key for a in self.graph.catalogue] == self.nodes

    @invariant()
    def the_table_is_settled(self) -> None:
        columns = self.graph.columns
        keys = columns.source.astype(np.int64) * max(self.graph.num_nodes, 1) + columns.target
        codes = self.graph.modality_codes

        assert (columns.source < columns.target).all()
        assert (np.diff(keys) > 0).all()
        assert (codes[columns.source] != codes[columns.target]).all()
        assert (self.graph.signs == self.graph.signs.T).all()
        assert self.graph.csr.indptr[-1] == 2 * self.graph.num_edges


Edits.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestEdits = Edits.TestCase


def test_growing_keeps_numbers_edges_and_the_old_graph() -> None:
    old = SignedGraph.from_edges([Edge(("a", "0"), ("b", "0"), 1, reason="first")])

    grown = old.add([Attribute("c", "0")], [Edge(("c", "0"), ("a", "0"), -1, reason="second")])

    assert [grown.catalogue.index(a) for a in old.catalogue] == [0, 1]
    assert [edge.reason for edge in grown.edges()] == ["first", "second"]
    assert (old.num_nodes, old.num_edges) == (2, 1)
