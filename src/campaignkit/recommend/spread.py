"""How far to trust a model where a search looks: refits on halves of its training campaigns.

A search picks what the model scores too high (the optimiser's curse). What one half picks, the
other half values without that favour: the ratio of both gains, corrected for the half length of
the halves, is what a stated gain is to be shrunk by.

References: Smith and Winkler 2006, "The optimizer's curse"; Spearman 1910 and Brown 1910.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify import PairwiseOrdinalClassifier
from campaignkit.classify.effect_graph import extended_effects
from campaignkit.recommend.changes import changes_of
from campaignkit.recommend.partial import PartialCampaign, read_partial
from campaignkit.recommend.scores import PairScores, Scores
from campaignkit.recommend.training import Training, named
from campaignkit.seeds import stream

Floats = NDArray[np.float64]
Nodes = NDArray[np.int64]

SHRINK = 0.7  # of a swap's stated gain, where it cannot be learned; 5 simulated worlds
# Of the spread of halves, which know nothing of what all of them cannot learn: with this, 80%
# intervals covered 77% of picks and 78% of swaps in two simulated worlds of 42,000 rows.
INFLATE = 3.0
Z80 = 1.2816  # a normal variable lies within so many standard deviations in 80% of cases
_TRIED = 30  # campaigns that are changed and completed to learn the shrinkage
_FREED = 2  # modalities of each
_FEW_STEPS = 2_000  # of a search that is not shown
_LEAST_ROWS = 40  # of the rarest label, so that each half has some to calibrate with


@dataclass(frozen=True, eq=False)
class Spread:
    """Refits of a model on halves of its campaigns, and what they tell.

    Attributes
    ----------
    halves : list of PairScores
        On the model's own vocabulary.
    centre : float
        Mean score of the training campaigns, which picks are shrunk towards.
    pick, swap : float
        What is left of the stated advantage of a completion, and of the gain of a swap.
    """

    halves: list[PairScores]
    centre: float
    pick: float
    swap: float

    def width(self, nodes: Nodes) -> float:
        """How far a score's 80% interval reaches to either side."""
        margins = [half.of([nodes])[0] - half.cuts[-1] for half in self.halves]
        return Z80 * INFLATE * float(np.std(margins))

    def width_of_gain(self, before: Nodes, after: Nodes) -> float:
        """The same of the gain in the best label's probability."""
        chances = [half.chances(half.of([before, after]))[:, -1] for half in self.halves]
        return Z80 * INFLATE * float(np.diff(chances).std())

    def shrunk(self, scores: Floats) -> Floats:
        """Scores of picks, without what comes of being picked."""
        return self.centre + self.pick * (scores - self.centre)


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
    num, pairs = len(train.sets), []
    for _ in range(num_splits):
        parts = np.array_split(rng.permutation(num), 2)
        pairs.append([_refit(model, scores, train, np.sort(part)) for part in parts])
    picks, swaps = [], []
    for row in rng.choice(num, min(_TRIED, num), replace=False).tolist():
        nodes = train.sets[row]
        own = named(nodes, scores.vocabulary)
        freed = rng.permutation([*own])[:_FREED].tolist()
        known = {name: values for name, values in own.items() if name not in freed}
        asked = PartialCampaign(known=known, free=freed), PartialCampaign(free=[*own])
        some, every = (read_partial(of, scores.vocabulary, train.usual) for of in asked)
        around = [nodes, *(change.nodes for change in changes_of(every, nodes))]
        for one, other in [(a, b) for pair in pairs for a, b in (pair, pair[::-1])]:
            best = one.find(some, k=1, max_steps=_FEW_STEPS).sets[0]
            swap = around[int(one.of(around).argmax())]
            picks.append([-np.diff(half.of([best, nodes]))[0] for half in (one, other)])
            swaps.append([-np.diff(half.of([swap, nodes]))[0] for half in (one, other)])
    return Spread(
        [half for pair in pairs for half in pair],
        float(scores.of(train.sets).mean()),
        _reliability(np.array(picks)),
        _reliability(np.array(swaps)),
    )


def _reliability(gains: Floats) -> float:
    """What is left of the gains by one half, in the other's eyes; for both halves together."""
    stated, seen = gains.sum(axis=0)
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
