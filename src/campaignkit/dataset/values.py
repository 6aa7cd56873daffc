"""What a text must be to stand in a data set as a value, a modality or a label."""

from __future__ import annotations

from campaignkit.catalogue.clean_text import text_faults


def value_problem(text: str) -> str:
    """What makes a text unfit, as the end of a sentence; empty where nothing does.

    Examples
    --------
    >>> value_problem("Nike"), value_problem(" ")
    ('', 'is blank')
    """
    return "; ".join(fault.found for fault in text_faults("value", text))


def quoted(text: str, width: int = 60) -> str:
    """A text in quotes, cut to `width`, safe to print on any terminal that takes UTF-8.

    Examples
    --------
    >>> quoted("Nike")
    "'Nike'"
    """
    shown = text if len(text) <= width else text[: width - 3] + "..."
    has_surrogate = any("\ud800" <= char <= "\udfff" for char in shown)
    return ascii(shown) if has_surrogate else repr(shown)
