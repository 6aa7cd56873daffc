"""Clients never mix: acme does all it can, and every byte that bell gives stays the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

import campaignkit as ck
from ad_server import SECRET, AdServer, serving
from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import ClientFolder, ClientStore, Platform, store as store_module
from campaignkit.harmonise.access_log import AccessLog
from campaignkit.harmonise.exports import Part
from campaignkit.store.leftovers import held_folder
from campaignkit.tables import connect, literal
from client_walls import DOINGS, Doing, World, changed_by, done_before, spoilt_file
from landed_tables import google, land

unix_only = pytest.mark.skipif(os.name == "nt", reason="modes of files are those of Unix")


def filled(folder: Path, client: str, **options: Any) -> ClientStore:
    store = ClientStore(folder / "clients", client, **options)
    store.ingest(land(folder / "exports", **google(["2025-03-01"])), platform="google_ads")
    return store


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stores of acme (in EUR), bell and cole (in USD), and one that was never harmonised."""
    folder = tmp_path_factory.mktemp("prepared")
    for client, currency in (("acme", "EUR"), ("bell", "USD"), ("cole", "USD")):
        with filled(folder, client) as store:
            store.harmonise(currencies={"77": currency})
    ClientStore(folder / "clients", "empty").close()
    return folder / "clients"


@pytest.fixture
def clients(prepared: Path, tmp_path: Path) -> Path:
    """A copy of those stores."""
    return Path(shutil.copytree(prepared, tmp_path / "clients"))


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """All that bell gives where there is no other client."""
    folder = tmp_path_factory.mktemp("alone")
    return World(folder, ClientFolder(folder / "clients")).bell()


@pytest.mark.parametrize("doing", [*DOINGS, spoilt_file], ids=lambda doing: doing.__name__)
def test_nothing_that_acme_does_changes_a_byte_of_bell(
    doing: Doing, alone: Mapping[str, bytes], tmp_path: Path
) -> None:
    world = World(tmp_path, ClientFolder(tmp_path / "clients"))

    assert changed_by(doing, world, alone) == []


class NeverClosed:
    def __init__(self, con: Any) -> None:
        self.con = con

    def __getattr__(self, name: str) -> Any:
        return getattr(self.con, name)

    def close(self) -> None:
        pass


@pytest.fixture(params=["data base", "temporary folder", "memory"])
def leak(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A wall with a hole: what clients share."""
    if request.param == "data base":
        opened, shared = ClientFolder.open, {}

        def open_shared(self: ClientFolder, client: str, **options: Any) -> Any:
            if self.folder not in shared:
                shared[self.folder] = NeverClosed(opened(self, "all"))
            return shared[self.folder]

        monkeypatch.setattr(ClientFolder, "open", open_shared)
    elif request.param == "temporary folder":
        parts_of = store_module.parts_of

        def copied(reader: Any, path: Path, *rest: Any) -> tuple[Platform, list[Part]]:
            known, parts = parts_of(reader, path, *rest)
            made = []
            for part in parts:
                copy = path.parent.parent / f"{part.name}.parquet"
                if not copy.exists():
                    reader.execute(f"COPY ({part.select}) TO {literal(str(copy))}")
                made.append(replace(part, select=f"FROM {literal(str(copy))}"))
            return known, made

        monkeypatch.setattr(store_module, "parts_of", copied)
    else:
        harmonise, stated = ClientStore.harmonise, {}

        def remembering(self: ClientStore, *, currencies: Mapping[str, str] | None = None) -> Any:
            stated.update(currencies or {})
            return harmonise(self, currencies=stated)

        monkeypatch.setattr(ClientStore, "harmonise", remembering)
    return str(request.param)


def test_a_planted_leak_is_caught(leak: str, alone: Mapping[str, bytes], tmp_path: Path) -> None:
    world = World(tmp_path, ClientFolder(tmp_path / "clients"))

    assert "performance" in changed_by(done_before, world, alone), leak


def test_a_clients_connection_reaches_nothing_else(clients: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    theirs = clients / "bell" / "data.duckdb"
    with ClientStore(clients, "acme") as store:
        spill = store._con.sql("SELECT current_setting('temp_directory')").fetchall()
        assert spill == [(str(clients / "acme" / "spill"),)]
        for statement in (
            f"ATTACH '{theirs}' AS theirs",
            f"SELECT * FROM read_csv('{secret}')",
            f"SELECT * FROM read_blob('{theirs}')",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            f"EXPORT DATABASE '{tmp_path / 'out'}'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            f"SET temp_directory = '{tmp_path}'",
        ):
            with pytest.raises(duckdb.Error):
                store._con.execute(statement)


def test_what_is_fetched_lies_in_the_clients_own_folder(tmp_path: Path) -> None:
    pytest.importorskip("dlt", reason="the extra fetch is not installed")
    server, spill = AdServer("2026-03-01", "2026-03-01"), tmp_path / "acme" / "spill"
    seen: set[Path] = set()

    def look(server: AdServer, path: str) -> None:
        seen.update(path for path in tmp_path.rglob("*") if path.is_dir())

    server.trouble = look
    with serving(server, "tiktok"), ClientStore(tmp_path, "acme") as store:
        store.fetch("tiktok", accounts="7", since="2026-03-01", until="2026-03-01",
                    token=SECRET, base_url=server.url)  # fmt: skip

        assert store.tables
    (folder,) = (path for path in seen if path.name.endswith(".scratch"))
    assert folder.parent == spill
    assert not folder.exists()


@unix_only
def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    with ClientStore(tmp_path, "acme"):
        assert (tmp_path / "acme").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "acme" / "data.duckdb").stat().st_mode & 0o777 == 0o600


def test_a_copy_of_another_clients_file_is_refused(clients: Path) -> None:
    shutil.copytree(clients / "acme", clients / "dora")

    with pytest.raises(HarmoniseError, match="is not the store of dora"):
        ClientStore(clients, "dora")


@unix_only
def test_links_are_refused_and_what_they_lead_to_keeps_its_mode(
    clients: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (clients / "linked").symlink_to(elsewhere)
    (clients / "hard").mkdir()
    os.link(clients / "acme" / "data.duckdb", clients / "hard" / "data.duckdb")
    (clients / "soft").mkdir()
    (clients / "soft" / "spill").symlink_to(clients / "acme")

    for client in ("linked", "hard", "soft"):
        with pytest.raises(HarmoniseError, match="leads to another place"):
            ClientStore(clients, client)
    assert elsewhere.stat().st_mode & 0o777 == 0o755
    assert below(elsewhere) == []


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "a" * 41, "a b", None, "a\n", ".across"])
def test_a_clients_name_is_checked(name: object, tmp_path: Path) -> None:
    with pytest.raises(HarmoniseError, match="client is"):
        ClientStore(tmp_path, client=name)  # type: ignore[arg-type]
    with pytest.raises(HarmoniseError, match="client is"):
        ClientFolder(tmp_path).purge(name)  # type: ignore[arg-type]


def test_a_store_is_open_once(clients: Path) -> None:
    """Here or in another process: the second is told, and the first goes on."""
    again = f"import campaignkit as ck; ck.ClientStore({str(clients)!r}, 'acme')"
    with ClientStore(clients, "acme") as store:
        with pytest.raises(HarmoniseError, match="open already"):
            ClientStore(clients, "acme")
        command = [sys.executable, "-c", again]
        run = subprocess.run(command, capture_output=True, text=True, check=False)

        assert "HarmoniseError" in run.stderr and "open already" in run.stderr
        assert store.harmonise().report.closes


@pytest.mark.parametrize("used", [False, True])
def test_a_call_that_fails_makes_no_store_and_deletes_none(used: bool, tmp_path: Path) -> None:
    if used:
        with ClientStore(tmp_path / "clients", "acme") as store:
            store.ingest(land(tmp_path / "exports", **google(["2025-03-01"])))
    strange = land(tmp_path / "strange", people=[{"id": 1, "name": "Ann"}])
    for fails in (lambda store: store.ingest(strange), lambda store: store.remove("meta")):
        with pytest.raises(HarmoniseError), ClientStore(tmp_path / "clients", "acme") as store:
            fails(store)

    assert (tmp_path / "clients" / "acme").exists() == used
    if used:
        with ClientStore(tmp_path / "clients", "acme") as store:
            assert len(store.tables) > 3


# Across clients


def test_rows_of_two_clients_come_with_names_and_an_entry_in_the_log(clients: Path) -> None:
    table = ck.read_across(clients, clients=["bell", "acme"], reason=" shared budget ")
    half = table.num_rows // 2

    assert table.column("client_id").to_pylist() == ["bell"] * half + ["acme"] * half
    pairs = {(r["client_id"], r["currency"]) for r in table.to_pylist()}
    assert pairs == {("acme", "EUR"), ("bell", "USD")}
    (entry,) = ClientFolder(clients).log
    assert entry["reason"] == "shared budget"
    assert (entry["table"], entry["rows"]) == ("performance", {"bell": half, "acme": half})
    assert entry["who"] and entry["at"].endswith("+00:00")
    ck.read_across(clients, clients=["acme", "cole"], reason="x", table="conversions")
    assert [e["reason"] for e in ClientFolder(clients).log] == ["shared budget", "x"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": " \n"}, "reason"),
        ({"reason": None}, "reason"),
        ({"clients": ["acme"]}, "clients"),
        ({"clients": ["acme", "acme"]}, "clients"),
        ({"clients": "acme"}, "clients"),
        ({"clients": ["acme", "../bell"]}, "client is"),
        ({"clients": ["acme", "ghost"]}, "no store of ghost"),
        ({"clients": ["acme", "empty"]}, "empty"),
        ({"table": "place"}, "table"),
    ],
)
def test_reading_across_clients_is_refused_and_makes_no_entry(
    asked: dict[str, Any], said: str, prepared: Path
) -> None:
    given = {"clients": ["acme", "bell"], "reason": "prices", **asked}
    before = below(prepared)
    with pytest.raises(HarmoniseError, match=said):
        ck.read_across(prepared, **given)

    assert below(prepared) == before


def test_nothing_is_read_across_if_it_cannot_be_logged(clients: Path) -> None:
    (clients / ".across").write_text("in the way")

    with pytest.raises(HarmoniseError, match="log of what is read across"):
        ck.read_across(clients, clients=["acme", "bell"], reason="prices")


# Purge


@pytest.mark.parametrize("spoil", [False, True], ids=["whole", "damaged"])
def test_a_purge_leaves_nothing_but_its_line_in_the_log(spoil: bool, clients: Path) -> None:
    ck.read_across(clients, clients=["acme", "bell"], reason="acme against bell")
    ck.read_across(clients, clients=["bell", "cole"], reason="others")
    (clients / "acme" / "spill").mkdir()
    (clients / "acme" / "spill" / "duckdb_temp_storage-0.tmp").write_text("rows")
    (clients / "acme" / "data.duckdb.wal").write_bytes(b"")
    bell = (clients / "bell" / "data.duckdb").read_bytes()
    if spoil:
        (clients / "acme" / "data.duckdb").write_bytes(b"no data base")
        ClientFolder(clients).purge("acme")
    else:
        ClientStore(clients, "acme").purge()

    assert not [name for name in below(clients) if "acme" in name]
    assert (clients / "bell" / "data.duckdb").read_bytes() == bell
    told = [json.dumps(entry) for entry in ClientFolder(clients).log]
    assert ["acme" in line for line in told] == [False, False, True]
    assert json.loads(told[2])["purged"] == "acme"
    assert json.loads(told[0])["rows"].keys() == {"bell"}
    assert json.loads(told[1])["reason"] == "others"
    files = b"".join(p.read_bytes() for p in clients.rglob("*") if p.is_file())
    assert files.count(b"acme") == 1


@unix_only
def test_what_hinders_a_purge_is_told(clients: Path) -> None:
    (clients / f".gone.{'0' * 32}.purged").symlink_to(clients / "bell")
    with pytest.raises(HarmoniseError, match="cannot be deleted"):
        ClientFolder(clients).purge("acme")
    (clients / f".gone.{'0' * 32}.purged").unlink()
    (clients / ".across" / "entry.json").write_text("{half")
    with pytest.raises(HarmoniseError, match="no entry of the log"):
        _ = ClientFolder(clients).log

    assert ClientFolder(clients).names == ["bell", "cole", "empty"]


def test_a_purge_of_nobody_does_nothing(tmp_path: Path) -> None:
    ClientFolder(tmp_path / "clients").purge("ghost")

    assert below(tmp_path) == []


# Encryption


KEY = bytes(range(100, 132))


@pytest.mark.parametrize("key", ["x" * 32, b"short", b"a" * 32, KEY + b"1", 7, ""])
def test_a_key_is_32_random_bytes_and_no_message_shows_it(key: Any, tmp_path: Path) -> None:
    with pytest.raises(HarmoniseError, match="expected 32 random bytes") as caught:
        ClientStore(tmp_path, "acme", key=key)

    assert not key or str(key) not in str(caught.value).replace("expected 32", "")
    assert below(tmp_path) == []


def can_encrypt() -> bool:
    try:
        duckdb.connect(config={"autoinstall_known_extensions": "false"}).execute("LOAD httpfs")
    except duckdb.Error:
        return False
    return True


@pytest.mark.skipif(can_encrypt(), reason="this DuckDB has httpfs, so it can encrypt")
def test_a_store_is_refused_where_it_cannot_be_encrypted(tmp_path: Path) -> None:
    with pytest.raises(HarmoniseError, match="cannot write encrypted") as caught:
        ClientStore(tmp_path, "acme", key=KEY)

    assert "encrypted disk" in str(caught.value)
    assert "mbedtls" not in str(caught.value)  # which would write with weak random numbers
    assert below(tmp_path) == []


@pytest.mark.skipif(not can_encrypt(), reason="this DuckDB has no httpfs, which encrypts")
def test_an_encrypted_store_shows_nothing_and_opens_with_its_key_alone(tmp_path: Path) -> None:
    with filled(tmp_path, "acme", key=KEY, memory_mb=64) as store:
        con = store._con
        told = "SELECT encrypted, cipher FROM duckdb_databases() WHERE database_name = 'store'"
        assert con.sql(told).fetchall() == [(True, "GCM")]
        con.execute("CREATE TEMP TABLE big AS SELECT 'marked_' || md5(i::VARCHAR) AS s "
                    "FROM range(3000000) t(i)")  # fmt: skip
        spilt = [path for path in (tmp_path / "clients").rglob("*.tmp") if path.is_file()]
        assert spilt and not any(b"marked_" in path.read_bytes() for path in spilt)
        assert repr(KEY)[2:-1] not in repr(store)
        with pytest.raises(HarmoniseError, match="not encrypted"):
            store.fetch("meta", accounts="7", since="2026-03-01", token="x")
        total = store.harmonise().total("spend")
    files = b"".join(p.read_bytes() for p in (tmp_path / "clients").rglob("*") if p.is_file())
    assert b"acme" not in files and b"Spring" not in files
    for key in (None, KEY[::-1]):
        with pytest.raises(HarmoniseError, match="cannot be opened"):
            ClientStore(tmp_path / "clients", "acme", key=key)
    with ClientStore(tmp_path / "clients", "acme", key=KEY) as store:
        assert store.harmonise().total("spend") == total
    ClientStore(tmp_path / "clients", "plain").close()
    with pytest.raises(HarmoniseError, match="not encrypted"):
        ClientStore(tmp_path / "clients", "plain", key=KEY)


@pytest.mark.parametrize("wrong", ["key", "link"])
def test_a_store_that_is_refused_leaves_no_connection_open(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(
        "campaignkit.harmonise.clients.connect", lambda *a: made.append(connect(*a)) or made[-1]
    )
    if wrong == "link":
        (tmp_path / "acme").symlink_to(tmp_path)
    with pytest.raises(HarmoniseError):
        ClientFolder(tmp_path).open("acme", key=b"short" if wrong == "key" else None)
    with pytest.raises(duckdb.ConnectionException):
        made[0].execute("SELECT 1")


@unix_only
def test_a_purge_leaves_alone_an_entry_that_another_run_is_writing(tmp_path: Path) -> None:
    log = AccessLog(tmp_path)
    (tmp_path / f".entry.{'0' * 32}.partial").mkdir()  # of a run that was killed
    with held_folder(tmp_path, ".entry.", ".partial") as written:
        log.forget("acme")
        assert below(tmp_path) == [written.name]
