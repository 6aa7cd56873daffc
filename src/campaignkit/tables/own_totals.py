"""A table's own total, compared with the sums of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from campaignkit.tables.opened import OpenTable


@dataclass(frozen=True, slots=True)
class OwnTotal:
    """An amount's sum over the rows of a table, and what the table's own total says.

    `closes` tells whether they agree but for rounding: rows and total are rounded each by itself.
    """

    rows: Decimal
    told: Decimal
    closes: bool


def own_totals(table: OpenTable, amounts: Mapping[str, str]) -> dict[str, OwnTotal]:
    """Compare a table's rows with the total among its summary rows; of several the best fits.

    Parameters
    ----------
    table : OpenTable
    amounts : mapping of str to str
        What to call it -> SQL of an amount.

    Examples
    --------
    >>> from campaignkit.tables import open_table
    >>> days = ["2026-03-01", "2026-03-02", "Total"]
    >>> with open_table({"day": days, "clicks": [3, 4, 8]}) as opened:
    ...     own_totals(opened, {"clicks": opened.sql("clicks")})["clicks"].closes
    False
    """
    if not amounts or not table.summary_rows:
        return {}
    exact = [f"TRY_CAST({sql} AS DECIMAL(38, 6))" for sql in amounts.values()]
    asked = ", ".join(
        f"sum({x}), count({x}), max(length(rtrim(split_part(CAST({x} AS VARCHAR), '.', 2), '0')))"
        for x in exact
    )
    row = table.row(f"SELECT {asked} FROM {table.relation}")
    parts = list(zip(amounts, row[::3], row[1::3], row[2::3], strict=True))
    totals = table.rows(f"SELECT {', '.join(exact)} FROM {table.summed_up}")
    each = zip(*totals, strict=True)
    totals.append(tuple(sum(told for told in one if told is not None) for one in each))
    compared = [
        {
            name: OwnTotal(rows, told, abs(rows - told) * 2 * 10**scale <= (n + 1) * (scale > 0))
            for (name, rows, n, scale), told in zip(parts, total, strict=True)
            if told and rows is not None
        }
        for total in totals
    ]
    return max(compared, key=lambda made: (sum(t.closes for t in made.values()), len(made)))
