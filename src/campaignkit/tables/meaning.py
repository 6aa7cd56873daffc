"""What text columns mean: numbers, dates or text, decided for all columns of a table together.

Files and frames deliver numbers and dates as text. Each column's cells are tallied by rows; the
columns that are plain to read decide the decimal mark and the order of day and month for those
that are not. The SQL that comes out turns each cell into a value, or into NULL where it cannot, so
that the cells that do not fit can be counted and shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from campaignkit.errors import Fault
from campaignkit.tables.conventions import CONVENTIONS
from campaignkit.tables.dates import DateTally
from campaignkit.tables.numbers import NumberTally, unit_in
from campaignkit.tables.opened import Column, quoted
from campaignkit.tables.schema import Role
from campaignkit.tables.summary_rows import labels

# A column counts as numbers or dates when more than this share of its rows are: type changes of
# up to 40% of the cells must not hide what the column was.
MAJORITY_FRAC = 0.5
_SEVERAL_COLUMNS = 3

PLACEHOLDERS = frozenset(CONVENTIONS["placeholders"])


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

    @classmethod
    def of(cls, role: Role | None, rows: Mapping[Any, int], *, is_whole: bool) -> Cells:
        """The filled ones among counted cells of a column of a known role."""
        filled = {c: n for c, n in rows.items() if c is not None}
        return cls(filled, role is Role.DATE, role is Role.COUNT, is_whole)


@dataclass(frozen=True, slots=True)
class _Question:
    """A convention that the columns of a table share: what they hold, and how they may write."""

    tally: type[NumberTally] | type[DateTally]
    holds: str
    option: str
    says: Mapping[Any, str]
    usual: Any


_QUESTIONS = (
    _Question(
        NumberTally, "numbers", "decimal", usual=".",
        says={".": "decimals with '.', thousands with commas",
              ",": "decimals with ',', thousands with dots"},
    ),
    _Question(
        DateTally, "dates", "day_first", usual=True,
        says={True: "the day before the month", False: "the month before the day"},
    ),
)  # fmt: skip


def read_meanings(
    columns: Mapping[str, Cells], *, decimal: str | None = None, day_first: bool | None = None
) -> tuple[dict[str, Column], list[Fault]]:
    """The text columns of one table as they are read, and a note for each decision made for all.

    The kind of numbers or dates that may be read in two ways is ``other``; units are counted over
    the cells given.

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
    own_words = _words_for_no_value(columns)
    tallies = {name: _tally(cells, own_words) for name, cells in columns.items()}
    out = {n: Column(n, "text", quoted(n), quoted(n), is_text=True) for n in columns}
    notes: list[Fault] = []
    for question, asked in zip(_QUESTIONS, (decimal, day_first), strict=True):
        mine = {n: t for n, t in tallies.items() if isinstance(t, question.tally)}
        own = {n: t.own() for n, t in mine.items() if t.is_open}
        said = {answer for answer in own.values() if answer is not None}
        common = asked if asked is not None or len(said) != 1 else said.pop()
        answers: dict[str, Any] = {}
        for name, tally in mine.items():
            answer: Any = own.get(name) if asked is None else asked
            if answer is None:
                answer = common if name in own or common is not None else question.usual
            answers[name] = answer
            if answer is None:
                out[name] = replace(out[name], kind="other", undecided=question.holds)
                continue
            sql, formats = tally.reading(answer)
            units = dict(tally.units.most_common())
            out[name] = replace(
                out[name], kind=question.holds[:-1], sql=sql.replace("{c}", quoted(name)),
                formats=formats, units=units,
                unmarked=bool(units) * (tally.rows - tally.units.total()),
                unit=next(iter(units), unit_in(name) if question.tally is NumberTally else ""),
                no_value=tuple(word for word in own_words if word in columns[name].rows),
            )  # fmt: skip
        notes += _notes(question, own, answers, asked)
    bounds = [n for n, t in tallies.items() if isinstance(t, NumberTally) and t.bounds]
    if bounds:
        notes.append(
            Fault(_listed(bounds), "hold bounds such as '< 10%'", "each is read as its bound")
        )
    for word, filled in own_words.items():
        places = [n for n, column in out.items() if word in column.no_value]
        if places:
            notes.append(Fault(_listed(places), f"hold {word!r}, which fills {_listed(filled)}",
                               "taken for the table's word for no value"))  # fmt: skip
    return out, notes


def _words_for_no_value(columns: Mapping[str, Cells]) -> dict[str, list[str]]:
    """Word -> columns that it fills, of a word that stands in several others too."""
    filled: dict[str, list[str]] = {}
    for name, cells in columns.items():
        if len(cells.rows) == 1:
            filled.setdefault(next(iter(cells.rows)), []).append(name)
    return {
        word: names for word, names in filled.items() if word.strip().isalpha()
        and sum(word in cells.rows for cells in columns.values()) >= _SEVERAL_COLUMNS
    }  # fmt: skip


def _tally(cells: Cells, own_words: Container[str]) -> DateTally | NumberTally | None:
    """The column as numbers or dates, where most rows with a value are such."""
    rows: Counter[str] = Counter()
    for cell, count in cells.rows.items():
        if cell not in own_words:
            rows[cell.strip()] += count
    rows = Counter({c: n for c, n in rows.items() if c and c.lower() not in PLACEHOLDERS})
    dates = DateTally.of(rows, is_date=cells.is_date)
    # A small report may have as many rows of totals ("Total: Account") as of days.
    num_totals = sum(rows[label] for label in labels(rows)) if dates.rows else 0
    if dates.rows > MAJORITY_FRAC * (rows.total() - num_totals):
        return dates
    numbers = NumberTally.of(rows, is_count=cells.is_count, is_whole=cells.is_whole)
    # Digits with a leading zero are codes (zip, phone): reading them as numbers loses it.
    if numbers.rows > MAJORITY_FRAC * rows.total() and not numbers.leading_zeros:
        return numbers
    return None


def _notes(
    question: _Question, own: Mapping[str, Any], answers: Mapping[str, Any], asked: object
) -> Iterable[Fault]:
    for answer, says in question.says.items():
        read = [n for n in own if answers[n] == answer]
        by = [n for n in read if own[n] == answer]
        # A dot for decimals in columns that show it is what every tool expects.
        if not read or (answer == "." and by == read and asked is None):
            continue
        why = f"decided by {_listed(by)}" if asked is None else f"as {question.option}= says"
        other = next(a for a in question.says if a != answer)
        yield Fault(_listed(read), f"write {says}, {why}",
                    f"read so; {question.option}={other!r} overrules it")  # fmt: skip
    unclear = [n for n in own if answers[n] is None]
    if unclear:
        say = " or ".join(f"{question.option}={a!r}" for a in question.says)
        yield Fault(_listed(unclear), f"may write {' or '.join(question.says.values())}",
                    f"not read as {question.holds}; say {say}")  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:6]))
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown
