"""Catalogues in files and frames: what goes in comes out; what cannot be read says why."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings

import strategies
from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import ArtifactError, CatalogueError

DATA = os.environ.get("CAMPAIGNKIT_TEST_DATA")
one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
)


@one_folder
@given(strategies.catalogues())
def test_json_reads_back_equal(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "a.json"
    catalogue.write_json(path)

    assert Catalogue.read_json(path) == catalogue
    assert Catalogue.read_json(path).digest == catalogue.digest


@one_folder
@given(strategies.catalogues())
def test_csv_reads_back_equal(tmp_path: Path, catalogue: Catalogue) -> None:
    assume(not any("|" in item for a in catalogue for t in a.traits for item in a.items(t)))
    path = tmp_path / "a.csv"
    catalogue.write_csv(path)

    assert Catalogue.read_csv(path) == catalogue
    assert Catalogue.read_csv(path).digest == catalogue.digest


def test_a_bar_in_a_value_is_a_letter_and_in_a_trait_is_refused_by_csv(tmp_path: Path) -> None:
    barred = Attribute("audience", "Interest | Sports", traits={"group": "a|b"})
    path = tmp_path / "a.csv"
    Catalogue([Attribute("audience", "Interest | Sports")]).write_csv(path)
    before = path.read_bytes()

    with pytest.raises(
        CatalogueError, match=r"audience: Interest \| Sports group: 'a\|b' contains"
    ):
        Catalogue([barred]).write_csv(path)

    assert path.read_bytes() == before
    assert Catalogue.read_csv(path)[0].value == "Interest | Sports"


def test_columns_beyond_the_known_ones_become_traits(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "kind,name,about,category,price\nbrand,Nike,Shoes.,shoes | sportswear|,mid\ngeo,Japan,,,\n"
    )

    read = Catalogue.read_csv(
        path, columns={"modality": "kind", "value": "name", "description": "about"}
    )

    assert read[0] == Attribute(
        "brand", "Nike", "Shoes.", {"category": ("shoes", "sportswear"), "price": "mid"}
    )
    assert read[1] == Attribute("geo", "Japan")


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbfmodality,value\r\nbrand,"a,b"\r\n\r\ngeo,Japan\r\n')

    assert [a.value for a in Catalogue.read_csv(path)] == ["a,b", "Japan"]


MALFORMED_CSV = {
    "empty": (b"", "a.csv:1: the file is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf\n", "a.csv:1: the file is empty"),
    "no rows": (b"modality,value\n", "a.csv:1: no rows follow the header"),
    "no modality": (
        b"Modality,value\na,b\n",
        r"'modality' is missing.*\"modality\": \"Modality\"",
    ),
    "no value": (b"modality,name\na,b\n", "column 'value' is missing; the columns are 'modality'"),
    "neither": (b"a,b\nc,d\n", "2 faults"),
    "semicolons": (b"modality;value\na;b\n", "separated by ';'; save the file with commas"),
    "a column twice": (b"modality,value,x,x\na,b,c,d\n", "column 'x' occurs twice"),
    "a column without a name": (b"modality,value,\na,b,c\n", "a column has no name"),
    "short row": (b"modality,value,x\na,b,c\na,d\n", "a.csv:3: contains 2 cells; expected 3"),
    "long row": (b"modality,value\na,b,c\n", "a.csv:2: contains 3 cells; expected 2"),
    "blank value": (b"modality,value\nbrand,\n", "a.csv:2: value is blank"),
    "blank modality": (b"modality,value\n ,x\n", "a.csv:2: modality is blank"),
    "stray space": (b"modality,value\nbrand,x \n", r"a.csv:2: value 'x ' starts.*write 'x'"),
    "control": (b"modality,value\nbrand,a\x07b\n", r"a.csv:2: .*U\+0007"),
    "not NFC": ("modality,value\nbrand,Nestle\u0301\n".encode(), "a.csv:2: .*normal form NFC"),
    "label": (b"modality,value\nlabel,x\n", "a.csv:2: modality 'label' is reserved"),
    "twice": (b"modality,value\nb,x\nb,y\nb,x\n", "a.csv:4: b 'x' is a duplicate of .*a.csv:2"),
    "latin 1": (b"modality,value\nbrand,x\nbrand,Nestl\xe9\n", "a.csv:3: byte 0xE9 is not UTF-8"),
    "utf-16": ("modality,value\nbrand,x\n".encode("utf-16"), "a.csv:1: the file is in UTF-16"),
    "binary": (b"PK\x03\x04\x00\x00\x00", "a.csv:1: the file is binary"),
    "open quote": (b'modality,value\nbrand,"x\nbrand,y\n', "a.csv:2: is not CSV"),
    "stray quote": (b'modality,value\nbrand,"x"y\n', "a.csv:2: is not CSV"),
    "huge cell": (
        b"modality,value\nbrand," + b"x" * 200_000,
        "a.csv:2: is not CSV from.*field larger",
    ),
    "own field as trait": (b"modality,value,value\na,b,c\n", "column 'value' occurs twice"),
}


@pytest.mark.parametrize("name", MALFORMED_CSV)
def test_a_csv_that_cannot_be_read_says_where_and_what_to_do(name: str, tmp_path: Path) -> None:
    content, expected = MALFORMED_CSV[name]
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    with pytest.raises(CatalogueError, match=f"(?s){expected}") as caught:
        Catalogue.read_csv(path)

    assert all(f.where.startswith(str(path)) for f in caught.value.faults)


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("modality,value\nbrand,x\nbrand\nlabel,y \n,z\nbrand,x\n")

    with pytest.raises(CatalogueError) as caught:
        Catalogue.read_csv(path)

    lines = [f.where.rsplit(":", 1)[1] for f in caught.value.faults]
    assert lines == ["3", "4", "4", "5", "6"]
    assert "5 faults" in str(caught.value)


def test_lines_are_counted_through_cells_that_run_over_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('modality,value,description\nbrand,x,"one\ntwo"\n\nbrand,,\n')

    with pytest.raises(CatalogueError, match=r"a\.csv:5: value is blank"):
        Catalogue.read_csv(path)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"value": "title"}, "columns asks for a column 'title' as 'value'"),
        ({"value": "name"}, "column 'value' exists and is also the new name"),
        ({"value": "name", "description": "name"}, "gives one column two names"),
    ],
)
def test_a_renaming_that_does_not_fit_is_refused(
    columns: dict[str, str], expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("modality,name,value\nbrand,x,7\n")

    with pytest.raises(CatalogueError, match=expected):
        Catalogue.read_csv(path, columns=columns)


def test_a_renaming_can_make_way_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("modality,name,value\nbrand,x,7\n")

    read = Catalogue.read_csv(path, columns={"value": "name", "worth": "value"})

    assert read[0] == Attribute("brand", "x", traits={"worth": "7"})


MALFORMED_JSON = {
    "empty": (b"", "a.json:1: the file is empty"),
    "not json": (b'{"attributes": [\n}', "a.json:2: is not JSON"),
    "no list": (b'{"rows": []}', "contains no list of attributes"),
    "a number": (b"7", "contains no list of attributes"),
    "no entries": (b'{"attributes": []}', "attributes: the list is empty"),
    "not an object": (b'["brand"]', r"attributes\[0\]: is of type str"),
    "no value": (b'[{"modality": "brand"}]', r"attributes\[0\]: has no 'value'"),
    "unknown key": (b'[{"modality": "b", "value": "x", "price": "mid"}]', "unknown key 'price'"),
    "number": (b'[{"modality": "b", "value": 7}]', r"attributes\[0\]: value is 7 of type int"),
    "blank": (b'[{"modality": "b", "value": ""}]', r"attributes\[0\]: value is blank"),
    "control": (b'[{"modality": "b", "value": "\\u0000"}]', r"U\+0000"),
    "surrogate": (b'[{"modality": "b", "value": "\\ud800"}]', r"U\+D800"),
    "traits": (b'[{"modality": "b", "value": "x", "traits": ["y"]}]', "traits is a list"),
    "null": (b'[{"modality": "b", "value": "x", "description": null}]', "description is None"),
    "twice": (b'[{"modality": "b", "value": "x"}, {"modality": "b", "value": "x"}]', "duplicate"),
    "key twice": (b'[{"modality": "b", "value": "x", "value": "y"}]', "the key 'value' twice"),
    "deep": (b"[" * 200_000, "cannot be read as JSON"),
    "encoding": (b'[{"modality": "\xe9"}]', "a.json:1: byte 0xE9 is not UTF-8"),
}


@pytest.mark.parametrize("name", MALFORMED_JSON)
def test_a_json_that_cannot_be_read_says_where_and_what_to_do(name: str, tmp_path: Path) -> None:
    content, expected = MALFORMED_JSON[name]
    path = tmp_path / "a.json"
    path.write_bytes(content)

    with pytest.raises(CatalogueError, match=expected):
        Catalogue.read_json(path)


@pytest.mark.parametrize("read", [Catalogue.read_csv, Catalogue.read_json])
def test_a_path_that_is_no_file_is_refused(read: object, tmp_path: Path) -> None:
    assert callable(read)
    with pytest.raises(CatalogueError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(CatalogueError, match="does not exist"):
        read(tmp_path / "missing")
    with pytest.raises(CatalogueError, match="cannot be opened"):
        read("a\x00b")


def test_nothing_is_written_where_nothing_can_be(tmp_path: Path) -> None:
    catalogue = Catalogue([Attribute("brand", "x")])

    with pytest.raises(CatalogueError, match="no attributes"):
        Catalogue([]).write_csv(tmp_path / "a.csv")
    with pytest.raises(CatalogueError, match="no attributes"):
        Catalogue([]).write_json(tmp_path / "a.json")
    with pytest.raises(ArtifactError, match="does not exist"):
        catalogue.write_csv(tmp_path / "no" / "a.csv")
    with pytest.raises(ArtifactError, match="is a folder"):
        catalogue.write_json(tmp_path)

    assert list(tmp_path.iterdir()) == []


COLUMNS = {
    "modality": ["brand", "geo"],
    "value": ["Nike", "Japan"],
    "category": ["shoes|sportswear", None],
    "rank": [1, 2],
}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_catalogue_comes_from_any_data_frame(make: object) -> None:
    assert callable(make)

    read = Catalogue.from_frame(make(COLUMNS))

    assert read[0] == Attribute(
        "brand", "Nike", traits={"category": ["shoes", "sportswear"], "rank": "1"}
    )
    assert read[1] == Attribute("geo", "Japan", traits={"rank": "2"})


def test_list_cells_of_a_frame_are_lists() -> None:
    frame = pl.DataFrame({"modality": ["b"], "value": ["x"], "t": [["p|q", "r"]]})

    assert Catalogue.from_frame(frame)[0].items("t") == ("p|q", "r")
    assert Catalogue.from_frame(frame.to_pandas())[0].items("t") == ("p|q", "r")


def test_every_kind_of_missing_cell_is_no_trait() -> None:
    missing = [None, float("nan"), pd.NA, pd.NaT, ""]
    frame = pd.DataFrame({"modality": "b", "value": list("abcde"), "t": missing})

    assert [dict(a.traits) for a in Catalogue.from_frame(frame.astype({"t": object}))] == [{}] * 5


def test_faults_of_a_frame_name_their_row() -> None:
    frame = pd.DataFrame({"modality": ["b", "b", None], "value": ["x", "x", "y "]})

    with pytest.raises(CatalogueError) as caught:
        Catalogue.from_frame(frame)

    assert [f.where for f in caught.value.faults] == ["row 1", "row 2", "row 2"]


@pytest.mark.parametrize("thing", [{"modality": ["a"]}, "a.csv", pl.DataFrame(COLUMNS).lazy()])
def test_what_is_no_frame_in_memory_is_refused(thing: object) -> None:
    with pytest.raises(CatalogueError, match="expected a data frame in memory"):
        Catalogue.from_frame(thing)


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="CAMPAIGNKIT_TEST_DATA is not set")
@pytest.mark.parametrize("size", [160, 1600])
def test_catalogues_of_real_names_read_as_they_are(size: int, tmp_path: Path) -> None:
    read = Catalogue.read_csv(Path(DATA or "", "catalogue", f"catalogue_{size}.csv"))

    read.write_csv(tmp_path / "again.csv")

    assert len(read) == size
    assert read.modalities == ("brand", "audience", "platform", "geo")
    assert set(read[0].traits) == {"group", "source"}
    assert Catalogue.read_csv(tmp_path / "again.csv") == read
