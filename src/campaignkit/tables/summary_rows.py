"""Rows of totals among the rows of a table: found, named, and left out of every check and sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campaignkit.tables.opened import Column, OpenTable, literal

_WHOLE_ROWS = 50_000  # above, labels are looked for in a sample and among the greatest amounts
_TOP_ROWS, _PROBED_ROWS = 200, 5_000
_COLUMNS = 100
_MOST_ROWS = 100_000
_TOLERANCE = 0.005  # totals are rounded apart from their parts
_EQUAL_FRAC = 0.6
_EMPTY = ("", "-", "--", "—", "n/a", "null", "none")
_LONGEST = 6  # with spaces around it
_WORDS = (
    "total", "totals", "grand total", "overall total", "subtotal", "sub-total", "sub total", "sum",
    "gesamt", "gesamtsumme", "gesamtergebnis", "insgesamt", "summe", "zwischensumme",
    "total général", "total general", "totaux", "sous-total", "somme",
    "totale", "totale generale", "totale complessivo", "subtotale", "somma",
    "totales", "suma", "suma total", "total geral", "totais", "soma",
    "totaal", "eindtotaal", "subtotaal", "totalt", "summa", "i alt", "yhteensä",
    "razem", "suma końcowa", "ogółem", "celkem", "összesen", "toplam", "genel toplam",
    "итого", "всего", "общий итог", "σύνολο", "合计", "合計", "总计", "總計", "総計", "小计",
    "小計",
    "합계", "총계", "소계", "tổng", "tổng cộng", "jumlah", "รวม", "المجموع", "الإجمالي",
)  # fmt: skip
_LABEL = (
    rf"({'|'.join(_WORDS)})(\s*[:(/–—-].*|\s+(of|for|de|du|für|von|pour|di|van)\s.*|\s*[(（].*)?"
    rf"|.*[^\s]\s+(total|gesamt|summe|ergebnis|totale|totaal)"
    rf"|(results from|ergebnisse aus|résultats de|resultados de) \d+ .*"
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row that may be a total: where, its labels, its dimensions and its amounts."""

    position: int
    labels: tuple[tuple[str, str], ...]  # column, cell
    filled: tuple[tuple[str, Any], ...]  # dimensions that hold something else
    num_empty: int
    amounts: tuple[float | None, ...]
    is_misfit: bool  # a label among dates or numbers


def summary_rows(table: OpenTable) -> dict[int, str]:
    """Positions of the rows that sum up others, each with the reason; few or none as a rule.

    A row is one if a cell says so ("Total", "Summe: Search", in many languages) and the rest of
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
    labelled = _labelled(table, texts, amounts[0])
    # A typed date is seldom empty and quickly looked at: then no text is.
    blank = " AND ".join(_is_empty(c) for c in sorted(dimensions, key=lambda c: c.is_text))
    condition = " OR ".join([*labelled, f"({blank})"])
    if table.row(f"SELECT count(*) FROM {table.relation} WHERE {condition}") == (0,):
        return {}  # places are asked for only where there is a row to place
    found = _candidates(table, condition, texts, dimensions, amounts)
    sums = _Sums(table, f"NOT COALESCE({condition}, false)", amounts)
    once = {labels for labels in (c.labels for c in found)
            if sum(c.labels == labels for c in found) == 1}  # fmt: skip
    out = {}
    for row in found:
        reason = _reason(row, sums, is_single=row.labels in once)
        if reason:
            out[row.position] = reason
    return out


def _reason(row: _Candidate, sums: _Sums, *, is_single: bool) -> str:
    said = " and ".join(f"{cell!r} in {name}" for name, cell in row.labels)
    if row.is_misfit or (said and not row.filled):
        return said
    if sums.are_total(row.amounts) or sums.are_group(row.filled, row.amounts):
        return f"{said}, and its amounts are the sum of others" if said else (
            "no dimension, and its amounts are the sum of all others"
        )  # fmt: skip
    if said and (row.num_empty or (is_single and sums.are_greatest(row.amounts))):
        return said
    return ""


def _amounts(table: OpenTable, columns: Sequence[Column]) -> list[Column]:
    numbers = [c for c in columns if c.kind == "number"]
    known = [c for c in numbers if table.matching.standard(c.name)]
    return known or numbers


def _is_empty(column: Column) -> str:
    if column.kind == "date" and not column.is_text:
        return f"{column.raw} IS NULL"
    words = ", ".join(literal(word) for word in _EMPTY)
    is_word = f"length({column.raw}) <= {_LONGEST} AND lower(trim({column.raw})) IN ({words})"
    return f"COALESCE({is_word}, true)"


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
) -> list[_Candidate]:
    cells = [*texts, *(d for d in dimensions if d not in texts)]
    asked = ", ".join([
        *(f"{c.raw} IS NOT NULL AND {c.sql} IS NULL" if c.is_text else "false" for c in cells),
        *(f"NOT {_is_empty(c)}" for c in cells),
        *(f"regexp_full_match(lower(trim({c.raw})), {literal(_LABEL)})" if c in texts else "false"
          for c in cells),
        *(c.raw for c in cells),
        *(f"CAST({c.sql} AS DOUBLE)" for c in amounts),
    ])  # fmt: skip
    out = []
    for position, *found in table.rows(
        f"SELECT position, {asked} FROM {table.numbered()} WHERE {condition} "
        f"ORDER BY position LIMIT {_MOST_ROWS}"
    ):
        n = len(cells)
        unfit, filled, label, cell = (found[i * n : (i + 1) * n] for i in range(4))
        named = [i for i in range(n) if label[i]]
        others = [i for i, c in enumerate(cells) if c in dimensions and i not in named]
        out.append(
            _Candidate(
                position,
                tuple((cells[i].name, cell[i]) for i in named),
                tuple((cells[i].name, cell[i]) for i in others if filled[i]),
                sum(not filled[i] for i in others),
                tuple(found[4 * n :]),
                any(unfit[i] for i in named),
            )
        )
    return out


class _Sums:
    """Sums of the rows that are no candidates, asked for when they are needed."""

    def __init__(self, table: OpenTable, others: str, amounts: Sequence[Column]) -> None:
        self._table, self._others = table, others
        self._asked = ", ".join(
            f"sum(CAST({c.sql} AS DOUBLE)), max(CAST({c.sql} AS DOUBLE))" for c in amounts
        )
        held = table.row(f"SELECT {self._asked} FROM {table.relation} WHERE {others}")
        self._total, self._greatest = held[::2], held[1::2]
        self._groups: dict[tuple[str, ...], dict[tuple[Any, ...], Sequence[Any]]] = {}

    def are_total(self, amounts: Sequence[float | None]) -> bool:
        """Whether amounts are the sums of all other rows."""
        return _are_equal(amounts, self._total)

    def are_greatest(self, amounts: Sequence[float | None]) -> bool:
        """Whether no other row has as much of anything."""
        return all(a is None or g is None or a > g
                   for a, g in zip(amounts, self._greatest, strict=True))  # fmt: skip

    def are_group(
        self, filled: Sequence[tuple[str, Any]], amounts: Sequence[float | None]
    ) -> bool:
        """Whether amounts are the sums of the rows with the same filled dimensions."""
        if not filled:
            return False
        names = tuple(name for name, _ in filled)
        if names not in self._groups:
            keys = ", ".join(self._table.columns[n].raw for n in names)
            rows = self._table.rows(
                f"SELECT {keys}, {self._asked} FROM {self._table.relation} "
                f"WHERE {self._others} GROUP BY {keys} HAVING count(*) > 1"
            )
            self._groups[names] = {r[: len(names)]: r[len(names) :: 2] for r in rows}
        sums = self._groups[names].get(tuple(cell for _, cell in filled))
        return sums is not None and _are_equal(amounts, sums)


def _are_equal(amounts: Sequence[float | None], sums: Sequence[float | None]) -> bool:
    pairs = [(a, s) for a, s in zip(amounts, sums, strict=True) if a and s]
    equal = sum(abs(a - s) <= _TOLERANCE * abs(s) for a, s in pairs)
    return equal >= max(_EQUAL_FRAC * len(pairs), min(2, len(amounts)))
