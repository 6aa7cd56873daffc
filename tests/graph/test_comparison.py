"""Comparing graphs: against a plain count."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.graph import Edge, SignedGraph, compare
from strategies import edge_lists, graphs

SIGNS = (-1, 0, 1)


@given(graph=graphs(), data=st.data())
def test_counts_are_those_of_a_loop_over_all_pairs(
    graph: SignedGraph, data: st.DataObject
) -> None:
    kept = data.draw(st.permutations(list(graph.catalogue)))[: data.draw(st.integers(0, 8))]
    catalogue = Catalogue([*kept, Attribute("brand", "only in the candidate")])
    other = SignedGraph.from_edges(data.draw(edge_lists(catalogue)), catalogue=catalogue)
    shared = [a.key for a in graph.catalogue if a.key in catalogue]
    pairs = [(a, b) for i, a in enumerate(shared) for b in shared[i + 1 :] if a[0] != b[0]]
    signs = [(graph.sign(a, b), other.sign(a, b)) for a, b in pairs]
    expected = tuple(tuple(signs.count((a, b)) for b in SIGNS) for a in SIGNS)

    comparison = compare(graph, other)

    assert comparison.overall.counts == expected
    parts = [agreement.num_pairs for agreement in comparison.by_modality_pair.values()]
    assert sum(parts) == len(pairs)
    assert len(comparison.only_in_reference) == graph.num_nodes - len(shared)
    json.dumps(comparison.to_dict(), allow_nan=False)


@given(graph=graphs())
def test_a_graph_agrees_with_itself(graph: SignedGraph) -> None:
    overall = compare(graph, graph).overall

    assert overall.three_way_agreement in (1.0, None)
    assert overall.kappa is None or overall.kappa == pytest.approx(1)
    assert overall.num_common == graph.num_edges


def test_plus_everywhere_is_unmasked_by_kappa_and_negative_recall() -> None:
    brands, geos = [("brand", str(i)) for i in range(10)], [("geo", str(i)) for i in range(10)]
    truth = SignedGraph.from_edges(
        Edge(a, b, -1 if i == j else 1)
        for i, a in enumerate(brands)
        for j, b in enumerate(geos)
        if (i + j) % 3
    )
    plus = SignedGraph.from_edges(Edge(a, b, 1) for a in brands for b in geos)

    overall = compare(truth, plus).overall

    assert overall.edge_recall == 1
    assert overall.sign_agreement is not None
    assert overall.sign_agreement > 0.85
    assert (overall.kappa, overall.negative_recall) == (0, 0)


def test_graphs_without_a_common_attribute_compare_to_nothing() -> None:
    one = SignedGraph.from_edges([Edge(("a", "1"), ("b", "1"), 1)])
    other = SignedGraph.from_edges([Edge(("a", "2"), ("b", "2"), 1)])

    comparison = compare(one, other)

    assert comparison.overall.num_pairs == 0
    assert comparison.overall.edge_recall is None
    assert comparison.only_in_candidate == (("a", "2"), ("b", "2"))
