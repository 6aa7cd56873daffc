"""Numbers as people and exports write them: marks of decimals and thousands, units, signs, scales.

One pattern a decimal mark says what is a number; Python tallies a column's cells with it, and the
SQL that reads the cells matches the same pattern, so both agree on which cells fit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from campaignkit.tables.conventions import CONVENTIONS

_SIGNS: Mapping[str, str] = CONVENTIONS["signs"]
_WORDS: Mapping[str, str] = CONVENTIONS["words"]
_SPACES = " \u00a0\u202f\u2009"
_S = f"[{_SPACES}]*"
_MINUS = "[-\u2212\u2013]"
_NAMES = [*CONVENTIONS["currencies"], *sorted(_WORDS, key=len, reverse=True)]
MARK = (
    "(?:" + "|".join(re.escape(s).replace("%", "[%]") for s in _SIGNS)
    + "|(?i:(?:" + "|".join(_NAMES) + r")\.?))"
)  # fmt: skip
_SCALE = rf"[KMBk]|{_S}(?i:bn|mln|mld|mrd|mio|tsd|mn)\.?"
_FACTORS = (("[Kk]", "tsd", "1e3"), ("M", "mln|mio|mn", "1e6"), ("B", "bn|mld|mrd", "1e9"))
_IN_NAME = re.compile(rf"[(\[]\s*({MARK})\s*[)\]]")
_MICRO = re.compile(r"(?i:(?:^|[^a-z])micros?(?:[^a-z]|$))|[a-z]Micros?(?:[^a-z]|$)")
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PLAIN_COMMA = re.compile(r"[-+]?(?:\d+,\d*|,\d+)(?:[eE][-+]?\d+)?")

# A scale (K, Mio.) is the column's own way of writing from this share of its cells on; below it,
# a cell such as 12k among whole thousands has changed its type.
_SCALE_FRAC = 0.2
_MIN_GROUPED = 10  # distinct cells like 1.234, beside numbers below 1,000 alone, that decide


def _cell(decimal: str, scale: str = _SCALE) -> str:
    """The pattern of a whole cell; groups: bound, mark before, digits, scale, mark after."""
    group = ("," if decimal == "." else r"\.") + _SPACES + "'’"
    indian = r"|\d{1,2}(?:,\d{2})+,\d{3}" if decimal == "." else ""
    point = re.escape(decimal)
    digits = rf"(?:\d{{1,3}}(?:[{group}]\d{{3}})+{indian}|\d+)(?:{point}\d*)?"
    return (
        rf"([<>≤≥])?{_S}\(?[+]?{_MINUS}?{_S}({MARK})?{_S}{_MINUS}?({digits})"
        rf"({scale})?{_S}({MARK})?{_S}(?:{_MINUS}|\))?"
    )


_CELLS = {decimal: re.compile(_cell(decimal)) for decimal in ".,"}


def unit_of(mark: str) -> str:
    """The unit a mark stands for: an ISO code where it is one currency's, else the mark.

    Examples
    --------
    >>> unit_of("€"), unit_of("usd"), unit_of("$"), unit_of("kr.")
    ('EUR', 'USD', '$', 'kr')
    """
    plain = mark.rstrip(".").upper()
    return _SIGNS.get(plain) or _WORDS.get(plain) or plain


def unit_in(name: str) -> str:
    """The unit a column's name states.

    Examples
    --------
    >>> unit_in("Amount spent (EUR)"), unit_in("metrics.cost_micros"), unit_in("clicks")
    ('EUR', 'micro', '')
    """
    if _MICRO.search(name):
        return "micro"
    found = _IN_NAME.search(name)
    return unit_of(found[1]) if found else ""


def decimal_mark(digits: str) -> str:
    """What a number says of its decimal mark: the mark; ``?`` and a mark, if it may be either.

    Examples
    --------
    >>> [decimal_mark(d) for d in ("12", "12,50", "0.125", "1.234.567", "1.234,5", "1.234")]
    ['', ',', '.', ',', ',', '?.']
    """
    marks = [c for c in digits if c in ".,"]
    if not marks:
        return ""
    last, other = marks[-1], "," if marks[-1] == "." else "."
    if other in marks:
        return last
    if len(marks) > 1:
        return other
    head, tail = digits.split(last)
    groups = len(tail) == 3 and 1 <= len(head) <= 3 and head[0] != "0"
    return f"?{last}" if groups else last


@dataclass
class NumberTally:
    """What the cells of a column say of how its numbers are written; counts are rows.

    Examples
    --------
    >>> NumberTally.of({"12,50": 3, "7": 1}).own()
    ','
    """

    fits: Counter[str] = field(default_factory=Counter)  # decimal mark -> rows it makes numbers
    votes: Counter[str] = field(default_factory=Counter)
    other_forms: int = 0  # rows that carry a mark, a scale, a bound or grouped digits
    scaled: int = 0
    units: Counter[str] = field(default_factory=Counter)  # rows that carry a unit's mark
    bounds: int = 0
    leading_zeros: int = 0
    small: int = 0  # whole numbers below 1,000, and from there on, without any mark
    large: int = 0
    unclear: int = 0  # distinct cells that may be read either way
    is_count: bool = False
    is_whole: bool = True

    @classmethod
    def of(
        cls, cells: Mapping[str, int], *, is_count: bool = False, is_whole: bool = True
    ) -> NumberTally:
        """Tally cell -> rows; of counts, which have no decimals; of all cells or of a sample."""
        tally = cls(is_count=is_count, is_whole=is_whole)
        for cell, rows in cells.items():
            if cell.isdigit() and cell.isascii():
                tally._whole(cell, rows)
            elif _PLAIN.fullmatch(cell) or _PLAIN_COMMA.fullmatch(cell):
                tally._digits(re.split("[eE]", cell.lstrip("-+"))[0], rows)
                tally.other_forms += rows * ("," in cell)
                for decimal, plain in ((".", _PLAIN), (",", _PLAIN_COMMA)):
                    fits = plain.fullmatch(cell) or _CELLS[decimal].fullmatch(cell)
                    tally.fits[decimal] += rows * bool(fits)
            else:
                tally._marked(cell, rows)
        return tally

    def _whole(self, cell: str, rows: int) -> None:
        self.fits["."] += rows
        self.fits[","] += rows
        self.leading_zeros += rows * (len(cell) > 1 and cell[0] == "0")
        self.small += rows * (len(cell) < 4)
        self.large += rows * (len(cell) > 3)

    def _digits(self, digits: str, rows: int) -> None:
        vote = decimal_mark(digits)
        self.votes[vote] += rows
        self.unclear += vote[:1] == "?"

    def _marked(self, cell: str, rows: int) -> None:
        found = {d: m for d, p in _CELLS.items() if (m := p.fullmatch(cell))}
        if not found:
            return
        for decimal in found:
            self.fits[decimal] += rows
        bound, before, digits, scale, after = next(iter(found.values())).groups()
        self._digits(digits.strip(), rows)
        self.other_forms += rows
        self.bounds += rows * bool(bound)
        self.scaled += rows * bool(scale)
        if mark := before or after:
            self.units[unit_of(mark)] += rows

    @property
    def rows(self) -> int:
        """Rows that are numbers, whichever the decimal mark."""
        return max(self.fits.values(), default=0)

    @property
    def is_open(self) -> bool:
        """Whether the decimal mark has to be known to read the numbers."""
        return any(self.votes[vote] for vote in (".", ",", "?.", "?,"))

    def own(self) -> str | None:
        """The decimal mark that the column decides by itself."""
        clear = {mark: self.votes[mark] for mark in ".," if self.votes[mark]}
        if clear:
            return max(clear, key=lambda mark: clear[mark])
        unclear = [mark for mark in ".," if self.votes[f"?{mark}"]]
        if len(unclear) != 1:
            # Both marks before three digits: one groups, the other does not, and none tells.
            return None
        mark = unclear[0]
        groups = "," if mark == "." else "."
        rows = self.votes[f"?{mark}"]
        if self.is_count:
            return groups
        if self.large > rows:
            return mark  # who writes 2345 does not write 1.234 for 1234
        is_grouped = not self.large and self.small >= rows / 10 and self.unclear >= _MIN_GROUPED
        return groups if is_grouped else None

    def reading(self, decimal: str) -> tuple[str, tuple[str, ...]]:
        """SQL over ``{c}`` that reads the numbers, NULL where a cell is none; the decimal mark."""
        cell = "trim({c})"
        if decimal == ".":
            plain = f"TRY_CAST({cell} AS DOUBLE)"
            if self.is_whole and not self.other_forms:
                return plain, (decimal,)
        else:
            turned = f"TRY_CAST(replace({cell}, ',', '.') AS DOUBLE)"
            plain = f"CASE WHEN NOT contains({cell}, '.') THEN {turned} END"
        scales = self.scaled >= _SCALE_FRAC * self.rows > 0
        # Groups of a pattern cost thirty times its match: digits are cut out by a short one.
        digits = f"regexp_extract({cell}, '[0-9][0-9.,{_SPACES}’'']*')"
        digits = f"replace(regexp_replace({digits}, '[^0-9{decimal}]', '', 'g'), ',', '.')"
        negative = f"regexp_matches({cell}, '^[^0-9]*(?:{_MINUS}|[(])|{_MINUS}$')"
        value = f"TRY_CAST({digits} AS DOUBLE) * CASE WHEN {negative} THEN -1 ELSE 1 END"
        if scales:
            cases = " ".join(
                f"WHEN regexp_matches({cell}, '[0-9](?:{letter}|{_S}(?i:{words})[.]?)"
                f"{_S}(?:{MARK})?{_S}(?:{_MINUS}|[)])?$') THEN {factor}"
                for letter, words, factor in _FACTORS
            )
            value += f" * CASE {cases} ELSE 1 END"
        pattern = cell_pattern(decimal, scale=_SCALE if scales else "[^\\s\\S]")
        value = f"CASE WHEN regexp_full_match({cell}, {pattern}) THEN {value} END"
        return f"COALESCE({plain}, {value})", (decimal,)


def marks_sql(decimal: str) -> str:
    """SQL over ``{c}``: the mark a number carries, empty for none; NULL where it is no number."""
    is_number = f"regexp_full_match(trim({{c}}), {cell_pattern(decimal)})"
    return f"CASE WHEN {is_number} THEN regexp_extract(trim({{c}}), '{MARK}') END"


def cell_pattern(decimal: str, *, scale: str = _SCALE) -> str:
    """The pattern of a whole cell that is a number with this decimal mark, as a SQL literal."""
    return "'^" + _cell(decimal, scale).replace("'", "''") + "$'"
