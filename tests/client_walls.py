"""Whether anything of one client reaches another: what acme does, and every byte that bell gives.

``DOINGS`` are for any place of stores, a folder's or a warehouse's; ``changed_by`` names the
outputs of bell in which a byte differs.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import ClientFolder, Clients, ClientStore
from landed_tables import google, land

DAYS = [f"2025-03-{day:02}" for day in range(1, 4)]
HOSTILE = (  # names of our own tables, and names that try to leave their quotes
    "owner", "ingested", "touched", "place", "performance_fact", "landing", "staged",
    "x'; DROP TABLE owner; --", 'x"; DROP SCHEMA landed CASCADE; --',
)  # fmt: skip


def arrow_bytes(table: pa.Table) -> bytes:
    """A table as bytes, whatever the pieces it came in."""
    sink = pa.BufferOutputStream()
    whole = table.combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema) as writer:
        writer.write_table(whole)
    return bytes(sink.getvalue())


def everything(
    store: ClientStore, currencies: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """All that a store gives: unified tables, report, campaigns, facts, audit, totals, lists."""
    data = store.harmonise()
    made = data.campaigns(min_impressions=1, min_peers=1)
    tables = {name: data.to_arrow(name) for name in ("performance", "conversions", "reach")}
    tables |= {"campaigns": made.frame, "attributes": made.attributes,
               "facts": made.facts(min_campaigns=1)}  # fmt: skip
    texts = {
        "report": json.dumps(data.report.to_dict()), "audit": data.audit().to_json(),
        "totals": repr(data.total("spend", by=["currency"])), "shown": repr((store, data)),
        "landed": repr(store.tables), "left_out": repr(made.left_out),
    }  # fmt: skip
    said = {name: arrow_bytes(table) for name, table in tables.items()}
    return said | {name: text.encode() for name, text in texts.items()}


class World:
    """Clients of one agency: the same place of stores, the same folder of exports."""

    def __init__(self, folder: Path, clients: Clients) -> None:
        self.folder, self.clients = folder, clients

    def store(self, client: str) -> ClientStore:
        return ClientStore(self.clients, client)

    def ingest(self, store: ClientStore, tables: Mapping[str, Any]) -> None:
        exports = self.folder / "exports"
        shutil.rmtree(exports, ignore_errors=True)
        store.ingest(land(exports, **tables), platform="google_ads")

    def acme(self, *, client: str = "acme", currency: str = "JPY", spend: int = 77) -> ClientStore:
        """Another client with the same ids and accounts, other amounts and another currency."""
        store = self.store(client)
        self.ingest(store, google([*DAYS, "2025-03-09"], spend))
        store.harmonise(currencies={"77": currency})
        return store

    def bell(self, during: Callable[[], None] = lambda: None) -> dict[str, bytes]:
        """Two exports and all that bell gives; something may happen between its steps."""
        with self.store("bell") as store:
            self.ingest(store, google(DAYS[:2]))
            during()
            store.harmonise()
            self.ingest(store, google(DAYS[1:], spend=5))
            during()
            return everything(store)


Doing = Callable[[World], "dict[str, bytes]"]


def open_between(world: World) -> dict[str, bytes]:
    """Both are open, and acme works between bell's steps; another currency each time."""
    with world.acme() as store:
        codes = iter(("GBP", "CHF"))

        def during() -> None:
            world.ingest(store, google(DAYS[:1], spend=123))
            store.harmonise(currencies={"77": next(codes)})

        return world.bell(during)


def at_the_same_time(world: World) -> dict[str, bytes]:
    """Acme ingests and harmonises without a pause, on a thread of its own."""
    stop = threading.Event()
    other = World(world.folder / "of_acme", world.clients)

    def work() -> None:
        with other.store("acme") as store:
            spend = 1
            while not stop.is_set():
                other.ingest(store, google(DAYS, spend := spend + 1))
                store.harmonise(currencies={"77": "JPY"})

    thread = threading.Thread(target=work)
    thread.start()
    try:
        return world.bell()
    finally:
        stop.set()
        thread.join()


def done_before(world: World) -> dict[str, bytes]:
    """Acme has the same ids, from the same folder of exports; names and tables are crafted."""
    world.acme(client="bell_").close()  # begins like bell
    with world.acme() as store:
        rows = google(DAYS[:1])["campaign_stats"]
        world.ingest(store, google(DAYS) | dict.fromkeys(HOSTILE, rows))
        store.harmonise()
    return world.bell()


def purged_between(world: World) -> dict[str, bytes]:
    """Acme is purged between bell's steps, twice."""
    world.acme().close()
    return world.bell(lambda: world.store("acme").purge())


def spoilt_file(world: World) -> dict[str, bytes]:
    """Acme's file is damaged, of a terabyte, or a copy of bell's; links lead to bell's folder."""
    assert isinstance(world.clients, ClientFolder)
    own, theirs = (world.clients.folder / name / "data.duckdb" for name in ("acme", "bell"))

    def during() -> None:
        spoils = (
            lambda: own.write_bytes(os.urandom(50_000)),
            lambda: (own.touch(), os.truncate(own, 1 << 40)),
            lambda: shutil.copytree(theirs.parent, own.parent, dirs_exist_ok=True),
            lambda: own.symlink_to(theirs),
            lambda: os.link(theirs, own),
            lambda: own.with_name("data.duckdb.wal").symlink_to(theirs),
        )
        for spoil in spoils:
            own.parent.mkdir()
            spoil()
            with pytest.raises(HarmoniseError):
                world.acme()
            world.clients.purge("acme")

    return world.bell(during)


DOINGS: tuple[Doing, ...] = (done_before, open_between, at_the_same_time, purged_between)


def changed_by(doing: Doing, world: World, alone: Mapping[str, bytes]) -> list[str]:
    """The outputs of bell that differ from those of bell alone."""
    said = doing(world)
    assert said.keys() == alone.keys()
    return [name for name, text in said.items() if text != alone[name]]
