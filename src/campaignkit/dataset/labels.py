"""Label names: what the label codes of a block stand for."""

from __future__ import annotations

from collections.abc import Iterable

from campaignkit.errors import DatasetError

MAX_LABELS = 256  # a code is one byte


def checked_label_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names as a tuple, or an error that says what is wrong with them.

    Raises
    ------
    DatasetError
        If there is none, one is blank or repeated, or there are more than 256.

    Examples
    --------
    >>> checked_label_names(["pos", "neg"])
    ('pos', 'neg')
    """
    listed = tuple(names)
    if not listed:
        raise DatasetError("a data set needs at least one label name; none was given")
    if len(listed) > MAX_LABELS:
        raise DatasetError(f"{len(listed)} label names; expected at most {MAX_LABELS}")
    for name in listed:
        if not isinstance(name, str) or not name.strip():
            raise DatasetError(f"label name {name!r} is not a text with something in it")
        if listed.count(name) > 1:
            raise DatasetError(f"label name {name!r} comes twice")
    return listed
