"""Totals among the rows are named and left out; what only looks like one stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import campaignkit as ck
from campaignkit.tables import open_table

DAYS = [f"2026-03-{d:02d}" for d in range(1, 11)]
BRANDS = ["Otter Bags", "Lynx Hats", "Total Wireless"]


def rows() -> list[dict[str, Any]]:
    return [
        {"Day": day, "Campaign": brand, "Impressions": 1000 + 7 * i + d, "Clicks": 20 + i + d,
         "Cost": 30.5 + i + d}
        for d, day in enumerate(DAYS) for i, brand in enumerate(BRANDS)
    ]  # fmt: skip


def total(of: list[dict[str, Any]], **cells: str | None) -> dict[str, Any]:
    sums = {m: sum(r[m] for r in of) for m in ("Impressions", "Clicks", "Cost")}
    return {"Day": None, "Campaign": None, **cells, **sums}


def found(table: list[dict[str, Any]], tmp_path: Path, kind: str) -> list[int]:
    frame = pd.DataFrame(table)
    source: Any = frame
    if kind == "csv":
        source = tmp_path / "t.csv"
        frame.to_csv(source, index=False)
    elif kind == "parquet":
        source = tmp_path / "t.parquet"
        frame.to_parquet(source)
    with open_table(source) as opened:
        assert opened.num_rows == len(table) - len(opened.summary_rows)
        assert opened.row(f"SELECT count(*) FROM {opened.relation}") == (opened.num_rows,)
        return sorted(opened.summary_rows)


@pytest.mark.parametrize("kind", ["csv", "parquet", "frame"])
@pytest.mark.parametrize(
    "cells",
    [
        {"Day": "Total"},
        {"Day": "Gesamt", "Campaign": "--"},
        {"Campaign": "Total général"},
        {"Day": "2026-03-10", "Campaign": "Summe"},
        {"Campaign": "Total: Account"},
        {"Day": "合計"},
        {},
    ],
)
@pytest.mark.parametrize("at", [0, 17, 30])
def test_a_total_is_named_wherever_it_stands(
    tmp_path: Path, kind: str, cells: dict[str, str], at: int
) -> None:
    table = rows()
    table.insert(at, total(rows(), **cells))

    assert found(table, tmp_path, kind) == [at]


@pytest.mark.parametrize("kind", ["csv", "frame"])
def test_totals_of_each_day_are_named(tmp_path: Path, kind: str) -> None:
    table: list[dict[str, Any]] = []
    places = []
    for day in DAYS:
        held = [r for r in rows() if r["Day"] == day]
        table += [*held, total(held, Day=day, Campaign="Subtotal")]
        places.append(len(table) - 1)

    assert found(table, tmp_path, kind) == places


@pytest.mark.parametrize("name", ["Total Wireless", "Total", "Summer Total", "Total - search"])
def test_a_campaign_called_total_is_no_total(tmp_path: Path, name: str) -> None:
    table = [r | {"Campaign": name} if r["Campaign"] == "Lynx Hats" else r for r in rows()]

    assert found(table, tmp_path, "csv") == []


def test_the_other_findings_keep_the_places_of_the_file(tmp_path: Path) -> None:
    table = rows()
    table[12]["Clicks"] = 5000
    table.insert(0, total(table, Day="Total"))
    path = tmp_path / "t.csv"
    pd.DataFrame(table).to_csv(path, index=False)

    with ck.audit(path) as report:
        held = {f.kind: f for f in report.findings}
        assert held["summary_rows"].rows.tolist() == [0]
        assert held["summary_rows"].sample[0]["Day"] == "Total"
        assert held["clicks_exceed_impressions"].rows.tolist() == [13]
        assert "summary_rows='keep'" in str(report.notes)
    with ck.audit(path, summary_rows="keep") as report:
        assert report.num_rows == 31
        assert "summary_rows" not in report.kinds


@pytest.mark.parametrize("most", [1_000, 0])
def test_the_query_of_a_finding_runs_on_the_table_itself(
    tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaignkit.tables.opened._MOST_WRITTEN", most)
    table = rows()
    table[12]["Clicks"] = 5000
    path = tmp_path / "t.csv"
    pd.DataFrame([total(table, Day="Total"), *table]).to_csv(path, index=False)

    with ck.audit(path) as report, duckdb.connect() as con:
        con.execute(f"CREATE TABLE audited AS FROM read_csv('{path}')")
        (finding,) = [f for f in report.findings if f.kind == "clicks_exceed_impressions"]
        found = con.sql(finding.query).df()

    assert found["Clicks"].tolist() == [5000]
    assert ("1 more" in finding.query) == (most == 0)
    assert "1 row sums up others" in str(report.notes)
