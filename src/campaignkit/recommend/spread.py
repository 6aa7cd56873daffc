"""How far to trust a model where a search looks: refits on halves of its training campaigns.

A search picks what the model scores too high (the optimiser's curse). What one half picks, the
other half values without that favour: the ratio of both gains, corrected for the half length of
the halves, is what a stated gain is to be shrunk by.

References: Smith and Winkler 2006, "The optimizer's curse"; Spearman 1910 and Brown 1910.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify import PairwiseOrdinalClassifier
from campaignkit.classify.effect_graph import extended_effects
from campaignkit.recommend.changes import changes_of
from campaignkit.recommend.partial import PartialCampaign, read_partial
from campaignkit.recommend.scores import PairScores, Scores
from campaignkit.recommend.search import MAX_STEPS
from campaignkit.recommend.training import Training, named
from campaignkit.seeds import stream

Floats = NDArray[np.float64]
Nodes = NDArray[np.int64]

SHRINK = 0.7  # of a swap's stated gain, where it cannot be learned; 5 simulated worlds
# Of the spread of halves, which know nothing of what all of them cannot learn: with this, 80%
# intervals covered 80% of picks in three simulated worlds of 42,000 rows.
INFLATE = 4.0
Z80 = 1.2816  # a normal variable lies within so many standard deviations in 80% of cases
_TRIED = 24  # campaigns that are changed and completed to learn the shrinkage
_LEAST_ROWS = 40  # of the rarest label, so that each half has some to calibrate with


@dataclass(frozen=True, eq=False)
class Spread:
    """Refits of a model on halves of its campaigns, and what they tell.

    Attributes
    ----------
    halves : list of PairScores
        On the model's own vocabulary.
    train : Training
    tried : list of int64[size]
        Campaigns on which the shrinkage is learned.
    centre : float
        Mean score of the training campaigns, which picks are shrunk towards.
    """

    halves: list[PairScores]
    train: Training
    tried: list[Nodes]
    centre: float
    _picks: dict[tuple[str, ...], float] = field(default_factory=dict, init=False)

    @cached_property
    def swap(self) -> float:
        """What is left of the stated gain of the best swap."""
        gains = []
        for nodes in self.tried:
            asked = PartialCampaign(free=[*named(nodes, self.train.vocabulary)])
            question = read_partial(asked, self.train.vocabulary, self.train.usual)
            around = [of.nodes for of in changes_of(question, nodes) if of.kind == "swap"]
            for one, other in self._crossed() if around else ():
                best = around[int(one.of(around).argmax())]
                gains.append([-np.diff(half.of([best, nodes]))[0] for half in (one, other)])
        return _reliability(gains)

    def pick(self, free: tuple[str, ...]) -> float:
        """What is left of the stated advantage of the best completion of some modalities."""
        if free not in self._picks:
            gains = []
            for nodes in self.tried:
                own = named(nodes, self.train.vocabulary)
                known = {name: values for name, values in own.items() if name not in free}
                asked = PartialCampaign(known=known, free=free)
                question = read_partial(asked, self.train.vocabulary, self.train.usual)
                for one, other in self._crossed():
                    best = one.find(question, k=1, max_steps=MAX_STEPS).sets[0]
                    gains.append([-np.diff(half.of([best, nodes]))[0] for half in (one, other)])
            self._picks[free] = _reliability(gains)
        return self._picks[free]

    def _crossed(self) -> list[tuple[PairScores, PairScores]]:
        """Each half with the other half of its split."""
        splits = [self.halves[i : i + 2] for i in range(0, len(self.halves), 2)]
        return [pair for one, other in splits for pair in ((one, other), (other, one))]

    def width(self, nodes: Nodes) -> float:
        """How far a score's 80% interval reaches to either side."""
        margins = [half.of([nodes])[0] - half.cuts[-1] for half in self.halves]
        return Z80 * INFLATE * float(np.std(margins))

    def width_of_gain(self, before: Nodes, after: Nodes) -> float:
        """The same of the gain in the best label's probability."""
        chances = [half.chances(half.of([before, after]))[:, -1] for half in self.halves]
        return Z80 * INFLATE * float(np.diff(chances).std())

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
    num, halves = len(train.sets), []
    for _ in range(num_splits):
        parts = np.array_split(rng.permutation(num), 2)
        halves += [_refit(model, scores, train, np.sort(part)) for part in parts]
    tried = [train.sets[row] for row in rng.choice(num, min(_TRIED, num), replace=False).tolist()]
    return Spread(halves, train, tried, float(scores.of(train.sets).mean()))


def _reliability(gains: list[list[float]]) -> float:
    """What is left of the gains by one half, in the other's eyes; for both halves together."""
    stated, seen = np.sum(gains, axis=0) if gains else (0.0, 0.0)
    share = min(max(seen / stated, 0.0), 1.0) if stated > 0 else 1.0
    return float(2 * share / (1 + share))


def _refit(
    model: PairwiseOrdinalClassifier, scores: PairScores, train: Training, rows: Nodes
) -> PairScores:
    """The model of some rows, its effects in the numbers of the whole model."""
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
    return replace(scores, effects=effects, gain=half.gain_, cuts=half.cuts_)
