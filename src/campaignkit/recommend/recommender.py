"""From a partial campaign to advice: the best completions, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_count, checked_share
from campaignkit.dataset.records import read_records
from campaignkit.errors import InfeasibleSpec, SpecError
from campaignkit.recommend.advice import Advice, Change, Reason
from campaignkit.recommend.changes import changes_of
from campaignkit.recommend.partial import PartialCampaign, Ranges, read_partial
from campaignkit.recommend.scores import PairScores, Scores, scores_of
from campaignkit.recommend.search import MAX_STEPS
from campaignkit.recommend.spread import SHRINK, Spread, measure_spread
from campaignkit.recommend.training import Training, named
from campaignkit.seeds import checked_seed

Floats = NDArray[np.float64]
Nodes = NDArray[np.int64]
Known = Mapping[str, str | Sequence[str]]

MAX_ADVICE = 1000
DIVERSITY = 0.65  # two of five then share .4 of their values, at .01 of probability
_POOL = 150  # completions that the diverse ones are chosen from
_CHUNK = 500  # campaigns of a task
_SHOWN = 3  # reasons of each kind
_SMALL = 0.25  # of the pairs of an average training campaign: below, a few make all of the score
_TOO_SMALL = (
    "ranks and no probabilities: far smaller than training campaigns; leave more modalities free"
)
_FAR = 0.99  # of training scores: beyond, the model has hardly a campaign to go by


class Recommender:
    """Completes campaigns of which a part is known.

    Parameters
    ----------
    model : PairwiseOrdinalClassifier, SignedGraph or another fitted classifier
        The first two have exact search. A graph gives the net fraction of signs and no
        probabilities; another classifier is searched by ascents, and its answers are unproven.
    campaigns : CampaignDataset, data frame or records, optional
        The training campaigns: for usual numbers of values, nearest campaigns and percentiles.
        With their labels, also for intervals, and for probabilities that allow for the search.
    labels : sequence, optional
        Of the campaigns, where they do not bring them.
    order : sequence, optional
        Labels from worst to best, for classifiers whose labels have names of their own.
    num_splits : int
        The model is fitted again on both halves of so many splits of the campaigns, at the first
        answer. 0 leaves intervals out.
    seed : int
        Of the splits.

    Examples
    --------
    >>> import campaignkit as ck
    >>> catalogue = ck.Catalogue.bundled("starter-27")
    >>> graph = ck.build_graph(catalogue, scorer=ck.TraitScorer()).graph
    >>> best = Recommender(graph).complete({"brand": "Nike"}, free=["platform", "audience"])[0]
    >>> best.proven, best.probabilities
    (True, None)
    """

    def __init__(
        self,
        model: object,
        campaigns: Any = None,
        *,
        labels: Any = None,
        order: Sequence[Any] | None = None,
        num_splits: int = 2,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.num_splits = checked_count(num_splits, "num_splits", least=0)
        self.seed = checked_seed(seed)
        given = None if campaigns is None else read_records(campaigns).vocabulary
        self.scores = scores_of(model, given, order)
        self.vocabulary = self.scores.vocabulary
        self.train = None if given is None else Training.of(campaigns, labels, self.vocabulary)

    def complete(
        self,
        known: Known,
        *,
        k: int = 5,
        diversity: float = DIVERSITY,
        max_steps: int = MAX_STEPS,
        explain: bool = True,
        **rules: Any,
    ) -> list[Advice]:
        """The best completions of a campaign, the best first.

        Parameters
        ----------
        known : mapping of modality to values
        k : int
            How many; fewer come back where there are fewer.
        diversity : float
            From 0, the k best, to 1, as different as can be (maximal marginal relevance).
        max_steps : int
            Of the search; where they run out, the best found comes with a bound.
        explain : bool
            Whether to look for reasons and nearest campaigns.
        **rules
            Of :class:`PartialCampaign`: free, allowed, forbidden, forbidden_pairs, type_ranges,
            costs, budget.

        Raises
        ------
        SpecError
            With every fault of the campaign and the rules.
        InfeasibleSpec
            If no completion keeps them.
        """
        checked_count(k, "k", most=MAX_ADVICE)
        checked_share(diversity, "diversity")
        checked_count(max_steps, "max_steps", least=0)
        asked = PartialCampaign(known=known, **rules)
        question = read_partial(asked, self.vocabulary, self._usual)
        wanted = k if k == 1 or diversity == 0 else max(k, _POOL)
        sets, bound = self.scores.find(question, k=wanted, max_steps=max_steps)
        if not sets:
            raise InfeasibleSpec(
                "no completion keeps all rules",
                hint="allow more values, widen type_ranges, or raise the budget",
            )
        scores, notes = self.scores.of(sets), [*self.scores.notes, *question.notes]
        if len(sets) < min(k, wanted) and bound == -np.inf:
            notes.append(f"there are {len(sets):,} completions; {k:,} were asked for")
        chosen = diverse(sets, scores, question.fixed, k, diversity)
        free = tuple(
            sorted({self.vocabulary.keys[of[0]][0] for of, _, _ in question.open if len(of)})
        )
        gaps = np.maximum(bound - scores, 0.0).tolist()
        return [self._advice(sets[i], gaps[i], notes, free, explain=explain) for i in chosen]

    def complete_many(
        self, campaigns: Iterable[Known], *, executor: Executor | None = None, **settings: Any
    ) -> list[list[Advice]]:
        """What :meth:`complete` gives for each of many, without reasons and neighbours.

        Parameters
        ----------
        campaigns : iterable of mappings
            What is known of each. 100,000 are fine; those that are alike are completed once.
        executor : concurrent.futures.Executor, optional
            Where chunks of the campaigns are completed. Any number of workers gives the same.
        **settings
            As for :meth:`complete`; one is given by default, ``k=1``.

        Raises
        ------
        SpecError
            Of the first campaign that cannot be completed.
        """
        listed = list(campaigns)
        keys = [repr(known) for known in listed]
        distinct = dict(zip(keys, listed, strict=True))
        todo = [*distinct.values()]
        chunks = [todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK)]
        _ = self.spread, self._train_scores  # here and once, not in each worker
        run = partial(_complete_chunk, self, {"k": 1, "explain": False} | settings)
        parts = map(run, chunks) if executor is None else executor.map(run, chunks)
        answers = dict(zip(distinct, (of for part in parts for of in part), strict=True))
        return [answers[key] for key in keys]

    def what_if(
        self, campaign: Known, *, free: Sequence[str] | None = None, **rules: Any
    ) -> list[Change]:
        """The best swap, the best addition and the best removal in each modality, best first.

        Parameters
        ----------
        campaign : mapping of modality to values
        free : sequence of str, optional
            The modalities that may change; by default all of the campaign's.
        **rules
            Of :class:`PartialCampaign`; a `budget` limits what the changed campaign costs.

        Returns
        -------
        list of Change
            Gains are shrunk, as a part of what looks best is chance. The shrinkage is learned by
            cross-fitting where there are labelled campaigns; else it is .7.

        Raises
        ------
        SpecError
            With every fault of the campaign and the rules.
        """
        asked = PartialCampaign(known=campaign, free=free, **rules)
        moving = tuple(asked.known) if asked.free is None else asked.free
        asked = asked.model_copy(update={"free": moving})
        nodes = read_partial(asked, self.vocabulary, self._usual).fixed
        if not len(nodes):
            raise SpecError("the campaign has no values", hint="give a value of some modality")
        nums = {name: len(values) for name, values in asked.known.items()}
        usual = {
            name: (min(low, nums.get(name, low)), max(high, nums.get(name, high)))
            for name, (low, high) in self._usual.items()
        }
        known = {name: values for name, values in asked.known.items() if name not in moving}
        question = read_partial(asked.model_copy(update={"known": known}), self.vocabulary, usual)
        changes, spread = [*changes_of(question, nodes)], self.spread
        values = self._values(self.scores.of([nodes, *(change.nodes for change in changes)]))
        gains = values[1:] - values[0]
        shrink, keys = SHRINK if spread is None else spread.swap, self.vocabulary.keys
        best: dict[tuple[int, str], Change] = {}
        for i in np.argsort(-gains, kind="stable").tolist():
            kind, part, out, into, after = changes[i]
            if (part, kind) in best:
                continue
            gain, stated = shrink * float(gains[i]), float(gains[i])
            wide = None if spread is None else spread.width_of_gain(nodes, after)
            best[part, kind] = Change(
                kind,
                keys[question.open[part][0][0]][0],
                None if out is None else keys[out][1],
                None if into is None else keys[into][1],
                gain,
                stated,
                None if wide is None else (max(gain - wide, -1.0), min(gain + wide, 1.0)),
                named(after, self.vocabulary),
            )
        return [*best.values()]

    @cached_property
    def spread(self) -> Spread | None:
        """Refits on halves of the campaigns; None without labels, or where there are too few."""
        if self.train is None or not self.num_splits:
            return None
        return measure_spread(
            self.model, self.scores, self.train, num_splits=self.num_splits, seed=self.seed
        )

    @cached_property
    def _train_scores(self) -> Floats:
        return np.zeros(0) if self.train is None else np.sort(self.scores.of(self.train.sets))

    @property
    def _usual(self) -> Ranges:
        return {} if self.train is None else self.train.usual

    def _values(self, scores: Floats) -> Floats:
        """The best label's probability, or the scores where there are no probabilities."""
        return self.scores.chances(scores)[:, -1] if self.scores.labels else scores

    def _advice(
        self, nodes: Nodes, gap: float, notes: list[str], free: tuple[str, ...], *, explain: bool
    ) -> Advice:
        score, spread, labels = self.scores.of([nodes]), self.spread, self.scores.labels
        told, centre, interval, percentile = [*notes], score, None, None
        pairs = len(nodes) * (len(nodes) - 1) / 2
        usual = self.scores.gain if labels and isinstance(self.scores, PairScores) else 0.0
        if pairs < _SMALL * usual:
            labels = ()
            told.append(_TOO_SMALL)
        elif spread is not None:
            centre, wide = spread.shrunk(score, free), spread.width(nodes, free)
            low, high = self._values(centre + np.array([-wide, wide])).tolist()
            interval = low, high
        elif labels:
            told.append("no interval: it needs labelled training campaigns, enough of each label")
        if len(self._train_scores):
            below = np.searchsorted(self._train_scores, score[0])
            percentile = float(below / len(self._train_scores))
            if percentile > _FAR:
                told.append("above nearly all training campaigns: the model has few to go by here")
        chances = self.scores.chances(centre)[0].tolist()
        return Advice(
            campaign=named(nodes, self.vocabulary),
            score=float(score[0]),
            probabilities=dict(zip(labels, chances, strict=True)) if labels else None,
            interval=interval,
            proven=gap == 0,
            gap=float(gap),
            reasons=reasons_of(self.scores, nodes) if explain else (),
            nearest=self.train.nearest(nodes) if explain and self.train else (),
            percentile=percentile,
            warnings=tuple(told),
        )


def diverse(
    sets: Sequence[Nodes], scores: Floats, fixed: Nodes, k: int, diversity: float
) -> list[int]:
    """Positions of `k` sets that are good and unlike each other: maximal marginal relevance.

    Scores count from 0, the lowest of all sets, to 1, the highest; likeness is the Jaccard index
    of what was chosen.

    References: Carbonell and Goldstein 1998.

    Examples
    --------
    >>> sets = [np.array([0, 1]), np.array([0, 2]), np.array([3, 4])]
    >>> diverse(sets, np.array([1.0, 0.9, 0.8]), np.array([9]), 2, 0.7)
    [0, 2]
    """
    worth = (1 - diversity) * (scores - scores.min()) / (np.ptp(scores) or 1.0)
    parts = [{*nodes.tolist()} - {*fixed.tolist()} for nodes in sets]
    chosen, likeness = [0], np.zeros(len(sets))
    while len(chosen) < min(k, len(sets)):
        last = parts[chosen[-1]]
        like = [len(part & last) / max(len(part | last), 1) for part in parts]
        likeness = np.maximum(likeness, like)
        value = worth - diversity * likeness
        value[chosen] = -np.inf
        chosen.append(int(value.argmax()))
    return sorted(chosen)


def reasons_of(scores: Scores, nodes: Nodes) -> tuple[Reason, ...]:
    """The pairs that help a campaign most, then those that clash most in it.

    Examples
    --------
    >>> from campaignkit.graph import Edge, SignedGraph
    >>> graph = SignedGraph.from_edges([Edge(("brand", "Nike"), ("geo", "Peru"), 1)])
    >>> print(*reasons_of(scores_of(graph), np.array([0, 1])))
    Nike + Peru: +1 (100%, imported)
    """
    if not isinstance(scores, PairScores):
        return ()
    pairs, modality = (
        nodes[np.stack(np.triu_indices(len(nodes), 1))],
        scores.vocabulary.modality_of,
    )
    pairs = pairs[:, modality[pairs[0]] != modality[pairs[1]]]
    effects, keys = scores.effects[*pairs] - scores.centre, scores.vocabulary.keys
    order, total = np.argsort(-effects, kind="stable"), float(np.abs(effects).sum())
    helping = [i for i in order[:_SHOWN] if effects[i] > 0]
    clashing = [i for i in order[::-1][:_SHOWN] if effects[i] < 0]
    reasons = []
    for i in helping + clashing:
        (one, other), effect = pairs[:, i].tolist(), float(effects[i])
        origin = scores.origin(one, other)
        reasons.append(Reason((keys[one], keys[other]), effect, abs(effect) / total, origin))
    return tuple(reasons)


def _complete_chunk(
    recommender: Recommender, settings: Mapping[str, Any], chunk: Sequence[Known]
) -> list[list[Advice]]:
    answers = []
    for known in chunk:
        try:
            answers.append(recommender.complete(known, **settings))
        except SpecError as err:
            which = f"{err.message}: {known!r:.200}"
            raise type(err)(which, hint=err.hint, faults=err.faults) from err
    return answers
