"""What a text column means: numbers with thousands separators, dates in several formats, text.

Files and frames deliver numbers and dates as text. The meaning is read off a sample; the SQL that
comes out turns each cell into a value, or into NULL where it cannot, so that the cells that do
not fit can be counted and shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# A column counts as numbers or dates when more than this share of its cells are: type changes of
# up to 40% of the cells must not hide what the column was.
MAJORITY_FRAC = 0.5

PLACEHOLDERS = frozenset(
    ["n/a", "na", "#n/a", "nan", "null", "none", "nil", "-", "--", "—", "?", "??", "???", "tbd",
     "missing", "undefined", "#value!", "#ref!", "#div/0!", "(null)", "(not set)", "<na>", "."]
)  # fmt: skip

_DATE_FORMATS: tuple[tuple[str, str], ...] = (
    (r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{2}:\d{2}.*)?", "iso"),
    (r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "slash"),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y"),
    (r"\d{1,2}-\d{1,2}-\d{4}", "%d-%m-%Y"),
    (r"\d{8}", "%Y%m%d"),
    (r"[A-Za-z]{3} \d{1,2}, \d{4}", "%b %d, %Y"),
    (r"[A-Za-z]{4,9} \d{1,2}, \d{4}", "%B %d, %Y"),
    (r"\d{1,2} [A-Za-z]{3} \d{4}", "%d %b %Y"),
    (r"\d{1,2}-[A-Za-z]{3}-\d{4}", "%d-%b-%Y"),
)
_ANY_DATE = re.compile("|".join(f"(?:{pattern})" for pattern, _ in _DATE_FORMATS))
_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[$€£¥]?\s?[-+]?\d{1,3}(,\d{3})+(\.\d+)?\s?[$€£¥]?")
_EUROPEAN = re.compile(r"[-+]?[€£]?\s?\d{1,3}([. ]\d{3})*,\d+\s?€?|[-+]?\d{1,3}(\.\d{3}){2,}")
_MONEY = re.compile(r"[-+]?[$€£¥]\s?[-+]?\d+(\.\d+)?|[-+]?\d+(\.\d+)?\s?[$€£¥]")
_SPACED = re.compile(r"[-+]?\d{1,3}([ \u00a0\u202f]\d{3})+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text column holds and the SQL that reads it.

    Attributes
    ----------
    kind : str
        ``number``, ``date``, ``bool`` or ``text``.
    sql : str
        Expression over ``{c}``, the quoted column; NULL where a cell does not fit.
    formats : tuple of str
        The date or number formats seen, the most frequent first.
    fit_frac : float
        Share of the sample's non-null cells that fit.

    Examples
    --------
    >>> read_meaning(["1,200", "300"]).kind
    'number'
    """

    kind: str
    sql: str
    formats: tuple[str, ...] = ()
    fit_frac: float = 1.0


TEXT = Meaning("text", "{c}")


def read_meaning(cells: Sequence[str], *, is_date: bool = False, is_id: bool = False) -> Meaning:
    """Read off a sample of cells what a text column means.

    Parameters
    ----------
    cells : sequence of str
        Non-null cells.
    is_date : bool
        The column is known to hold dates (by its name): 8 digits are then a day.
    is_id : bool
        The column is known to hold identifiers: digits stay text.

    Examples
    --------
    >>> read_meaning(["03/04/2024", "25/12/2024"]).formats
    ('%d/%m/%Y',)
    >>> read_meaning(["007", "008"]).kind
    'text'
    """
    stripped = [c.strip() for c in cells]
    filled = [c for c in stripped if c and c.lower() not in PLACEHOLDERS]
    if not filled:
        return TEXT
    date = _as_date(filled, is_date=is_date)
    if date is not None:
        return date
    return TEXT if is_id else _as_number(filled)


def _as_date(cells: Sequence[str], *, is_date: bool) -> Meaning | None:
    seen: Counter[str] = Counter()
    day_first = month_first = 0
    for cell in cells:
        # Most text is no date in any format: one look instead of ten.
        if not _ANY_DATE.fullmatch(cell):
            continue
        name = next((f for pattern, f in _DATE_FORMATS if re.fullmatch(pattern, cell)), None)
        if name == "%Y%m%d" and not (is_date and cell[:2] in ("19", "20")):
            name = None
        if name == "slash":
            first, second = (int(part) for part in cell.split("/")[:2])
            day_first += first > 12
            month_first += second > 12
        if name is not None:
            seen[name] += 1
    fit = seen.total() / len(cells)
    if fit <= MAJORITY_FRAC:
        return None
    # 03/04 alone cannot be told: the cells above 12 decide, and without any the day comes first
    # everywhere but in the United States' form, which is what most ad exports write.
    slash = "%d/%m/%Y" if day_first > month_first else "%m/%d/%Y"
    formats = [slash if f == "slash" else f for f, _ in seen.most_common()]
    listed = ", ".join(f"'{f}'" for f in formats if f != "iso")
    casts = ["TRY_CAST(trim({c}) AS TIMESTAMP)"] if "iso" in formats else []
    casts += [f"TRY_STRPTIME(trim({{c}}), [{listed}])"] if listed else []
    return Meaning("date", f"COALESCE({', '.join(casts)})", tuple(formats), fit)


def _as_number(cells: Sequence[str]) -> Meaning:
    seen: Counter[str] = Counter()
    leading_zero = 0
    for cell in cells:
        if _PLAIN.fullmatch(cell):
            seen["plain"] += 1
            leading_zero += len(cell) > 1 and cell[0] == "0" and cell.isdigit()
        elif _THOUSANDS.fullmatch(cell):
            seen["thousands"] += 1
        elif _EUROPEAN.fullmatch(cell):
            seen["european"] += 1
        elif _MONEY.fullmatch(cell) or _SPACED.fullmatch(cell):
            seen["money"] += 1
    fit = seen.total() / len(cells)
    # Digits with a leading zero are codes (zip, phone): reading them as numbers would lose it.
    if fit <= MAJORITY_FRAC or leading_zero:
        return TEXT
    formats = tuple(f for f, _ in seen.most_common())
    if formats == ("plain",):
        return Meaning("number", "TRY_CAST(trim({c}) AS DOUBLE)", formats, fit)
    strip = r"regexp_replace({c}, '[\s\x{00A0}\x{202F}$€£¥]', '', 'g')"
    if seen["european"] > seen["thousands"]:
        turned = f"replace(replace({strip}, '.', ''), ',', '.')"
        plain = "regexp_full_match(trim({c}), '[-+]?\\d+(\\.\\d{1,2})?')"
        sql = (
            f"CASE WHEN {plain} THEN TRY_CAST(trim({{c}}) AS DOUBLE)"
            f" ELSE TRY_CAST({turned} AS DOUBLE) END"
        )
    else:
        sql = f"TRY_CAST(replace({strip}, ',', '') AS DOUBLE)"
    return Meaning("number", sql, formats, fit)
