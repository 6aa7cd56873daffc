"""Folders, networkx, frames: what goes out comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from campaignkit.catalogue import Attribute
from campaignkit.dataset.verify_inputs import read_signs
from campaignkit.edges.scorers.prompt import SignScale
from campaignkit.errors import ArtifactError, GraphError
from campaignkit.graph import Edge, SignedGraph, read_sign
from strategies import graphs

EDGES = [
    Edge(("brand", "Nike"), ("geo", "Japan"), 1, decided_by="scored", probability=0.1, round=3),
    Edge(("brand", "Nike"), ("geo", "Peru"), -1, reason='none, "at" all', context="2024"),
    Edge(("brand", "Rolex"), ("geo", "Peru"), 0, strength=-2.5),
]


@pytest.fixture
def graph() -> SignedGraph:
    lonely = Attribute("platform", "TikTok", "video", {"formats": ["short", "live"]})
    return SignedGraph.from_edges(EDGES).add([lonely])


@settings(max_examples=40, deadline=None)
@given(graph=graphs())
def test_a_folder_keeps_everything(
    tmp_path_factory: pytest.TempPathFactory, graph: SignedGraph
) -> None:
    folder = tmp_path_factory.mktemp("graph") / "graph"

    graph.save(folder)

    back = SignedGraph.load(folder)
    assert back.catalogue == graph.catalogue
    assert list(back.edges()) == list(graph.edges())
    assert back.digest == graph.digest
    assert back == graph
    assert back != graph.add([Attribute("platform", "one more")])


def test_the_same_graph_saves_to_the_same_bytes(graph: SignedGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "one")
    SignedGraph.load(tmp_path / "one").save(tmp_path / "two")

    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_a_folder_is_replaced_only_when_asked(graph: SignedGraph, tmp_path: Path) -> None:
    smaller = graph.without_edges([(EDGES[0].source, EDGES[0].target)])
    graph.save(tmp_path / "graph")

    with pytest.raises(ArtifactError, match="is not empty"):
        smaller.save(tmp_path / "graph")
    smaller.save(tmp_path / "graph", replace=True)

    assert SignedGraph.load(tmp_path / "graph").num_positive == 0


@pytest.mark.parametrize("name", ["catalogue.json", "edges.npz", "texts.json"])
def test_a_changed_or_missing_file_is_seen(graph: SignedGraph, tmp_path: Path, name: str) -> None:
    graph.save(tmp_path / "graph")
    file = tmp_path / "graph" / name

    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ArtifactError, match=f"{name}: is not the file that was written"):
        SignedGraph.load(tmp_path / "graph")
    file.unlink()
    with pytest.raises(ArtifactError, match=f"{name}: is missing"):
        SignedGraph.load(tmp_path / "graph")


def test_a_manifest_that_forgets_a_file_is_refused(graph: SignedGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "graph")
    path = tmp_path / "graph" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    del manifest["files"]["texts.json"]
    path.write_text(json.dumps(manifest))

    with pytest.raises(ArtifactError, match=r"does not list texts.json"):
        SignedGraph.load(tmp_path / "graph")


def test_no_folder_and_another_kind_of_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"contains no manifest.json"):
        SignedGraph.load(tmp_path)
    (tmp_path / "manifest.json").write_text('{"kind": "dataset"}')
    with pytest.raises(ArtifactError, match="of kind 'dataset'; expected 'graph'"):
        SignedGraph.load(tmp_path)


@settings(max_examples=30, deadline=None)
@given(graph=graphs())
def test_networkx_comes_back_with_everything(graph: SignedGraph) -> None:
    back = SignedGraph.from_networkx(graph.to_networkx())

    assert back.catalogue == graph.catalogue
    assert list(back.edges()) == list(graph.edges())


def test_directed_networks_with_plain_nodes_are_read() -> None:
    network = nx.DiGraph()
    network.add_node("Nike", modality="brand")
    network.add_node(1, modality="geo", value="Japan")
    network.add_edge("Nike", 1, sign="\N{EN DASH}")
    network.add_edge(1, "Nike", sign=-1.0)

    graph = SignedGraph.from_networkx(network)

    assert graph.sign(("brand", "Nike"), ("geo", "Japan")) == -1
    assert graph.num_edges == 1


FORMATS = {
    "graphml": (nx.write_graphml, nx.read_graphml),
    "gexf": (nx.write_gexf, nx.read_gexf),
    "gml": (partial(nx.write_gml, stringizer=str), nx.read_gml),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_network_goes_through_the_files_of_networkx(
    graph: SignedGraph, name: str, tmp_path: Path
) -> None:
    write, read = FORMATS[name]

    write(graph.to_networkx(), tmp_path / "graph")
    back = SignedGraph.from_networkx(read(tmp_path / "graph"))

    assert back.catalogue == graph.catalogue
    assert list(back.edges()) == list(graph.edges())


def test_traits_that_are_no_mapping_are_told() -> None:
    network = nx.Graph()
    network.add_node(("brand", "Nike"), traits="shoes")

    with pytest.raises(GraphError, match="traits is 'shoes'; expected a mapping"):
        SignedGraph.from_networkx(network)


def test_a_network_that_is_no_signed_graph_is_refused_with_all_faults() -> None:
    network = nx.Graph([("a", "b"), (("x", "1"), ("y", "2"))])

    with pytest.raises(GraphError, match="modality is missing") as caught:
        SignedGraph.from_networkx(network)

    assert len(caught.value.faults) == 4


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames_come_back_with_everything(graph: SignedGraph, backend: str) -> None:
    frame = graph.to_frame(backend)

    back = SignedGraph.from_frame(frame, catalogue=graph.catalogue)
    assert type(frame).__module__.startswith(backend)
    assert list(back.edges()) == list(graph.edges())


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_an_empty_graph_makes_an_empty_frame(backend: str) -> None:
    frame = SignedGraph.from_edges([]).to_frame(backend)

    assert len(frame) == 0
    assert SignedGraph.from_frame(frame).num_nodes == 0


def test_a_frame_of_the_interchange_form_is_read() -> None:
    import polars as pl

    rows = {"source": ["Nike"], "target": ["Japan"], "rel": ["brand_to_geo"], "sign": ["+"]}

    assert SignedGraph.from_frame(pl.DataFrame(rows)).num_positive == 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"source": ["a"], "target": ["b"]}, "columns: sign is missing"),
        ({"source": ["a"], "target": ["b"], "sign": ["+"]}, "rel .* is missing"),
        ({"source": ["a"], "target": ["b"], "rel": ["x_to_y"], "sign": [3]}, "row 0: sign is 3"),
        ({"source": ["a"], "target": ["b"], "rel": ["xy"], "sign": [1]}, "row 0: rel 'xy'"),
        ({"source": [None], "target": ["b"], "rel": ["x_to_y"], "sign": [1]}, "row 0: .*None"),
        (
            {"source": ["a"], "target": ["b"], "rel": ["x_to_y"], "sign": [1], "w": [1]},
            "'w' is unknown",
        ),
    ],
)
def test_a_frame_that_is_no_edge_list_is_refused(
    rows: dict[str, list[object]], expected: str
) -> None:
    import polars as pl

    with pytest.raises(GraphError, match=expected):
        SignedGraph.from_frame(pl.DataFrame(rows))


def test_what_is_no_frame_is_refused(graph: SignedGraph) -> None:
    with pytest.raises(GraphError, match="is not a data frame"):
        SignedGraph.from_frame([1, 2])
    with pytest.raises(GraphError, match="backend is 'excel'"):
        graph.to_frame("excel")


# What stands for a sign at every door, and what does not.
GIVEN = dict.fromkeys(["+", "\uff0b", "+1", " + ", "1"], 1)
GIVEN |= dict.fromkeys(["-", "\u2212", "\u2013", "\u2010", "\uff0d", "-1", "\uff0d\uff11"], -1)
GIVEN |= dict.fromkeys(["0", "\uff10"], 0) | dict.fromkeys(["yes", "", "2", "+-"])
NUMBERS = [np.int8(1), np.int64(-1), np.float64(1.0), np.float32(0), np.uint8(1), 1.0, -1]


@pytest.mark.parametrize(("mark", "sign"), GIVEN.items())
def test_one_table_of_marks_serves_every_door(mark: str, sign: int | None, tmp_path: Path) -> None:
    place = tmp_path / "edges.csv"
    place.write_text(f"source,target,rel,sign\na,b,x_to_y,{mark}\n", encoding="utf-8")
    network = nx.Graph()
    network.add_edge(("x", "a"), ("y", "b"), sign=mark)
    frame = {"source": ["a"], "target": ["b"], "rel": ["x_to_y"], "sign": [mark]}
    doors: list[Callable[[], int]] = [
        lambda: SignedGraph.read_csv(place, neutral="keep").columns.sign[0],
        lambda: SignedGraph.from_networkx(network).columns.sign[0],
        lambda: SignedGraph.from_frame(pd.DataFrame(frame)).columns.sign[0],
    ]

    assert SignScale().read(mark) == (None if sign is None else (sign, None))
    if sign is not None:
        assert read_signs(place, ["x", "y"]) == ({(("x", "a"), ("y", "b")): sign} if sign else {})
    for door in doors:
        if sign is None:
            with pytest.raises(GraphError):
                door()
        else:
            assert door() == sign


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_of_any_library_are_signs(number: float) -> None:
    network = nx.Graph()
    network.add_edge(("x", "a"), ("y", "b"), sign=number)
    frame = pd.DataFrame({"source": ["a"], "target": ["b"], "rel": ["x_to_y"], "sign": [number]})

    assert SignedGraph.from_networkx(network).columns.sign[0] == number
    assert SignedGraph.from_frame(frame).columns.sign[0] == number
    assert SignScale().read(number) == (number, None)


@pytest.mark.parametrize("given", [True, np.bool_(True), np.nan, np.inf, 2, 0.5, None, [1], 2**80])
def test_what_is_no_sign_is_none(given: object) -> None:
    assert read_sign(given) is None
