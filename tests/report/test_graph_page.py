"""The page and the pictures of a graph."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given, settings

from campaignkit.catalogue import Attribute
from campaignkit.graph import Edge, SignedGraph
from campaignkit.report import graph_page, write_graph
from campaignkit.report.graph_page import draw_ring, draw_signs
from strategies import graphs

SVG = "{http://www.w3.org/2000/svg}"


@settings(max_examples=40, deadline=None)
@given(graph=graphs())
def test_pictures_are_well_formed_whatever_the_graph_holds(graph: SignedGraph) -> None:
    ring = ElementTree.fromstring(draw_ring(graph))
    ElementTree.fromstring(draw_signs(graph))

    nodes = [e for e in ring.iter(f"{SVG}g") if e.get("class") == "n"]
    assert len(nodes) == graph.num_nodes
    assert "<script" not in graph_page(graph) + graph._repr_html_()


def test_every_edge_is_drawn_once_and_once_more_from_each_end() -> None:
    brands = [("brand", str(i)) for i in range(4)]
    geos = [("geo", str(i)) for i in range(3)]
    edges = [Edge(a, b, 1 if i else -1) for i, a in enumerate(brands) for b in geos]

    svg = draw_ring(SignedGraph.from_edges(edges))

    assert svg.count("Q") == 3 * len(edges)
    assert "+ helps: 9" in svg
    assert "− harms: 3" in svg


def test_a_picture_that_leaves_edges_out_says_so() -> None:
    edges = [Edge(("a", str(i)), ("b", str(j)), 1) for i in range(10) for j in range(10)]

    svg = draw_ring(SignedGraph.from_edges(edges), max_edges=30)

    assert "30 of 100 edges drawn" in svg


def test_a_page_is_written_whole_and_a_notebook_shows_the_shares(tmp_path: Path) -> None:
    graph = SignedGraph.from_edges([Edge(("a", "<b>"), ("b", "y"), 1)])
    graph = graph.add([Attribute("b", "z")])

    write_graph(tmp_path / "graph.html", graph)

    text = (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "+ 50%" in graph._repr_html_()
