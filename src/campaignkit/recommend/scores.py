"""What a recommender asks of a model: scores of campaigns, and the best completions by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify import Classifier, PairwiseOrdinalClassifier
from campaignkit.classify.estimator import RecordClassifier
from campaignkit.classify.labels import ranks_of
from campaignkit.classify.ordinal import ordinal_probabilities
from campaignkit.classify.pair_tally import num_pairs, pair_scores
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.errors import ClassifierError
from campaignkit.graph import SignedGraph
from campaignkit.graph.derived import canonical_order
from campaignkit.recommend.changes import changes_of
from campaignkit.recommend.partial import Question
from campaignkit.recommend.search import find_best, pool_of
from campaignkit.seeds import stream

Floats = NDArray[np.float64]
Nodes = NDArray[np.int64]

_ASCENTS, _MOST_ROUNDS = 6, 100  # of a model that answers for whole campaigns only
_UNCHOSEN = (
    "ranks and no probabilities: the model's penalties were not chosen by log-loss on rows held "
    "out; fit with penalty=None and 10 rows or more of each label"
)


class Completions(NamedTuple):
    """The best completions of a question.

    Attributes
    ----------
    sets : list of int64[size]
        Nodes, ascending; the best first.
    bound : float
        No other completion has a higher score: -inf where that is proved of the last one, inf
        where no bound is known.

    Examples
    --------
    >>> Completions([np.array([0, 3])], -np.inf).bound
    -inf
    """

    sets: list[Nodes]
    bound: float


@runtime_checkable
class Scores(Protocol):
    """Scores of campaigns by a model; higher is better.

    :func:`campaignkit.testing.check_scores` tests yours for what is promised here.

    Attributes
    ----------
    vocabulary : Vocabulary
        The attributes that the model knows.
    labels : tuple
        From worst to best; empty where there are no probabilities.
    notes : tuple of str
        What is to be told with every answer.
    """

    vocabulary: Vocabulary
    labels: tuple[Any, ...]
    notes: tuple[str, ...]

    def of(self, sets: Sequence[Nodes]) -> Floats:
        """float64[sets], scores of node sets."""
        ...

    def chances(self, scores: Floats) -> Floats:
        """float64[sets, labels], probabilities of scores."""
        ...

    def find(self, question: Question, *, k: int, max_steps: int) -> Completions:
        """The k best completions, or all where there are fewer."""
        ...


@dataclass(eq=False)
class PairScores:
    """Scores that are the mean effect of a campaign's pairs: their best completions are proved.

    Attributes
    ----------
    effects : float64[n, n]
        Symmetric; 0 within a modality.
    gain : float
        A score is so many times the mean effect.
    cuts : float64[labels - 1]
        Where scores change labels.
    centre : float
        The effect of the average pair, from which reasons are measured.
    met : bool[n, n] or None
        Pairs that came in a training campaign.
    graph : SignedGraph or None
        Where the effects come from, if they are signs.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("a", "x"), ("b", "y")])
    >>> PairScores(vocabulary, np.array([[0, 2.0], [2.0, 0]])).of([np.array([0, 1])]).tolist()
    [2.0]
    """

    vocabulary: Vocabulary
    effects: Floats
    gain: float = 1.0
    cuts: Floats = field(default_factory=lambda: np.zeros(0))
    labels: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    centre: float = 0.0
    met: NDArray[np.bool_] | None = None
    graph: SignedGraph | None = None

    def of(self, sets: Sequence[Nodes]) -> Floats:
        """float64[sets], scores of node sets."""
        nodes, sizes = _flat(sets)
        offsets, scale = (
            np.append(0, np.cumsum(sizes)),
            self.gain / np.maximum(num_pairs(sizes), 1),
        )
        return pair_scores(nodes, offsets, self.effects.ravel(), scale)

    def chances(self, scores: Floats) -> Floats:
        """float64[sets, labels], probabilities of scores."""
        return ordinal_probabilities(scores, self.cuts)

    def find(self, question: Question, *, k: int, max_steps: int) -> Completions:
        """The k best completions, proved within `max_steps` steps of branch and bound."""
        pool, nodes = pool_of(question, self.effects)
        found = find_best(pool, k=k, max_steps=max_steps)
        sets = [np.sort(np.append(question.fixed, nodes[chosen])) for chosen in found.sets]
        return Completions(sets, self.gain * found.bound)

    def origin(self, one: int, other: int) -> str:
        """Where the effect of two nodes comes from, in a word."""
        if self.graph is not None:
            edge = self.graph.edge(self.vocabulary.keys[one], self.vocabulary.keys[other])
            return "not judged" if edge is None else edge.decided_by
        return "learned" if self.met is None or self.met[one, other] else "predicted"


@dataclass(eq=False)
class ClassifierScores:
    """The probability of the best label, of a model that answers for whole campaigns only.

    Examples
    --------
    >>> from campaignkit.classify import OneHotLogistic
    >>> model = OneHotLogistic().fit([{"geo": "Peru"}, {"geo": "Chile"}] * 9, ["pos", "neg"] * 9)
    >>> scores = ClassifierScores(model, model.vocabulary_, 1)
    >>> bool(np.diff(scores.of([np.array([0]), np.array([1])]))[0] > 0)  # Chile, Peru
    True
    """

    classifier: Classifier
    vocabulary: Vocabulary
    column: int
    labels: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ("found by ascents, unproven: the model scores whole campaigns only",)

    def of(self, sets: Sequence[Nodes]) -> Floats:
        """float64[sets], the probability of the best label."""
        nodes, sizes = _flat(sets)
        block = Block.of_sizes(nodes, sizes, np.zeros(len(sizes), np.uint8))
        rows = CampaignDataset(block, self.vocabulary, ["unknown"])
        return np.asarray(self.classifier.predict_proba(rows)[:, self.column], np.float64)

    def chances(self, scores: Floats) -> Floats:
        """Nothing: these probabilities are not calibrated where a search goes."""
        return np.zeros((len(scores), 0))

    def find(self, question: Question, *, k: int, max_steps: int) -> Completions:
        """The best of all campaigns that ascents by single changes met; `max_steps` is unused."""
        del max_steps
        met: dict[tuple[int, ...], float] = {}
        rng, num = stream(0, "recommend", "ascents"), len(self.vocabulary)
        pool, nodes = pool_of(question, np.zeros((num, num)))
        for _ in range(_ASCENTS):
            # A random campaign that keeps all rules: the best one of random effects.
            drawn = find_best(pool._replace(degree=pool.degree + rng.random(len(nodes))), k=1)
            around = [np.sort(np.append(question.fixed, nodes[of])) for of in drawn.sets]
            best, rounds = -np.inf, 0
            while around and rounds < _MOST_ROUNDS:
                values, rounds = self.of(around), rounds + 1
                met |= zip((tuple(of.tolist()) for of in around), values.tolist(), strict=True)
                if values.max() <= best:
                    break
                best, here = values.max(), around[int(values.argmax())]
                around = [change.nodes for change in changes_of(question, here)]
        ranked = sorted(met, key=lambda of: (-met[of], of))[:k]
        return Completions([np.array(of, np.int64) for of in ranked], np.inf)


def _flat(sets: Sequence[Nodes]) -> tuple[NDArray[np.int32], Nodes]:
    """All nodes, set after set, and the size of each set."""
    nodes = np.concatenate([*sets, np.zeros(0, np.int64)]).astype(np.int32)
    return nodes, np.array([len(of) for of in sets], np.int64)


def scores_of(
    model: object, vocabulary: Vocabulary | None = None, order: Sequence[Any] | None = None
) -> Scores:
    """What a model is to a recommender.

    Parameters
    ----------
    model : PairwiseOrdinalClassifier, SignedGraph, Classifier or Scores
    vocabulary : Vocabulary, optional
        The attributes of the training campaigns, for classifiers that keep none.
    order : sequence, optional
        Labels from worst to best, for classifiers whose labels have names of their own.

    Raises
    ------
    ClassifierError
        If it is none of them, is not fitted, or has effects that are no numbers.

    Examples
    --------
    >>> from campaignkit.graph import Edge
    >>> graph = SignedGraph.from_edges([Edge(("brand", "Nike"), ("geo", "Peru"), 1)])
    >>> scores_of(graph).of([np.array([0, 1])]).tolist()
    [1.0]
    """
    if isinstance(model, SignedGraph):
        places = canonical_order(model.catalogue)
        known = Vocabulary(tuple(model.catalogue[int(place)].key for place in places))
        effects = model.signs[np.ix_(places, places)].astype(np.float64)
        notes = ("the score is the net fraction of signs: a graph gives no probabilities",)
        return PairScores(known, effects, notes=notes, graph=model)
    if isinstance(model, Classifier):  # a fitted one: others have no classes_ yet
        if isinstance(model, PairwiseOrdinalClassifier):
            return _of_pair_model(model)
        found = model.vocabulary_ if isinstance(model, RecordClassifier) else vocabulary
        if found is None:
            raise ClassifierError(
                f"{type(model).__name__} keeps no list of attributes",
                hint="pass the training campaigns: Recommender(model, campaigns)",
            )
        ranks = ranks_of(model.classes_, order, call="Recommender(model, ")
        return ClassifierScores(model, found, int(ranks.argmax()))
    if isinstance(model, Scores):
        return model
    raise ClassifierError(
        f"model is a {type(model).__name__}; expected a fitted classifier or a SignedGraph",
        hint="fit it first: Recommender(PairwiseOrdinalClassifier().fit(campaigns))",
    )


def _of_pair_model(model: PairwiseOrdinalClassifier) -> PairScores:
    effects, modality = model.effects_, model.vocabulary_.modality_of
    if not np.isfinite(effects).all():
        bad = int((~np.isfinite(effects)).sum())
        raise ClassifierError(f"{bad:,} effects are not finite", hint="train the model again")
    is_chosen = model.is_calibrated_ and model.penalty is None
    apart = effects[modality[:, np.newaxis] != modality]
    is_flat = bool(apart.min(initial=np.inf) >= apart.max(initial=-np.inf))
    notes = [] if is_chosen else [_UNCHOSEN]
    notes += ["all pairs have one effect: every completion is as good as another"] * is_flat
    return PairScores(
        model.vocabulary_,
        effects,
        gain=model.gain_,
        cuts=model.cuts_,
        labels=tuple(model.order_.tolist()) if is_chosen else (),
        notes=tuple(notes),
        centre=float(apart.mean()) if len(apart) else 0.0,
        met=model.met_,
    )
