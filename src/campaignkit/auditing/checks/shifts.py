"""Whole rows whose cells stand some columns to the left or to the right of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.auditing.checks.check import Check, found
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.show import counted
from campaignkit.tables import Column, OpenTable, literal
from campaignkit.tables.dates import whole_dates
from campaignkit.tables.meaning import PLACEHOLDERS
from campaignkit.tables.opened import quoted

if TYPE_CHECKING:
    from numpy import bool_, int64
    from numpy.typing import NDArray

    from campaignkit.auditing.scene import Scene

_MOST_COLUMNS = 60
_FARTHEST = 6  # columns a row may have moved
_LOOKED_AT = 20_000  # rows with a cell that does not fit, from which the shifts are read off
_MOST_SHIFTS = 5
_MOST_WORDS = 200  # a text column of more values is open: any word may stand in it
_NUMBER = r"[-+(]?[^\w\s]?\s?\d+([.,\s]\d+)*([eE][-+]?\d+)?\s?([^\w\s]|[A-Z]{3})?"
_FILLERS = ", ".join(map(literal, sorted({"", *PLACEHOLDERS})))


class ShiftCheck(Check):
    """Runs the ``shifted`` rule: every cell of a row stands in its own column.

    Only rows with a cell that does not fit its column (no number or date where the others are, a
    word at home in another column) are looked at. A row is shifted if up to some column every
    cell fits, from there on every cell fits the column so many places away, and at least two
    cells that do not fit where they stand, or were left empty, speak for it. Such rows are left
    out of all other checks: their cells would break most.

    Examples
    --------
    >>> ShiftCheck().form
    'shifted'
    """

    form = "shifted"
    sets_aside = True

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Any table of three to sixty columns; of a warehouse, if a cell may not fit."""
        size = len(scene.table.columns)
        if 3 <= size <= _MOST_COLUMNS and (not scene.table.in_place or _may_be_odd(scene)):
            yield Rule.over(self.form, "shifted_columns", id=self.form,
                            reason="each cell stands in its own column")  # fmt: skip

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """In a warehouse, which columns of text hold numbers; here only odd tables are asked."""
        return [_is_number(c) for c in table.of_kind("text")] if table.in_place else []

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for all rows that moved."""
        fits, table = _fits(scene), scene.table
        conditions: list[str] = []
        shifts = _shifts(fits, scene) if fits.odd else {}
        for shift in shifts:
            other = "".join(f" AND NOT ({c})" for c in conditions)
            conditions.append(fits.moved(shift) + other)
        if not shifts:
            return
        read = fits.read(table.relation)
        if table.in_place:
            own = ", ".join(map(quoted, table.columns))
            away = " OR ".join(f"({c})" for c in conditions)
            scene.rest = f"SELECT {own} FROM {read} WHERE NOT ({away})"
            counts = list(shifts.values())
        else:
            asked = ", ".join(f"count_if({c})" for c in conditions)
            counts = list(table.row(f"SELECT {asked} FROM {read}"))
        names = list(scene.table.columns)
        told = [
            {"side": s.side, "by": abs(s.by), "from": names[s.start], "rows": n}
            for s, n in zip(shifts, counts, strict=True)
        ]
        rows, moved = sum(counts), names[min(s.start for s in shifts) :]
        ways = "; ".join(f"{f['rows']:,} to the {f['side']} by {f['by']} from {f['from']} on"
                         for f in told)  # fmt: skip
        anywhere = " OR ".join(f"({fits.plain(c)})" for c in conditions)
        yield found(
            rule, scene, rows, *moved, confidence=0.95, parts=dict.fromkeys(moved, anywhere),
            message=f"the cells of {counted(rows, 'row')} are shifted: {ways}",
            advice="look for a lost or stray delimiter where these rows are written; until then "
            "they are left out of all other checks",
            evidence={"shifts": told},
        )  # fmt: skip


def shifted(scene: Scene) -> list[Finding]:
    """The finding of a table's shifted rows, if it has any."""
    check = ShiftCheck()
    return [f for rule in list(check.rules(scene)) for f in check.find(rule, scene)]


@dataclass(frozen=True, slots=True)
class _Shift:
    """From column `start` on the cells stand `by` columns away from home, to the left if < 0."""

    by: int
    start: int

    @property
    def side(self) -> str:
        return "left" if self.by < 0 else "right"


@dataclass(frozen=True, slots=True)
class _Fits:
    """What fits into each column.

    Attributes
    ----------
    columns : sequence of Column
        The table's.
    kinds : sequence of str
        What a column holds: ``number``, ``date``, ``words`` (few ones) or ``any``.
    words : mapping of int to sequence of str
        Column -> its words.
    odd : str
        SQL of the rows with a cell that does not fit, as far as that is known without a search.
    filled : sequence of bool
        Whether an empty cell is unusual in the column.
    is_date : str
        SQL of whether ``{c}`` is a date.
    """

    columns: Sequence[Column]
    kinds: Sequence[str]
    words: Mapping[int, Sequence[str]]
    odd: str
    filled: Sequence[bool]
    is_date: str

    def read(self, relation: str) -> str:
        """A relation whose rows carry each cell as text and whether it is a date or a number."""
        cells, marks = [], []
        for at in range(len(self.columns)):
            cells.append(f"{self._sql('c', at)} AS moved_c{at}")
            marks += [f"{self._sql(mark, at)} AS moved_{mark}{at}" for mark in "dn"]
        inner = f"(SELECT *, {', '.join(cells)} FROM {relation})"
        return f"(SELECT *, {', '.join(marks)} FROM {inner})"

    def plain(self, condition: str) -> str:
        """A condition over such rows as one over the table's own."""
        for marks in ("dn", "c"):
            condition = re.sub(
                rf"\bmoved_([{marks}])(\d+)\b",
                lambda found: f"({self._sql(found[1], int(found[2]))})", condition,
            )  # fmt: skip
        return condition

    def _sql(self, mark: str, at: int) -> str:
        """SQL of a cell as trimmed text, NULL where it holds nothing; of what is marked of it."""
        if mark == "c":
            text = f"trim(CAST({self.columns[at].raw} AS VARCHAR))"
            return f"CASE WHEN lower({text}) NOT IN ({_FILLERS}) THEN {text} END"
        if mark == "d":
            return self.is_date.replace("{c}", f"moved_c{at}")
        return f"regexp_full_match(moved_c{at}, {literal(_NUMBER)})"

    def test(self, home: int, at: int) -> str:
        """SQL of whether a cell may be one of a column; true of an empty cell."""
        cell, date, number = (f"moved_{mark}{at}" for mark in "cdn")
        fit = {"date": date, "number": f"{number} AND NOT {date}"}.get(
            self.kinds[home], f"NOT {number} AND NOT {date}"
        )
        if self.kinds[home] == "words":
            fit = f"{cell} IN ({', '.join(map(literal, self.words[home]))})"
        return f"({cell} IS NULL OR ({fit}))"

    def signs(self, shift: _Shift) -> tuple[list[tuple[int, int]], list[int], list[int]]:
        """(home, place) of cells that fit in a row that moved like this; and what speaks for it.

        That are the places of cells that do not fit where they stand, and those left empty.
        """
        far, start, size = abs(shift.by), shift.start, len(self.columns)
        stay = [(at, at + far) for at in range(start, size - far)]
        ends = [(size - far + i, start + i) for i in range(far)]
        if shift.by < 0:
            stay, ends = ([(at, home) for home, at in part] for part in (stay, ends))
        fit = [*((at, at) for at in range(start)), *stay, *ends]
        strange = [at for home, at in stay if self.kinds[home] != "any"]
        return fit, strange, [at for _, at in ends if self.filled[at]]

    def moved(self, shift: _Shift) -> str:
        """SQL of the rows that moved like this: what :func:`_agreeing` says, for all rows."""
        fit, odd, left_empty = self.signs(shift)
        held = [self.test(home, at) for home, at in fit]
        strange = [f"CASE WHEN {self.test(at, at)} THEN 0 ELSE 1 END" for at in odd]
        empty = [f"CASE WHEN moved_c{at} IS NULL THEN 1 ELSE 0 END" for at in left_empty]
        spoken = " + ".join(strange)
        return (
            f"COALESCE({self.odd}, FALSE) AND {spoken} >= 1 "
            f"AND {' + '.join([*strange, *empty])} >= 2 AND {' AND '.join(held)}"
        )


def _words(scene: Scene) -> dict[int, dict[str, int]]:
    """Place of each dimension -> its values and their rows."""
    few = {c.name for c in scene.dimensions()}
    return {
        i: {v: n for v, n in scene.histogram(name).items() if v and v.strip()}
        for i, name in enumerate(scene.table.columns)
        if name in few
    }


def _strange(at: int, counts: Mapping[int, Mapping[str, int]]) -> set[str]:
    """Values of a dimension that are numbers, or at home in another one."""
    others = [c for i, c in counts.items() if i != at]
    return {
        v for v, n in counts.get(at, {}).items()
        if re.fullmatch(_NUMBER, v.strip()) or any(c.get(v, 0) > n for c in others)
    }  # fmt: skip


def _may_be_odd(scene: Scene) -> bool:
    """Whether a cell may not fit its column, as far as the counted values tell."""
    counts = _words(scene)
    return any(c.is_text for c in scene.table.of_kind("number", "date")) or any(
        v.strip().lower() not in PLACEHOLDERS for i in counts for v in _strange(i, counts)
    )


def _fits(scene: Scene) -> _Fits:
    columns, profile = list(scene.table.columns.values()), scene.profile.columns
    counts = _words(scene)
    kinds, words = [c.kind for c in columns], {}
    odd: list[str] = []
    # Identifiers and free text come last: they are read only if a cell of another column is odd.
    late = [i for i, c in enumerate(columns) if c.kind == "text" and i not in counts]
    for i in [*(i for i in range(len(columns)) if i not in late), *late]:
        column = columns[i]
        if i in late and not odd:
            break
        if column.kind in ("number", "date"):
            if profile[column.name].num_unfit:
                odd.append(f"{column.raw} IS NOT NULL AND ({column.sql}) IS NULL")
            continue
        here = counts.get(i, {})
        numbers = {v for v in here if re.fullmatch(_NUMBER, v.strip())}
        if _mostly_numbers(i, column, here, numbers, scene):
            kinds[i], strange = "number", set(here) - numbers
        else:
            strange = _strange(i, counts)
            own = sorted(set(here) - strange)
            kinds[i] = "words" if 0 < len(own) <= _MOST_WORDS else "any"
            words[i] = own
        strange = {v for v in strange if v.strip().lower() not in PLACEHOLDERS}
        if strange:
            odd.append(f"{column.sql} IN ({', '.join(map(literal, sorted(strange)))})")
    formats = sorted({f for c in columns if c.kind == "date" for f in c.formats} - {"iso"})
    is_date = "(TRY_CAST({c} AS TIMESTAMP) IS NOT NULL)"
    if formats:
        is_date = f"({is_date} OR {whole_dates(formats)} IS NOT NULL)"
    filled = [2 * profile[c.name].num_nulls < scene.num_rows for c in columns]
    return _Fits(columns, kinds, words, " OR ".join(f"({o})" for o in odd), filled, is_date)


def _mostly_numbers(
    at: int, column: Column, here: Mapping[str, int], numbers: set[str], scene: Scene
) -> bool:
    """Whether most cells of a text column are digits, as those of identifiers are."""
    if here or column.kind != "text":
        return 2 * sum(here[v] for v in numbers) > sum(here.values())
    if scene.table.in_place:
        (numeric,) = scene.count(_is_number(column))
        return 2 * numeric > scene.num_rows - scene.profile.columns[column.name].num_nulls
    (share,) = scene.table.row(
        f"SELECT avg(CAST({_is_number(column)} AS INTEGER)) FROM {scene.table.sampled(_LOOKED_AT)}"
    )
    return (share or 0.0) > 0.5


def _is_number(column: Column) -> str:
    return f"regexp_full_match(trim({column.sql}), {literal(_NUMBER)})"


def _shifts(fits: _Fits, scene: Scene) -> dict[_Shift, int]:
    """The shifts that the rows with a cell out of place agree on, the commonest first, and how
    many of the rows looked at they are.

    Only which cells fit where is asked, and of how many rows: no cell leaves a warehouse.
    """
    import numpy as np

    size = len(fits.columns)
    candidates = [
        _Shift(by, start)
        for far in range(1, min(_FARTHEST, size - 2) + 1)
        for by in (-far, far)
        for start in range(size - far)
    ]
    pairs = {(at, at) for at in range(size)}.union(*(fits.signs(s)[0] for s in candidates))
    tests = {(home, at): fits.test(home, at) for home, at in pairs}
    unique = {sql: f"t{i}" for i, sql in enumerate(dict.fromkeys(tests.values()))}
    asked = [f"{sql} AS {name}" for sql, name in unique.items()]
    asked += [f"moved_c{at} IS NULL AS empty{at}" for at in range(size)]
    names = [*unique.values(), *(f"empty{at}" for at in range(size))]
    most_rows = "" if scene.table.in_place else f" LIMIT {_LOOKED_AT}"
    rows = fits.read(f"(SELECT * FROM {scene.table.relation} WHERE {fits.odd}{most_rows})")
    told = scene.table.rows(
        f"SELECT {', '.join(names)}, count(*) FROM (SELECT {', '.join(asked)} FROM {rows}) "
        f"GROUP BY {', '.join(names)}"
    )
    found = dict(zip((*names, "rows"), np.asarray(told, dtype=np.int64).T, strict=True))
    fit = {pair: found[unique[sql]].astype(bool) for pair, sql in tests.items()}
    empty = [found[f"empty{at}"].astype(bool) for at in range(size)]
    agree = {s: _agreeing(s, fits, fit, empty) for s in candidates}
    left = found["rows"]
    out: dict[_Shift, int] = {}
    while len(out) < _MOST_SHIFTS:
        # Of shifts that as many rows agree on, the one with the most evidence; then the nearest.
        most = {s: (int(left[w > 0].sum()), int(left @ w), -abs(s.by), s.start)
                for s, w in agree.items()}  # fmt: skip
        best = max(most, key=lambda s: most[s])
        if not most[best][0]:
            break
        out[best] = most[best][0]
        left = np.where(agree[best] > 0, 0, left)
    return out


def _agreeing(
    shift: _Shift,
    fits: _Fits,
    fit: Mapping[tuple[int, int], NDArray[bool_]],
    empty: Sequence[NDArray[bool_]],
) -> NDArray[int64]:
    """int64[rows looked at]: the cells that say a row moved like this, 0 where it did not."""
    import numpy as np

    pairs, odd, left_empty = fits.signs(shift)
    held = np.all([fit[pair] for pair in pairs], axis=0)
    none = np.zeros(len(held), dtype=np.int64)
    if not held.any():
        return none
    strange = sum((~fit[at, at] for at in odd), none)
    spoken = sum((empty[at] for at in left_empty), strange)
    return np.where(held & (strange >= 1) & (spoken >= 2), spoken, 0)
