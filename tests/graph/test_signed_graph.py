"""Building a graph and asking it questions."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import campaignkit.graph
from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import GraphError, UnknownAttribute
from campaignkit.graph import Edge, SignedGraph
from strategies import graphs

MODULES = [m.name for m in pkgutil.walk_packages(campaignkit.graph.__path__, "campaignkit.graph.")]
NIKE, ROLEX = ("brand", "Nike"), ("brand", "Rolex")
BUDGET, ATHLETES = ("audience", "Budget Shoppers"), ("audience", "Athletes")


@pytest.fixture
def graph() -> SignedGraph:
    edges = [
        Edge(ROLEX, BUDGET, -1, decided_by="rule", reason="price", probability=0.9, round=2),
        Edge(ATHLETES, NIKE, 1, strength=9.0),
        Edge(NIKE, BUDGET, 0),
    ]
    return SignedGraph.from_edges(edges)


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_questions_are_answered_in_both_directions(graph: SignedGraph) -> None:
    assert graph.sign(BUDGET, ROLEX) == graph.sign(ROLEX, BUDGET) == -1
    assert graph.sign(NIKE, BUDGET) == graph.sign(NIKE, ROLEX) == graph.sign(NIKE, NIKE) == 0
    assert graph.neighbors(Attribute(*NIKE)) == {ATHLETES: 1}
    assert graph.neighbors(BUDGET, sign=1) == {}
    assert (graph.num_positive, graph.num_negative, graph.num_neutral) == (1, 1, 1)


def test_provenance_is_kept_to_the_bit(graph: SignedGraph) -> None:
    edge = graph.edge(BUDGET, ROLEX)

    assert edge == Edge(
        BUDGET, ROLEX, -1, decided_by="rule", reason="price", probability=0.9, round=2
    )
    assert graph.edge(NIKE, ATHLETES) == Edge(ATHLETES, NIKE, 1, strength=9.0)
    assert graph.edge(NIKE, ROLEX) is None


def test_an_unknown_attribute_names_its_neighbour(graph: SignedGraph) -> None:
    with pytest.raises(UnknownAttribute, match="'Nike'"):
        graph.sign(("brand", "Nikee"), BUDGET)
    with pytest.raises(UnknownAttribute):
        graph.neighbors("Nike")  # type: ignore[arg-type]


def test_neighbors_of_an_impossible_sign_are_refused(graph: SignedGraph) -> None:
    with pytest.raises(GraphError, match="expected 1, -1 or None"):
        graph.neighbors(NIKE, sign=0)


def test_counts_by_modality_pair_add_up(graph: SignedGraph) -> None:
    counts = graph.by_modality_pair()["audience", "brand"]

    assert (counts.num_pairs, counts.num_positive, counts.num_negative) == (4, 1, 1)
    assert (counts.pos_frac, counts.neg_frac, counts.num_neutral) == (0.25, 0.25, 1)


@given(graph=graphs())
def test_every_form_of_a_graph_says_the_same(graph: SignedGraph) -> None:
    n = graph.num_nodes
    dense = graph.signs
    rows = np.repeat(np.arange(n), np.diff(graph.csr.indptr))
    from_csr = np.zeros((n, n), dtype=np.int8)
    from_csr[rows, graph.csr.indices] = graph.csr.signs
    keys = [a.key for a in graph.catalogue]
    asked = np.array([[graph.sign(a, b) for b in keys] for a in keys]).reshape(n, n)

    assert (dense == from_csr).all()
    assert (dense == asked).all()
    assert (dense == dense.T).all()
    assert not dense.diagonal().any()
    assert (graph.to_scipy().toarray() == dense).all()
    assert (graph.csr.signs != 0).all()
    assert graph.num_edges == len(list(graph.edges(neutrals=False)))
    assert sum(c.num_positive for c in graph.by_modality_pair().values()) == graph.num_positive


@given(graph=graphs(), data=st.data())
def test_the_digest_ignores_the_order_of_nodes_rows_and_ends(
    graph: SignedGraph, data: st.DataObject
) -> None:
    nodes = data.draw(st.permutations(list(graph.catalogue)))
    edges = data.draw(st.permutations(list(graph.edges(neutrals=False))))
    turned = [Edge(e.target, e.source, e.sign) for e in edges]

    other = SignedGraph.from_edges(turned, catalogue=Catalogue(nodes))

    assert other.digest == graph.digest


@settings(max_examples=50)
@given(graph=graphs())
def test_the_digest_sees_every_sign_and_every_name(graph: SignedGraph) -> None:
    flipped = [Edge(e.source, e.target, -e.sign) for e in graph.edges(neutrals=False)][:1]
    renamed = Catalogue([*list(graph.catalogue)[1:], Attribute("brand", "another, long name")])

    assert not flipped or graph.with_edges(flipped).digest != graph.digest
    assert SignedGraph.from_edges([], catalogue=renamed).digest != graph.digest


def test_the_digest_never_changes(graph: SignedGraph) -> None:
    assert graph.digest == GOLDEN_DIGEST


def test_arrays_and_views_are_read_only(graph: SignedGraph) -> None:
    for array in (graph.signs, graph.csr.indices, graph.csr.signs, graph.columns.sign):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_arrays_of_the_caller_stay_the_callers() -> None:
    catalogue = Catalogue([Attribute(*NIKE), Attribute(*BUDGET)])
    source, target, sign = np.array([0]), np.array([1]), np.array([1], dtype=np.int8)

    graph = SignedGraph.from_arrays(catalogue, source, target, sign)
    sign[0] = -1

    assert graph.sign(NIKE, BUDGET) == 1


@pytest.mark.parametrize(
    ("source", "target", "sign", "expected"),
    [
        ([0], [9], [1], "joins nodes 0 and 9; expected 0 to 2"),
        ([-1], [1], [1], "joins nodes -1 and 1"),
        ([0], [1], [2], "sign is 2; expected -1, 0 or 1"),
        ([0], [2], [1], "edges join different modalities"),
        ([1], [1], [1], "edges join different modalities"),
        ([0], [1, 2], [1], "contain 1, 2 and 1 numbers"),
        ([0.5], [1], [1], "expected whole numbers"),
        ([[0]], [[1]], [[1]], "with 2 dimensions"),
        ([0, 1], [1, 0], [1, -1], "1 pair with two signs"),
    ],
)
def test_arrays_that_are_no_edges_are_refused(
    source: list[int], target: list[int], sign: list[int], expected: str
) -> None:
    catalogue = Catalogue([Attribute(*NIKE), Attribute(*BUDGET), Attribute(*ROLEX)])

    with pytest.raises(GraphError, match=expected):
        SignedGraph.from_arrays(catalogue, source, target, sign)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"target": ("brand", "Rolex")}, "both ends are of modality 'brand'"),
        ({"target": "Rolex"}, "target is 'Rolex'; expected"),
        ({"sign": 2}, "sign is 2"),
        ({"decided_by": "magic"}, "decided_by is 'magic'; expected one of rule"),
        ({"probability": 1.5}, r"expected a finite number in \[0, 1\]"),
        ({"strength": float("nan")}, "strength is nan"),
        ({"round": -1}, "round is -1"),
    ],
)
def test_an_edge_that_cannot_be_is_refused(fields: dict[str, object], expected: str) -> None:
    given_fields = {"source": NIKE, "target": BUDGET, "sign": 1, **fields}

    with pytest.raises(GraphError, match=expected):
        Edge(**given_fields)  # type: ignore[arg-type]


def test_edges_of_attributes_that_are_not_there_are_all_told() -> None:
    catalogue = Catalogue([Attribute(*NIKE)])
    edges = [Edge(NIKE, ATHLETES, 1), Edge(ROLEX, BUDGET, 1)]

    with pytest.raises(GraphError, match=r"edges\[0\]: audience 'Athletes' is not") as caught:
        SignedGraph.from_edges(edges, catalogue=catalogue)

    assert len(caught.value.faults) == 3


def test_a_name_that_is_no_attribute_is_a_graph_error() -> None:
    with pytest.raises(GraphError, match="is blank"):
        SignedGraph.from_edges([Edge(("brand", " "), BUDGET, 1)])
    with pytest.raises(GraphError, match="expected Edge"):
        SignedGraph.from_edges([(NIKE, BUDGET, 1)])  # type: ignore[list-item]


def test_a_dense_matrix_of_a_large_graph_points_to_csr() -> None:
    catalogue = Catalogue(
        Attribute(modality, str(i)) for modality in ("a", "b") for i in range(10_001)
    )
    graph = SignedGraph.from_arrays(catalogue, [0], [20_001], [1])

    with pytest.raises(GraphError, match=r"graph.csr"):
        _ = graph.signs

    assert graph.csr.indices.tolist() == [20_001, 0]


GOLDEN_DIGEST = "sha256:423b76590cbfce374bfb39aeac1cb7f5c0653c6fb437a8bbf5941eeebc4fe9eb"
