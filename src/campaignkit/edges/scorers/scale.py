"""How a model says its signs: as signs, or as points that bands turn into signs."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol, runtime_checkable

from campaignkit.checks import checked_count
from campaignkit.errors import SettingError
from campaignkit.graph import read_sign

Reading = tuple[int, float | None]
"""A sign, and its strength where the scale has one."""

# What models write where a mark was asked for, and means nothing else.
_WORDS = {"positive": 1, "plus": 1, "negative": -1, "minus": -1, "neutral": 0}
_LONGEST = 20  # characters; no answer of a scale is longer


@runtime_checkable
class Scale(Protocol):
    """Tells a model how to answer, and reads one answer.

    Examples
    --------
    >>> scale: Scale = SignScale()
    >>> scale.read("+")
    (1, None)
    """

    @property
    def instruction(self) -> str:
        """The sentence of the prompt that says which answers there are."""

    @property
    def schema(self) -> dict[str, Any]:  # a JSON schema
        """The JSON schema of one answer."""

    def read(self, answer: object) -> Reading | None:
        """The sign and its strength; None where it is no answer. It never raises."""


@dataclass(frozen=True, slots=True)
class SignScale:
    """Answers are "+", "-" and "0"; other ways of writing a sign are read too.

    Examples
    --------
    >>> [SignScale().read(said) for said in (-1, "\uff0b", "Positive", "+1", "maybe", True)]
    [(-1, None), (1, None), (1, None), (1, None), None, None]
    """

    @property
    def instruction(self) -> str:
        """The sentence of the prompt that says which answers there are."""
        return 'Each value is "+", "-" or "0".'

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of one answer."""
        return {"type": "string", "enum": ["+", "-", "0"]}

    def read(self, answer: object) -> Reading | None:
        """The sign of one answer: a mark, a word for it, or 1, -1, 0."""
        said = answer.strip(" \t\n'\"().").casefold() if isinstance(answer, str) else answer
        sign = _WORDS[said] if isinstance(said, str) and said in _WORDS else read_sign(said)
        return None if sign is None else (sign, None)


@dataclass(frozen=True, slots=True)
class ScoreScale:
    """Answers are whole points; high ones are +, low ones are -, those between are neutral.

    Attributes
    ----------
    top : int
        The most points; the least are 0.
    positive_from, negative_to : int
        So many points and more are +, so many and fewer are -.

    Raises
    ------
    SettingError
        If they are no whole numbers, or out of order.

    Examples
    --------
    >>> ScoreScale().read(8), ScoreScale().read("3"), ScoreScale().read(5), ScoreScale().read(11)
    ((1, 8.0), (-1, 3.0), (0, 5.0), None)
    """

    top: int = 10
    positive_from: int = 7  # the bands of the published cluster scores
    negative_to: int = 3

    def __post_init__(self) -> None:
        for name in ("top", "positive_from", "negative_to"):
            checked_count(getattr(self, name), name, least=0)
        if not self.negative_to < self.positive_from <= self.top:
            raise SettingError(
                f"the bands are 0-{self.negative_to} and {self.positive_from}-{self.top}; "
                "expected 0 <= negative_to < positive_from <= top"
            )

    @property
    def instruction(self) -> str:
        """The sentence of the prompt that says which answers there are."""
        return (
            f"Each value is a whole number from 0 to {self.top}: "
            f"0 to {self.negative_to} for -, {self.positive_from} to {self.top} for +, "
            "those between for 0."
        )

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of one answer."""
        return {"type": "integer", "minimum": 0, "maximum": self.top}

    def read(self, answer: object) -> Reading | None:
        """The sign of one answer, its points as strength."""
        points = _whole(answer)
        if points is None or not 0 <= points <= self.top:
            return None
        return (points >= self.positive_from) - (points <= self.negative_to), float(points)


def _whole(answer: object) -> int | None:
    """A whole number, or text that is one; None for anything else, however large or odd."""
    if isinstance(answer, str) and len(answer) <= _LONGEST and answer.strip().isdecimal():
        return int(answer)
    if isinstance(answer, bool) or not isinstance(answer, Real) or not abs(answer) < 1e9:  # type: ignore[operator]
        return None
    return int(answer) if int(answer) == answer else None  # type: ignore[call-overload]
