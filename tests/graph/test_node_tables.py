"""Tables for kernels: canonical numbers, the same however a graph was made or travelled."""

from __future__ import annotations

import copy
import doctest
import importlib

import numpy as np
import pytest
from hypothesis import given, strategies as st

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.graph import SignedGraph
from campaignkit.graph.node_tables import DenseArrays, GraphLists, NodeTables
from campaignkit.simulation import published_graph


def graph_of(sizes: list[int], share: float, seed: int) -> SignedGraph:
    rng = np.random.default_rng(seed)
    catalogue = Catalogue(
        [Attribute(f"m{t}", f"{i}") for t, n in enumerate(sizes) for i in range(n)]
    )
    modality = np.repeat(np.arange(len(sizes)), sizes)
    source, target = np.triu_indices(len(catalogue), 1)
    kept = (modality[source] != modality[target]) & (rng.random(len(source)) < share)
    sign = rng.choice(np.array([-1, 1], np.int8), int(kept.sum()))
    return SignedGraph.from_arrays(catalogue, source[kept], target[kept], sign)


def same(a: GraphLists, b: GraphLists) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a.listed, b.listed, strict=True))


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    share=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_lists_that_travelled_are_the_lists(sizes: list[int], share: float, seed: int) -> None:
    lists = NodeTables.from_graph(graph_of(sizes, share, seed)).lists

    travelled = copy.deepcopy(lists)  # goes the way that other processes are sent things

    assert same(travelled, lists)
    assert travelled == lists
    assert [x.dtype for x in travelled.listed if isinstance(x, np.ndarray)] == [
        x.dtype for x in lists.listed if isinstance(x, np.ndarray)
    ]
    assert all(x.flags.writeable for x in travelled.listed if isinstance(x, np.ndarray))


@pytest.mark.parametrize("num_nodes", [65_536, 65_540])
def test_lists_of_many_nodes_travel_too(num_nodes: int) -> None:
    catalogue = Catalogue([Attribute("ab"[i % 2], f"{i:05d}") for i in range(num_nodes)])
    source = np.arange(0, num_nodes - 1, 2)
    graph = SignedGraph.from_arrays(
        catalogue, source, source + 1, np.where(source % 3, 1, -1).astype(np.int8)
    )
    lists = NodeTables.from_graph(graph).lists

    assert same(copy.deepcopy(lists), lists)


def test_a_process_unpacks_a_graph_once_and_gets_little() -> None:
    lists = NodeTables.from_graph(published_graph()).lists

    assert copy.deepcopy(lists) is copy.deepcopy(lists)
    parts = lists.type_start, lists.later, lists.target, lists.is_positive
    assert sum(part.nbytes for part in parts) < 2.3 * 77_049


@given(sizes=st.lists(st.integers(1, 70), min_size=2, max_size=3), seed=st.integers(0, 1000))
def test_bits_plane_and_lists_say_the_same(sizes: list[int], seed: int) -> None:
    graph = graph_of(sizes, 0.3, seed)
    n = len(graph.catalogue)
    tables = NodeTables.from_graph(graph, is_dense=True)
    dense = tables.arrays
    assert isinstance(dense, DenseArrays)
    position = {a.key: i for i, a in enumerate(graph.catalogue)}
    number = [position[key] for key in tables.keys]
    signs = np.asarray(graph.signs)[np.ix_(number, number)]

    plane = dense.plane.reshape(n, dense.stride)
    bits = [
        np.unpackbits(words.view(np.uint8).reshape(n, -1), axis=1, bitorder="little")
        for words in (dense.pos_bits, dense.neg_bits)
    ]

    assert (plane[:, :n] == signs).all()
    assert not plane[:, n:].any()
    assert (bits[0][:, :n] == (signs > 0)).all()
    assert (bits[1][:, :n] == (signs < 0)).all()
    assert not bits[0][:, n:].any()
    assert not bits[1][:, n:].any()


@pytest.mark.parametrize("module", ["node_tables", "node_set"])
def test_examples_run(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"campaignkit.graph.{module}"))

    assert found.attempted > 0
    assert found.failed == 0
