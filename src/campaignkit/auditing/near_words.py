"""Words a slip of the keyboard apart: one letter more, less, another, or two swapped."""

from __future__ import annotations

import re

_LONGEST = 60  # letters of a word that may be the one that is missing
_TOKEN = re.compile(r"[^\W_]+")


def deletions(word: str) -> set[str]:
    """The word and every word one letter shorter: two words one slip apart share one of these.

    Examples
    --------
    >>> sorted(deletions("Abc"))
    ['ab', 'abc', 'ac', 'bc']
    """
    text = word.casefold()
    return {text} | {text[:i] + text[i + 1 :] for i in range(min(len(text), _LONGEST))}


def one_slip(first: str, second: str) -> bool:
    """Whether two words are one slip apart, letter case aside.

    Two numbers that differ in a digit are two values: "18-34" is no misspelt "18-44".

    Examples
    --------
    >>> one_slip("TikTok", "TiktTok"), one_slip("Meta", "Meat"), one_slip("18-34", "18-44")
    (True, True, False)
    """
    a, b = first.casefold(), second.casefold()
    if abs(len(a) - len(b)) > 1:
        return False
    differ = [i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y]
    if len(a) == len(b):
        if len(differ) == 1:
            return not (a[differ[0]].isdigit() or b[differ[0]].isdigit())
        swapped = len(differ) == 2 and differ[1] == differ[0] + 1
        return swapped and a[differ[0]] == b[differ[1]] and a[differ[1]] == b[differ[0]]
    long, short = (a, b) if len(a) > len(b) else (b, a)
    at = differ[0] if differ else len(short)
    return long[:at] + long[at + 1 :] == short and not long[at].isdigit()


def codes_differ(first: str, second: str) -> bool:
    """Whether the words with digits in them differ: those are codes, whose every letter counts.

    Examples
    --------
    >>> codes_differ("N317NB", "N317JB"), codes_differ("scip-inf-1", "scip-xnf-1")
    (True, False)
    """
    return _codes(first) != _codes(second)


def _codes(text: str) -> list[str]:
    return [t for t in _TOKEN.findall(text.casefold()) if any(c.isdigit() for c in t)]
