"""The rounds of an active build: learn, bound what would be wrong, judge what is least sure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.methods.active.bound import upper_bound
from campaignkit.edges.methods.active.learner import Evidence, SignLearner, sharpened, signs_of
from campaignkit.errors import GraphError
from campaignkit.seeds import stream

MAX_ROUNDS = 20
NO_ANSWER = 2  # what a judge gives for a pair that got no valid answer

# Share of the pairs; bounded in number. Few would not bound small shares, many cost too much.
_AUDIT_FRAC, _AUDIT_LEAST, _AUDIT_MOST = 0.06, 400, 1500
_AUDIT_OF_BUDGET, _SEED_OF_BUDGET = 0.10, 0.35
_SEED_LEAST, _SEED_MOST = 0.015, 0.12
_STEP_FRAC, _STEP_LEAST = 0.05, 8  # of the pairs; calls
# A likely - is asked about sooner than its doubt alone would have it, where - is rarer than this:
# a graph of 9% negatives that misses a third of them is not much use for labels.
_NEGATIVE_PULL, _RARE = 0.5, 0.25

Float = NDArray[np.float32]
Judge = Callable[[NDArray[np.int64], str, int], NDArray[np.int8]]
"""Signs of pairs, by number, stage and round; ``NO_ANSWER`` where there is none."""


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """What a round knew before it asked.

    Attributes
    ----------
    round : int
        From 1.
    num_judged : int
        Pairs with an answer so far.
    num_auto : int
        Pairs that would get their sign from the trees if the build ended here.
    num_audited, num_disagree : int
        Audited pairs among those that nobody would judge, and how many of them the trees miss.
    bound : float
        The share of the pairs without an answer whose sign is another than this judge would give
        is at most this, in all rounds together, but for a chance of delta.
    bound_missed_negatives : float
        The same for pairs that the judge would call - and the trees do not.

    Examples
    --------
    >>> RoundSummary(1, 400, 5000, 130, 0, 0.04, 0.05).num_disagree
    0
    """

    round: int
    num_judged: int
    num_auto: int
    num_audited: int
    num_disagree: int
    bound: float
    bound_missed_negatives: float


@dataclass(frozen=True, slots=True)
class RoundsResult:
    """What the rounds gave.

    Attributes
    ----------
    sign : int8[P]
        Of every pair, judged or predicted.
    judged : bool[P]
        Whose sign is an answer.
    probability : float32[P]
        Chance of the sign for predicted pairs, fitted on audited ones; NaN for judged ones.
    round : int16[P]
        The round that judged it, 0 for the audit and the first sample; for predicted ones the
        last.
    rounds : tuple of RoundSummary
    """

    sign: NDArray[np.int8]
    judged: NDArray[np.bool_]
    probability: NDArray[np.float32]
    round: NDArray[np.int16]
    rounds: tuple[RoundSummary, ...]


@dataclass(frozen=True, slots=True)
class RoundSizes:
    """How many pairs are judged for what.
    Attributes
    ----------
    audit, seed, step : int
        In the audit, the first sample, and each round after it.
    """

    audit: int
    seed: int
    step: int

    def num_stages(self, most: int) -> int:
        """How often a judge is asked for so many answers in all."""
        rest = max(most - self.audit - self.seed, 0)
        return 2 + min(math.ceil(rest / self.step), MAX_ROUNDS - 1)


def round_sizes(num_pairs: int, *, most: int | None, batch_size: int = 25) -> RoundSizes:
    """How many pairs to judge for what, of `num_pairs` new ones and at most `most` answers.

    Examples
    --------
    >>> round_sizes(8700, most=None)
    RoundSizes(audit=525, seed=1050, step=450)
    >>> round_sizes(8700, most=2000)
    RoundSizes(audit=200, seed=700, step=200)
    """

    def full(number: float) -> int:
        return math.ceil(number / batch_size) * batch_size

    audit = min(max(round(_AUDIT_FRAC * num_pairs), _AUDIT_LEAST), _AUDIT_MOST)
    # Large catalogues learn from a smaller share: 12% of 8,700 pairs, 1.5% of 870,000.
    frac = _SEED_MOST * (8700 / max(num_pairs, 1)) ** 0.45
    seed = round(min(max(frac, _SEED_LEAST), _SEED_MOST) * num_pairs)
    if most is None:
        most = num_pairs
        step = full(_STEP_FRAC * num_pairs)
    else:
        most = min(most, num_pairs)
        audit, seed = (
            min(audit, int(_AUDIT_OF_BUDGET * most)),
            min(seed, int(_SEED_OF_BUDGET * most)),
        )
        # Each round learns from all that is known: fewer of them where there is more of it. And
        # each may cost a call for keys that were missing, so rounds are of some calls.
        rounds = 8 if num_pairs < 300_000 else 6
        step = max(full((most - audit - seed) / rounds), _STEP_LEAST * batch_size)
    audit = min(full(audit), most)
    return RoundSizes(audit, min(full(seed), most - audit), step)


def run_rounds(
    evidence: Evidence,
    judge: Judge,
    *,
    known: NDArray[np.int8] | None = None,
    most: int | None = None,
    target: float | None = 0.1,
    delta: float = 0.05,
    batch_size: int = 25,
    seed: int = 0,
) -> RoundsResult:
    """Give every pair a sign, asking about those that are worth it.

    Parameters
    ----------
    evidence : Evidence
        Of the P pairs.
    judge : function
        Asked with pair numbers, stage and round; no pair is asked about twice.
    known : int8[P], optional
        Answers of earlier builds, ``NO_ANSWER`` elsewhere; learnt from, and not asked again.
    most : int, optional
        Answers to ask for, at most.
    target : float, optional
        Ends when the bound on the share of wrong ones among the predicted is no larger.
    delta : float
        The chance that any round's bound is wrong.
    batch_size : int
        Stages ask for a multiple of it.
    seed : int

    Raises
    ------
    GraphError
        If no pair gets an answer to learn from.
    """
    return _Rounds(
        evidence, judge, known=known, most=most, delta=delta, batch_size=batch_size, seed=seed
    ).run(target)


class _Rounds:
    """The state of :func:`run_rounds` between its steps."""

    def __init__(
        self,
        evidence: Evidence,
        judge: Judge,
        *,
        known: NDArray[np.int8] | None,
        most: int | None,
        delta: float,
        batch_size: int,
        seed: int,
    ) -> None:
        num_pairs = len(evidence.features)
        self._judge, self._delta, self._seed = judge, delta, seed
        self._learner = SignLearner(evidence, seed=seed)
        self._sign = np.zeros(num_pairs, dtype=np.int8)
        self._judged = np.zeros(num_pairs, dtype=np.bool_)
        self._asked = np.zeros(num_pairs, dtype=np.bool_)
        self._round = np.full(num_pairs, -1, dtype=np.int16)
        if known is not None:
            self._judged |= known != NO_ANSWER
            self._asked |= self._judged
            self._sign[self._judged] = known[self._judged]
            self._round[self._judged] = 0
        # Audited pairs are judged, but play the part of pairs that are not: they are not learnt
        # from, and a round that would ask about one strikes it off.
        self._audited = np.zeros(num_pairs, dtype=np.bool_)
        self._struck = np.zeros(num_pairs, dtype=np.bool_)
        new = num_pairs - int(self._asked.sum())
        self._left = new if most is None else min(most, new)
        self._sizes = round_sizes(new, most=most, batch_size=batch_size)
        self._num_rounds = self._sizes.num_stages(self._left) - 1

    def run(self, target: float | None) -> RoundsResult:
        fresh = stream(self._seed, "active", "first").permutation(np.flatnonzero(~self._asked))
        sizes = self._sizes
        audit = fresh[: sizes.audit]
        self._ask(audit, "audit", 0)
        self._audited[audit] = self._judged[audit]
        self._ask(fresh[sizes.audit : sizes.audit + sizes.seed], "first sample", 0)
        if not (self._judged & ~self._audited).any():
            raise GraphError(
                f"{int(self._asked.sum()):,} pairs were asked about, and none got a valid answer",
                hint="look at the failures: a budget of tokens or money may be spent, or the "
                "model does not answer in the form that is asked for",
            )
        summaries = []
        for number in range(1, self._num_rounds + 1):
            chances = self._learner.chances(self._sign, self._judged & ~self._audited)
            summary = self._summary(chances, number)
            summaries.append(summary)
            met = target is not None and summary.bound <= target
            if met or self._left <= 0 or number == self._num_rounds:
                break
            if not self._ask(self._least_sure(chances), "rounds", number):
                break  # nobody answers any more: a budget of tokens or money is spent
        return self._result(chances, summaries)

    def _ask(self, pairs: NDArray[np.int64], stage: str, number: int) -> int:
        """Have pairs judged; how many of them got an answer."""
        pairs = pairs[: self._left]
        if not len(pairs):
            return 0
        answers = self._judge(pairs, stage, number)
        self._asked[pairs] = True
        self._left -= len(pairs)
        answered = pairs[answers != NO_ANSWER]
        self._sign[answered] = answers[answers != NO_ANSWER]
        self._judged[answered] = True
        self._round[answered] = number
        return len(answered)

    def _least_sure(self, chances: Float) -> NDArray[np.int64]:
        """The pairs to ask about next, shuffled; audited ones that rank with them are struck."""
        _, sure = signs_of(chances)
        pull = (1 - sure) + self._pull() * chances[:, 0]
        open_ = np.flatnonzero(~self._asked | (self._audited & ~self._struck))
        order = open_[np.argsort(-pull[open_], kind="stable")]
        free = ~self._asked[order]
        num_asked = min(self._left, self._sizes.step)
        place = np.searchsorted(np.cumsum(free), num_asked) + 1
        chosen = order[:place]
        self._struck[chosen] |= self._audited[chosen]
        asked = chosen[free[:place]]
        return stream(self._seed, "active", "order", int(self._asked.sum())).permutation(asked)

    def _pull(self) -> float:
        """How much a likely - draws a question: the more, the rarer they are."""
        # Not of the audit: what is asked must not depend on it, or it would bound nothing.
        first = self._sign[(self._round == 0) & ~self._audited]
        share = float((first == -1).mean()) if len(first) else 0.0
        return _NEGATIVE_PULL * max(0.0, 1.0 - share / _RARE)

    def _summary(self, chances: Float, number: int) -> RoundSummary:
        guess, _ = signs_of(chances)
        rows = np.flatnonzero(self._audited & ~self._struck)
        wrong = guess[rows] != self._sign[rows]
        missed = (self._sign[rows] == -1) & (guess[rows] != -1)
        # Any of the rounds' bounds may decide that this is enough; each may fail with its part.
        delta = self._delta / self._num_rounds
        return RoundSummary(
            round=number,
            num_judged=int(self._judged.sum()),
            num_auto=int((~self._judged).sum()),
            num_audited=len(rows),
            num_disagree=int(wrong.sum()),
            bound=upper_bound(int(wrong.sum()), len(rows), delta=delta),
            bound_missed_negatives=upper_bound(int(missed.sum()), len(rows), delta=delta),
        )

    def _result(self, chances: Float, summaries: list[RoundSummary]) -> RoundsResult:
        chances = sharpened(chances, self._sign, np.flatnonzero(self._audited & ~self._struck))
        guess, sure = signs_of(chances)
        last = np.int16(summaries[-1].round)
        return RoundsResult(
            sign=np.where(self._judged, self._sign, guess),
            judged=self._judged,
            probability=np.where(self._judged, np.float32(np.nan), sure),
            round=np.where(self._judged, self._round, last),
            rounds=tuple(summaries),
        )
