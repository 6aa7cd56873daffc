"""How a model says its signs: as signs, or as points that bands turn into signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from campaignkit.errors import GraphError
from campaignkit.graph import read_sign


class Scale(Protocol):
    """Tells a model how to answer, and reads one answer; hashable, for it names a reply's form.

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

    def read(self, answer: object) -> tuple[int, float | None] | None:
        """The sign and its strength; None where it is no answer."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class SignScale:
    """Answers are "+", "-" and "0".

    Examples
    --------
    >>> SignScale().read(-1), SignScale().read("maybe"), SignScale().read(True)
    ((-1, None), None, None)
    """

    @property
    def instruction(self) -> str:
        """The sentence of the prompt that says which answers there are."""
        return 'Each value is "+", "-" or "0".'

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of one answer."""
        return {"type": "string", "enum": ["+", "-", "0"]}

    def read(self, answer: object) -> tuple[int, float | None] | None:
        """The sign of one answer; whole numbers are read too."""
        sign = read_sign(answer)
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

    Examples
    --------
    >>> ScoreScale().read(8), ScoreScale().read(3), ScoreScale().read(5), ScoreScale().read(11)
    ((1, 8.0), (-1, 3.0), (0, 5.0), None)
    """

    top: int = 10
    positive_from: int = 7  # the bands of the published cluster scores
    negative_to: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.negative_to < self.positive_from <= self.top:
            raise GraphError(
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

    def read(self, answer: object) -> tuple[int, float | None] | None:
        """The sign of one answer, its points as strength."""
        if isinstance(answer, str) and answer.strip().isdecimal():
            answer = int(answer)
        if isinstance(answer, bool) or not isinstance(answer, int | float):
            return None
        if answer != int(answer) or not 0 <= answer <= self.top:
            return None
        sign = (answer >= self.positive_from) - (answer <= self.negative_to)
        return sign, float(answer)
