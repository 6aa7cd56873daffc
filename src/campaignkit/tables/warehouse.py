"""The laws as Ibis expressions: counted inside BigQuery, Snowflake, Spark, or shown as SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from campaignkit.errors import TableError
from campaignkit.extras import require
from campaignkit.tables.laws import MARKETING_LAWS, AtMost, Law, Needs, NonNegative
from campaignkit.tables.schema import MARKETING


def law_counts(table: Any, *, laws: Sequence[Law] = MARKETING_LAWS) -> Any:
    """One Ibis expression that counts rows, nulls of each column, and rows breaking each law.

    Parameters
    ----------
    table : ibis.Table
        A table of any Ibis backend; its columns are matched by role and alias.
    laws : sequence of Law
        Laws whose columns are absent are left out.

    Returns
    -------
    ibis.Table
        One row: ``num_rows``, ``nulls__<column>``, ``broken__<kind>__<columns>`` (names that every
        warehouse takes). Execute it, or
        show it with :func:`warehouse_sql`.

    Raises
    ------
    TableError
        If the table has no column, or is no Ibis table.
    MissingExtra
        If Ibis is not installed.

    Examples
    --------
    >>> law_counts.__name__  # docs/audit-pipeline.md shows it at work
    'law_counts'
    """
    require("ibis", extra="warehouse", user="auditing inside a warehouse")
    if not hasattr(table, "aggregate") or not hasattr(table, "schema"):
        raise TableError(
            f"{type(table).__name__} is no Ibis table", hint="connect with ibis and pass a table"
        )
    found = MARKETING.match(table.columns).found
    counted = {"num_rows": table.count()}
    counted |= {f"nulls__{_safe(c)}": table[c].isnull().sum() for c in table.columns}
    for law in laws:
        if all(c in found for c in law.columns):
            name = f"broken__{law.kind}__{'__'.join(law.columns)}"
            counted[name] = _broken(law, [table[found[c]] for c in law.columns]).sum()
    return table.aggregate(**counted)


def warehouse_sql(table: Any, *, dialect: str, laws: Sequence[Law] = MARKETING_LAWS) -> str:
    """The SQL of :func:`law_counts` in a dialect: ``bigquery``, ``snowflake``, ``pyspark``, ...

    Raises
    ------
    TableError
        If Ibis knows no such dialect.

    Examples
    --------
    >>> warehouse_sql.__name__  # docs/audit-pipeline.md shows it at work
    'warehouse_sql'
    """
    ibis = require("ibis", extra="warehouse", user="auditing inside a warehouse")
    counts = law_counts(table, laws=laws)
    try:
        return str(ibis.to_sql(counts, dialect=dialect))
    except (ValueError, AttributeError, NotImplementedError) as err:
        raise TableError(
            f"Ibis cannot write SQL for {dialect!r}: {err}",
            hint="bigquery, snowflake, pyspark, databricks, postgres, trino, clickhouse, duckdb",
        ) from err


def _safe(name: str) -> str:
    return re.sub(r"\W+", "_", name)


def _broken(law: Law, columns: Sequence[Any]) -> Any:
    if isinstance(law, AtMost):
        return (columns[0] > columns[1]).fill_null(False)
    if isinstance(law, Needs):
        return ((columns[0] > 0) & (columns[1] == 0)).fill_null(False)
    if isinstance(law, NonNegative):
        return (columns[0] < 0).fill_null(False)
    raise TableError(f"no Ibis expression is known for {law.says()!r}")
