"""What text columns mean: numbers, dates or text, decided for all columns of a table together.

Files and frames deliver numbers and dates as text. Each column's cells are tallied by rows; the
columns that are plain to read decide the decimal mark and the order of day and month for those
that are not. The SQL that comes out turns each cell into a value, or into NULL where it cannot, so
that the cells that do not fit can be counted and shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from campaignkit.errors import Fault
from campaignkit.tables.dates import DateTally, whole_dates
from campaignkit.tables.numbers import NumberTally, number_sql

# A column counts as numbers or dates when more than this share of its rows are: type changes of
# up to 40% of the cells must not hide what the column was.
MAJORITY_FRAC = 0.5

_T = TypeVar("_T")

PLACEHOLDERS = frozenset(
    ["n/a", "na", "#n/a", "nan", "null", "none", "nil", "-", "--", "—", "?", "??", "???", "tbd",
     "missing", "undefined", "#value!", "#ref!", "#div/0!", "(null)", "(not set)", "<na>", "."]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text column holds and the SQL that reads it.

    Attributes
    ----------
    kind : str
        ``number``, ``date`` or ``text``; ``other`` where it is numbers or dates that may be read
        in two ways.
    sql : str
        Expression over ``{c}``, the quoted column; NULL where a cell does not fit.
    formats : tuple of str
        The formats of dates seen, the most frequent first; the decimal mark of numbers.
    fit_frac : float
        Share of the rows with a value that fit.
    undecided : str
        ``numbers`` or ``dates`` where nothing decides between two ways of reading them.
    is_marked : bool
        Whether some numbers carry a mark of a unit.

    Examples
    --------
    >>> read_meaning(["1,200", "300", "7.5"]).kind
    'number'
    """

    kind: str
    sql: str
    formats: tuple[str, ...] = ()
    fit_frac: float = 1.0
    undecided: str = ""
    is_marked: bool = False


TEXT = Meaning("text", "{c}")


@dataclass(frozen=True, slots=True)
class Cells:
    """What is known of a text column before it is read.

    Parameters
    ----------
    rows : mapping of str to int
        Cell -> rows, of all rows or a fair sample.
    is_date, is_count : bool
        The column is known by its name to hold dates (8 digits are then a day), or counts (which
        have no decimals).
    is_whole : bool
        Whether these are all the column's cells.
    """

    rows: Mapping[str, int]
    is_date: bool = False
    is_count: bool = False
    is_whole: bool = True


def read_meaning(
    cells: Sequence[str], *, is_date: bool = False, day_first: bool | None = None
) -> Meaning:
    """Read off its cells what a single text column means.

    Examples
    --------
    >>> read_meaning(["03/04/2024", "25/12/2024"]).formats
    ('%d/%m/%Y',)
    >>> read_meaning(["007", "008"]).kind
    'text'
    >>> read_meaning(["1.234", "5.678"]).undecided
    'numbers'
    """
    rows = {cell: list(cells).count(cell) for cell in dict.fromkeys(cells)}
    return read_meanings({"it": Cells(rows, is_date=is_date)}, day_first=day_first)[0]["it"]


def read_meanings(
    columns: Mapping[str, Cells], *, decimal: str | None = None, day_first: bool | None = None
) -> tuple[dict[str, Meaning], list[Fault]]:
    """What the text columns of one table mean, and a note for each decision made for all.

    Parameters
    ----------
    columns : mapping of str to Cells
        Column -> its cells.
    decimal : str or None
        Decimal mark of all columns, ``.`` or ``,``; None: the cells decide.
    day_first : bool or None
        Whether 03/04 is the third of April in all columns; None: the cells decide.

    Examples
    --------
    >>> found, notes = read_meanings({"a": Cells({"1.234": 1}), "b": Cells({"12,50": 1})})
    >>> found["a"].formats, len(notes)
    ((',',), 1)
    """
    tallies = {name: _Tally.of(cells) for name, cells in columns.items()}
    numbers = {n: t for n, t in tallies.items() if t.kind == "number"}
    dates = {n: t.dates for n, t in tallies.items() if t.kind == "date" and t.dates.is_ordered}
    marks = {n: t.numbers.own_decimal(is_count=columns[n].is_count) for n, t in numbers.items()}
    orders = {n: t.own_order() for n, t in dates.items()}
    mark = decimal or _agreed([m for m in marks.values() if m in (".", ",") and m])
    order = day_first if day_first is not None else _agreed(
        [o for o in orders.values() if o is not None]
    )  # fmt: skip
    out: dict[str, Meaning] = {}
    for name, tally in tallies.items():
        if tally.kind == "date":
            own = orders.get(name)
            chosen = own if day_first is None and own is not None else order
            out[name] = _dates(tally, chosen, is_ordered=name in dates)
        elif tally.kind == "number":
            own_mark = marks[name] if decimal is None else ""
            chosen_mark = own_mark if own_mark in (".", ",") and own_mark else mark
            if own_mark == "" and chosen_mark is None:
                chosen_mark = "."
            out[name] = _numbers(tally, chosen_mark, is_whole=columns[name].is_whole)
        else:
            out[name] = TEXT
    notes = [*_decimal_notes(out, marks, decimal), *_order_notes(out, orders, day_first)]
    bounds = [n for n, t in numbers.items() if t.numbers.bounds]
    if bounds:
        notes.append(
            Fault(_listed(bounds), "hold bounds such as '< 10%'", "each is read as its bound")
        )
    return out, notes


@dataclass
class _Tally:
    kind: str
    filled: int = 0
    numbers: NumberTally = field(default_factory=NumberTally)
    dates: DateTally = field(default_factory=DateTally)

    @classmethod
    def of(cls, cells: Cells) -> _Tally:
        rows: dict[str, int] = {}
        for cell, count in cells.rows.items():
            plain = cell.strip()
            if plain and plain.lower() not in PLACEHOLDERS:
                rows[plain] = rows.get(plain, 0) + count
        filled = sum(rows.values())
        dates = DateTally.of(rows, is_date=cells.is_date)
        if dates.rows > MAJORITY_FRAC * filled:
            return cls("date", filled, dates=dates)
        numbers = NumberTally.of(rows)
        # Digits with a leading zero are codes (zip, phone): reading them as numbers loses it.
        if numbers.rows > MAJORITY_FRAC * filled and not numbers.leading_zeros:
            return cls("number", filled, numbers=numbers)
        return cls("text", filled)


def _dates(tally: _Tally, day_first: bool | None, *, is_ordered: bool) -> Meaning:
    fit = tally.dates.rows / tally.filled
    if is_ordered and day_first is None:
        return replace(TEXT, kind="other", fit_frac=fit, undecided="dates")
    formats = tally.dates.formats(day_first=bool(day_first))
    return Meaning("date", whole_dates(formats), formats, fit)


def _numbers(tally: _Tally, decimal: str | None, *, is_whole: bool) -> Meaning:
    numbers = tally.numbers
    if decimal is None:
        fit = numbers.rows / tally.filled
        return replace(TEXT, kind="other", fit_frac=fit, undecided="numbers")
    sql = number_sql(decimal, numbers, whole=is_whole)
    fit = numbers.fits[decimal] / tally.filled
    return Meaning("number", sql, (decimal,), fit, is_marked=numbers.marked > 0)


def _agreed(found: Collection[_T]) -> _T | None:
    """What all say, if they say one thing."""
    said = set(found)
    return said.pop() if len(said) == 1 else None


def _decimal_notes(
    found: Mapping[str, Meaning], marks: Mapping[str, str], decimal: str | None
) -> list[Fault]:
    notes = []
    for mark, other, groups in ((",", ".", "dots"), (".", ",", "commas")):
        read = [n for n, m in marks.items() if m and mark in found[n].formats]
        grouped = [n for n in read if marks[n] == "?"]
        # A dot for decimals and nothing to decide is what every tool expects: not worth a note.
        if not read or (mark == "." and not grouped and decimal is None):
            continue
        by = [n for n in read if marks[n] == mark]
        why = f"as decimal={decimal!r} says" if decimal else f"decided by {_listed(by)}"
        notes.append(
            Fault(_listed(read), f"write decimals with {mark!r}, thousands with {groups}, {why}",
                  f"read so; decimal={other!r} overrules it")
        )  # fmt: skip
    unclear = [n for n in marks if found[n].undecided]
    if unclear:
        notes.append(
            Fault(_listed(unclear), "may be read with '.' or with ',' as their decimal mark",
                  "not read as numbers; say decimal='.' or decimal=','")
        )  # fmt: skip
    return notes


def _order_notes(
    found: Mapping[str, Meaning], orders: Mapping[str, bool | None], day_first: bool | None
) -> list[Fault]:
    notes = []
    for first in (True, False):
        read = [n for n in orders if found[n].formats and _starts_with_day(found[n]) is first]
        if read:
            what = "the day before the month" if first else "the month before the day"
            why = "as asked" if day_first is not None else "as their cells decide"
            notes.append(
                Fault(_listed(read), f"write {what}, {why}",
                      f"read so; day_first={not first} overrules it")
            )  # fmt: skip
    unclear = [n for n in orders if found[n].undecided]
    if unclear:
        notes.append(
            Fault(_listed(unclear), "may be read with the day or with the month first",
                  "not read as dates; say day_first=True or day_first=False")
        )  # fmt: skip
    return notes


def _starts_with_day(meaning: Meaning) -> bool:
    return next((f for f in meaning.formats if f[:2] in ("%d", "%m")), "%d").startswith("%d")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:6])) or "the file"
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown
