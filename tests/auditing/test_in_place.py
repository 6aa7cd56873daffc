"""A table is audited where it lies: the findings are DuckDB's, and no rows leave it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import campaignkit as ck
from bigquery_double import LEAST, Double, bigquery_double
from campaignkit.auditing import RuleSet, python_rule, scene, sql_rule
from campaignkit.errors import BudgetExceeded, NotInPlace, SettingError, TableError
from campaignkit.inject import ShiftedColumns
from campaignkit.tables import DatabaseTable
from campaignkit.tables.engines import Warehouse
from postgres_server import load, postgres_server
from told_findings import findings

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
        assert len(findings(report)) > 10
        assert not any("warehouse" in reason for reason in report.unchecked)


def test_postgres_finds_what_duckdb_finds(
    dirty: pa.Table, history: RuleSet, postgres: str
) -> None:
    address = load(postgres, "dirty", dirty)

    for rules in (None, history):
        report = ck.audit(address, rules)

        assert findings(report) == findings(ck.audit(dirty, rules))
        report.close()


def test_blame_by_medians_is_the_same_above_the_size_of_a_sample(
    dirty: pa.Table, history: RuleSet, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene, "SAMPLE_ROWS", 1_000)
    address = load(postgres, "large", dirty)

    for rules in (None, history):
        here = findings(ck.audit(dirty, rules))

        assert findings(ck.audit(Pretended(dirty), rules)) == here
        report = ck.audit(address, rules)
        assert findings(report) == here
        report.close()


def test_without_days_the_medians_of_a_large_table_are_those_of_all_rows(
    dirty: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene, "SAMPLE_ROWS", 1_000)
    undated = dirty.drop_columns(["event_date"])

    assert findings(ck.audit(Pretended(undated))) == findings(ck.audit(undated))


@pytest.mark.parametrize("by", [-1, 2])
def test_shifted_rows_are_named_and_set_aside_where_they_lie(by: int, postgres: str) -> None:
    clean = ck.synthetic_table(1000, seed=4)
    shifted = ck.ErrorInjector([ShiftedColumns(by=by)], rate=0.03, seed=5).inject(clean)[0]
    texts = shifted.cast(pa.schema([(name, pa.string()) for name in shifted.column_names]))
    address = load(postgres, "shifted", texts)

    place = Pretended(texts)
    report = ck.audit(place)

    here = findings(ck.audit(texts))
    assert findings(report) == here
    assert any(f.kind == "shifted_columns" and f.count == 30 for f in report.findings)
    assert len(place.ran) <= 12
    report = ck.audit(address)
    assert findings(report) == here
    report.close()


def test_totals_are_named_and_set_aside_where_they_lie(postgres: str) -> None:
    clean = ck.synthetic_table(400, seed=4)
    added = {"brand": ["Total", "Total: Otter"], "clicks": [10**9, 10**6]}
    dirty = pa.concat_tables([clean, pa.table(added)], promote_options="default")

    place = Pretended(dirty)
    report = ck.audit(place)

    (finding,) = (f for f in report.findings if f.kind == "summary_rows")
    assert (finding.count, finding.severity) == (2, "warning")
    assert [row["brand"] for row in finding.sample] == ["Total", "Total: Otter"]
    assert report.kinds == ("summary_rows", *ck.audit(clean).kinds)
    assert len(place.ran) <= 12
    report = ck.audit(load(postgres, "totals", dirty))
    assert [f.count for f in report.findings if f.kind == "summary_rows"] == [2]
    report.close()
    assert "summary_rows" not in ck.audit(Pretended(dirty), summary_rows="keep").kinds


def test_a_name_with_total_in_it_is_no_total_where_the_rest_is_filled() -> None:
    rows = {"brand": ["Otter", "Search total"] * 9, "geo": ["DE", "FR"] * 9, "clicks": range(18)}

    assert "summary_rows" not in ck.audit(Pretended(pa.table(rows))).kinds


def test_gaps_of_an_hourly_table_are_hours_where_it_lies(postgres: str) -> None:
    first = dt.datetime(2026, 3, 1)
    hours = [first + dt.timedelta(hours=h) for h in range(24 * 20) if h != 100]
    table = pa.table({
        "event_date": [h for h in hours for _ in range(4)],
        "campaign_id": ["a", "b", "c", "d"] * len(hours),
        "clicks": list(range(4 * len(hours))),
    })  # fmt: skip

    for place in (table, Pretended(table), load(postgres, "hours", table)):
        report = ck.audit(place)
        (gap,) = (f for f in report.findings if f.kind == "missing_days")
        assert (gap.count, gap.unit) == (1, "hour")
        assert "2026-03-05 04:00" in gap.message
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


@pytest.fixture
def metered(dirty: pa.Table) -> Iterator[Callable[..., tuple[Double, DatabaseTable]]]:
    """Makes doubles of BigQuery over the dirty table, each with a client of Google's."""
    pytest.importorskip("google.cloud.bigquery", reason="the extra bigquery is not installed")
    with ExitStack() as stack:

        def made(**settings: Any) -> tuple[Double, DatabaseTable]:
            double = Double(dirty, **settings)
            return double, DatabaseTable(stack.enter_context(bigquery_double(double)), "d.t")

        yield made


def test_bigquery_finds_what_duckdb_finds_on_its_own_terms(
    dirty: pa.Table, metered: Callable[..., tuple[Double, DatabaseTable]]
) -> None:
    double, place = metered()

    report = ck.audit(place, labels={"Client": "ACME & Co"}, timeout_s=30)

    assert findings(report) == findings(ck.audit(dirty))
    assert report.table.warehouse.bytes_read == sum(double.billed)
    snapshots = {re.search(r"AS OF CAST\('([^']+)'", a["query"]["query"])[1] for a in double.asked}
    assert len(snapshots) == 1
    for asked in double.asked:
        assert asked["labels"] == {"app": "campaignkit", "client": "acme___co"}
        assert asked["jobTimeoutMs"] == "30000"


@pytest.mark.parametrize("lies", [False, True])
@pytest.mark.parametrize("statements", [0, 1, 4])
def test_an_audit_never_reads_more_than_its_bytes(
    statements: int, lies: bool, metered: Callable[..., tuple[Double, DatabaseTable]]
) -> None:
    double, place = metered(width=5 * LEAST, lies=lies)
    most = statements * 60 * LEAST

    with pytest.raises(BudgetExceeded, match="maximum_bytes"):
        ck.audit(place, maximum_bytes=most)

    assert sum(double.billed) <= most
    assert (double.refused > 0) <= lies  # a dry run that tells the truth is refused before it runs


def test_a_partitioned_table_asks_for_its_filter(
    metered: Callable[..., tuple[Double, DatabaseTable]],
) -> None:
    double, place = metered()
    double.about = {"timePartitioning": {"type": "DAY", "field": "event_date",
                                         "requirePartitionFilter": True}}  # fmt: skip
    double.about["requirePartitionFilter"] = True

    with pytest.raises(TableError, match="filter on its partitions") as caught:
        ck.audit(place)
    assert "event_date" in str(caught.value)
    assert not double.billed

    report = ck.audit(place, where="event_date >= '2024-01-01'", duplicates=False)
    assert all("event_date >= '2024-01-01'" in a["query"]["query"] for a in double.asked)
    report.close()


def test_bytes_cannot_be_capped_where_none_are_told(dirty: pa.Table) -> None:
    with pytest.raises(SettingError, match="does not tell how many bytes"):
        ck.audit(Pretended(dirty), maximum_bytes=10)


def test_a_password_is_never_shown() -> None:
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    for address in (
        "postgres://ann:hunter2@127.0.0.1:1/db?table=ads",
        "postgres://ann@127.0.0.1:1/db?table=ads&password=hunter2",
    ):
        with pytest.raises(TableError) as caught:
            ck.audit(address)
        assert "hunter2" not in str(caught.value) + repr(caught.value.__context__)
        assert "ann@127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("mysql://host/db", "no warehouse that is known"),
        ("postgres://host/db", "names no table"),
        ("bigquery://only.two", "is no table"),
        ("spark://host", "names no session"),
    ],
)
def test_an_address_that_names_no_table_is_refused(address: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        ck.audit(address)


def test_options_of_warehouses_are_refused_elsewhere() -> None:
    with pytest.raises(TableError, match="lies in no warehouse: maximum_bytes="):
        ck.audit({"clicks": [1]}, maximum_bytes=5)
    with pytest.raises(TableError, match="is no delimited file"):
        ck.audit(Pretended(pa.table({"clicks": [1]})), delimiter=";")


def test_many_findings_take_few_statements(dirty: pa.Table, history: RuleSet) -> None:
    for table, rules in ((dirty, None), (dirty, history), (ck.synthetic_table(3000), history)):
        place = Pretended(table)

        ck.audit(place, rules)

        assert len(place.ran) <= 12, "\n".join(sql[:90] for sql in place.ran)


def test_a_plan_reads_nothing_and_an_audit_keeps_to_it(
    metered: Callable[..., tuple[Double, DatabaseTable]],
) -> None:
    double, place = metered(width=2**20)

    plan = ck.plan_audit(place, price_per_tib=6.25, maximum_bytes=10**12)

    assert not double.billed
    assert plan.bytes == sum(n for _, n in plan.statements)
    assert 4 <= len(plan.statements) <= len(plan.statements) + plan.most_following == 12
    assert plan.most_price == pytest.approx(plan.most_bytes / 2**40 * 6.25)
    assert plan.fits
    report = ck.audit(place)
    asked = [sql for sql, _ in report.table.warehouse.statements]
    snapshot = re.compile(r"CAST\('[^']+' AS TIMESTAMP\)")
    assert snapshot.sub("", plan.statements[0][0]) == snapshot.sub("", asked[0])
    assert sum(double.billed) <= plan.most_bytes
    assert not ck.plan_audit(place, maximum_bytes=plan.most_bytes - 1).fits


def test_what_lies_in_no_warehouse_has_no_plan() -> None:
    with pytest.raises(TableError, match="lies in no warehouse"):
        ck.plan_audit({"clicks": [1]})


def test_a_history_in_place_gives_the_rules_of_duckdb_but_for_orders() -> None:
    table = ck.synthetic_table(3000, seed=2)

    here, there = ck.mine_rules(Pretended(table)), ck.mine_rules(table)

    missing = {r.id for r in there} - {r.id for r in here}
    assert {r.id for r in here} <= {r.id for r in there}
    assert all(name.startswith(("at_most:", "needs:")) for name in missing)
