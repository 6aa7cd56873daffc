"""Landed tables of PostgreSQL and BigQuery come into a client's store as files do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from bigquery_double import LEAST, Double, bigquery_double
from campaignkit.errors import BudgetExceeded, HarmoniseError, TableError
from campaignkit.harmonise import ClientStore, discover, platform, platforms
from campaignkit.tables import DatabaseTable
from landed_tables import google, land, rows_of
from postgres_server import postgres_server

pytest.importorskip("sqlglot", reason="the extra warehouse is not installed")
DAYS = ["2025-03-01", "2025-03-02", "2025-03-03"]
TYPES = {"date": "date", "cost_micros": "bigint", "impressions": "integer", "clicks": "integer",
         "conversions": "numeric", "conversions_value": "double precision",
         "updated_at": "timestamptz"}  # fmt: skip


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A server with the tables of Google Ads, typed, in a schema of their own."""
    psycopg = pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    with postgres_server() as address:
        with psycopg.connect(address) as con:
            con.execute("CREATE SCHEMA google")
            for name, rows in google(DAYS).items():
                columns = list(dict.fromkeys(c for row in rows for c in row))
                typed = ", ".join(f'"{c}" {TYPES.get(c, "text")}' for c in columns)
                con.execute(f"CREATE TABLE google.{name} ({typed}, secret text DEFAULT 'x')")
                marks = ", ".join(["%s"] * len(columns))
                listed = ", ".join(f'"{c}"' for c in columns)
                for row in rows:
                    con.execute(
                        f"INSERT INTO google.{name} ({listed}) VALUES ({marks})",
                        [row.get(c) for c in columns],
                    )
            con.execute("CREATE VIEW google.orders AS SELECT 1 AS id")
        yield address


def everything(store: ClientStore) -> list[Any]:
    data = store.harmonise()
    assert data.report.closes
    return [rows_of(data, name) for name in ("performance", "conversions")]


def test_a_schema_of_postgres_gives_what_its_files_give(postgres: str, tmp_path: Path) -> None:
    tables = google(DAYS)
    del tables["keyword_stats"]  # it counts the same spend: a warehouse is not asked for it
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "landed", **tables), platform="google_ads")
        expected = everything(store)
    with ClientStore(tmp_path / "other", client="acme") as store:
        taken = store.ingest(f"{postgres}&schema=google")

        assert taken == {name: len(rows) for name, rows in tables.items()}
        assert everything(store) == expected
        assert set(store.ingest(f"{postgres}&schema=google").values()) == {0}
        landed = store._con.execute("DESCRIBE landed.google_ads__ad_stats").fetchall()
        assert "secret" not in {row[0] for row in landed}


def test_only_the_days_asked_for_leave_the_warehouse(postgres: str, tmp_path: Path) -> None:
    with ClientStore(tmp_path, client="acme") as store:
        taken = store.ingest(f"{postgres}&schema=google", days=(DAYS[1], DAYS[2]))

        assert (taken["ad_stats"], taken["campaign_history"]) == (8, 2)
        assert store.harmonise().total("spend", by=["date_local"]).keys() == {
            (DAYS[1],), (DAYS[2],),
        }  # fmt: skip


def test_what_cannot_be_read_of_postgres_is_told(postgres: str, tmp_path: Path) -> None:
    import psycopg

    with ClientStore(tmp_path, client="acme") as store:
        with pytest.raises(HarmoniseError, match="no table of Meta"):
            store.ingest(f"{postgres}&schema=public", platform="meta")
        with pytest.raises(HarmoniseError, match="does not show its platform"):
            store.ingest(f"{postgres}&schema=nowhere")
        with pytest.raises(TableError, match="names no schema"):
            store.ingest(postgres)
        with pytest.raises(TableError, match=r"cannot be asked this.*\*\*\*|cannot be asked this"):
            store.ingest("postgres://me:geheim@127.0.0.1:1/db?schema=google")
        with pytest.raises(TableError, match="schemas of snowflake are not read"):
            store.ingest("snowflake://a.b")
        with pytest.raises(HarmoniseError, match="expected the first and the last day"):
            store.ingest(f"{postgres}&schema=google", days=("2025-03-02", "2025-03-01"))
        assert store.tables == []
        with psycopg.connect(postgres) as con:
            assert store.ingest(DatabaseTable(con, "google"))["ad_stats"] == 12
            assert con.info.transaction_status.name in ("IDLE", "INTRANS")  # left as it was


def test_an_unknown_schema_of_postgres_is_looked_at(postgres: str) -> None:
    others = [platform(key) for key in platforms() if key != "google_ads"]
    found = discover(f"{postgres}&schema=google", known=others)
    best = {table.role: table.table for table in found.tables if table.is_proposed}
    spend = {column.column for column in found.columns if column.field == "spend"}

    assert best["report of ad"] == "ad_stats"
    assert best["campaign"] == "campaign_history"
    assert spend == {"micro:cost_micros"}


def test_a_data_set_of_bigquery_is_looked_at_under_one_cap() -> None:
    pytest.importorskip("google.cloud.bigquery", reason="the extra bigquery is not installed")
    double = Double(pa.Table.from_pylist(google(DAYS)["ad_stats"]), name="ad_stats")
    with bigquery_double(double) as client:
        with pytest.raises(BudgetExceeded):
            discover(DatabaseTable(client, "d"), maximum_bytes=LEAST - 1)
        found = discover(DatabaseTable(client, "d"), maximum_bytes=LEAST)

    assert [table.role for table in found.tables] == ["report of ad"]


def test_a_data_set_of_bigquery_is_read_under_one_cap(tmp_path: Path) -> None:
    pytest.importorskip("google.cloud.bigquery", reason="the extra bigquery is not installed")
    tables = google(DAYS)
    report = pa.Table.from_pylist([
        {**row, "cost_micros": row["cost_micros"], "note": "x"} for row in tables["ad_stats"]
    ])  # fmt: skip
    double = Double(report, name="ad_stats")
    with bigquery_double(double) as client, ClientStore(tmp_path, client="acme") as store:
        source = DatabaseTable(client, "d")
        with pytest.raises(BudgetExceeded):
            store.ingest(source, maximum_bytes=LEAST - 1)
        assert (store.tables, double.billed) == ([], [])
        assert store.ingest(source, maximum_bytes=LEAST) == {"ad_stats": 12}
        sql = double.asked[-1]["query"]["query"]
        assert "note" not in sql
        assert "FOR SYSTEM_TIME AS OF" in sql
        assert double.asked[-1]["labels"]["client"] == "acme"
        assert store.harmonise(currencies={"77": "EUR"}).report.closes
