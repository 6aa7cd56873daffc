"""Warehouses whose tables are audited where they are, one file an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from campaignkit.errors import TableError
from campaignkit.tables.engines.warehouse import Metered, Terms, Warehouse

# Scheme of an address, which is also the top package of a connection -> file and class.
ENGINES: Mapping[str, str] = {
    "bigquery": "bigquery.BigQueryTable",
    "postgres": "postgres.PostgresTable",
    "postgresql": "postgres.PostgresTable",
    "snowflake": "snowflake.SnowflakeTable",
    "spark": "spark.SparkTable",
}
_PACKAGES = {"fakesnow": "snowflake", "google": "bigquery", "psycopg": "postgres",
             "pyspark": "spark"}  # fmt: skip


def engine_of(place: Any, table: str, terms: Terms) -> Warehouse | None:
    """The table of an address or of a live connection; None where it is no warehouse's.

    Parameters
    ----------
    place : str, connection or Warehouse
        ``bigquery://project.dataset.table``, or a client, connection or session.
    table : str
        The table's name, where `place` is a connection.
    terms : Terms
        On which terms it is asked.

    Examples
    --------
    >>> engine_of("table.csv", "", Terms()) is None
    True
    """
    if isinstance(place, Warehouse):
        return place
    if isinstance(place, str):
        scheme, found, _ = place.partition("://")
        name = scheme.lower() if found else ""
    else:
        package = type(place).__module__.split(".", maxsplit=1)[0]
        name = _PACKAGES.get(package, package)
    if name not in ENGINES:
        return None
    if name == "spark" and isinstance(place, str):
        raise TableError(
            f"{place} names no session", hint='pass DatabaseTable(spark, "database.table")'
        )
    file, _, kind = ENGINES[name].partition(".")
    made: Callable[[Any, str, Terms], Warehouse]
    made = getattr(import_module(f"{__name__}.{file}"), kind)
    return made(place, table, terms)


__all__ = ["ENGINES", "Metered", "Terms", "Warehouse", "engine_of"]
