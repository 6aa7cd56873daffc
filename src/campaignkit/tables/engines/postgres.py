"""PostgreSQL: a read-only transaction of its own, or the connection that is handed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.tables.engines.warehouse import Home, Schema, Terms, Warehouse, kept_to, refusal

_COLUMNS = (
    "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE "
    "attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
)
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
        self.name = f"postgres://{shown}/{database}" + (
            f"?{asked}={self._within}" if asked else ""
        )
        if asked and not self._within:
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
        self.source = kept_to(_named(*self._parts), terms.where)

    def columns(self) -> Mapping[str, str]:
        """Name -> type, from the catalogue."""
        found = self._asked(_COLUMNS, (_named(*self._parts),))
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


class PostgresHome(_Session, Home):
    """Two schemas of PostgreSQL that one owner's role writes, each time in one transaction.

    Parameters
    ----------
    place : str or psycopg.Connection
        ``postgres://role@host:port/db``, or an open connection, which stays open.
    owner : str
        What both schemas' names begin with.
    """

    def __init__(self, place: Any, owner: str) -> None:
        super().__init__(place, "", Terms())
        self.parts = (f"{owner}_raw", f"{owner}_harmonised")
        if self._owned:
            self._con.rollback()  # the transaction that only reads
            self._con.autocommit = True
        else:
            self.name = "this connection's data base"

    def reached(self) -> list[str]:
        """All schemas of clients that the role may use."""
        rows = self._asked(
            "SELECT nspname FROM pg_namespace WHERE nspname ~ '^ck_.*_(raw|harmonised)$' "
            "AND has_schema_privilege(nspname, 'USAGE') ORDER BY 1"
        )
        return [name for (name,) in rows]

    def make(self) -> None:
        """Make both schemas, where an administrator has not made them for the role."""
        for part in self.parts:
            there = self._asked("SELECT 1 FROM pg_namespace WHERE nspname = %s", (part,))
            if not there:
                self._done(f"CREATE SCHEMA {_named(part)}")

    def read(self, table: str) -> Any:
        """A table, all its cells as text; None if there is none."""
        pa = require("pyarrow", extra="harmonise", user="reading a warehouse")
        place = _named(self.parts[0], table)
        if self._asked("SELECT to_regclass(%s) IS NULL", (place,)) == [(True,)]:
            return None
        names = [row[0] for row in self._asked(_COLUMNS, (place,))]
        cells = zip(*self._asked(f"SELECT * FROM {place}"), strict=True)
        columns = list(cells) or [()] * len(names)
        return pa.table({n: pa.array(c, pa.string()) for n, c in zip(names, columns, strict=True)})

    def replace(
        self, raw: Mapping[str, Any], shown: Mapping[str, Any], drop: Iterable[str],
        check: Callable[[], None],
    ) -> None:  # fmt: skip
        """Write and drop tables in one transaction; another one waits until it has ended."""
        with self._con.transaction():
            self._done(f"SELECT pg_advisory_xact_lock(hashtext('{self.parts[0]}'))")
            check()
            for part, tables in zip(self.parts, (raw, shown), strict=True):
                for name, rows in tables.items():
                    self._write(_named(part, name), rows)
            for name in drop:
                self._done(f"DROP TABLE IF EXISTS {_named(self.parts[0], name)}")

    def _write(self, place: str, rows: Any) -> None:
        columns = ", ".join(f"{_named(f.name)} {_type(str(f.type))}" for f in rows.schema)
        self._done(f"DROP TABLE IF EXISTS {place}")
        self._done(f"CREATE TABLE {place} ({columns})")
        try:
            with self._con.cursor().copy(f"COPY {place} FROM STDIN") as copy:
                for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                    copy.write_row(row)
        except self._psycopg.Error as err:
            raise refusal(self.name, err, place, secrets=self._secrets) from None

    def remove(self) -> None:
        """Drop both schemas."""
        with self._con.transaction():
            for part in self.parts:
                self._done(f"DROP SCHEMA IF EXISTS {_named(part)} CASCADE")

    def _done(self, sql: str) -> None:
        try:
            with self._con.transaction():
                self._con.execute(sql)
        except self._psycopg.Error as err:
            raise refusal(self.name, err, sql, secrets=self._secrets) from None


def _named(*parts: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def _type(arrow: str) -> str:
    """PostgreSQL's name of an Arrow type of unified tables."""
    if arrow.startswith("decimal"):
        return arrow.replace("decimal128", "numeric")
    return {"int64": "bigint", "int32": "integer", "date32[day]": "date", "bool": "boolean",
            "double": "double precision"}.get(arrow, "text")  # fmt: skip
