"""The values of many columns, counted by one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaignkit.tables.opened import OpenTable


def grouping_sets(
    relation: str,
    sets: Sequence[tuple[str, ...]],
    *,
    counted: Sequence[str] = (),
    most: int,
    least: int = 1,
) -> str:
    """A statement that counts the values of each set of expressions, the most frequent first.

    Parameters
    ----------
    relation : str
        Where to count.
    sets : sequence of tuples of str
        Expressions of one type whose values are counted together; all tuples of one length.
    counted : sequence of str
        Expressions whose filled cells are counted for each value too.
    most : int
        Values of a set that are told; its further ones are not.
    least : int
        Rows a value must have to be told.

    Returns
    -------
    str
        Its rows: place of the set (-1: the whole table), the values, rows, filled cells.

    Examples
    --------
    >>> import duckdb
    >>> _ = duckdb.sql("CREATE TEMP TABLE t AS SELECT unnest([7, 7, 8]) AS a, 5 AS b")
    >>> sorted(duckdb.sql(grouping_sets("t", [("a",), ("b",)], most=1)).fetchall())
    [(-1, None, 3), (0, 7, 2), (1, 5, 3)]
    """
    width = len(sets[0]) if sets else 1
    names = {sql: f"c{i}" for i, sql in enumerate(dict.fromkeys(e for s in sets for e in s))}
    inner = [f"{sql} AS {name}" for sql, name in names.items()]
    inner += [f"{sql} AS k{i}" for i, sql in enumerate(counted)]
    listed = [tuple(names[e] for e in s) for s in sets]
    here = [" AND ".join(f"GROUPING({c}) = 0" for c in s) for s in listed]
    place = _case(here, [str(i) for i in range(len(listed))], "-1")
    values = [_case(here, [s[at] for s in listed], "NULL") for at in range(width)]
    told = [f"v{at}" for at in range(width)]
    grouped = ["()", *(f"({', '.join(s)})" for s in listed)]
    counts = "".join(f", count(k{i}) AS n{i}" for i in range(len(counted)))
    outer = ", ".join(["g", *told, "n", *(f"n{i}" for i in range(len(counted)))])
    return (
        f"SELECT {outer} FROM (SELECT {outer}, "
        f"row_number() OVER (PARTITION BY g ORDER BY n DESC, {', '.join(told)}) AS r FROM ("
        f"SELECT {place} AS g, {', '.join(f'{v} AS v{at}' for at, v in enumerate(values))}, "
        f"count(*) AS n{counts} FROM (SELECT {', '.join(inner) or '1 AS c0'} FROM {relation}) "
        f"GROUP BY GROUPING SETS ({', '.join(grouped)}))) "
        f"WHERE g = -1 OR r <= {most} AND n >= {least}"
    )


def _case(conditions: Sequence[str], values: Sequence[str], otherwise: str) -> str:
    if not conditions:
        return otherwise
    told = " ".join(f"WHEN {c} THEN {v}" for c, v in zip(conditions, values, strict=True))
    return f"CASE {told} ELSE {otherwise} END"


def day_sql(value: str, table: OpenTable) -> str:
    """SQL of a date's day; in a warehouse as text, to be counted beside texts."""
    day = f"CAST({value} AS DATE)"
    return f"CAST({day} AS VARCHAR)" if table.in_place else day
