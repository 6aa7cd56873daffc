"""Whole rows whose cells stand some columns to the left or to the right of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.auditing.checks.check import Check, found
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.distinct import distinct
from campaignkit.show import counted
from campaignkit.tables import Column, literal
from campaignkit.tables.dates import whole_dates
from campaignkit.tables.meaning import PLACEHOLDERS

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
        """Any table of three to sixty columns whose rows are at hand."""
        if 3 <= len(scene.table.columns) <= _MOST_COLUMNS and not scene.table.in_place:
            yield Rule.over(self.form, "shifted_columns", id=self.form,
                            reason="each cell stands in its own column")  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for all rows that moved."""
        fits = _fits(scene)
        conditions: list[str] = []
        shifts = _shifts(fits, scene) if fits.odd else []
        for shift in shifts:
            other = "".join(f" AND NOT ({c})" for c in conditions)
            conditions.append(fits.moved(shift) + other)
        counts = scene.count(*conditions)
        names = list(scene.table.columns)
        told = [
            {"side": s.side, "by": abs(s.by), "from": names[s.start], "rows": n}
            for s, n in zip(shifts, counts, strict=True)
        ]
        if not told:
            return
        rows, moved = sum(counts), names[min(s.start for s in shifts) :]
        ways = "; ".join(f"{f['rows']:,} to the {f['side']} by {f['by']} from {f['from']} on"
                         for f in told)  # fmt: skip
        anywhere = " OR ".join(f"({c})" for c in conditions)
        yield found(
            rule, scene, rows, *moved, confidence=0.95, parts=dict.fromkeys(moved, anywhere),
            message=f"the cells of {counted(rows, 'row')} are shifted: {ways}",
            advice="look for a lost or stray delimiter where these rows are written; until then "
            "they are left out of all other checks",
            evidence={"shifts": told},
        )  # fmt: skip


def shifted_rows(scene: Scene) -> NDArray[int64]:
    """int64[rows]: positions of the shifted rows, ascending."""
    check = ShiftCheck()
    rules = list(check.rules(scene))
    return distinct(*(f.rows for rule in rules for f in check.find(rule, scene)))


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

    def cell(self, at: int) -> str:
        """SQL of a cell as trimmed text, NULL where it holds nothing."""
        text = f"trim(CAST({self.columns[at].raw} AS VARCHAR))"
        return f"CASE WHEN lower({text}) NOT IN ({_FILLERS}) THEN {text} END"

    def test(self, home: int, cell: str) -> str:
        """SQL of whether a cell may be one of a column; true of an empty cell."""
        if self.kinds[home] == "words":
            fit = f"{cell} IN ({', '.join(map(literal, self.words[home]))})"
        else:
            date = self.is_date.replace("{c}", cell)
            number = f"(regexp_full_match({cell}, {literal(_NUMBER)}) AND NOT {date})"
            fit = {"date": date, "number": number}.get(
                self.kinds[home], f"NOT {number} AND NOT {date}"
            )
        return f"({cell} IS NULL OR {fit})"

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
        cells = [f"({self.cell(at)})" for at in range(len(self.columns))]
        fit, odd, left_empty = self.signs(shift)
        held = [self.test(home, cells[at]) for home, at in fit]
        strange = [f"CAST(NOT {self.test(at, cells[at])} AS INTEGER)" for at in odd]
        empty = [f"CAST({cells[at]} IS NULL AS INTEGER)" for at in left_empty]
        spoken = " + ".join(strange)
        return f"({self.odd}) AND {spoken} >= 1 AND {' + '.join([*strange, *empty])} >= 2 AND " + (
            " AND ".join(held)
        )


def _fits(scene: Scene) -> _Fits:
    columns, profile = list(scene.table.columns.values()), scene.profile.columns
    few = {c.name for c in scene.dimensions()}
    counts = {
        i: {v: n for v, n in scene.histogram(c.name).items() if v and v.strip()}
        for i, c in enumerate(columns)
        if c.name in few
    }
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
            others = [c for j, c in counts.items() if j != i]
            strange = {v for v, n in here.items() if any(c.get(v, 0) > n for c in others)}
            strange |= numbers
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
    (share,) = scene.table.row(
        f"SELECT avg(CAST(regexp_full_match(trim({column.sql}), {literal(_NUMBER)}) AS INTEGER)) "
        f"FROM {scene.table.sampled(_LOOKED_AT)}"
    )
    return (share or 0.0) > 0.5


def _shifts(fits: _Fits, scene: Scene) -> list[_Shift]:
    """The shifts that the rows with a cell out of place agree on, the commonest first."""
    import numpy as np

    size = len(fits.columns)
    candidates = [
        _Shift(by, start)
        for far in range(1, min(_FARTHEST, size - 2) + 1)
        for by in (-far, far)
        for start in range(size - far)
    ]
    pairs = {(at, at) for at in range(size)}.union(*(fits.signs(s)[0] for s in candidates))
    tests = {(home, at): fits.test(home, f"c{at}") for home, at in pairs}
    unique = {sql: f"t{i}" for i, sql in enumerate(dict.fromkeys(tests.values()))}
    cells = ", ".join(f"{fits.cell(at)} AS c{at}" for at in range(size))
    asked = [f"{sql} AS {name}" for sql, name in unique.items()]
    asked += [f"c{at} IS NULL AS empty{at}" for at in range(size)]
    found = scene.table.numpy(
        f"SELECT {', '.join(asked)} FROM (SELECT {cells} FROM {scene.table.relation} "
        f"WHERE {fits.odd} LIMIT {_LOOKED_AT})"
    )
    fit = {pair: found[unique[sql]].astype(bool) for pair, sql in tests.items()}
    empty = [found[f"empty{at}"].astype(bool) for at in range(size)]
    agree = {s: _agreeing(s, fits, fit, empty) for s in candidates}
    left = np.ones(len(empty[0]), dtype=bool)
    out: list[_Shift] = []
    while len(out) < _MOST_SHIFTS:
        # Of shifts that as many rows agree on, the one with the most evidence; then the nearest.
        most = {s: (int((w[left] > 0).sum()), int(w[left].sum()), -abs(s.by), s.start)
                for s, w in agree.items()}  # fmt: skip
        best = max(most, key=lambda s: most[s])
        if not most[best][0]:
            break
        out.append(best)
        left &= agree[best] == 0
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
