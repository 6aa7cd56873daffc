"""Counts, shares and lists in words, in one format wherever people read them."""

from __future__ import annotations

from collections.abc import Sequence


def percent(share: float) -> str:
    """A share in percent with one decimal; never "0.0%" of something, nor "100.0%" of less.

    Examples
    --------
    >>> [percent(share) for share in (0, 0.00004, 0.0191, 0.9999, 1)]
    ['0%', '<0.1%', '1.9%', '>99.9%', '100%']
    """
    if share <= 0 or share >= 1:
        return f"{share:.0%}"
    if share < 0.001:
        return "<0.1%"
    return ">99.9%" if share >= 0.9995 else f"{share:.1%}"


def counted(number: int, noun: str, verb: str = "") -> str:
    """A number with its noun, and its verb, in the plural where there is not one.

    Examples
    --------
    >>> counted(1, "row"), counted(20105, "row"), counted(2, "day"), counted(3, "currency")
    ('1 row', '20,105 rows', '2 days', '3 currencies')
    >>> counted(1, "row", "break"), counted(2, "row", "break"), counted(1, "cell", "are")
    ('1 row breaks', '2 rows break', '1 cell is')
    """
    if number == 1:
        verb = {"are": "is", "have": "has", "": ""}.get(verb, f"{verb}s")
    else:
        noun = f"{noun[:-1]}ies" if noun.endswith("cy") else f"{noun}s"
    return f"{number:,} {noun} {verb}".rstrip()


def in_words(items: Sequence[str], most: int = 8) -> str:
    """A list cut to length.

    Examples
    --------
    >>> in_words(["a", "b", "c"]), in_words(["a", "b", "c", "d"], most=2)
    ('a, b, c', 'a, b and 2 more')
    """
    head = ", ".join(items[:most])
    return head if len(items) <= most else f"{head} and {len(items) - most:,} more"
