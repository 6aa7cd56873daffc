"""A table is audited where it lies: the findings are DuckDB's, and no rows leave it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import campaignkit as ck
from campaignkit.auditing import AuditReport, RuleSet, python_rule, sql_rule
from campaignkit.errors import NotInPlace
from campaignkit.inject import STACK_KINDS
from campaignkit.tables.engines import Warehouse
from postgres_server import load, postgres_server

pytest.importorskip("sqlglot", reason="the extra warehouse is not installed")


class Pretended(Warehouse):
    """DuckDB asked as if it were a warehouse; keeps what it answered."""

    dialect = "duckdb"

    def __init__(self, table: pa.Table, *, bytes_a_statement: int | None = None) -> None:
        self.name, self.source = "pretended", "theirs"
        self.con = duckdb.connect()
        self.con.register("theirs", table)
        self.bytes_a_statement = bytes_a_statement
        self.answers: list[Any] = []
        self.ran: list[str] = []

    def columns(self) -> Mapping[str, str]:
        return {row[0]: row[1] for row in self.con.execute("DESCRIBE theirs").fetchall()}

    def bytes_of(self, sql: str) -> int | None:
        return self.bytes_a_statement

    def run(self, sql: str, *, maximum_bytes: int | None) -> tuple[list[Sequence[Any]], int]:
        self.ran.append(sql)
        rows = self.con.execute(sql).fetchall()
        self.answers += [cell for row in rows for cell in row]
        return rows, self.bytes_a_statement or 0

    def close(self) -> None:
        self.con.close()


def findings(report: AuditReport) -> list[tuple[Any, ...]]:
    return sorted((f.kind, f.columns, f.count, f.severity) for f in report.findings)


@pytest.fixture(scope="module")
def history() -> RuleSet:
    return ck.mine_rules(ck.synthetic_table(4000, seed=2))


@pytest.fixture(scope="module")
def dirty() -> pa.Table:
    clean = ck.synthetic_table(4000, seed=1)
    return ck.ErrorInjector(list(STACK_KINDS), rate=0.02, seed=3).inject(clean)[0]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    with postgres_server() as address:
        yield address


def test_findings_in_place_are_those_of_duckdb(dirty: pa.Table, history: RuleSet) -> None:
    for rules in (None, history):
        place = Pretended(dirty)

        report = ck.audit(place, rules)

        assert findings(report) == findings(ck.audit(dirty, rules))
        assert len(findings(report)) > 20
        assert not any("warehouse" in reason for reason in report.unchecked)


def test_postgres_finds_what_duckdb_finds(
    dirty: pa.Table, history: RuleSet, postgres: str
) -> None:
    address = load(postgres, "dirty", dirty)

    for rules in (None, history):
        report = ck.audit(address, rules)

        assert findings(report) == findings(ck.audit(dirty, rules))
        report.close()


def test_no_cell_of_an_identifier_and_no_amount_of_a_row_leaves(dirty: pa.Table) -> None:
    place = Pretended(
        dirty.append_column("note", pa.array([f"secret {i}" for i in range(len(dirty))]))
    )

    ck.audit(place, least_rows=2)

    left = {cell for cell in place.answers if isinstance(cell, str)}
    assert not left & set(dirty["ad_creative_id"].to_pylist())
    assert not any(cell.startswith("secret") for cell in left)
    assert not any("row_number() over ()" in sql.lower() for sql in place.ran)
    assert all(re.search(r"COUNT|SUM|MIN|QUANTILE|DISTINCT", sql) for sql in place.ran)


def test_a_finding_in_place_has_a_condition_and_a_few_rows_but_no_places(dirty: pa.Table) -> None:
    report = ck.audit(Pretended(dirty))
    finding = next(f for f in report.findings if f.kind == "clicks_exceed_impressions")

    assert finding.query.startswith("SELECT * FROM theirs WHERE")
    assert 0 < len(finding.sample) <= 5
    assert all(set(row) == set(finding.columns) for row in finding.sample)
    assert all(row["clicks"] > row["impressions"] for row in finding.sample)
    with pytest.raises(NotInPlace, match="no row places"):
        _ = finding.rows


def test_what_a_warehouse_is_not_asked_is_told_as_not_checked(dirty: pa.Table) -> None:
    rules = [
        python_rule("odd", ["clicks"], lambda cells: cells["clicks"] % 2 == 1),
        sql_rule("hashed", "hash(brand) = 3"),
        sql_rule("cheap", "spend < 0.5 AND clicks > 3"),
    ]

    report = ck.audit(Pretended(dirty), rules)

    assert any(r.startswith("python:odd:") and "state it in SQL" in r for r in report.unchecked)
    assert any(r.startswith("sql:hashed: hash is not asked") for r in report.unchecked)
    assert any(f.rule == "sql:cheap" for f in report.findings)
