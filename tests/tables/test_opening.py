"""Any table can be opened, however it arrives, and says in words what is odd about it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from campaignkit.errors import TableError
from campaignkit.tables import DatabaseTable, open_table, synthetic_table

CELLS = {"Impr.": [10, 20, 30], "clicks": [1, 50, 3], "brand": ["a", None, "c"]}


@pytest.fixture
def kinds(tmp_path: Path) -> dict[str, object]:
    table = pa.table(CELLS)
    pq.write_table(table, tmp_path / "t.parquet")
    pd.DataFrame(CELLS).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "t.jsonl").write_text(
        "\n".join(pd.DataFrame(CELLS).apply(lambda r: r.to_json(), axis=1)), encoding="utf-8"
    )
    with sqlite3.connect(tmp_path / "t.sqlite") as con:
        con.execute('create table campaigns ("Impr." int, clicks int, brand text)')
        rows = list(zip(*CELLS.values(), strict=True))
        con.executemany("insert into campaigns values (?, ?, ?)", rows)
    con.close()
    with duckdb.connect(str(tmp_path / "t.duckdb")) as duck:
        duck.register("frame", table)
        duck.execute("create table campaigns as select * from frame")
    return {
        "dict": CELLS,
        "pandas": pd.DataFrame(CELLS),
        "polars": pl.DataFrame(CELLS),
        "lazy": pl.LazyFrame(CELLS),
        "arrow": table,
        "batch": table.to_batches()[0],
        "relation": duckdb.connect().from_arrow(table),
        "parquet": tmp_path / "t.parquet",
        "csv": str(tmp_path / "t.csv"),
        "json": tmp_path / "t.jsonl",
        "sqlite": DatabaseTable(tmp_path / "t.sqlite", "campaigns"),
        "duckdb": DatabaseTable(tmp_path / "t.duckdb", "campaigns"),
    }


@pytest.mark.parametrize(
    "kind",
    ["dict", "pandas", "polars", "lazy", "arrow", "batch", "relation", "parquet", "csv", "json",
     "sqlite", "duckdb"],
)  # fmt: skip
def test_every_kind_of_table_gives_the_same_answers(kinds: dict[str, object], kind: str) -> None:
    with open_table(kinds[kind]) as table:
        found = (
            table.num_rows,
            dict(table.own),
            table.positions(f"{table.sql('clicks')} > {table.sql('impressions')}").tolist(),
            table.row(f"SELECT count({table.sql('brand')}) FROM {table.relation}"),
        )

    assert found == (3, {"brand": "brand", "impressions": "Impr.", "clicks": "clicks"}, [1], (2,))


def test_positions_are_the_rows_places_in_large_tables(tmp_path: Path) -> None:
    clean = synthetic_table(300_000)
    pq.write_table(clean, tmp_path / "t.parquet", row_group_size=20_000)
    expected = np.flatnonzero(clean.column("clicks").to_numpy() > 40)

    for table in (clean, tmp_path / "t.parquet", clean.to_pandas()):
        with open_table(table) as opened:
            assert opened.positions("clicks > 40").tolist() == expected.tolist()


def test_thousands_separators_and_currency_are_numbers() -> None:
    with open_table(
        {"spend": ["$1,200.50", "300", None], "clicks": ["1.234,5", "2.000,0", "7"]}
    ) as t:
        found = t.rows(f"SELECT {t.sql('spend')}, {t.sql('clicks')} FROM {t.relation}")

    assert found == [(1200.5, 1234.5), (300.0, 2000.0), (None, 7.0)]


@pytest.mark.parametrize(
    "cells",
    [
        ["2025-03-04", "2025-12-25"],
        ["04/03/2025", "25/12/2025"],
        ["03/04/2025", "12/25/2025"],
        ["04.03.2025", "25.12.2025"],
        ["20250304", "20251225"],
        ["Mar 04, 2025", "Dec 25, 2025"],
        ["04 Mar 2025", "25 Dec 2025"],
    ],
)
def test_dates_are_read_in_many_formats(cells: list[str]) -> None:
    with open_table({"date": cells}) as table:
        found = [str(r[0])[:10] for r in table.rows(f"SELECT {table.sql('date')} FROM audited")]

    assert found == ["2025-03-04", "2025-12-25"]


def test_a_mixed_column_keeps_its_numbers_and_counts_the_rest() -> None:
    with open_table(pd.DataFrame({"clicks": [1, "2", "three", None, 5.0]})) as table:
        column = table.column("clicks")
        fit = table.row(f"SELECT count({column.raw}), count({column.sql}) FROM audited")

    assert (column.kind, fit) == ("number", (4, 3))


def test_repeated_and_nameless_columns_are_numbered_and_noted() -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=["clicks", "clicks", ""])

    with open_table(frame) as table:
        assert list(table.columns) == ["clicks", "clicks (2)", "column 3"]
        assert "more than once" in str(table.notes[0])


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"\xef\xbb\xbfclicks,brand\n1,a\n2,b\n", "byte order mark"),
        ("clicks,brand\n1,Café\n2,b\n".encode("cp1252"), "not UTF-8"),
        ("clicks,brand\n1,a\n2,b\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_encodings_are_read_and_noted(tmp_path: Path, content: bytes, note: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)

    with open_table(path) as table:
        assert list(table.columns) == ["clicks", "brand"]
        assert table.num_rows == 2
        assert note in str(table.notes[0])


def test_ragged_rows_are_left_out_and_listed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("clicks,brand\n1,a\n2,b,c,d\n3\n4,d\n", encoding="utf-8")

    with open_table(path) as table:
        assert table.lines is not None
        assert (table.num_rows, table.lines.num_refused) == (2, 2)
        assert "line 3: 4 cells instead of 2: 2,b,c,d" in table.lines.refused


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_found(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"clicks{delimiter}spend\n1{delimiter}2\n", encoding="utf-8")

    with open_table(path) as table:
        assert list(table.columns) == ["clicks", "spend"]


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("clicks,brand\n", encoding="utf-8")

    with open_table(path) as table:
        assert (table.num_rows, list(table.columns)) == (0, ["clicks", "brand"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"\x00\x01\x02" * 99, "binary file"),
        ("t.parquet", b"clicks\n1\n", "not a Parquet file"),
        ("t.xlsx", b"PK\x03\x04", "spreadsheet"),
    ],
)
def test_files_that_are_no_tables_are_refused_in_words(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(TableError, match=words):
        open_table(path)


def test_a_path_that_does_not_exist_names_what_lies_beside(tmp_path: Path) -> None:
    (tmp_path / "campaigns.csv").write_text("a\n1\n", encoding="utf-8")

    with pytest.raises(TableError, match=r"campaigns\.csv"):
        open_table(tmp_path / "campaign.csv")


@pytest.mark.parametrize("thing", [3, "no/such/file.csv", [1, 2], object()])
def test_what_is_no_table_is_refused_in_words(thing: object) -> None:
    with pytest.raises(TableError):
        open_table(thing)


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="without Parquet"):
        open_table(tmp_path)


def test_several_parquet_files_are_one_table(tmp_path: Path) -> None:
    for i in range(3):
        pq.write_table(pa.table({"clicks": [i, 100 + i]}), tmp_path / f"p{i}.parquet")

    with open_table(tmp_path) as table:
        assert table.num_rows == 6
        assert table.positions("clicks > 99").tolist() == [1, 3, 5]


def test_a_pattern_looks_at_no_more_of_a_disk_than_a_folder_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(12):
        (tmp_path / f"d{i}" / "deep").mkdir(parents=True)
        pq.write_table(pa.table({"clicks": [i]}), tmp_path / f"d{i}" / "deep" / "a.parquet")

    with open_table(tmp_path / "**" / "a*.parquet") as table:
        assert table.num_rows == 12
    with open_table(tmp_path / "d[01]" / "*" / "a.parquet") as table:
        assert table.num_rows == 2
    monkeypatch.setattr("campaignkit.tables.opening._MOST_ENTRIES", 20)
    with open_table(tmp_path / "d[01]" / "*" / "a.parquet") as table:
        assert table.num_rows == 2
    with pytest.raises(TableError, match=r"(?s)more than 20 entries.*a\*\.parquet"):
        open_table(tmp_path / "**" / "a*.parquet")


def test_a_column_called_position_is_not_the_rows_place(tmp_path: Path) -> None:
    table = pa.table({
        "Position": [7.5, -1.0, 3.0, 4.0], "clicks": [1, 2, 90, 3], "impressions": [9, 9, 9, 9],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")

    for source in (table, tmp_path / "t.parquet"):
        with open_table(source) as opened:
            whole, rest = opened, opened.without(np.array([0]))
            for one in (whole, rest):
                assert one.positions(f"{one.sql('Position')} < 0").tolist() == [1]
                assert list(one.columns) == table.column_names
                assert one.row(f'SELECT min("Position") FROM {one.relation}') == (-1.0,)
            assert whole.sample_rows([2]) == [
                {"position_": 2, "Position": 3.0, "clicks": 90, "impressions": 9}
            ]
