"""Active learning in rounds: learn, bound what would be wrong, judge what is least sure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.pairs import NO_ANSWER, chunks
from campaignkit.errors import GraphError
from campaignkit.seeds import stream

MAX_ROUNDS = 20
HOLDOUT, INITIAL, ROUNDS = "hold-out", "initial sample", "uncertainty sampling"
"""The stages of a build, as its plan and its report call them."""

# Share of the pairs; bounded in number. Few would not bound small shares, many cost too much.
_HOLDOUT_FRAC, _HOLDOUT_LEAST, _HOLDOUT_MOST = 0.06, 400, 1500
_HOLDOUT_OF_BUDGET, _INITIAL_OF_BUDGET = 0.10, 0.35
_INITIAL_LEAST, _INITIAL_MOST = 0.015, 0.12
_STEP_FRAC, _STEP_LEAST = 0.05, 8  # of the pairs; calls
# A likely - is asked about sooner than its doubt alone would have it, where - is rarer than this:
# a graph of 9% negatives that misses a third of them is not much use for labels.
_NEGATIVE_WEIGHT, _RARE = 0.5, 0.25
_FEWEST_HELD = 20  # pairs of a hold-out to fit a temperature to
_AT_A_TIME = 500_000  # pairs that are predicted together

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Pairs = NDArray[np.int64]
Signs = NDArray[np.int8]
Judge = Callable[..., Signs]
"""``judge(calls, stage=..., round=...)``: the signs of the pairs of some calls, by number, in the
order asked; ``NO_ANSWER`` where there is none."""


class PairLearner(Protocol):
    """Learns from judged pairs how likely each sign is for every pair.

    Examples
    --------
    >>> class Shares:
    ...     def learn(self, signs, known):
    ...         self.shares = [(signs[known] == sign).mean() for sign in (-1, 0, 1)]
    ...     def probabilities(self, pairs):
    ...         return np.tile(np.float32(self.shares), (len(pairs), 1))
    >>> learner: PairLearner = Shares()
    """

    def learn(self, signs: Signs, known: Mask) -> None:
        """Learn from the signs, int8[P], of the known pairs, bool[P]."""

    def probabilities(self, pairs: Pairs) -> Float:
        """float32[k, 3]: of -, 0 and + for k pairs by number."""


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """What a round knew before it asked.

    Attributes
    ----------
    round : int
        From 1.
    num_judged : int
        Pairs with an answer so far.
    num_predicted : int
        Pairs whose sign would be a prediction if the build ended here.
    num_holdout, num_disagree : int
        Hold-out pairs among those that nobody would judge, and how many of them are predicted
        otherwise than judged.
    bound : float
        The share of the pairs without an answer whose sign is another than this judge would give
        is at most this, in all rounds together, but for a chance of delta.
    bound_missed_negatives : float
        The same for pairs that the judge would call - and the prediction does not.
    """

    round: int
    num_judged: int
    num_predicted: int
    num_holdout: int
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
        Of the sign, for predicted pairs, calibrated on the hold-out; NaN for judged ones.
    rounds : tuple of RoundSummary
    """

    sign: Signs
    judged: Mask
    probability: Float
    rounds: tuple[RoundSummary, ...]


@dataclass(frozen=True, slots=True)
class RoundSizes:
    """How many pairs are judged for what.

    Attributes
    ----------
    holdout, initial, step : int
        In the hold-out, the initial sample, and each round after it.
    num_rounds : int
        How often is learnt from what was judged: once before each step and once after the last.
    """

    holdout: int
    initial: int
    step: int
    num_rounds: int


def round_sizes(num_pairs: int, *, most: int | None, batch_size: int = 25) -> RoundSizes:
    """How many pairs to judge for what, of `num_pairs` new ones and at most `most` answers.

    Examples
    --------
    >>> round_sizes(8700, most=None)
    RoundSizes(holdout=525, initial=1050, step=450, num_rounds=17)
    >>> round_sizes(8700, most=2000)
    RoundSizes(holdout=200, initial=700, step=200, num_rounds=7)
    """
    holdout = min(max(round(_HOLDOUT_FRAC * num_pairs), _HOLDOUT_LEAST), _HOLDOUT_MOST)
    # Large catalogues learn from a smaller share: 12% of 8,700 pairs, 1.5% of 870,000.
    frac = _INITIAL_MOST * (8700 / max(num_pairs, 1)) ** 0.45
    initial = round(min(max(frac, _INITIAL_LEAST), _INITIAL_MOST) * num_pairs)
    if most is None:
        most = num_pairs
        a_step = _STEP_FRAC * num_pairs
    else:
        most = min(most, num_pairs)
        holdout = min(holdout, int(_HOLDOUT_OF_BUDGET * most))
        initial = min(initial, int(_INITIAL_OF_BUDGET * most))
        # Each round learns from all that is known: fewer of them where there is more of it. And
        # each may cost a call for keys that were missing, so rounds are of some calls.
        rounds = 12 if num_pairs < 300_000 else 8
        a_step = max((most - holdout - initial) / rounds, _STEP_LEAST * batch_size)
    # Stages are whole calls.
    holdout, initial, step = (
        math.ceil(size / batch_size) * batch_size for size in (holdout, initial, a_step)
    )
    holdout = min(holdout, most)
    initial = min(initial, most - holdout)
    steps = math.ceil(max(most - holdout - initial, 0) / step)
    return RoundSizes(holdout, initial, step, min(steps + 1, MAX_ROUNDS))


class ActiveLearning:
    """Gives every pair a sign, asking about those that are worth it.

    Uncertainty sampling: each round asks about the pairs whose likeliest sign is least sure, where
    - is rare those that may be - a little sooner. A uniform hold-out bounds what would be wrong
    among the rest. Hold-out pairs are judged, but play the part of pairs that are not: they are
    never learnt from, and one that a round would ask about leaves the hold-out, so that what stays
    in it is a uniform sample of what is left to prediction.

    Parameters
    ----------
    learner : PairLearner
        Of the P pairs.
    judge : function
        Asked with pair numbers, stage and round; no pair is asked about twice.
    known : int8[P]
        Answers of earlier builds, ``NO_ANSWER`` elsewhere; learnt from, and not asked again.
    most : int, optional
        Answers to ask for, at most.
    delta : float
        The chance that any round's bound is wrong.
    negative_weight : float
        Predicted is - where its probability times this exceeds that of the others; and where - is
        rare, likely - are asked about the sooner, the larger it is.
    batch_size : int
        Stages ask for a multiple of it.
    seed : int

    References
    ----------
    Lewis and Gale 1994, A sequential algorithm for training text classifiers.
    """

    def __init__(
        self,
        learner: PairLearner,
        judge: Judge,
        known: Signs,
        *,
        most: int | None = None,
        delta: float = 0.05,
        negative_weight: float = 1.0,
        batch_size: int = 25,
        seed: int = 0,
    ) -> None:
        self._learner, self._judge, self._delta, self._seed = learner, judge, delta, seed
        self._batch_size, self._negative_weight = batch_size, negative_weight
        self._sign = known.copy()
        self._asked: Mask = known != NO_ANSWER
        self._learnt_from = self._asked.copy()
        self._holdout = np.zeros_like(self._asked)  # only what is still in it
        new = int((~self._asked).sum())
        self._left = new if most is None else min(most, new)
        self._sizes = round_sizes(new, most=most, batch_size=batch_size)

    def run(self, target: float | None) -> RoundsResult:
        """Go through the rounds, until the bound is no larger than the target or all is asked.

        Raises
        ------
        GraphError
            If no pair gets an answer to learn from.
        """
        sizes = self._sizes
        fresh = stream(self._seed, "active", "first").permutation(np.flatnonzero(~self._asked))
        holdout, initial = fresh[: sizes.holdout], fresh[sizes.holdout :][: sizes.initial].copy()
        del fresh
        self._ask(holdout, HOLDOUT, 0, self._holdout)
        self._ask(initial, INITIAL, 0, self._learnt_from)
        if not self._learnt_from.any():
            raise GraphError(
                f"{int(self._asked.sum()):,} pairs were asked about, and none got a valid answer",
                hint="look at the failures: a budget of tokens or money may be spent, or the "
                "model does not answer in the form that is asked for",
            )
        # A likely - is worth a question the more, the rarer - was in the initial sample. Not in
        # the hold-out: what is asked must not depend on it, or it would bound nothing.
        share = float((self._sign[self._learnt_from] == -1).mean())
        pull = _NEGATIVE_WEIGHT * self._negative_weight * max(0.0, 1.0 - share / _RARE)
        summaries = []
        for number in range(1, sizes.num_rounds + 1):
            self._learner.learn(self._sign, self._learnt_from)
            summary = self._summary(number)
            summaries.append(summary)
            met = target is not None and summary.bound <= target
            if met or self._left <= 0 or number == sizes.num_rounds:
                break
            chosen = self._most_informative(pull)
            if not self._ask(chosen, ROUNDS, number, self._learnt_from):
                break  # nobody answers any more: a budget of tokens or money is spent
        return self._result(summaries)

    def _result(self, summaries: list[RoundSummary]) -> RoundsResult:
        held = np.flatnonzero(self._holdout)
        power = sharpness(self._learner.probabilities(held), self._sign[held])
        sign, judged = self._sign.copy(), self._sign != NO_ANSWER
        probability = np.full(len(sign), np.nan, dtype=np.float32)
        for pairs in parts_of(~judged):
            found = self._learner.probabilities(pairs)
            guess = sign[pairs] = self._predicted(found)
            made = sharpened(found, power)
            probability[pairs] = made[np.arange(len(pairs)), guess.astype(np.int64) + 1]
        return RoundsResult(sign, judged, probability, tuple(summaries))

    def _ask(self, pairs: Pairs, stage: str, number: int, into: Mask) -> int:
        """Have pairs judged, to learn from or for the hold-out; how many got an answer."""
        pairs = pairs[: self._left]
        if not len(pairs):
            return 0
        calls = chunks(pairs, self._batch_size)
        answers = self._judge(calls, stage=stage, round=number)
        self._asked[pairs] = True
        self._left -= len(pairs)
        answered = pairs[answers != NO_ANSWER]
        self._sign[pairs] = answers
        into[answered] = True
        return len(answered)

    def _most_informative(self, pull: float) -> Pairs:
        """The pairs to ask about next, shuffled; hold-out pairs that rank with them leave it."""
        num_asked = min(self._left, self._sizes.step)
        room = num_asked + int(np.count_nonzero(self._holdout))
        best, worth = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        for pairs in parts_of(~self._asked | self._holdout):
            found = self._learner.probabilities(pairs)
            value = (1 - likeliest(found)[1]) + pull * found[:, 0]
            better = value > worth[-1] if len(worth) == room else np.ones(len(value), np.bool_)
            best, worth = np.append(best, pairs[better]), np.append(worth, value[better])
            order = np.argsort(-worth, kind="stable")[:room]
            best, worth = best[order], worth[order]
        free = ~self._asked[best]
        place = np.searchsorted(np.cumsum(free), num_asked) + 1
        self._holdout[best[:place]] = False
        chosen = best[:place][free[:place]]
        return stream(self._seed, "active", "order", int(self._asked.sum())).permutation(chosen)

    def _predicted(self, probabilities: Float) -> Signs:
        return likeliest(probabilities * np.array([self._negative_weight, 1, 1], np.float32))[0]

    def _summary(self, number: int) -> RoundSummary:
        rows = np.flatnonzero(self._holdout)
        guess = self._predicted(self._learner.probabilities(rows))
        wrong = int((guess != self._sign[rows]).sum())
        missed = int(((self._sign[rows] == -1) & (guess != -1)).sum())
        # Any of the rounds' bounds may decide that this is enough; each may fail with its part.
        delta = self._delta / self._sizes.num_rounds
        return RoundSummary(
            round=number,
            num_judged=int((self._sign != NO_ANSWER).sum()),
            num_predicted=int((self._sign == NO_ANSWER).sum()),
            num_holdout=len(rows),
            num_disagree=wrong,
            bound=upper_bound(wrong, len(rows), delta=delta),
            bound_missed_negatives=upper_bound(missed, len(rows), delta=delta),
        )


def likeliest(probabilities: Float) -> tuple[NDArray[np.int8], Float]:
    """The likeliest sign of each pair, and its probability.

    Examples
    --------
    >>> likeliest(np.float32([[0.2, 0.3, 0.5]]))[0].tolist()
    [1]
    """
    best: NDArray[np.int64] = probabilities.argmax(axis=1)
    return (best - 1).astype(np.int8), probabilities[np.arange(len(best)), best]


def parts_of(wanted: Mask) -> Iterator[Pairs]:
    """The numbers of the wanted pairs, some at a time, so that no array of all pairs is needed.

    Examples
    --------
    >>> [part.tolist() for part in parts_of(np.array([True, False, True]))]
    [[0, 2]]
    """
    for start in range(0, len(wanted), _AT_A_TIME):
        pairs = np.flatnonzero(wanted[start : start + _AT_A_TIME]) + start
        if len(pairs):
            yield pairs


def sharpness(probabilities: Float, signs: Signs) -> float:
    """One over the temperature that makes probabilities fit the signs of a hold-out.

    1 with fewer than 20 pairs.

    Parameters
    ----------
    probabilities : float32[k, 3]
        Of -, 0 and + for pairs drawn uniformly, which they were not learnt from.
    signs : int8[k]
        What was judged.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger 2017, On calibration of modern neural networks.

    Examples
    --------
    >>> sure = np.tile(np.float32([0.02, 0.08, 0.9]), (100, 1))
    >>> signs = np.where(np.arange(100) % 3, 1, 0).astype(np.int8)
    >>> round(float(sharpened(sure, sharpness(sure, signs))[0, 2]), 1)
    0.7
    """
    if len(signs) < _FEWEST_HELD:
        return 1.0
    logs = np.log(np.clip(probabilities, 1e-6, 1))
    seen = signs.astype(np.int64) + 1
    powers = np.geomspace(0.3, 3.0, 41)
    losses = []
    for power in powers:
        scaled = power * logs
        loss = np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(seen)), seen]
        losses.append(loss.mean())
    return float(powers[int(np.argmin(losses))])


def sharpened(probabilities: Float, power: float) -> Float:
    """float32[k, 3]: the probabilities made surer or less sure; the likeliest sign stays.

    Examples
    --------
    >>> sharpened(np.float32([[0.2, 0.3, 0.5]]), 1.0).round(3).tolist()
    [[0.20000000298023224, 0.30000001192092896, 0.5]]
    """
    if power == 1.0:
        return probabilities
    scaled = power * np.log(np.clip(probabilities, 1e-6, 1))
    scaled -= scaled.max(axis=1, keepdims=True)
    made = np.exp(scaled)
    return np.asarray(made / made.sum(axis=1, keepdims=True), dtype=np.float32)


def upper_bound(num_seen: int, num_sampled: int, *, delta: float) -> float:
    """The share that is exceeded with a chance of at most `delta` (Clopper and Pearson, one side).

    Parameters
    ----------
    num_seen, num_sampled : int
        How many of a uniform sample have the property.
    delta : float
        The chance that the true share lies above the bound, in (0, 1).

    References
    ----------
    Clopper and Pearson 1934, The use of confidence or fiducial limits.

    Examples
    --------
    >>> round(upper_bound(0, 100, delta=0.05), 4), upper_bound(0, 0, delta=0.05)
    (0.0295, 1.0)
    """
    from scipy.special import betaincinv

    if num_seen >= num_sampled:
        return 1.0
    return float(betaincinv(num_seen + 1, num_sampled - num_seen, 1 - delta))
