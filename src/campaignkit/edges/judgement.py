"""What a scorer can say of a pair beyond its sign."""

from __future__ import annotations

from dataclasses import dataclass

from campaignkit.edges.trait_rules import Vote
from campaignkit.graph import DecidedBy


@dataclass(frozen=True, slots=True)
class Judgement:
    """The sign of a pair, with what led to it.

    Attributes
    ----------
    sign : int
        1, -1 or 0.
    reason : str
        Why, in words.
    decided_by : str
        As in :class:`~campaignkit.graph.Edge`.
    strength : float or None
        The score behind the sign, on the scorer's own scale.
    probability : float or None
        How sure the scorer is, in [0, 1].
    votes : tuple of (str, Vote)
        The rules that spoke, by name, where the scorer has rules.
    context : str
        The facts the scorer was shown with the pair, where there were any.

    Examples
    --------
    >>> Judgement(1, "both are about running").sign
    1
    """

    sign: int
    reason: str = ""
    decided_by: DecidedBy = "scored"
    strength: float | None = None
    probability: float | None = None
    votes: tuple[tuple[str, Vote], ...] = ()
    context: str = ""
