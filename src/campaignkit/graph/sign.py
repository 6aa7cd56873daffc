"""The three signs a pair of attributes can have, and the ways people write them."""

from __future__ import annotations

from enum import IntEnum


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


# Word processors and spreadsheets turn the hyphen into a dash and widen both; all are read.
MARKS = {
    "+": 1,
    "\uff0b": 1,  # full-width plus
    "-": -1,
    "\u2212": -1,  # minus sign
    "\u2013": -1,  # en dash
    "\uff0d": -1,  # full-width hyphen-minus
    "0": 0,
}


def parse_sign(text: str) -> int | None:
    """The sign that a mark stands for, or None where it is no sign.

    Examples
    --------
    >>> [parse_sign(mark) for mark in ("+", "-", "\\u2212", "\\u2013", "0", "yes")]
    [1, -1, -1, -1, 0, None]
    """
    return MARKS.get(text)


def mark_of(sign: int) -> str:
    """The mark that is written for a sign.

    Examples
    --------
    >>> [mark_of(sign) for sign in (1, -1, 0)]
    ['+', '-', '0']
    """
    return "+" if sign > 0 else "-" if sign < 0 else "0"


def read_sign(given: object) -> int | None:
    """The sign in a cell that holds a mark or a number, or None where it is no sign.

    Examples
    --------
    >>> read_sign("+"), read_sign(-1.0), read_sign(2)
    (1, -1, None)
    """
    if isinstance(given, str):
        return parse_sign(given.strip())
    if isinstance(given, int | float) and not isinstance(given, bool) and given in (-1, 0, 1):
        return int(given)
    return None
