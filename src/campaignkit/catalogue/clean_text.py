"""Which text may name something: visible, in one normal form, without stray spaces.

Two names that look the same must be the same, or a graph contains a node twice and nobody sees
why.
"""

from __future__ import annotations

import unicodedata

from campaignkit.errors import Fault

# Control characters, lone surrogates (which no UTF-8 file can hold), line separators.
_REFUSED_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
# Format characters that nobody sees. Joiners (U+200C, U+200D) and the left-to-right marks stay:
# Persian names and emoji need them.
_INVISIBLE = {0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def text_faults(field: str, text: object, *, multiline: bool = False) -> list[Fault]:
    r"""What is wrong with a name or a text, one fault for each rule it breaks.

    Parameters
    ----------
    field : str
        Where it stands, for the faults.
    text : object
        What was given; anything but a string is a fault.
    multiline : bool
        Whether it is running text: may be empty, may contain line feeds and tabs.

    Examples
    --------
    >>> text_faults("value", "Nike")
    []
    >>> print(*text_faults("value", "Ni\x00ke "), sep="\n")
    value: 'Ni\x00ke ' starts or ends with white space (write 'Ni\x00ke')
    value: 'Ni\x00ke ' contains the control or invisible character U+0000 (remove it)
    """
    if isinstance(text, str) and text.isascii() and text.isprintable() and text == text.strip():
        return (
            [] if text or multiline else [Fault(field, "is blank", "give it a name or remove it")]
        )
    if not isinstance(text, str):
        kind = type(text).__name__
        return [Fault(field, f"is {_shown(text)} of type {kind}; expected text", "write a string")]
    if not text.strip():
        if multiline and not text:
            return []
        return [Fault(field, "is blank", "give it a name or remove it")]
    faults = []
    if text != text.strip():
        found = f"{_shown(text)} starts or ends with white space"
        faults.append(Fault(field, found, f"write {_shown(text.strip())}"))
    if bad := sorted({char for char in text if _refused(char, multiline=multiline)}):
        codes = ", ".join(f"U+{ord(char):04X}" for char in bad[:5])
        found = f"{_shown(text)} contains the control or invisible character {codes}"
        faults.append(Fault(field, found, "remove it"))
    normal = unicodedata.normalize("NFC", text)
    if text != normal:
        found = f"{_shown(text)} is not in Unicode normal form NFC"
        faults.append(Fault(field, found, f"write {_shown(normal)} in its composed form"))
    return faults


def folded(text: str) -> str:
    """What two names that a reader takes for one have in common.

    Examples
    --------
    >>> folded("Adidas") == folded("adidas"), folded("New\u00a0York") == folded("new  york")
    (True, True)
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _plain(text: str) -> bool:
    """Whether nothing can be wrong: what most names are, seen at a glance."""
    return text != "" and text == text.strip() and text.isascii() and text.isprintable()


def _refused(char: str, *, multiline: bool) -> bool:
    if multiline and char in "\n\t":
        return False
    return unicodedata.category(char) in _REFUSED_CATEGORIES or ord(char) in _INVISIBLE


def _shown(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def is_missing(cell: object) -> bool:
    """Whether a cell of a frame stands for no value: None, NaN, NaT or NA.

    Examples
    --------
    >>> is_missing(float("nan")), is_missing("")
    (True, False)
    """
    if cell is None:
        return True
    # NaN and NaT differ from themselves; pandas' NA will not say.
    try:
        return bool(cell != cell)  # noqa: PLR0124
    except (TypeError, ValueError):
        return type(cell).__name__ == "NAType"
