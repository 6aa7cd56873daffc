"""Names that a spreadsheet would run as formulas: escaped at every CSV door, and read back."""

from __future__ import annotations

import csv
from pathlib import Path

from hypothesis import given, strategies as st

import campaignkit as ck
from campaignkit.dataset.verify_inputs import read_signs
from campaignkit.inject import write_table
from campaignkit.report.leaderboard.standings import Standing, Standings
from campaignkit.runs import RunLog, RunRecord
from campaignkit.store import escape_cell, read_cell

STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
NASTY = ["=1+1", "=1", "+49", "-5", "@SUM(A1)", "'=1", "''=1", "'s Heeren", "＝1", "Nike"]


@given(st.text(alphabet=[*STARTS, "'", "a", " "], max_size=6) | st.text())
def test_a_cell_is_no_formula_and_reads_back(text: str) -> None:
    cell = escape_cell(text)

    assert not cell.startswith(STARTS)
    assert read_cell(cell) == text


@given(st.text(alphabet=[*STARTS, "'", "a"], max_size=6))
def test_two_texts_never_share_a_cell(text: str) -> None:
    others = [text + "'", "'" + text, text.lstrip("'"), text.removeprefix("'")]

    assert all(escape_cell(other) != escape_cell(text) for other in others if other != text)


def _formulas(path: Path, *, but: str = "") -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    titles = [title for title in rows[0] if title.startswith(STARTS)]
    return titles + [
        cell
        for row in rows
        for title, cell in row.items()
        if cell.startswith(STARTS) and title != but
    ]


def test_edges_csv_holds_no_formula_and_reads_back(tmp_path: Path) -> None:
    edges = [
        ck.Edge(("brand", name), ("@geo", "=Peru"), 1 - 2 * (i % 2))
        for i, name in enumerate(NASTY)
    ]
    graph = ck.SignedGraph.from_edges(edges)
    graph.write_csv(tmp_path / "edges.csv")

    assert _formulas(tmp_path / "edges.csv", but="sign") == []
    assert ck.SignedGraph.read_csv(tmp_path / "edges.csv").digest == graph.digest
    signs = read_signs(tmp_path / "edges.csv", ["brand", "@geo"])
    assert {key[1] for pair in signs for key in pair} == {*NASTY, "=Peru"}


def test_raw_and_escaped_cells_of_a_foreign_file_are_one_name(tmp_path: Path) -> None:
    place = tmp_path / "edges.csv"
    place.write_text(
        "source,target,rel,sign\n=A,x,brand_to_geo,+\n'=A,y,brand_to_geo,-\n", encoding="utf-8"
    )

    graph = ck.SignedGraph.read_csv(place)

    assert graph.neighbors(("brand", "=A")) == {("geo", "x"): 1, ("geo", "y"): -1}


def test_a_catalogue_csv_holds_no_formula_and_reads_back(tmp_path: Path) -> None:
    catalogue = ck.Catalogue(
        ck.Attribute("=kind", name, "-- a line", {"@fact": ["+a", "-b"], "plain": name})
        for name in NASTY
    )
    catalogue.write_csv(tmp_path / "mine.csv")

    assert _formulas(tmp_path / "mine.csv") == []
    assert ck.Catalogue.read_csv(tmp_path / "mine.csv") == catalogue


def test_predictions_and_rankings_hold_no_formula(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "runs.jsonl")
    name = log.write_predictions("r", NASTY, NASTY, predicted=NASTY)
    record = RunRecord(
        kind="fit", task="outcome", dataset={"name": "d"}, model={"name": "m"}, predictions=name
    )

    assert _formulas(tmp_path / name) == []
    assert list(log.read_predictions(record).ids) == NASTY
    assert escape_cell("=1") in Standings((_standing("=1"),), 0).to_csv()


def _standing(model: str) -> Standing:
    values = dict.fromkeys(Standing.__dataclass_fields__)
    return Standing(**{**values, "rank": 1, "model": model, "per_label": {}})  # type: ignore[arg-type]


def test_a_spoiled_table_is_written_as_it_is_or_for_spreadsheets(tmp_path: Path) -> None:
    table = {"=name": NASTY, "clicks": list(range(-4, len(NASTY) - 4))}

    write_table(table, tmp_path / "as it is.csv")
    write_table(table, tmp_path / "escaped.csv", for_spreadsheets=True)

    plain, escaped = (
        list(csv.DictReader((tmp_path / name).read_text(encoding="utf-8").splitlines()))
        for name in ("as it is.csv", "escaped.csv")
    )
    assert [row["=name"] for row in plain] == NASTY
    assert [read_cell(row["'=name"]) for row in escaped] == NASTY
    assert _formulas(tmp_path / "escaped.csv", but="clicks") == []
    assert [row["clicks"] for row in escaped] == [row["clicks"] for row in plain]
