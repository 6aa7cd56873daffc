"""PostgreSQL: a read-only transaction of its own, or the connection that is handed in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.tables.engines.warehouse import Terms, Warehouse, kept_to, refusal

_SHOWN = "postgres://user@host:5432/database?table=schema.table"


class PostgresTable(Warehouse):
    """A table or view of PostgreSQL.

    Parameters
    ----------
    place : str or psycopg.Connection
        ``postgres://user@host:port/db?table=schema.table``; the password comes from ``PGPASSWORD``
        or ``~/.pgpass``, as for ``psql``. Or an open connection, which stays open.
    table : str
        The table of a connection.
    terms : Terms
        ``labels`` and ``maximum_bytes`` mean nothing here.
    """

    dialect = "postgres"

    def __init__(self, place: Any, table: str, terms: Terms) -> None:
        self._psycopg = require("psycopg", extra="postgres", user="auditing inside PostgreSQL")
        self._secrets: list[str] = []
        self._owned = isinstance(place, str)
        advice = "begin a transaction ISOLATION LEVEL REPEATABLE READ for one snapshot"
        self.notes = [Fault(table, "is read by several statements", advice)]
        self.name = table
        if self._owned:
            table, address = self._read(place)
            self.notes = []
        self._parts = [part for part in table.split(".") if part]
        self.source = ".".join('"' + p.replace('"', '""') + '"' for p in self._parts)
        self.source = kept_to(self.source, terms.where)
        self._con = self._connect(address, terms) if self._owned else place

    def _read(self, place: str) -> tuple[str, str]:
        """Table and address; of both only what is no secret is ever shown."""
        parts = urlsplit(place)
        asked = dict(parse_qsl(parts.query))
        table = asked.pop("table", "")
        self._secrets = [s for s in (parts.password, asked.get("password")) if s]
        host = parts.netloc.rpartition("@")
        user = host[0].partition(":")[0]
        shown = f"{user}@{host[2]}" if user else host[2]
        self.name = f"postgres://{shown}{parts.path}?table={table}"
        if not table:
            raise TableError(f"{self.name} names no table", hint=f"expected {_SHOWN}")
        return table, urlunsplit(parts._replace(scheme="postgresql", query=urlencode(asked)))

    def _connect(self, address: str, terms: Terms) -> Any:
        milliseconds = int(terms.timeout_s * 1000)
        try:
            con = self._psycopg.connect(
                address, application_name="campaignkit",
                options=f"-c statement_timeout={milliseconds} -c TimeZone=UTC",
            )  # fmt: skip
            con.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        except self._psycopg.Error as err:
            hint = "the login; set PGPASSWORD or ~/.pgpass, and look at host, port and database"
            raise refusal(self.name, err, hint, secrets=self._secrets) from None
        return con

    def columns(self) -> Mapping[str, str]:
        """Name -> type, from the catalogue."""
        name = ".".join('"' + p.replace('"', '""') + '"' for p in self._parts)
        found = self._asked(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE "
            "attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (name,),
        )
        if not found:
            raise TableError(
                f"{self.name} contains no table {'.'.join(self._parts)}",
                hint="names are case-sensitive here; give the schema too: schema.table",
            )
        return {column: re.sub(r"^character varying$|^character$|^name$|^citext$", "text", kind)
                for column, kind in found}  # fmt: skip

    def run(self, sql: str, *, maximum_bytes: int | None) -> tuple[list[Sequence[Any]], int]:
        """Rows; PostgreSQL charges nobody."""
        return self._asked(sql), 0

    def _asked(self, sql: str, values: Any = None) -> list[Sequence[Any]]:
        try:
            with self._con.transaction():  # a refused statement must not end the snapshot
                rows: list[Sequence[Any]] = self._con.execute(sql, values).fetchall()
        except self._psycopg.Error as err:
            raise refusal(self.name, err, sql, secrets=self._secrets) from None
        return rows

    def close(self) -> None:
        """Close the connection, where this table opened it."""
        if self._owned:
            self._con.close()
