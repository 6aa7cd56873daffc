"""Warehouses whose tables are audited where they are, one file an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from campaignkit.errors import TableError
from campaignkit.tables.engines.warehouse import Metered, Schema, Terms, Warehouse

# Scheme of an address, which is also the top package of a connection -> file and class.
ENGINES: Mapping[str, str] = {
    "bigquery": "bigquery.BigQueryTable",
    "postgres": "postgres.PostgresTable",
    "postgresql": "postgres.PostgresTable",
    "snowflake": "snowflake.SnowflakeTable",
    "spark": "spark.SparkTable",
}
_SCHEMAS: Mapping[str, str] = {
    "bigquery": "bigquery.BigQueryDataset",
    "postgres": "postgres.PostgresSchema",
    "postgresql": "postgres.PostgresSchema",
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
    name = _name_of(place)
    if name not in ENGINES:
        return None
    if name == "spark" and isinstance(place, str):
        raise TableError(
            f"{place} names no session", hint='pass DatabaseTable(spark, "database.table")'
        )
    made: Callable[[Any, str, Terms], Warehouse] = _class(ENGINES[name])
    return made(place, table, terms)


def schema_of(place: Any, schema: str, terms: Terms) -> Schema | None:
    """The tables of an address or of a live connection; None where it is no warehouse's.

    Parameters
    ----------
    place : str or connection
        ``postgres://user@host/database?schema=name``, ``bigquery://project.dataset``, or a client
        or connection.
    schema : str
        The schema's name, where `place` is a connection.
    terms : Terms
        On which terms it is asked.

    Raises
    ------
    TableError
        If it is a warehouse whose tables are not listed here, or it cannot be reached.

    Examples
    --------
    >>> schema_of("exports/meta", "", Terms()) is None
    True
    """
    name = _name_of(place)
    if name not in ENGINES and not (isinstance(place, str) and "://" in place):
        return None
    if name not in _SCHEMAS:
        raise TableError(
            f"the tables of {name}:// are not listed here",
            hint="known: postgres://user@host/database?schema=name, bigquery://project.dataset",
        )
    made: Callable[[Any, str, Terms], Schema] = _class(_SCHEMAS[name])
    return made(place, schema, terms)


def _name_of(place: Any) -> str:
    """Scheme of an address, or package of a connection, as `ENGINES` calls it."""
    if isinstance(place, str):
        scheme, found, _ = place.partition("://")
        return scheme.lower() if found else ""
    package = type(place).__module__.split(".", maxsplit=1)[0]
    return _PACKAGES.get(package, package)


def _class(place: str) -> Any:
    file, _, kind = place.partition(".")
    return getattr(import_module(f"{__name__}.{file}"), kind)


__all__ = ["ENGINES", "Metered", "Schema", "Terms", "Warehouse", "engine_of", "schema_of"]
