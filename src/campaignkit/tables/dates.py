"""Dates as people and exports write them: order of day and month, month names, weeks, ranges."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from campaignkit.tables.conventions import CONVENTIONS

_MONTH_OF = {word: n for n, words in enumerate(CONVENTIONS["months"], 1) for word in words.split()}
_WORD = "|".join(sorted(_MONTH_OF, key=len, reverse=True))

_ZONE = r" ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})"
_TIME = rf"[T ]+\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?(?: ?[AaPp][Mm])?(?:{_ZONE})?"
_ORDERED = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d{{2}})({_TIME})?")
_RANGE = re.compile(r"(.{6,}?)\s+(?:-|–|—|~|to|bis|au|al|hasta)\s+(.{6,})")
_DAY = rf"(?:[^\W\d]+,? )?\d{{1,2}}(?:\.|st|nd|rd|th|er)?[ -](?:de )?(?:{_WORD})\.?,?[ -](?:de )?"
_FIRST = rf"(?:[^\W\d]+,? )?(?:{_WORD})\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
# What a cell looks like -> its format; the last two only where the column's name says "date".
_FORMS = {
    re.compile(pattern, re.IGNORECASE): form
    for pattern, form in (
        (rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}(?:{_TIME})?", "iso"),
        (r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
        (r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])", "%Y-%m"),
        (r"(?:19|20)\d{2}/(?:0[1-9]|1[0-2])", "%Y/%m"),
        (r"\d{4}-?W\d{1,2}", "week"),
        (rf"{_DAY}\d{{4}}", "%d m%m %Y"),
        (rf"{_DAY}\d{{2}}", "%d m%m %y"),
        (_FIRST, "m%m %d %Y"),
        (rf"(?:{_WORD})\.?[ -](?:de )?\d{{4}}", "m%m %Y"),
        (r"(?:19|20)\d{6}", "%Y%m%d"),
        (r"(?:19|20)\d{4}", "%Y%m"),
    )
}
_DIGIT = re.compile(r"\d")


def _worded_sql() -> str:
    """The cell in lower case, its month's name written as ``m03``, other signs as spaces."""
    cell = "lower(trim({c}))"
    cases = " ".join(f"WHEN '{word}' THEN ' m{number:02d} '" for word, number in _MONTH_OF.items())
    word = f"regexp_extract({cell}, '({_WORD})(?:[^\\p{{L}}]|$)', 1)"
    turned = f"replace({cell}, {word}, CASE {word} {cases} ELSE '' END)"
    return f"trim(regexp_replace({turned}, '[^0-9m]+|m(?:[^0-9]|$)', ' ', 'g'))"


def date_sql(name: str, *, cell: str = "trim({c})") -> str:
    """SQL over ``{c}`` that reads cells of one format; NULL where a cell is of another.

    Parameters
    ----------
    name : str
        ``iso``, ``week``, ``range of`` and a format, or a format of strptime in which ``m%m``
        is a month's name in any of six languages.

    Examples
    --------
    >>> date_sql("%d/%m/%Y")
    "TRY_STRPTIME(trim({c}), '%d/%m/%Y')"
    """
    if name.startswith("range of "):
        first = f"regexp_replace({cell}, '\\s+(?:-|–|—|~|to|bis|au|al|hasta)\\s.*$', '')"
        return date_sql(name.removeprefix("range of "), cell=first)
    if name == "iso":
        return f"TRY_CAST({cell} AS TIMESTAMP)"
    if name == "week":
        turned = f"regexp_replace({cell}, '^(\\d{{4}})-?[Ww](\\d{{1,2}})$', '\\1-W\\2-1')"
        return f"TRY_STRPTIME({turned}, '%G-W%V-%u')"
    if "m%m" in name:
        cell = _worded_sql().replace("trim({c})", cell)
    if "%H" in name or "%I" in name:
        cell = f"regexp_replace({cell}, '{_ZONE}$', '')"
    return f"TRY_STRPTIME({cell}, '{name}')"


@dataclass
class DateTally:
    """What the cells of a column say of how its dates are written; counts are rows.

    Examples
    --------
    >>> DateTally.of({"25/12/2024": 2, "03/04/2024": 1}, is_date=True).own()
    True
    """

    forms: Counter[str] = field(default_factory=Counter)  # DD and MM: order of both to be decided
    day_first: int = 0
    month_first: int = 0
    # (first, second, year) of the cells that are a date in both orders
    both_ways: set[tuple[int, int, int]] = field(default_factory=set)
    units: Counter[str] = field(default_factory=Counter)  # dates have none

    @classmethod
    def of(cls, cells: Mapping[str, int], *, is_date: bool) -> DateTally:
        """Tally cell -> rows; `is_date`: the column's name says that it holds dates."""
        tally = cls()
        for cell, rows in cells.items():
            # Most text is no date in any format: a digit and six characters at the least.
            if len(cell) < 6 or not _DIGIT.search(cell):
                continue
            form = tally._form(cell, rows, is_date=is_date)
            if form is None and (span := _RANGE.fullmatch(cell)):
                form = tally._form(span[1], rows, is_date=is_date)
                last = tally._form(span[2], rows, is_date=is_date)
                form = f"range of {form}" if form and last else None
            if form:
                tally.forms[form] += rows
        return tally

    def _form(self, cell: str, rows: int, *, is_date: bool) -> str | None:
        if found := _ORDERED.fullmatch(cell):
            return self._ordered(found, rows)
        if cell.isdigit() and not is_date:
            return None
        return next((form for seen, form in _FORMS.items() if seen.fullmatch(cell)), None)

    def _ordered(self, found: re.Match[str], rows: int) -> str | None:
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        if min(first, second) < 1 or max(first, second) > 31:
            return None
        if found[2] == ".":
            order = "%d.%m."
        else:
            order = f"DD{found[2]}MM{found[2]}"
            self.day_first += rows * (first > 12)
            self.month_first += rows * (second > 12)
            if max(first, second) <= 12:
                self.both_ways.add((first, second, year if year > 99 else 2000 + year))
        return order + ("%Y" if len(found[4]) == 4 else "%y") + _time_format(found[5])

    @property
    def rows(self) -> int:
        """Rows that are dates in some format."""
        return self.forms.total()

    def own(self) -> bool | None:
        """Whether the day comes first; None where no cell decides and the days do not either."""
        if self.day_first or self.month_first:
            return self.day_first > self.month_first
        days = {date(y, b, a) for a, b, y in self.both_ways}
        months = {date(y, a, b) for a, b, y in self.both_ways}
        if _runs_daily(days) and not _may_be_regular(months):
            return True
        if _runs_daily(months) and not _may_be_regular(days):
            return False
        return None

    def reading(self, day_first: bool) -> tuple[str, tuple[str, ...]]:
        """SQL over ``{c}``, and the formats, the most frequent first, in both orders if shown."""
        orders = [day_first]
        if self.day_first and self.month_first:
            orders.append(not day_first)
        formats = tuple(dict.fromkeys(
            _in_order(form, order) for form, _ in self.forms.most_common() for order in orders
        ))  # fmt: skip
        return whole_dates(formats), formats

    @property
    def is_open(self) -> bool:
        """Whether the order of day and month has to be known to read the dates."""
        return any("DD" in form for form in self.forms) and bool(
            any(a != b for a, b, _ in self.both_ways) or self.day_first or self.month_first
        )


def _in_order(form: str, day_first: bool) -> str:
    first, second = ("%d", "%m") if day_first else ("%m", "%d")
    return form.replace("DD", first).replace("MM", second)


def _time_format(text: str | None) -> str:
    if not text:
        return ""
    seconds = ":%S" if text.count(":") > 1 + bool(re.search(r"[+-]\d{2}:\d{2}$", text)) else ""
    fraction = ".%f" if "." in text else ""
    joint = "T" if text[0] == "T" else " "
    if re.search("[AaPp][Mm]", text):
        return f"{joint}%I:%M{seconds} %p"
    return f"{joint}%H:%M{seconds}{fraction}"


def _runs_daily(days: set[date]) -> bool:
    """Whether the days follow each other with hardly a gap."""
    gaps = [later - sooner for sooner, later in pairwise(sorted(days))]
    return len(gaps) >= 3 and sum(g == timedelta(1) for g in gaps) >= 0.9 * len(gaps)


def _may_be_regular(days: set[date]) -> bool:
    """Whether the days may be a calendar of their own: runs of days, or the first of months."""
    gaps = [later - sooner for sooner, later in pairwise(sorted(days))]
    return sum(g == timedelta(1) for g in gaps) > 0.2 * len(gaps) or {d.day for d in days} == {1}


def whole_dates(formats: Sequence[str]) -> str:
    """SQL over ``{c}`` that reads cells of any of the formats, the first that fits."""
    if len(formats) == 1:
        return date_sql(formats[0])
    # %Y takes the 24 of 31.12.24 for the year 24: years of two digits are tried first.
    short_first = sorted(formats, key=lambda f: "%y" not in f)
    return f"COALESCE({', '.join(date_sql(f) for f in short_first)})"
