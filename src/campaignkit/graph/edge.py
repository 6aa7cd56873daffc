"""A sign between two attributes, the ways people write one, and where it came from."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from numbers import Real
from typing import Any, Literal, get_args

from campaignkit.errors import Fault, GraphError

Key = tuple[str, str]
DecidedBy = Literal["rule", "scored", "inherited", "predicted", "imported", "learned"]
DECIDED_BY: tuple[str, ...] = get_args(DecidedBy)
PROVENANCE = ("decided_by", "probability", "strength", "round", "reason", "context")


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


@dataclass(frozen=True, slots=True)
class Edge:
    """A sign between two attributes of different modalities, and how it was decided.

    Parameters
    ----------
    source, target : (modality, value)
        The two attributes; the sign has no direction.
    sign : int
        1 (they help each other), -1 (they harm each other), 0 (judged, and neither).
    decided_by : str
        ``"rule"``, ``"scored"`` (by a model), ``"inherited"`` (from a cluster), ``"predicted"``,
        ``"imported"`` (from a file or table) or ``"learned"`` (from outcomes).
    probability : float or None
        How sure the judge was of this sign, in [0, 1].
    strength : float or None
        The score behind the sign, on the judge's own scale.
    round : int or None
        The round of a build in rounds that decided it; 0 or more.
    reason, context : str
        Why, in words; and in which setting the judgement holds.

    Raises
    ------
    GraphError
        If the two modalities are the same, or a field is outside its range.

    Examples
    --------
    >>> edge = Edge(("brand", "Rolex"), ("audience", "Budget Shoppers"), -1, decided_by="rule")
    >>> edge.sign, edge.decided_by
    (-1, 'rule')
    """

    source: Key
    target: Key
    sign: int
    decided_by: DecidedBy = "imported"
    probability: float | None = None
    strength: float | None = None
    round: int | None = None
    reason: str = ""
    context: str = ""

    def __post_init__(self) -> None:
        if wrong := next(self._faults(), None):
            raise GraphError(f"{self.source!r} - {self.target!r}: {wrong}")

    def _faults(self) -> Iterator[str]:
        for name, end in (("source", self.source), ("target", self.target)):
            parts: object = end
            if not (
                isinstance(parts, tuple)
                and len(parts) == 2
                and all(isinstance(p, str) for p in parts)
            ):
                yield f"{name} is {end!r}; expected (modality, value)"
        if self.source[0] == self.target[0]:
            yield f"both ends are of modality {self.source[0]!r}; edges join different ones"
        if self.sign not in (-1, 0, 1):
            yield f"sign is {self.sign!r}; expected -1, 0 or 1"
        if self.decided_by not in DECIDED_BY:
            listed = ", ".join(DECIDED_BY)
            yield f"decided_by is {self.decided_by!r}; expected one of {listed}"
        sure, strength = self.probability, self.strength
        if sure is not None and not (math.isfinite(sure) and 0 <= sure <= 1):
            yield f"probability is {sure!r}; expected a finite number in [0, 1]"
        if strength is not None and not math.isfinite(strength):
            yield f"strength is {strength!r}; expected a finite number"
        # Stored as int32, with -1 for "none".
        if self.round is not None and not 0 <= self.round < 2**31:
            yield f"round is {self.round!r}; expected 0 or more"


def read_edge(
    ends: tuple[Key, Key] | None, said: Mapping[str, Any], where: str, faults: list[Fault]
) -> Edge | None:
    """An edge from the cells of a row or the data of a network's edge.

    Parameters
    ----------
    ends : ((modality, value), (modality, value)) or None
        None where a fault of theirs is already reported.
    said : mapping of str to object
        ``sign`` and the provenance, by name; None and NaN are as good as absent.
    where : str
        The place, for faults.
    faults : list of Fault
        What is wrong is added here; the edge is None then.
    """
    sign = read_sign(said.get("sign"))
    if sign is None:
        found = f"sign is {said.get('sign')!r}; expected 1, -1 or 0, or '+' or '-'"
        faults.append(Fault(where, found))
    if sign is None or ends is None:
        return None
    known = {name: said[name] for name in PROVENANCE if name in said}
    known = {name: v for name, v in known.items() if not (v is None or v != v)}  # noqa: PLR0124  # NaN
    if "round" in known:
        known["round"] = int(known["round"])  # pandas keeps it as a float
    try:
        return Edge(*ends, sign, **known)
    except GraphError as err:
        faults.append(Fault(where, err.message))
        return None
