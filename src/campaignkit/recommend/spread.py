"""How far to trust a model where a search looks: refits on halves of its training campaigns.

A search picks what the model scores too high (the optimiser's curse). What one half picks, the
other half values without that favour: the ratio of both gains, corrected for the half length of
the halves, is what a stated gain is to be shrunk by. Halves are put on the scale of the whole
model: each one calibrates itself, and where labels are clean, scales differ at random.

References: Smith and Winkler 2006, "The optimizer's curse"; Spearman 1910 and Brown 1910.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify import PairwiseOrdinalClassifier
from campaignkit.classify.effect_graph import extended_effects
from campaignkit.recommend.changes import changes_of
from campaignkit.recommend.partial import PartialCampaign, Question, read_partial
from campaignkit.recommend.scores import PairScores, Scores
from campaignkit.recommend.search import MAX_STEPS
from campaignkit.recommend.training import Training, named
from campaignkit.seeds import stream

Floats = NDArray[np.float64]
Nodes = NDArray[np.int64]

SHRINK = 0.7  # of a swap's stated gain, where it cannot be learned; 5 simulated worlds
# Of the spread of halves, which know nothing of what all of them cannot learn: with these, 80%
# intervals covered 82% of picks and of swaps in three simulated worlds of 42,000 rows.
INFLATE, INFLATE_GAIN = 2.0, 3.7
Z80 = 1.2816  # a normal variable lies within so many standard deviations in 80% of cases
_TRIED = 24  # campaigns that are changed and completed to learn the shrinkage
_LEAST_ROWS = 40  # of the rarest label, so that each half has some to calibrate with


@dataclass(frozen=True, eq=False)
class Spread:
    """Refits of a model on halves of its campaigns, and what they tell.

    Attributes
    ----------
    halves : list of PairScores
        On the model's own vocabulary; the two of a split follow each other.
    train : Training
    tried : list of int64[size]
        Campaigns on which the shrinkage is learned.
    centre, sd : float
        Mean score of the training campaigns, which picks are shrunk towards, and their spread.
    """

    halves: list[PairScores]
    train: Training
    tried: list[Nodes]
    centre: float
    sd: float
    _picks: dict[tuple[str, ...], float] = field(default_factory=dict, init=False)

    @cached_property
    def swap(self) -> float:
        """What is left of the stated gain of the best swap."""

        def best_swap(half: PairScores, nodes: Nodes) -> Nodes:
            changes = changes_of(self._asked(nodes, self.train.vocabulary.modalities), nodes)
            around = [nodes, *(of.nodes for of in changes if of.kind == "swap")]
            return around[int(half.of(around).argmax())]

        return self._reliability(best_swap)

    def pick(self, free: tuple[str, ...]) -> float:
        """What is left of the stated advantage of the best completion of some modalities."""

        def best_pick(half: PairScores, nodes: Nodes) -> Nodes:
            return half.find(self._asked(nodes, free), k=1, max_steps=MAX_STEPS).sets[0]

        if free not in self._picks:
            self._picks[free] = self._reliability(best_pick)
        return self._picks[free]

    def _asked(self, nodes: Nodes, free: tuple[str, ...]) -> Question:
        vocabulary, own = self.train.vocabulary, named(nodes, self.train.vocabulary)
        known = {name: values for name, values in own.items() if name not in free}
        asked = PartialCampaign(known=known, free=free)
        return read_partial(asked, vocabulary, self.train.usual)

    def _reliability(self, best_of: Callable[[PairScores, Nodes], Nodes]) -> float:
        """What is left of gains by one half, in the other's eyes; for both halves together."""
        gains = np.zeros(2)
        for nodes in self.tried:
            for i, half in enumerate(self.halves):
                best = best_of(half, nodes)
                gains += [-np.diff(of.of([best, nodes]))[0] for of in (half, self.halves[i ^ 1])]
        stated, seen = gains.tolist()
        share = min(max(seen / stated, 0.0), 1.0) if stated > 0 else 1.0
        return 2 * share / (1 + share)

    def width(self, nodes: Nodes, free: tuple[str, ...]) -> float:
        """How far the 80% interval of a pick's score reaches to either side.

        The halves' own spread at the pick, and the standard error of true scores about shrunk
        ones, which is the same for all picks (Kelley 1947).
        """
        margins = [half.of([nodes])[0] - half.cuts[-1] for half in self.halves]
        left = self.pick(free)
        return (
            Z80 * INFLATE * float(np.hypot(np.std(margins), self.sd * (left * (1 - left)) ** 0.5))
        )

    def width_of_gain(self, before: Nodes, after: Nodes) -> float:
        """The same of the gain in the best label's probability."""
        chances = [half.chances(half.of([before, after]))[:, -1] for half in self.halves]
        return Z80 * INFLATE_GAIN * float(np.diff(chances).std())

    def shrunk(self, scores: Floats, free: tuple[str, ...]) -> Floats:
        """Scores of picks, without what comes of being picked."""
        return self.centre + self.pick(free) * (scores - self.centre)


def measure_spread(
    model: object, scores: Scores, train: Training, *, num_splits: int, seed: int
) -> Spread | None:
    """Refit a model on both halves of some splits of its campaigns.

    Parameters
    ----------
    model : object
    scores : Scores
        Of the model.
    train : Training
    num_splits, seed : int

    Returns
    -------
    Spread or None
        None of another model than a `PairwiseOrdinalClassifier` with probabilities, and where a
        label has too few rows to be halved.
    """
    if not isinstance(model, PairwiseOrdinalClassifier) or not isinstance(scores, PairScores):
        return None
    if train.labels is None or not scores.labels or train.rarest < _LEAST_ROWS:
        return None
    rng = stream(seed, "recommend", "halves")
    num, halves, told = len(train.sets), [], scores.of(train.sets)
    for _ in range(num_splits):
        parts = np.array_split(rng.permutation(num), 2)
        halves += [_refit(model, scores, train, told, np.sort(part)) for part in parts]
    tried = [train.sets[row] for row in rng.choice(num, min(_TRIED, num), replace=False).tolist()]
    return Spread(halves, train, tried, float(told.mean()), float(told.std()))


def _refit(
    model: PairwiseOrdinalClassifier,
    scores: PairScores,
    train: Training,
    told: Floats,
    rows: Nodes,
) -> PairScores:
    """The model of some rows, in the numbers and on the scale (`told`) of the whole model."""
    settings = model.get_params() | {"penalty": tuple(model.penalty_), "order": scores.labels}
    if not model.uses_prior_:
        settings["prior"] = None
    half = PairwiseOrdinalClassifier(**settings).fit(*train.rows(rows))
    known = half.vocabulary_
    table = extended_effects(half.effects_, known)
    stand_in = {name: len(known) + code for code, name in enumerate(known.modalities)}
    places = [known.node_of.get(key, stand_in.get(key[0], 0)) for key in scores.vocabulary.keys]
    effects = (table + table.T)[np.ix_(places, places)]
    modality = scores.vocabulary.modality_of
    effects[modality[:, np.newaxis] == modality] = 0.0
    seen = replace(scores, effects=effects).of(train.sets)
    stretch = float(told.std() / (seen.std() or 1.0))
    cuts = scores.cuts + stretch * seen.mean() - told.mean()
    return replace(scores, effects=stretch * effects, cuts=cuts)
