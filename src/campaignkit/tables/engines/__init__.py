"""Warehouses whose tables are audited where they are, one file an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from campaignkit.errors import TableError
from campaignkit.tables.engines.warehouse import Home, Metered, Schema, Terms, Warehouse, as_arrow

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
    made: Callable[[Any, str, Terms], Schema] = _written(name, "Schema")
    return made(place, schema, terms)


def home_of(place: Any, owner: str) -> Home:
    """Two schemas or data sets of an owner, which are written.

    Parameters
    ----------
    place : str or connection
        ``postgres://role@host/database``, ``bigquery://project``, or a client or connection.
    owner : str
        What both names begin with.

    Raises
    ------
    TableError
        If it is no warehouse that is written here, or cannot be reached.

    Examples
    --------
    >>> home_of("snowflake://database", "ck_acme")
    Traceback (most recent call last):
        ...
    campaignkit.errors.TableError: schemas of snowflake are not read or written here
      hint: known are postgres and bigquery
    """
    made: Callable[[Any, str], Home] = _written(_name_of(place), "Home")
    return made(place, owner)


def _written(name: str, kind: str) -> Any:
    """The class of a kind of the two engines whose schemas are known."""
    file = {"postgresql": "postgres"}.get(name, name)
    classes = {"postgres": "Postgres", "bigquery": "BigQuery"}
    if file not in classes:
        raise TableError(
            f"schemas of {name or 'that'} are not read or written here",
            hint=f"known are {' and '.join(classes)}",
        )
    return _class(f"{file}.{classes[file]}{kind}")


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


__all__ = [
    "ENGINES",
    "Home",
    "Metered",
    "Schema",
    "Terms",
    "Warehouse",
    "as_arrow",
    "engine_of",
    "home_of",
    "schema_of",
]
