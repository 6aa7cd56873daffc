"""What a cluster score means for the pairs of the two clusters' members."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

from campaignkit.errors import Fault, GraphError


class Route(IntEnum):
    """What becomes of the pairs of two clusters.

    Examples
    --------
    >>> Route.NOT_VIABLE.word
    'not viable'
    """

    INHERIT_POSITIVE = 0
    """All are +, but those of members flagged as noise, which are classified."""
    INHERIT_NEGATIVE = 1
    """All are -, with the same exception."""
    CLASSIFY = 2
    """Each is judged by itself."""
    DISCARD = 3
    """Between the bands: nobody judges them."""
    NOT_VIABLE = 4
    """The score was null: the combination is implausible or prohibited."""
    UNSCORED = 5
    """No score came; each pair is judged by itself, so that none is lost."""

    @property
    def word(self) -> str:
        """In small letters."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Bands:
    """Where scores from 0 to 10 are cut; the defaults are the published ones.

    Parameters
    ----------
    positive, negative : float
        From the first on, and up to the second, a score says something; what lies strictly
        between is discarded.
    inherit_positive, inherit_negative : float
        From the first on all pairs are +, up to the second all are -, without a further call.
        The published table has 8 and 3, the published text 9 and 2 (`stricter`).

    Raises
    ------
    GraphError
        Unless 0 <= inherit_negative <= negative < positive <= inherit_positive. Above 10 or below
        0 nothing is inherited.

    Examples
    --------
    >>> [Bands().route(score).word for score in (9, 7, 5, 4, 0, None)]
    ['inherit positive', 'classify', 'discard', 'classify', 'inherit negative', 'not viable']
    """

    positive: float = 7.0
    negative: float = 4.0
    inherit_positive: float = 8.0
    inherit_negative: float = 3.0

    def __post_init__(self) -> None:
        faults = [
            Fault(field.name, f"is {getattr(self, field.name)!r}; expected a number")
            for field in fields(self)
            if isinstance(getattr(self, field.name), bool)
            or not isinstance(getattr(self, field.name), int | float)
        ]
        if not faults and not (
            self.inherit_negative <= self.negative < self.positive <= self.inherit_positive
        ):
            faults.append(
                Fault(
                    "bands",
                    f"inherit_negative {self.inherit_negative:g}, negative {self.negative:g}, "
                    f"positive {self.positive:g}, inherit_positive {self.inherit_positive:g} "
                    "do not rise",
                    "give inherit_negative <= negative < positive <= inherit_positive",
                )
            )
        if faults:
            raise GraphError("there are no such bands", faults=faults)

    @classmethod
    def stricter(cls) -> Bands:
        """The bands of the published text: 9 and 2 are inherited.

        Examples
        --------
        >>> Bands.stricter().route(8).word
        'classify'
        """
        return cls(inherit_positive=9.0, inherit_negative=2.0)

    def route(self, score: float | None) -> Route:
        """What becomes of the pairs of two clusters with this score; None is "not viable"."""
        if score is None:
            return Route.NOT_VIABLE
        if score >= self.inherit_positive:
            return Route.INHERIT_POSITIVE
        if score <= self.inherit_negative:
            return Route.INHERIT_NEGATIVE
        if score >= self.positive or score <= self.negative:
            return Route.CLASSIFY
        return Route.DISCARD
