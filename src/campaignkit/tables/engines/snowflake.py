"""Snowflake: a query tag, one moment of time travel, bytes off EXPLAIN, and a time-out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.tables.engines.warehouse import Terms, Warehouse, kept_to, refusal


class SnowflakeTable(Warehouse):
    """A table or view of Snowflake.

    Parameters
    ----------
    place : str or snowflake.connector.SnowflakeConnection
        ``snowflake://database.schema.table?connection=name``, the connection one of the
        connector's own ``connections.toml`` (its default one without a name); or an open
        connection, which stays open.
    table : str
        ``database.schema.table`` of a connection.
    terms : Terms
        All of them are heeded.
    """

    dialect = "snowflake"

    def __init__(self, place: Any, table: str, terms: Terms) -> None:
        self._api: Any = require("snowflake.connector", extra="snowflake", user="Snowflake")
        self._terms, self._owned, self._con = terms, isinstance(place, str), place
        if self._owned:
            address = urlsplit(place)
            table = address.netloc.rpartition("@")[2] + address.path.strip("/").replace("/", ".")
        self.name = f"snowflake://{table}"
        if len(table.split(".")) != 3:
            raise TableError(f"{table!r} is no table", hint="snowflake://database.schema.table")
        if self._owned:
            self._con = self._connect(dict(parse_qsl(address.query)).get("connection"))
        self._parts = [_identifier(part) for part in table.split(".")]
        self.source = ".".join('"' + p.replace('"', '""') + '"' for p in self._parts)
        self._kind = self._kind_of()
        moment = (terms.snapshot or datetime.now(UTC)).astimezone(UTC)
        if self._kind == "BASE TABLE":
            self.source += f" AT(TIMESTAMP => '{moment:%Y-%m-%d %H:%M:%S.%f} +0000'::TIMESTAMP_TZ)"
        else:
            self.notes = [Fault(table, f"is a {self._kind.lower()}", "it has no snapshot")]
        self.source = kept_to(self.source, terms.where)

    def _connect(self, name: str | None) -> Any:
        tag = json.dumps({"app": "campaignkit", **self._terms.labels}, sort_keys=True)
        session = {"QUERY_TAG": tag, "STATEMENT_TIMEOUT_IN_SECONDS": int(self._terms.timeout_s),
                   "TIMEZONE": "UTC"}  # fmt: skip
        try:
            return self._api.connect(connection_name=name, session_parameters=session)
        except self._api.errors.Error as err:
            raise refusal(self.name, err, "the login of connections.toml") from err

    def _kind_of(self) -> str:
        found = self._about("table_type", "tables")
        if not found:
            raise TableError(
                f"{self.name} is no table that can be seen",
                hint="give database, schema and table, and look at the role's grants",
            )
        return str(found[0][0])

    def _about(self, asked: str, view: str) -> list[Sequence[Any]]:
        database, schema, table = (p.replace("'", "''") for p in self._parts)
        place = '"' + self._parts[0].replace('"', '""') + '"'
        order = " ORDER BY ordinal_position" if view == "columns" else ""
        return self._asked(
            f"SELECT {asked} FROM {place}.information_schema.{view} "
            f"WHERE table_catalog = '{database}' AND table_schema = '{schema}' "
            f"AND table_name = '{table}'{order}"
        )

    def columns(self) -> Mapping[str, str]:
        """Name -> type, from the information schema."""
        asked = "column_name, data_type, numeric_scale"
        return {n: "BIGINT" if k == "NUMBER" and not scale else k
                for n, k, scale in self._about(asked, "columns")}  # fmt: skip

    def bytes_of(self, sql: str) -> int | None:
        """What Snowflake's plan of the statement says it reads."""
        ((plan,),) = self._asked(f"EXPLAIN USING JSON {sql}")
        return int(json.loads(plan)["GlobalStats"]["bytesAssigned"])

    def run(self, sql: str, *, maximum_bytes: int | None) -> tuple[list[Sequence[Any]], int]:
        """Rows, and what the plan said: Snowflake charges time, not bytes."""
        known = self.bytes_of(sql) if maximum_bytes is not None else 0
        return self._asked(sql), int(known or 0)

    def _asked(self, sql: str) -> list[Sequence[Any]]:
        try:
            found: list[Sequence[Any]] = self._con.cursor().execute(sql).fetchall()
        except self._api.errors.Error as err:
            raise refusal(self.name, err, sql) from err
        return found

    def close(self) -> None:
        """Close the connection, where this table opened it."""
        if self._owned:
            self._con.close()


def _identifier(part: str) -> str:
    """A name as Snowflake keeps it: upper case unless it is quoted."""
    return part[1:-1] if part.startswith('"') else part.upper()
