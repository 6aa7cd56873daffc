"""Clients' stores in PostgreSQL and BigQuery: as those in files, each behind a login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bigquery_home_double import HomeDouble, bigquery_home
from campaignkit.errors import HarmoniseError, TableError
from campaignkit.harmonise import ClientStore, WarehouseClients, read_across
from landed_tables import google, land, rows_of
from postgres_server import postgres_server

DAYS = ["2025-03-01", "2025-03-02", "2025-03-03"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server with a role for each of two clients, which an administrator has made."""
    psycopg = pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    with postgres_server() as address:
        with psycopg.connect(address, autocommit=True) as con:
            for client in ("acme", "bell", "cora"):
                con.execute(f"CREATE ROLE ck_{client} LOGIN")
                for part in ("raw", "harmonised"):
                    con.execute(f"CREATE SCHEMA ck_{client}_{part} AUTHORIZATION ck_{client}")
        yield address


@pytest.fixture
def project() -> Iterator[tuple[HomeDouble, Any]]:
    pytest.importorskip("google.cloud.bigquery", reason="the extra bigquery is not installed")
    double = HomeDouble()
    with bigquery_home(double) as client:
        yield double, client


def as_role(address: str, role: str) -> str:
    return address.replace("tester@", f"{role}@")


def everything(store: ClientStore) -> list[Any]:
    data = store.harmonise()
    assert data.report.closes
    return [
        *(rows_of(data, name) for name in ("performance", "conversions", "reach")),
        data.report,
    ]


@pytest.fixture(scope="module")
def in_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """A folder of two exports, and what comes of them in a store of files."""
    folder = tmp_path_factory.mktemp("files")
    with ClientStore(folder / "clients", client="acme") as store:
        store.ingest(land(folder / "one", **google(DAYS[:2])), platform="google_ads")
        store.harmonise()
        store.ingest(land(folder / "two", **google(DAYS[1:], spend=9)), platform="google_ads")
        return folder, everything(store)


def in_steps(place: Any, folder: Path) -> list[Any]:
    """The same calls, each in a store that is opened for it."""
    with ClientStore(place, client="acme") as store:
        store.ingest(folder / "one", platform="google_ads")
        store.harmonise()
    with ClientStore(place, client="acme") as store:
        assert set(store.ingest(folder / "one", platform="google_ads").values()) == {0}
        store.ingest(folder / "two", platform="google_ads")
    with ClientStore(place, client="acme") as store:
        return everything(store)


def test_a_store_in_postgres_gives_what_one_in_a_file_gives(
    server: str, in_files: tuple[Path, list[Any]]
) -> None:
    import psycopg

    folder, expected = in_files

    assert in_steps(as_role(server, "ck_acme"), folder) == expected
    with psycopg.connect(as_role(server, "ck_acme")) as con:  # for everybody who knows SQL
        spend = con.execute("SELECT sum(spend) FROM ck_acme_harmonised.performance").fetchone()
    assert spend == (sum(row["spend"] for row in expected[0]),)


def test_the_role_of_one_client_reaches_nothing_of_another(server: str, tmp_path: Path) -> None:
    import psycopg

    land(tmp_path / "one", **google(DAYS))
    for client in ("acme", "bell"):
        with ClientStore(as_role(server, f"ck_{client}"), client=client) as store:
            store.ingest(tmp_path / "one", platform="google_ads")
            store.harmonise()
    with psycopg.connect(as_role(server, "ck_acme")) as con:
        assert con.execute("SELECT count(*) > 0 FROM ck_acme_harmonised.performance").fetchone()
        for table in ("ck_bell_harmonised.performance", "ck_bell_raw.kept"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), con.transaction():
                con.execute(f"SELECT * FROM {table}")
    with pytest.raises(HarmoniseError, match="reaches ck_acme_harmonised, ck_acme_raw too"):
        ClientStore(as_role(server, "ck_acme"), client="bell")
    with pytest.raises(HarmoniseError, match="reaches ck_acme_harmonised, ck_acme_raw, ck_cora"):
        ClientStore(server, client="bell")  # one login for all clients
    assert WarehouseClients(as_role(server, "ck_acme")).names == ["acme"]
    with pytest.raises(HarmoniseError, match="no store of bell"):
        read_across(
            WarehouseClients(as_role(server, "ck_acme")), clients=["acme", "bell"], reason="x"
        )


def test_what_fails_leaves_postgres_as_it_was(server: str, tmp_path: Path) -> None:
    place = as_role(server, "ck_cora")
    with ClientStore(place, client="cora") as store:
        store.ingest(land(tmp_path / "one", **google(DAYS[:1])), platform="google_ads")
        before = everything(store)
        with pytest.raises(HarmoniseError):
            store.ingest(land(tmp_path / "bad", strange=[{"a": 1}]), platform="google_ads")
    with ClientStore(place, client="cora") as store, ClientStore(place, client="cora") as late:
        assert everything(store) == before
        store.ingest(land(tmp_path / "two", **google(DAYS[1:])), platform="google_ads")
        with pytest.raises(HarmoniseError, match="another process has changed the store of cora"):
            late.ingest(land(tmp_path / "three", **google(DAYS[2:])), platform="google_ads")


def test_a_purge_leaves_nothing_in_postgres(server: str, tmp_path: Path) -> None:
    import psycopg

    with ClientStore(as_role(server, "ck_bell"), client="bell") as store:
        store.ingest(land(tmp_path / "one", **google(DAYS)), platform="google_ads")
        store.purge()
    with psycopg.connect(server) as con:
        left = con.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ 'bell'").fetchall()
    assert left == []


def test_a_store_in_bigquery_gives_what_one_in_a_file_gives(
    project: tuple[HomeDouble, Any], in_files: tuple[Path, list[Any]]
) -> None:
    double, client = project
    folder, expected = in_files

    assert in_steps(WarehouseClients(client), folder) == expected
    assert {"performance", "conversions", "reach"} == set(double.sets["ck_acme_harmonised"])
    stored = set(double.sets["ck_acme_raw"])
    assert len(stored) == len({name.rpartition("_")[0] or name for name in stored})  # none is old


def test_a_login_of_google_that_sees_two_clients_is_refused(
    project: tuple[HomeDouble, Any],
) -> None:
    double, client = project
    double.sets["ck_bell_raw"] = {}
    with pytest.raises(HarmoniseError, match="reaches ck_bell_raw too"):
        ClientStore(WarehouseClients(client), client="acme")
    assert set(double.sets) == {"ck_bell_raw"}


def test_a_load_that_fails_in_the_middle_leaves_the_state_before(
    project: tuple[HomeDouble, Any], tmp_path: Path
) -> None:
    double, client = project
    place = WarehouseClients(client)
    with ClientStore(place, client="acme") as store:
        store.ingest(land(tmp_path / "one", **google(DAYS[:1])), platform="google_ads")
        before = everything(store)
    for loads in (0, 4):  # the last is the list of tables
        with ClientStore(place, client="acme") as store:
            double.loads_left = loads
            with pytest.raises(TableError, match="cannot be asked this"):
                store.ingest(land(tmp_path / "two", **google(DAYS)), platform="google_ads")
            double.loads_left = None
        with ClientStore(place, client="acme") as store:
            assert everything(store) == before
    with ClientStore(place, client="acme") as store:
        store.purge()
    assert double.sets == {}


def test_a_key_is_refused_where_it_would_do_nothing() -> None:
    with pytest.raises(HarmoniseError, match="a key encrypts files"):
        ClientStore("bigquery://p", client="acme", key=bytes(range(32)))


def test_a_name_that_changes_reaches_the_tables_for_queries(
    project: tuple[HomeDouble, Any], tmp_path: Path
) -> None:
    double, client = project
    report = [{"ad_id": 1, "date": DAYS[0], "account_id": 7, "spend": 1, "impressions": 9}]
    with ClientStore(WarehouseClients(client), client="acme") as store:
        store.ingest(land(tmp_path / "ads", basic_ad=report), platform="meta")
        for number, name in enumerate(("Old", "New")):
            names = [{"id": 7, "name": name, "currency": "EUR", "_fivetran_synced": number}]
            store.ingest(land(tmp_path / name, account_history=names), platform="meta")
            store.harmonise()
            shown = double.sets["ck_acme_harmonised"]["performance"]
            assert shown.column("account_name").to_pylist() == [name]
