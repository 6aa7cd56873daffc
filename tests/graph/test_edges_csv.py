"""edges.csv: what is read, and what every malformed file is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import GraphError
from campaignkit.graph import SignedGraph
from strategies import graphs

HEADER = "source,target,rel,sign\n"
DATA = os.environ.get("CAMPAIGNKIT_TEST_DATA")

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: str | bytes) -> Path:
        path = tmp_path / "edges.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def test_a_node_belongs_to_the_modality_that_rel_names(write: Write) -> None:
    path = write(HEADER + "Athletes,Nike,audience_to_brand,+\nNike,Japan,brand_to_geo,-\n")

    graph = SignedGraph.read_csv(path)

    keys = [("audience", "Athletes"), ("brand", "Nike"), ("geo", "Japan")]
    assert [a.key for a in graph.catalogue] == keys
    assert graph.sign(("geo", "Japan"), ("brand", "Nike")) == -1


@pytest.mark.parametrize("mark", ["-", "\N{MINUS SIGN}", "\N{EN DASH}", " - "])
def test_every_minus_that_documents_make_is_read(write: Write, mark: str) -> None:
    graph = SignedGraph.read_csv(write(HEADER + f"a,b,x_to_y,{mark}\n"))

    assert graph.num_negative == 1


def test_files_of_spreadsheets_are_read(write: Write) -> None:
    text = "\ufeffSource,Target,Rel,Sign\r\na,b,x_to_y,+\r\n\r\na,c,x_to_y,-\r\n"

    assert repr(SignedGraph.read_csv(write(text))) == "SignedGraph(3 nodes, 1 +, 1 -)"


def test_columns_may_come_in_any_order(write: Write) -> None:
    graph = SignedGraph.read_csv(write("sign,rel,target,source\n+,x_to_y,b,a\n"))

    assert graph.sign(("x", "a"), ("y", "b")) == 1


def test_both_directions_with_one_sign_are_one_edge(write: Write) -> None:
    graph = SignedGraph.read_csv(write(HEADER + "a,b,x_to_y,+\nb,a,y_to_x,+\na,b,x_to_y,+\n"))

    assert (graph.num_edges, graph.num_nodes) == (1, 2)


def test_two_signs_are_an_error_that_lists_every_pair(write: Write) -> None:
    path = write(HEADER + "a,b,x_to_y,+\nc,b,x_to_y,+\nb,a,y_to_x,-\nb,c,y_to_x,-\n")

    with pytest.raises(GraphError, match="2 pairs with two signs") as caught:
        SignedGraph.read_csv(path)

    assert [fault.where for fault in caught.value.faults] == [f"{path}:4", f"{path}:5"]
    assert f"x 'a' and y 'b' have sign -1 here and +1 at {path}:2" in str(caught.value)
    assert SignedGraph.read_csv(path, both_signs="drop").num_edges == 0
    assert SignedGraph.read_csv(path, both_signs="first").num_positive == 2


def test_neutral_rows_are_dropped_kept_or_refused_as_asked(write: Write) -> None:
    path = write(HEADER + "a,b,x_to_y,0\nc,b,x_to_y,+\n")

    assert SignedGraph.read_csv(path).num_neutral == 0
    assert SignedGraph.read_csv(path).num_nodes == 3
    assert SignedGraph.read_csv(path, neutral="keep").num_neutral == 1
    with pytest.raises(GraphError, match=r"edges.csv:2: sign 0"):
        SignedGraph.read_csv(path, neutral="error")


def test_a_catalogue_adds_nodes_without_edges_and_gives_the_order(write: Write) -> None:
    catalogue = Catalogue([Attribute("y", "b"), Attribute("x", "lonely"), Attribute("x", "a")])

    graph = SignedGraph.read_csv(write(HEADER + "a,b,x_to_y,+\n"), catalogue=catalogue)

    assert (graph.num_nodes, graph.num_edges) == (3, 1)
    assert graph.catalogue is catalogue


def test_a_file_without_edges_is_a_graph_where_a_catalogue_gives_the_nodes(write: Write) -> None:
    catalogue = Catalogue([Attribute("y", "b")])

    assert SignedGraph.read_csv(write(HEADER), catalogue=catalogue).num_nodes == 1


def test_what_the_catalogue_lacks_is_a_fault_with_the_nearest_name(write: Write) -> None:
    catalogue = Catalogue([Attribute("brand", "Nike"), Attribute("geo", "Japan")])
    path = write(HEADER + "Nikee,Japan,brand_to_geo,+\n")

    with pytest.raises(GraphError, match=r"brand 'Nikee' is not in the catalogue.*'Nike'"):
        SignedGraph.read_csv(path, catalogue=catalogue)


def test_a_catalogue_decides_a_rel_that_splits_in_two_ways(write: Write) -> None:
    path = write(HEADER + "a,b,path_to_buy_to_geo,+\n")
    catalogue = Catalogue([Attribute("path_to_buy", "a"), Attribute("geo", "b")])

    graph = SignedGraph.read_csv(path, catalogue=catalogue)

    assert graph.sign(("path_to_buy", "a"), ("geo", "b")) == 1


MALFORMED = {
    "an empty file": ("", ":1: the file is empty"),
    "only blank lines": ("\n\n", ":1: the file is empty"),
    "a binary file": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", ":1: the file is binary"),
    "UTF-16": ((HEADER + "a,b,x_to_y,+\n").encode("utf-16"), ":1: the file is in UTF-16"),
    "Latin-1": ((HEADER + "é,b,x_to_y,+\n").encode("latin-1"), ":2: byte 0xE9 is not UTF-8"),
    "no header": ("a,b,x_to_y,+\n", ":1: the header is 'a,b,x_to_y,\\+'"),
    "a column missing": ("source,target,sign\na,b,+\n", "expected 'source,target,rel,sign'"),
    "a column too many": (HEADER.strip() + ",weight\na,b,x_to_y,+,1\n", "remove 'weight'"),
    "a column twice": ("source,target,rel,sign,sign\na,b,x_to_y,+,+\n", "name each column once"),
    "semicolons": ("source;target;rel;sign\na;b;x_to_y;+\n", "with commas between"),
    "a header alone": (HEADER, ":1: no edges follow the header"),
    "a short row": (HEADER + "a,b,x_to_y\n", ":2: contains 3 cells; expected 4"),
    "a long row": (HEADER + "a,b,c,x_to_y,+\n", ":2: contains 5 cells; expected 4"),
    "an unknown sign": (HEADER + "a,b,x_to_y,good\n", ":2: sign 'good' is not \\+ or -"),
    "a number for a sign": (HEADER + "a,b,x_to_y,2\n", ":2: sign '2' is not"),
    "an empty sign": (HEADER + "a,b,x_to_y,\n", ":2: sign '' is not"),
    "a rel without _to_": (HEADER + "a,b,x-y,+\n", ":2: rel 'x-y' does not name two"),
    "a rel with one side": (HEADER + "a,b,_to_y,+\n", ":2: rel '_to_y' does not name two"),
    "a rel that splits in two ways": (
        HEADER + "a,b,x_to_y_to_z,+\n",
        ":2: rel 'x_to_y_to_z' splits in 2 ways at '_to_': x \\+ y_to_z or x_to_y \\+ z",
    ),
    "a modality with itself": (HEADER + "a,b,x_to_x,+\n", ":2: rel 'x_to_x' joins modality"),
    "a self loop": (HEADER + "a,a,x_to_x,+\n", ":2: rel 'x_to_x' joins modality"),
    "a modality called label": (HEADER + "a,b,x_to_label,+\n", ":2: rel: modality 'label' is"),
    "a blank value": (HEADER + " ,b,x_to_y,+\n", ":2: source is blank"),
    "stray spaces": (HEADER + "a ,b,x_to_y,+\n", ":2: source 'a ' starts or ends"),
    "a control character": (HEADER + "a,b\x07,x_to_y,+\n", ":2: target .*U\\+0007"),
    "a line feed in a value": (HEADER + '"a\nb",b,x_to_y,+\n', ":2: source .*U\\+000A"),
    "text that is not NFC": (HEADER + "Cafe\u0301,b,x_to_y,+\n", ":2: source .*NFC"),
    "an open quote": (HEADER + 'a,b,x_to_y,+\n"a,c,x_to_y,+\n', ":3: is not CSV"),
    "a huge cell": (HEADER + "a" * 200_000 + ",b,x_to_y,+\n", ":2: is not CSV.*limit"),
    "NULs further on": (HEADER + "a,b,x_to_y,+\n" * 400 + "\0,b,x_to_y,+\n", ":402: "),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused_in_words(write: Write, name: str) -> None:
    content, expected = MALFORMED[name]

    with pytest.raises(GraphError, match=expected) as caught:
        SignedGraph.read_csv(write(content))

    assert all(fault.where and fault.found for fault in caught.value.faults)


def test_a_missing_file_and_a_folder_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"nowhere.csv does not exist"):
        SignedGraph.read_csv(tmp_path / "nowhere.csv")
    with pytest.raises(GraphError, match="is a folder; expected a file"):
        SignedGraph.read_csv(tmp_path)


def test_all_faults_of_a_file_come_at_once(write: Write) -> None:
    rows = ["a,b,x_to_y,maybe", "a,b,x_to_y,+", " ,b,xy,+", "a,b", "a,b,x_to_y,?", '"a,']
    path = write(HEADER + "\n".join(rows))

    with pytest.raises(GraphError, match="5 faults") as caught:
        SignedGraph.read_csv(path)

    lines = [fault.where.removeprefix(f"{path}:") for fault in caught.value.faults]
    assert lines == ["2", "4", "5", "6", "7"]


@pytest.mark.parametrize("option", ["both_signs", "neutral"])
def test_an_unknown_option_is_refused(write: Write, option: str) -> None:
    with pytest.raises(GraphError, match=f"{option} is 'maybe'"):
        SignedGraph.read_csv(write(HEADER), **{option: "maybe"})


@settings(max_examples=40, deadline=None)
@given(graph=graphs())
def test_what_is_written_reads_back_with_the_same_digest(
    tmp_path_factory: pytest.TempPathFactory, graph: SignedGraph
) -> None:
    path = tmp_path_factory.mktemp("csv") / "edges.csv"

    graph.write_csv(path, neutrals=True)

    back = SignedGraph.read_csv(path, catalogue=graph.catalogue, neutral="keep")
    assert back.digest == graph.digest
    assert back.num_neutral == graph.num_neutral


def test_a_modality_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    catalogue = Catalogue([Attribute("a_to_b", "1"), Attribute("c", "2")])
    graph = SignedGraph.from_arrays(catalogue, [0], [1], [1])

    with pytest.raises(GraphError, match=r"was not written.*\n.*a_to_b_to_c"):
        graph.write_csv(tmp_path / "edges.csv")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.data
@pytest.mark.skipif(DATA is None, reason="CAMPAIGNKIT_TEST_DATA is not set")
def test_the_senate_network_reads_whole() -> None:
    graph = SignedGraph.read_csv(Path(str(DATA), "graphs", "senate_edges.csv"))

    assert graph.num_edges == 27_083
    assert graph.catalogue.modalities == ("bill", "senator")
    assert (graph.num_positive, graph.num_negative) == (14_979, 12_104)
