"""The pairs a build decides, numbered, and what became of each: an outcome, and who decided it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from campaignkit.catalogue import Attribute, Catalogue, Key
from campaignkit.errors import GraphError
from campaignkit.graph import DECIDED_BY, DecidedBy

S = TypeVar("S", bound="Sequence[Any] | NDArray[Any]")  # Any: items of any kind
MAX_PAIRS = 200_000_000  # 1.6 GB of positions; at 25 pairs a call, eight million calls
Numbers = NDArray[np.integer] | int
NO_ANSWER = 2
"""Stands for the sign of a pair that was asked about and got no valid answer."""
NOBODY = 255
"""In ``decided_by``: the pair has no sign."""
_TOKENS_A_PAIR = 28  # 20 in, 8 out: the plan of retail-160


class PairTable:
    """Every pair of different modalities once, the earlier attribute first, in catalogue order.

    A pair's number is its row. The order is that in which `build_graph` asks without a method:
    all pairs of the first attribute, then those of the second, and so on.

    Parameters
    ----------
    catalogue : Catalogue
        The attributes; at least two modalities.

    Attributes
    ----------
    catalogue : Catalogue
    pairs : int32[P, 2]
        Catalogue positions, read-only; ``pairs[i, 0] < pairs[i, 1]``, rows ascending.
    codes : int32[n]
        Position in ``catalogue.modalities`` of each attribute's modality, read-only.

    Raises
    ------
    GraphError
        If there are no pairs, or more than 200 million: the message says what judging them costs.

    Examples
    --------
    >>> names = [("brand", "Nike"), ("geo", "Peru"), ("geo", "Chile"), ("platform", "Wish")]
    >>> table = PairTable(Catalogue(Attribute(*name) for name in names))
    >>> table.pairs.tolist()
    [[0, 1], [0, 2], [0, 3], [1, 3], [2, 3]]
    >>> table.index(("platform", "Wish"), ("geo", "Peru"))
    3
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.num_pairs = count_pairs(catalogue)
        if self.num_pairs > MAX_PAIRS:
            raise GraphError(
                f"{len(catalogue):,} attributes make {self.num_pairs:,} pairs: "
                f"{-(-self.num_pairs // 25):,} calls of 25 and some "
                f"{self.num_pairs * _TOKENS_A_PAIR:,} tokens; expected {MAX_PAIRS:,} at most",
                hint="leave out what cannot decide a campaign, or build graphs of parts and join "
                "them",
            )
        self.catalogue = catalogue
        code_of = {modality: code for code, modality in enumerate(catalogue.modalities)}
        self.codes = np.array([code_of[a.modality] for a in catalogue], dtype=np.int32)
        self.pairs = np.empty((self.num_pairs, 2), dtype=np.int32)
        self._starts = np.zeros(len(self.codes), dtype=np.int64)
        start = 0
        for position, code in enumerate(self.codes):
            later = np.flatnonzero(self.codes[position + 1 :] != code) + position + 1
            self._starts[position] = start
            self.pairs[start : start + len(later), 0] = position
            self.pairs[start : start + len(later), 1] = later
            start += len(later)
        # How many attributes of each modality come before each position.
        self._before = np.zeros((len(code_of), len(self.codes) + 1), dtype=np.int32)
        of_modality = self.codes == np.arange(len(code_of))[:, None]
        np.cumsum(of_modality, axis=1, out=self._before[:, 1:])
        for array in (self.codes, self.pairs):
            array.setflags(write=False)

    def pair(self, number: int) -> tuple[Attribute, Attribute]:
        """The two attributes of a pair, the earlier one first."""
        one, other = self.pairs[number].tolist()
        return self.catalogue[one], self.catalogue[other]

    def index(self, one: int | Key | Attribute, other: int | Key | Attribute) -> int:
        """The number of a pair, given its attributes in any order.

        Raises
        ------
        UnknownAttribute
            If one of them is not in the catalogue.
        GraphError
            If both are of one modality.
        """
        ends = [at if isinstance(at, int) else self.catalogue.index(at) for at in (one, other)]
        if self.codes[ends[0]] == self.codes[ends[1]]:
            a, b = self.catalogue[ends[0]], self.catalogue[ends[1]]
            raise GraphError(f"{a} - {b}: both are of one modality; pairs join different ones")
        return int(self.indices([ends[0]], [ends[1]])[0])

    def indices(self, ones: ArrayLike, others: ArrayLike) -> NDArray[np.int64]:
        """int64[k]: the numbers of pairs given by catalogue positions, each in any order.

        All must be pairs of different modalities.
        """
        one, other = np.asarray(ones, dtype=np.int64), np.asarray(others, dtype=np.int64)
        first, second = np.minimum(one, other), np.maximum(one, other)
        code = self.codes[first]
        alike = self._before[code, second] - self._before[code, first + 1]
        return np.asarray(self._starts[first] + (second - first - 1) - alike)

    def __len__(self) -> int:
        return self.num_pairs

    def __repr__(self) -> str:
        return f"PairTable({self.num_pairs:,} pairs of {len(self.catalogue):,} attributes)"


def chunks(items: S, size: int) -> list[S]:
    """A sequence or an array in parts of so many, as they come.

    Examples
    --------
    >>> [len(call) for call in chunks(np.arange(60), 25)]
    [25, 25, 10]
    """
    return [items[start : start + size] for start in range(0, len(items), size)]  # type: ignore[misc]  # a slice is of its kind


def count_pairs(catalogue: Catalogue) -> int:
    """How many pairs of different modalities there are.

    Raises
    ------
    GraphError
        If there are none, or what is given is no catalogue.

    Examples
    --------
    >>> count_pairs(Catalogue.bundled("retail-160"))
    8700
    """
    if not isinstance(catalogue, Catalogue):
        raise GraphError(
            f"catalogue is {catalogue!r:.60}; expected a Catalogue",
            hint="Catalogue.read_csv(path), Catalogue.bundled(name), or Catalogue(attributes)",
        )
    sizes = Counter(a.modality for a in catalogue).values()
    num_pairs = (len(catalogue) ** 2 - sum(size**2 for size in sizes)) // 2
    if not num_pairs:
        raise GraphError(
            f"{catalogue!r} has no pair of different modalities",
            hint="edges join different modalities: add attributes of a second one",
        )
    return num_pairs


class Outcome(IntEnum):
    """How a pair ended."""

    UNDECIDED = 0
    """Not judged yet; none may be left when a build ends."""
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
        The reason, by pair number, where there is one: of edges, of failures, of what was
        discarded. Contexts contain the facts that the judge was shown.

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
        """Give some pairs, or one, their signs; earlier answers about them are replaced.

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
        signs = {"positive": 1, "negative": -1, "neutral": 0}
        held = {name: self.is_decided() & (self.sign == sign) for name, sign in signs.items()}
        others = (Outcome.NOT_VIABLE, Outcome.DISCARDED, Outcome.FAILED, Outcome.UNDECIDED)
        held |= {other.name.lower(): self.outcome == other for other in others}
        return {name: int(np.count_nonzero(pairs)) for name, pairs in held.items()}

    def check_complete(self) -> None:
        """Refuse states that leave a pair undecided or hold a sign that is none.

        Raises
        ------
        GraphError
            With how many pairs, and the first of them.
        """
        nobody = self.is_decided() & (self.decided_by >= len(DECIDED_BY))
        for fault, wrong in (
            ("have no outcome", self.outcome == Outcome.UNDECIDED),
            ("have an unknown outcome", self.outcome > max(Outcome)),
            ("have an unknown sign", np.abs(self.sign) > 1),
            ("are decided, but by nobody", nobody),
        ):
            if wrong.any():
                raise GraphError(
                    f"{np.count_nonzero(wrong):,} of {len(self):,} pairs {fault}, "
                    f"the first is number {int(np.argmax(wrong))}",
                    hint="a method must end every pair with decide or set_outcome",
                )
