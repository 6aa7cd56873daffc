"""The laws alone: counted wherever a table lies, or as SQL of a warehouse to schedule there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from campaignkit.errors import TableError
from campaignkit.tables.laws import MARKETING_LAWS, Law
from campaignkit.tables.opened import quoted
from campaignkit.tables.opening import open_table
from campaignkit.tables.profile import scalars
from campaignkit.tables.read_options import ReadOptions
from campaignkit.tables.schema import MARKETING
from campaignkit.tables.translation import DIALECTS, translated


def law_counts(
    table: Any, *, laws: Sequence[Law] = MARKETING_LAWS, **read: Unpack[ReadOptions]
) -> dict[str, int]:
    """Rows, nulls of each column, and rows breaking each law, by one statement where the table is.

    Parameters
    ----------
    table : frame, path, address or DatabaseTable
        As for :func:`open_table`; its columns are matched by role and alias.
    laws : sequence of Law
        Laws whose columns are absent are left out.
    **read : ReadOptions
        As for :func:`open_table`.

    Returns
    -------
    dict of str to int
        ``num_rows``, ``nulls__<column>``, ``broken__<kind>__<columns>``.

    Examples
    --------
    >>> counts = law_counts({"imps": [5, 5], "clicks": [2, 9]})
    >>> counts["broken__clicks_exceed_impressions__clicks__impressions"]
    1
    """
    with open_table(table, **read) as opened:
        asked = _counts(opened.columns, opened.own, laws)
        return dict(zip(asked, map(int, scalars(opened, list(asked.values()))), strict=True))


def warehouse_sql(
    columns: Iterable[str], *, table: str, dialect: str, laws: Sequence[Law] = MARKETING_LAWS
) -> str:
    """The statement of :func:`law_counts` in a dialect, without a connection.

    Parameters
    ----------
    columns : iterable of str
        The table's own column names.
    table : str
        The table, as it is written in FROM.
    dialect : str
        ``bigquery``, ``snowflake``, ``spark``, ``databricks``, ``postgres`` or ``duckdb``.
    laws : sequence of Law
        Laws whose columns are absent are left out.

    Raises
    ------
    TableError
        If there is no such dialect.

    Examples
    --------
    >>> print(warehouse_sql(["clicks"], table="ads.daily", dialect="bigquery").split(",")[1])
     COUNTIF(`clicks` IS NULL) AS nulls__clicks
    """
    if dialect not in DIALECTS:
        raise TableError(f"{dialect!r} is no dialect", hint=f"known: {', '.join(DIALECTS)}")
    names = list(columns)
    asked = _counts(names, MARKETING.match(names).found, laws)
    told = ", ".join(f"{sql} AS {name}" for name, sql in asked.items())
    return translated(f"SELECT {told} FROM audited", dialect=dialect, source=table)


def _counts(columns: Iterable[str], own: Mapping[str, str], laws: Sequence[Law]) -> dict[str, str]:
    out = {"num_rows": "count(*)"}
    for column in columns:
        out["nulls__" + re.sub(r"\W+", "_", column)] = f"count_if({quoted(column)} IS NULL)"
    for law in laws:
        if all(c in own for c in law.columns):
            broken = law.broken_sql({c: quoted(own[c]) for c in law.columns})
            out[f"broken__{law.kind}__{'__'.join(law.columns)}"] = f"count_if({broken})"
    return out
