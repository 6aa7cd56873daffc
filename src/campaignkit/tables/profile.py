"""The counts of every column of a table in one pass: nulls, extremes, sums, cells that fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from campaignkit.tables.opened import Column, OpenTable

_COLUMNS_A_PASS = 2_000  # aggregates of one query: each query names all columns of a wide table
MOST_EXACT = 2_000_000  # values whose quantiles are exact
_STEPS = 40
_MOST = 1e300  # stands for infinity in quantiles
_NORMAL = 1.4826  # by this a median distance is the deviation of normal values
_IN_PLACE_A_PASS = 400  # Spark takes long over more, BigQuery refuses a text above 1 MB


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What one pass says about a column.

    Attributes
    ----------
    num_nulls : int
        Null cells.
    num_unfit : int
        Cells of a text column that are no number or date although the column holds such.
    low, high : float, str, date or None
        Smallest and largest value of number and date columns.
    total : float or None
        Sum of a number column.
    num_not_finite : int
        NaN and infinite cells of a number column.

    Examples
    --------
    >>> ColumnProfile(2).num_nulls
    2
    """

    num_nulls: int
    num_unfit: int = 0
    low: Any = None
    high: Any = None
    total: float | None = None
    num_not_finite: int = 0


@dataclass(frozen=True, slots=True)
class TableProfile:
    """The profile of every column, and what else was counted in the same pass.

    Examples
    --------
    >>> TableProfile(3, {}, {"a > b": 1}).counts["a > b"]
    1
    """

    num_rows: int
    columns: Mapping[str, ColumnProfile]
    counts: Mapping[str, int]


def profile_table(table: OpenTable, *, conditions: Sequence[str] = ()) -> TableProfile:
    """Profile all columns and count the rows of SQL conditions in the same pass.

    Parameters
    ----------
    table : OpenTable
        The table.
    conditions : sequence of str
        SQL conditions; each is counted where it is true.

    Examples
    --------
    >>> from campaignkit.tables import open_table
    >>> found = profile_table(open_table({"clicks": [1, None]}), conditions=["clicks > 0"])
    >>> found.columns["clicks"].num_nulls, found.counts
    (1, {'clicks > 0': 1})
    """
    asked = {name: _aggregates(column) for name, column in table.columns.items()}
    wanted = list(dict.fromkeys(conditions))
    parts = [sql for aggregates in asked.values() for sql in aggregates.values()]
    answers = iter(scalars(table, [*parts, *(f"count_if({c})" for c in wanted)]))
    profiles = {
        name: _profile(table, {part: next(answers) for part in aggregates})
        for name, aggregates in asked.items()
    }
    counts = {c: int(n or 0) for c, n in zip(wanted, answers, strict=True)}
    strange = [n for n, p in profiles.items() if not math.isfinite(p.total or 0.0)]
    finite = [f"isfinite(CAST({table.columns[n].sql} AS DOUBLE))" for n in strange]
    found = scalars(table, [f"count_if(NOT {f})" for f in finite])
    for name, count in zip(strange, found, strict=True):
        profiles[name] = replace(profiles[name], num_not_finite=int(count or 0))
    return TableProfile(table.num_rows, profiles, counts)


def scalars(table: OpenTable, aggregates: Sequence[str], *, relation: str = "") -> list[Any]:
    """The values of aggregates over the whole table, in as few statements as it takes.

    Examples
    --------
    >>> from campaignkit.tables import open_table
    >>> scalars(open_table({"clicks": [1, 4]}), ["sum(clicks)", "count_if(clicks > 3)"])
    [5, 1]
    """
    most = _IN_PLACE_A_PASS if table.in_place else _COLUMNS_A_PASS
    answers: list[Any] = []
    for start in range(0, len(aggregates), most):
        part = aggregates[start : start + most]
        found = table.row(f"SELECT {', '.join(part)} FROM {relation or table.relation}")
        answers += found or [None] * len(part)
    return answers


def middle_sql(value: str, num_rows: int = 0) -> str:
    """SQL of what :func:`middle_of` reads median and spread off: 40 steps of quantiles.

    No engine but DuckDB has a median distance from the median. Of more rows than `MOST_EXACT`
    the steps are approximate where the engine can do that: all values do not fit into memory.
    """
    kind = "quantile_cont" if num_rows <= MOST_EXACT else "approx_quantile"
    return f"{kind}({value}, {[i / _STEPS for i in range(_STEPS + 1)]})"


def middle_of(found: Any) -> tuple[float, float] | None:
    """Median, and median distance from it scaled to the normal's deviation; None of no numbers.

    Rounded, so that the last bits of an engine's arithmetic decide nothing.
    """
    import json

    import numpy as np

    told = json.loads(found) if isinstance(found, str) else found  # Snowflake's lists are text
    if not told or told[0] is None:
        return None
    steps = np.nan_to_num(
        np.asarray(told, dtype=np.float64), nan=_MOST, posinf=_MOST, neginf=-_MOST
    )
    fine = np.interp(np.linspace(0, 1, 4001), np.linspace(0, 1, len(steps)), steps)
    if abs(fine[2000]) == _MOST:
        return None
    spread = float(np.median(np.abs(fine - fine[2000]))) * _NORMAL
    return round(float(fine[2000]), 6), round(spread, 6)


def _aggregates(column: Column) -> dict[str, str]:
    asked = {"filled": f"count({column.raw})"}
    if column.kind in ("number", "date"):
        if column.is_text:
            asked["fit"] = f"count({column.sql})"
        asked |= {"low": f"min({column.sql})", "high": f"max({column.sql})"}
    if column.kind == "number":
        asked["total"] = f"sum({column.sql})"
    return asked


def _profile(table: OpenTable, found: dict[str, Any]) -> ColumnProfile:
    filled = int(found.pop("filled") or 0)
    fit = int(found.pop("fit", filled) or 0)
    total = found.pop("total", None)
    sum_ = None if total is None else float(total)
    return ColumnProfile(table.num_rows - filled, filled - fit, total=sum_, **found)
