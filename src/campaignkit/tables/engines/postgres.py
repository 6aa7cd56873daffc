"""PostgreSQL: a read-only transaction of its own, or the connection that is handed in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.tables.engines.warehouse import Schema, Terms, Warehouse, kept_to, refusal

_SHOWN = "postgres://user@host:5432/database"


class _Session:
    """A connection: one of its own in a read-only transaction, or a caller's."""

    name: str
    _con: Any

    def __init__(self, place: Any, asked: str, terms: Terms) -> None:
        self._psycopg = require("psycopg", extra="postgres", user="PostgreSQL")
        self._secrets: list[str] = []
        self._owned = isinstance(place, str)
        if self._owned:
            self._con = self._connect(self._read(place, asked), terms)
        else:
            self._con = place

    def _read(self, place: str, asked: str) -> str:
        """The address, and what is asked for in it; only what is no secret is ever shown."""
        parts = urlsplit(place)
        options = dict(parse_qsl(parts.query))
        database, _, within = parts.path.strip("/").partition("/")
        self._within = options.pop(asked, "") or within
        self._secrets = [s for s in (parts.password, options.get("password")) if s]
        host = parts.netloc.rpartition("@")
        user = host[0].partition(":")[0]
        shown = f"{user}@{host[2]}" if user else host[2]
        self.name = f"postgres://{shown}/{database}?{asked}={self._within}"
        if not self._within:
            hint = f"expected {_SHOWN}?{asked}={'schema.table' if asked == 'table' else 'name'}"
            raise TableError(f"{self.name} names no {asked}", hint=hint)
        told = parts._replace(scheme="postgresql", path=f"/{database}", query=urlencode(options))
        return urlunsplit(told)

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

    def _asked(self, sql: str, values: Any = None) -> list[Sequence[Any]]:
        try:
            with self._con.transaction():  # a refused statement must not end the snapshot
                rows: list[Sequence[Any]] = self._con.execute(sql, values).fetchall()
        except self._psycopg.Error as err:
            raise refusal(self.name, err, sql, secrets=self._secrets) from None
        return rows

    def close(self) -> None:
        """Close the connection, where it was opened for this."""
        if self._owned:
            self._con.close()


class PostgresTable(_Session, Warehouse):
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
        super().__init__(place, "table", terms)
        if self._owned:
            table = self._within
        else:
            self.name = table
            advice = "begin a transaction ISOLATION LEVEL REPEATABLE READ for one snapshot"
            self.notes = [Fault(table, "is read by several statements", advice)]
        self._parts = [part for part in table.split(".") if part]
        self.source = ".".join('"' + p.replace('"', '""') + '"' for p in self._parts)
        self.source = kept_to(self.source, terms.where)

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

    def stream(self, sql: str, *, maximum_bytes: int | None) -> tuple[Iterator[Any], int]:
        """Rows, fetched some thousands at a time."""
        return self._streamed(sql), 0

    def _streamed(self, sql: str) -> Iterator[Any]:
        try:
            with self._con.transaction(), self._con.cursor("campaignkit") as cursor:
                cursor.itersize = 20_000
                yield from cursor.execute(sql)
        except self._psycopg.Error as err:
            raise refusal(self.name, err, sql, secrets=self._secrets) from None


class PostgresSchema(_Session, Schema):
    """A schema of PostgreSQL, read in one transaction.

    Parameters
    ----------
    place : str or psycopg.Connection
        ``postgres://user@host:port/db?schema=name``, or an open connection, which stays open.
    schema : str
        The schema of a connection.
    terms : Terms
        On which terms it is asked.
    """

    def __init__(self, place: Any, schema: str, terms: Terms) -> None:
        super().__init__(place, "schema", terms)
        if not self._owned:
            self.name = self._within = schema

    @property
    def tables(self) -> list[str]:
        """Names of its tables and views; those with a dot in them cannot be asked for."""
        found = self._asked(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1",
            (self._within,),
        )
        return [name for (name,) in found if "." not in name]

    def table(self, name: str, terms: Terms) -> PostgresTable:
        """One of its tables, over the same connection."""
        return PostgresTable(self._con, f"{self._within}.{name}", terms)
