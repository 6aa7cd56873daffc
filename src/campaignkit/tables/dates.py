"""Dates as people and exports write them: order of day and month, month names, weeks, ranges."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

_MONTHS = (  # English, German, French, Spanish, Italian, Portuguese; then what they share
    "january januar janvier enero gennaio janeiro jan janv ene gen",
    "february februar février fevrier febrero febbraio fevereiro feb févr fév fev",
    "march märz maerz mars marzo março marco mar mär mrz",
    "april avril abril aprile apr avr abr",
    "may mai mayo maggio maio mag",
    "june juni juin junio giugno junho jun giu",
    "july juli juillet julio luglio julho jul juil lug",
    "august août aout agosto aug aoû ago",
    "september septembre septiembre settembre setembro sept sep set",
    "october oktober octobre octubre ottobre outubro oct okt ott out",
    "november novembre noviembre novembro nov",
    "december dezember décembre decembre diciembre dicembre dezembro dec dez déc dic",
)
_MONTH_OF = {word: n for n, words in enumerate(_MONTHS, 1) for word in words.split()}
_WORD = "|".join(sorted(_MONTH_OF, key=len, reverse=True))

_ZONE = r" ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})"
_TIME = rf"[T ]+\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?(?: ?[AaPp][Mm])?(?:{_ZONE})?"
_ORDERED = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d{{2}})({_TIME})?")
_ISO = re.compile(rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}(?:{_TIME})?")
_SLASHED = re.compile(r"\d{4}/\d{1,2}/\d{1,2}")
_MONTH = re.compile(r"(?:19|20)\d{2}([-/])(?:0[1-9]|1[0-2])")
_WEEK = re.compile(r"\d{4}-?[Ww]\d{1,2}")
_RANGE = re.compile(r"(.{6,}?)\s+(?:-|–|—|~|to|bis|au|al|hasta)\s+(.{6,})")
_WORDED = re.compile(
    rf"(?:[^\W\d]+,? )?(?P<day>\d{{1,2}})(?:\.|st|nd|rd|th|er)?[ -](?:de )?(?:{_WORD})\.?,?[ -]"
    rf"(?:de )?(?P<dy>\d{{4}}|\d{{2}})"
    rf"|(?:[^\W\d]+,? )?(?P<first>{_WORD})\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|(?P<month>{_WORD})\.?[ -](?:de )?(?P<my>\d{{4}})"
)
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

    def _form(self, cell: str, rows: int, *, is_date: bool) -> str | None:  # noqa: PLR0911
        if _ISO.fullmatch(cell):
            return "iso"
        if found := _ORDERED.fullmatch(cell):
            return self._ordered(found, rows)
        if _SLASHED.fullmatch(cell):
            return "%Y/%m/%d"
        if found := _MONTH.fullmatch(cell):
            return f"%Y{found[1]}%m"
        if _WEEK.fullmatch(cell):
            return "week"
        if is_date and cell.isdigit() and cell[:2] in ("19", "20") and len(cell) in (6, 8):
            return "%Y%m%d" if len(cell) == 8 else "%Y%m"
        if found := _WORDED.fullmatch(cell.lower()):
            if found["day"]:
                return "%d m%m %Y" if len(found["dy"]) == 4 else "%d m%m %y"
            return "m%m %d %Y" if found["first"] else "m%m %Y"
        return None

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

    @property
    def is_marked(self) -> bool:
        """Dates have no unit."""
        return False


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
