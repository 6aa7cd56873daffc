"""Clients' stores in a warehouse: schemas or data sets of each client's own, behind a credential.

While a store is open its tables are worked on in memory. What a call changed is written before the
call ends: a table under a new name, then the list of tables, so that nobody sees half of it.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.extras import require
from campaignkit.harmonise.clients import ClientFolder, Clients, walled
from campaignkit.harmonise.data import TABLES
from campaignkit.harmonise.sources import digest_rows
from campaignkit.harmonise.unified import view
from campaignkit.tables import connect, quoted
from campaignkit.tables.engines import Home, home_of

Kept = dict[str, tuple[str, str]]
_LIST = "kept"  # the table of which tables there are
_ASIDE = ("ingested", "fetched", "defined", "touched")  # of which no unified table is made
_TABLES = (
    "SELECT schema_name, table_name, sql FROM duckdb_tables() "
    "WHERE database_name = 'store' AND NOT temporary ORDER BY ALL"
)


class WarehouseClients(Clients):
    """A schema ``ck_<client>_raw`` and one ``ck_<client>_harmonised`` for each client.

    The login must reach one client's schemas only: a role of PostgreSQL or a service account of
    Google's for each client. A login that reaches another client's is refused.

    Parameters
    ----------
    place : str or connection
        ``postgres://role@host/database``, ``bigquery://project``, or a client or connection.

    Examples
    --------
    >>> WarehouseClients("bigquery://my-project")
    WarehouseClients('bigquery://my-project')
    """

    def __init__(self, place: Any) -> None:
        self.place = place
        self._known: dict[str, Kept] = {}  # client -> what was there when it was last looked at

    def __repr__(self) -> str:
        shown = self.place if isinstance(self.place, str) else type(self.place).__name__
        return f"WarehouseClients({shown!r})"

    @property
    def names(self) -> list[str]:
        """The clients whose schemas the login reaches, sorted."""
        with closing(home_of(self.place, "")) as home:
            found = [name for name in home.reached() if name.endswith("_raw")]
        return sorted(name.removeprefix("ck_").removesuffix("_raw") for name in found)

    def open(self, client: str, *, memory_mb: int | None = None, key: bytes | None = None) -> Any:
        """The client's tables in memory, on a connection that reaches nothing else.

        Raises
        ------
        HarmoniseError
            If the login reaches another client's tables, or a key is given.
        TableError
            If the warehouse refuses.
        """
        if key is not None:
            raise HarmoniseError(
                "a key encrypts files; expected none", hint="a warehouse encrypts what it keeps"
            )
        con = connect(memory_mb)
        con.execute("ATTACH ':memory:' AS store")
        con.execute("USE store")
        con.execute("CREATE SCHEMA landed")
        try:
            with closing(home_of(self.place, f"ck_{client}")) as home:
                self._refuse_shared(home)
                home.make()
                self._known[client] = _kept(home)
                for table, (stored, made) in self._known[client].items():
                    con.execute(made)
                    con.register("incoming", home.read(stored))
                    con.execute(f"INSERT INTO {table} SELECT * FROM incoming")
                    con.unregister("incoming")
        except BaseException:
            con.close()
            raise
        con.execute("SET temp_directory = ''")  # what does not fit into memory goes to no disk
        return walled(con)

    @staticmethod
    def _refuse_shared(home: Home) -> None:
        if others := [name for name in home.reached() if name not in home.parts]:
            raise HarmoniseError(
                f"the login to {home.name} reaches {', '.join(others)} too; expected "
                f"{' and '.join(home.parts)} alone",
                hint="make a role or a service account for each client",
            )

    def keep(self, client: str, con: Any) -> None:
        """Write the tables that changed, then the list of tables, then the unified tables.

        Raises
        ------
        HarmoniseError
            If another process has written since this one looked; nothing is written then.
        TableError
            If the warehouse refuses.
        """
        pa = require("pyarrow", extra="harmonise", user="writing to a warehouse")
        known, new, raw, shown = self._known[client], {}, {}, {}
        for schema, name, made in con.execute(_TABLES).fetchall():
            table = f"{quoted(schema)}.{quoted(name)}"
            digest = hashlib.sha256(f"{made}{digest_rows(con, f'FROM {table}')}".encode())
            new[table] = f"{name[:40]}_{digest.hexdigest()[:16]}", made
            if new[table] != known.get(table):
                text = f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {table}"
                raw[new[table][0]] = con.sql(text).to_arrow_table()
                if schema != "landed" and name not in _ASIDE:
                    shown = {t: con.sql(view(t, client)).to_arrow_table() for t in TABLES}
        if new == known:
            return
        listed = [{"name": t, "stored": s, "made": m} for t, (s, m) in new.items()]
        raw[_LIST] = pa.Table.from_pylist(listed)
        old = {stored for stored, _ in known.values()} - {stored for stored, _ in new.values()}
        with closing(home_of(self.place, f"ck_{client}")) as home:
            home.replace(raw, shown, old, lambda: _refuse_changed(client, home, known))
        self._known[client] = new

    def purge(self, client: str) -> None:
        """Drop both schemas of a client with all their tables."""
        with closing(home_of(self.place, f"ck_{client}")) as home:
            home.remove()


def _kept(home: Home) -> Kept:
    """What is there: table -> the name it is stored under, and the statement that makes it."""
    found = home.read(_LIST)
    rows = [] if found is None else found.to_pylist()
    return {row["name"]: (row["stored"], row["made"]) for row in rows}


def _refuse_changed(client: str, home: Home, known: Kept) -> None:
    if _kept(home) != known:
        raise HarmoniseError(
            f"another process has changed the store of {client}",
            hint="open it again, and repeat the call: nothing of it was kept",
        )


def clients_of(stores: str | os.PathLike[str] | Clients) -> Clients:
    """Where clients' stores lie, from a path or an address of a warehouse.

    Examples
    --------
    >>> clients_of("bigquery://my-project")
    WarehouseClients('bigquery://my-project')
    """
    if isinstance(stores, Clients):
        return stores
    is_address = isinstance(stores, str) and "://" in stores
    return WarehouseClients(stores) if is_address else ClientFolder(stores)
