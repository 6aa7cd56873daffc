"""What became of each pair of a build: exactly one outcome, and who decided it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import GraphError
from campaignkit.graph import DECIDED_BY, DecidedBy

Numbers = NDArray[np.integer] | int
NO_ANSWER = 2
"""Stands for the sign of a pair that was asked about and got no valid answer."""
NOBODY = 255
"""In ``decided_by``: the pair has no sign."""


class Outcome(IntEnum):
    """How a pair ended."""

    UNDECIDED = 0
    """Nothing was said of it; none may be left when a build ends."""
    DECIDED = 1
    """It has a sign: +, - or 0."""
    NOT_VIABLE = 2
    """A cluster score was null: the combination makes no sense, which is not the same as low."""
    DISCARDED = 3
    """A score fell between the bands, so nobody judged it."""
    FAILED = 4
    """It was asked, and no valid answer came; the reason is kept."""


@dataclass(slots=True)
class PairStates:
    """The state of all P pairs of a build, by pair number; filled as the build goes.

    Attributes
    ----------
    sign : int8[P]
        1, -1 or 0; says something only where the outcome is ``DECIDED``.
    outcome : uint8[P]
        An :class:`Outcome`.
    decided_by : uint8[P]
        Position in ``graph.DECIDED_BY``, the words that edges use; ``NOBODY`` without a sign.
    probability : float32[P]
        How sure the decider was of the sign, in [0, 1]; NaN where it does not say.
    round : int16[P]
        The round that decided it; -1 while there is none.
    strength : float64[P]
        The score behind a sign, on the judge's own scale; NaN where there is none.
    reasons, contexts : dict of int to str
        Why, by pair number, where it was said: of edges, of failures, of what was discarded.
        Contexts hold the facts that the judge was shown.

    Examples
    --------
    >>> states = PairStates.of(3)
    >>> states.decide(np.array([0, 2]), np.array([1, -1]), by="predicted", round=4)
    >>> states.set_outcome(np.array([1]), Outcome.DISCARDED, reason="score 5 of 10")
    >>> states.check_complete()
    >>> states.counts()["discarded"], states.reasons
    (1, {1: 'score 5 of 10'})
    """

    sign: NDArray[np.int8]
    outcome: NDArray[np.uint8]
    decided_by: NDArray[np.uint8]
    probability: NDArray[np.float32]
    round: NDArray[np.int16]
    strength: NDArray[np.float64]
    reasons: dict[int, str] = field(default_factory=dict)
    contexts: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, num_pairs: int) -> PairStates:
        """States of so many pairs, none decided."""
        return cls(
            sign=np.zeros(num_pairs, dtype=np.int8),
            outcome=np.zeros(num_pairs, dtype=np.uint8),
            decided_by=np.full(num_pairs, NOBODY, dtype=np.uint8),
            probability=np.full(num_pairs, np.nan, dtype=np.float32),
            round=np.full(num_pairs, -1, dtype=np.int16),
            strength=np.full(num_pairs, np.nan),
        )

    def __len__(self) -> int:
        return len(self.sign)

    def decide(
        self,
        pairs: Numbers,
        signs: Numbers,
        *,
        by: DecidedBy,
        round: int = -1,
        probability: NDArray[np.floating] | float = np.nan,
        strength: float = np.nan,
        reason: str = "",
    ) -> None:
        """Give some pairs, or one, their signs; what was said of them before is replaced.

        Without a `reason` the one that is there stays.
        """
        self.sign[pairs] = signs
        self.outcome[pairs] = Outcome.DECIDED
        self.decided_by[pairs] = DECIDED_BY.index(by)
        self.probability[pairs] = probability
        self.round[pairs] = round
        self.strength[pairs] = strength
        self._give_reason(pairs, reason)

    def set_outcome(self, pairs: Numbers, outcome: Outcome, *, reason: str = "") -> None:
        """End some pairs, or one, without a sign; the reason is kept for each."""
        self.sign[pairs] = 0
        self.outcome[pairs] = outcome
        self.decided_by[pairs] = NOBODY
        self.probability[pairs] = np.nan
        self._give_reason(pairs, reason)

    def _give_reason(self, pairs: Numbers, reason: str) -> None:
        if reason:
            self.reasons.update(dict.fromkeys(np.atleast_1d(pairs).tolist(), reason))

    def is_decided(self, *, by: DecidedBy | None = None) -> NDArray[np.bool_]:
        """bool[P]: which pairs have a sign, of all or of one decider."""
        held: NDArray[np.bool_] = self.outcome == Outcome.DECIDED
        return held if by is None else held & (self.decided_by == DECIDED_BY.index(by))

    def num_decided_by(self) -> dict[str, int]:
        """How many pairs each decider gave a sign, by its word; deciders of none are left out."""
        counts = np.bincount(self.decided_by[self.is_decided()], minlength=1)
        return {DECIDED_BY[code]: count for code, count in enumerate(counts.tolist()) if count}

    def counts(self) -> dict[str, int]:
        """How many pairs are +, -, 0, not viable, discarded, failed, undecided: adds up to P."""
        decided = self.is_decided()
        by_sign = {
            name: int(np.count_nonzero(decided & (self.sign == sign)))
            for name, sign in (("positive", 1), ("negative", -1), ("neutral", 0))
        }
        others = (Outcome.NOT_VIABLE, Outcome.DISCARDED, Outcome.FAILED, Outcome.UNDECIDED)
        return by_sign | {
            other.name.lower(): int(np.count_nonzero(self.outcome == other)) for other in others
        }

    def check_complete(self) -> None:
        """Refuse states that leave a pair undecided or hold a sign that is none.

        Raises
        ------
        GraphError
            With how many pairs, and the first of them.
        """
        for fault, wrong in (
            ("have no outcome", self.outcome == Outcome.UNDECIDED),
            ("have an outcome that is none", self.outcome > max(Outcome)),
            ("have a sign that is none", np.abs(self.sign) > 1),
            (
                "are decided, but by nobody",
                self.is_decided() & (self.decided_by >= len(DECIDED_BY)),
            ),
        ):
            if wrong.any():
                first = int(np.argmax(wrong))
                raise GraphError(
                    f"{np.count_nonzero(wrong):,} of {len(self):,} pairs {fault}, "
                    f"the first is number {first}",
                    hint="a method must end every pair with decide or set_outcome",
                )
