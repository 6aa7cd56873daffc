"""Rows of totals among the rows of a table: found, named, and left out of every check and sum."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaignkit.tables.conventions import CONVENTIONS
from campaignkit.tables.opened import Column, OpenTable, literal

_WHOLE_ROWS = 50_000  # above, labels are looked for in a sample and among the greatest amounts
_TOP_ROWS, _PROBED_ROWS = 200, 5_000
_COLUMNS = 100
_MOST_ROWS = 100_000
_TOLERANCE = 0.005  # totals are rounded apart from their parts
_EQUAL_FRAC = 0.6
_EMPTY = ("", "-", "--", "—", "n/a", "null", "none")
_LONGEST = 6  # with spaces around it
_LABEL = (
    rf"({'|'.join(CONVENTIONS['totals'])})(\s*[:(/–—-].*|\s+(of|for|de|du|für|von|pour|di|van)\s.*|\s*[(（].*)?"
    rf"|.*[^\s]\s+(total|gesamt|summe|ergebnis|totale|totaal)"
    rf"|(results from|ergebnisse aus|résultats de|resultados de) \d+ .*"
)
_IS_LABEL = re.compile(_LABEL)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row that may be a total: where, its labels, its dimensions and its amounts."""

    position: int
    labels: Mapping[str, str]  # column -> cell
    filled: Mapping[str, Any]  # dimensions that hold something else
    num_empty: int
    amounts: Sequence[float | None]
    is_misfit: bool  # a label among dates or numbers


def summary_rows(table: OpenTable) -> dict[int, str]:
    """Positions of the rows that sum up others, each with the reason; few or none as a rule.

    A row is one if a cell names it ("Total", "Summe: Search", in many languages) and the rest of
    the row agrees: its other dimensions are empty, or its amounts are the sum of rows it could
    stand for. A row without any dimension is one if its amounts are the sum of all others.

    Examples
    --------
    >>> from campaignkit.tables import open_table
    >>> day = ["2026-03-01", "2026-03-02", "Total"]
    >>> with open_table({"day": day, "clicks": [3, 4, 7]}, summary_rows="keep") as table:
    ...     summary_rows(table)
    {2: "'Total' in day"}
    """
    columns = list(table.columns.values())[:_COLUMNS]
    amounts = _amounts(table, columns)
    dimensions = [c for c in columns if c.kind in ("text", "date") and c not in amounts]
    texts = [c for c in columns if c.is_text or c.kind == "text"]
    if not amounts or not dimensions or table.num_rows < 2:
        return {}
    suspects = _labelled(table, texts, amounts[0])
    # Lengths are looked at in a tenth of the time that words take.
    short = " AND ".join(_is_empty(c, words="true") for c in dimensions)
    if table.row(f"SELECT count(*) FROM {table.relation} WHERE {short}") != (0,):
        suspects.append(" AND ".join(_is_empty(c) for c in dimensions))
    condition = " OR ".join(f"({suspect})" for suspect in suspects) or "false"
    if table.row(f"SELECT count(*) FROM {table.relation} WHERE {condition}") == (0,):
        return {}  # places are asked for only where there is a row to place
    found = list(_candidates(table, condition, texts, dimensions, amounts))
    sums = _Sums(table, f"NOT COALESCE({condition}, false)", amounts)
    counts = Counter(tuple(row.labels.items()) for row in found)
    reasons = {
        row.position: _reason(row, sums, is_single=counts[tuple(row.labels.items())] == 1)
        for row in found
    }
    return {position: reason for position, reason in reasons.items() if reason}


def labels(cells: Iterable[Any]) -> list[str]:
    """Those of a column's cells that name a total.

    Examples
    --------
    >>> labels(["Search", "Total", "Summe: Search"])
    ['Total', 'Summe: Search']
    """
    return [cell for cell in cells if _IS_LABEL.fullmatch(_plain(cell))]


def totals_sql(table: OpenTable) -> str:
    """SQL of the rows of :attr:`OpenTable.totals` whose other dimensions agree: one is empty.

    A label among dates or numbers, or in the only dimension, is enough.
    """
    dimensions = table.of_kind("text", "date")
    found = []
    for name, cells in table.totals.items():
        column = table.columns[name]
        said = f"{column.raw} IN ({', '.join(map(literal, cells))})"
        others = [_is_empty(c) for c in dimensions if c.name != name]
        if column.kind == "text" and others:
            said += f" AND ({' OR '.join(others)})"
        found.append(f"({said})")
    return " OR ".join(found)


def _reason(row: _Candidate, sums: _Sums, *, is_single: bool) -> str:
    said = " and ".join(f"{cell!r} in {name}" for name, cell in row.labels.items())
    if row.is_misfit or (said and not row.filled):
        return said
    of_others = [sums.of(()), sums.of(tuple(row.filled))]
    keys = [(), tuple(row.filled.values())]
    if any(_are_equal(row.amounts, of.get(key)) for of, key in zip(of_others, keys, strict=True)):
        return f"{said}, and its amounts are the sum of others" if said else (
            "no dimension, and its amounts are the sum of all others"
        )  # fmt: skip
    if said and (row.num_empty or (is_single and sums.are_below(row.amounts))):
        return said
    return ""


def _amounts(table: OpenTable, columns: Sequence[Column]) -> list[Column]:
    numbers = [c for c in columns if c.kind == "number"]
    known = [c for c in numbers if table.matching.standard(c.name)]
    return known or numbers


def _is_empty(column: Column, *, words: str = "") -> str:
    """SQL of whether a cell is empty; `words`: a condition instead of words for nothing."""
    if column.kind == "date" and not column.is_text:
        return f"{column.raw} IS NULL"
    is_word = f"lower(trim({column.raw})) IN ({', '.join(map(literal, _EMPTY))})"
    return f"COALESCE(length({column.raw}) <= {_LONGEST} AND {words or is_word}, true)"


def _labelled(table: OpenTable, texts: Sequence[Column], amount: Column) -> list[str]:
    """Conditions of the cells that name a total, one a column that has such cells."""
    if not texts:
        return []
    where = table.relation
    if table.num_rows > _WHOLE_ROWS:
        (least,) = table.row(
            f"SELECT min(v) FROM (SELECT {amount.sql} AS v FROM {table.relation} "
            f"ORDER BY v DESC NULLS LAST LIMIT {_TOP_ROWS})"
        )
        listed = ", ".join(c.raw for c in texts)
        top = "false" if least is None else f"{amount.sql} >= {least}"
        where = "summary_probe"
        table.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {where} AS "
            f"SELECT {listed} FROM {table.relation} WHERE {top} UNION ALL "
            f"SELECT {listed} FROM {table.sampled(_PROBED_ROWS)}"
        )
    asked = " UNION ALL ".join(
        f"SELECT {i} AS place, cell FROM (SELECT DISTINCT {c.raw} AS cell FROM {where}) "
        f"WHERE regexp_full_match(lower(trim(cell)), {literal(_LABEL)})"
        for i, c in enumerate(texts)
    )
    held: dict[int, list[str]] = {}
    for place, cell in table.rows(asked):
        held.setdefault(place, []).append(literal(cell))
    return [f"{texts[i].raw} IN ({', '.join(sorted(cells))})" for i, cells in held.items()]


def _candidates(
    table: OpenTable,
    condition: str,
    texts: Sequence[Column],
    dimensions: Sequence[Column],
    amounts: Sequence[Column],
) -> Iterator[_Candidate]:
    cells = [*texts, *(d for d in dimensions if d not in texts)]
    asked = ", ".join([
        *(c.raw for c in cells), *(f"{c.sql} IS NULL" for c in cells),
        *(f"CAST({c.sql} AS DOUBLE)" for c in amounts),
    ])  # fmt: skip
    n = len(cells)
    for position, *found in table.rows(
        f"SELECT {table.place}, {asked} FROM {table.numbered()} WHERE {condition} "
        f"ORDER BY {table.place} LIMIT {_MOST_ROWS}"
    ):
        held = dict(zip((c.name for c in cells), found[:n], strict=True))
        labels = {c.name: held[c.name] for c in texts if _IS_LABEL.fullmatch(_plain(held[c.name]))}
        others = {c.name: held[c.name] for c in dimensions if c.name not in labels}
        filled = {name: cell for name, cell in others.items() if _plain(cell) not in _EMPTY}
        unfit = {c.name for c, is_null in zip(cells, found[n : 2 * n], strict=True) if is_null}
        yield _Candidate(
            position, labels, filled, num_empty=len(others) - len(filled), amounts=found[2 * n :],
            is_misfit=not unfit.isdisjoint(labels),
        )  # fmt: skip


def _plain(cell: object) -> str:
    return "" if cell is None else str(cell).strip().lower()


class _Sums:
    """Sums of the rows that are no candidates, asked for when they are needed."""

    def __init__(self, table: OpenTable, others: str, amounts: Sequence[Column]) -> None:
        self._table, self._others = table, others
        self._values = [f"CAST({c.sql} AS DOUBLE)" for c in amounts]
        self._held: dict[tuple[str, ...], dict[tuple[Any, ...], Sequence[Any]]] = {}

    def of(self, names: tuple[str, ...]) -> Mapping[tuple[Any, ...], Sequence[Any]]:
        """Cells of these dimensions -> the sums of their rows; of no dimension: of all rows."""
        if names not in self._held:
            keys = [self._table.columns[n].raw for n in names]
            asked = ", ".join([*keys, *(f"sum({v})" for v in self._values)])
            rows = self._table.rows(
                f"SELECT {asked} FROM {self._table.relation} WHERE {self._others} "
                f"GROUP BY ({', '.join(keys)}) HAVING count(*) > {min(len(keys), 1)}"
            )
            self._held[names] = {r[: len(names)]: r[len(names) :] for r in rows}
        return self._held[names]

    def are_below(self, amounts: Sequence[float | None]) -> bool:
        """Whether no row has as much of anything."""
        asked = ", ".join(f"max({v})" for v in self._values)
        most = self._table.row(f"SELECT {asked} FROM {self._table.relation} WHERE {self._others}")
        return all(a is None or m is None or a > m for a, m in zip(amounts, most, strict=True))


def _are_equal(amounts: Sequence[float | None], sums: Sequence[float | None] | None) -> bool:
    pairs = [(a, s) for a, s in zip(amounts, sums or amounts, strict=True) if a and s]
    equal = sum(abs(a - s) <= _TOLERANCE * abs(s) for a, s in pairs)
    return sums is not None and equal >= max(_EQUAL_FRAC * len(pairs), min(2, len(amounts)))
