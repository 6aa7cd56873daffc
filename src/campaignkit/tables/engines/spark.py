"""Spark: the live session that is handed in; Databricks is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from campaignkit.errors import Fault
from campaignkit.extras import require
from campaignkit.tables.engines.warehouse import Terms, Warehouse, kept_to, refusal


class SparkTable(Warehouse):
    """A table or view of a Spark session, which stays open.

    Parameters
    ----------
    place : pyspark.sql.SparkSession
        The session.
    table : str
        ``database.table``, or the name of a view.
    terms : Terms
        ``where`` is heeded.
    """

    dialect = "spark"

    def __init__(self, place: Any, table: str, terms: Terms) -> None:
        require("sqlglot", extra="warehouse", user="auditing inside Spark")
        self._session, self._table = place, table
        self.name = f"spark table {table}"
        self.source = ".".join("`" + part.replace("`", "``") + "`" for part in table.split("."))
        advice = "pass a view of one version, where the table keeps versions"
        self.notes = [Fault(table, "is read by several statements", advice)]
        self.source = kept_to(self.source, terms.where)

    def columns(self) -> Mapping[str, str]:
        """Name -> type, from the catalogue."""
        fields = self._asked(lambda: self._session.table(self._table).schema.fields, self._table)
        return {field.name: field.dataType.simpleString() for field in fields}

    def run(self, sql: str, *, maximum_bytes: int | None) -> tuple[list[Sequence[Any]], int]:
        """Rows; Spark charges nobody."""
        return self._asked(lambda: [tuple(r) for r in self._session.sql(sql).collect()], sql), 0

    def _asked(self, ask: Any, sql: str) -> Any:
        from pyspark import errors  # the session is its own

        try:
            return ask()
        except errors.PySparkException as err:
            raise refusal(self.name, err, sql) from err
