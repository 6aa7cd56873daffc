"""The three signs a pair of attributes can have, and the ways people write them."""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from numbers import Real


class Sign(IntEnum):
    """How two attributes go together: POSITIVE, NEGATIVE, or NEUTRAL (judged, and neither).

    Examples
    --------
    >>> Sign.NEGATIVE < 0, int(Sign.POSITIVE)
    (True, 1)
    """

    NEGATIVE = -1
    NEUTRAL = 0
    POSITIVE = 1


# This is the one table: files, frames, networks, scorers and models' answers are read by it.
MARKS = {"+": 1, "+1": 1, "1": 1, "-": -1, "-1": -1, "0": 0}
# Word processors and spreadsheets turn the hyphen into these: hyphen, figure, en and em dash, bar,
# minus sign. Full-width forms are folded by NFKC.
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2012\u2013\u2014\u2015\u2212", "-"))


def folded_mark(text: str) -> str:
    """A mark as the table of marks writes it: plain hyphens, no full-width forms, no blanks.

    Examples
    --------
    >>> folded_mark(" \u20141"), folded_mark("\uff1f")
    ('-1', '?')
    """
    return unicodedata.normalize("NFKC", text.strip()).translate(_HYPHENS)


def read_sign(given: object) -> int | None:
    """The sign that a mark or a number stands for, or None where it is no sign.

    Examples
    --------
    >>> [read_sign(mark) for mark in ("+", " - ", "\uff0b", "\u2014", "0", "yes")]
    [1, -1, 1, -1, 0, None]
    >>> read_sign(-1.0), read_sign(2), read_sign(True), read_sign(None)
    (-1, None, None, None)
    """
    if isinstance(given, str):
        return MARKS.get(folded_mark(given))
    # numpy's numbers are Real too; its booleans are not, and ours are no signs.
    if isinstance(given, bool) or not isinstance(given, Real):
        return None
    return int(float(given)) if given in (-1, 0, 1) else None


def mark_of(sign: int) -> str:
    """The mark that is written for a sign.

    Examples
    --------
    >>> [mark_of(sign) for sign in (1, -1, 0)]
    ['+', '-', '0']
    """
    return "+" if sign > 0 else "-" if sign < 0 else "0"
