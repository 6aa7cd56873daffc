"""How good recommended campaigns are, in truth where it is known and by logs where it is not.

What was logged was seldom the best that could be done, so hits of logged values are given beside
those of random and of the oracle; where the truth is known, the share of the gain comes first.

References: Swaminathan and Joachims 2015 (self-normalised estimates); Dudik, Langford and Li 2011
(doubly robust ones).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_count
from campaignkit.classify.labels import ranks_of
from campaignkit.errors import EvaluationError
from campaignkit.graph import SignedGraph
from campaignkit.recommend import Recommender
from campaignkit.recommend.scores import Scores
from campaignkit.recommend.training import Training, named
from campaignkit.seeds import stream

Floats = NDArray[np.float64]
Campaign = Mapping[str, list[str]]

_DRAWS = 20  # random completions of a row
_TOP, _DEEP = 3, 10  # of hit rate and NDCG
NO_OFF_POLICY = (
    "what these campaigns would have brought cannot be known from the logs: no propensities, the "
    "probabilities with which the logged values were chosen, are given"
)


@dataclass(frozen=True)
class RecommenderScore:
    """A recommender's scores where some modalities are hidden.

    Attributes
    ----------
    hidden : tuple of str
        Modalities that were to be completed.
    num_rows : int
    scores : dict of str to float
        Of the answers themselves: "told", the mean probability (or score) of first picks;
        "likeness", the mean Jaccard index of two of the k; "values_used", the share of the hidden
        modalities' values that came at all. With a truth: "gain_captured", (pick - random) /
        (optimum - random); "regret", optimum - pick; "true", the value of first picks;
        "best_of_k"; and "covered", the share of intervals that the true value lies in.
    ranking : dict of str to dict of str to float
        Hit rate at 3, NDCG at 10 and mean reciprocal rank of logged values, over rows of the best
        label: of the recommender, of random and of the oracle. Where one modality is hidden.
    off_policy : dict of str to float
        Value of the recommender's own choices by logged propensities: "logged", "snips",
        "doubly_robust" and "matched", the number of rows whose logged choice it shares.
    notes : tuple of str

    Examples
    --------
    >>> print(RecommenderScore(("geo",), 9, {"gain_captured": 0.8, "told": 0.7}))
    geo hidden, 9 rows: gain_captured 0.800, told 0.700
    """

    hidden: tuple[str, ...]
    num_rows: int
    scores: dict[str, float]
    ranking: dict[str, dict[str, float]] = field(default_factory=dict)
    off_policy: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        heads = {f"{' and '.join(self.hidden)} hidden, {self.num_rows:,} rows": self.scores}
        heads |= {f"  {who}": of for who, of in self.ranking.items()}
        heads |= {"  off-policy": self.off_policy} if self.off_policy else {}
        lines = [
            f"{head}: {', '.join(f'{name} {score:.3f}' for name, score in of.items())}"
            for head, of in heads.items()
        ]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def evaluate_recommender(
    recommender: Recommender,
    test: Any,
    *,
    truth: SignedGraph | Scores | None = None,
    chance: Callable[[Floats], Floats] | None = None,
    hide: str | Sequence[str] | None = None,
    k: int = 5,
    num_rows: int = 200,
    propensities: Sequence[float] | None = None,
    seed: int = 0,
) -> list[RecommenderScore]:
    """Hide modalities of test campaigns, complete them again, and judge what comes.

    Parameters
    ----------
    recommender : Recommender
    test : CampaignDataset or (records, labels)
        Campaigns that the model was not trained on.
    truth : SignedGraph or Scores, optional
        What campaigns are worth: the graph of a simulated world.
    chance : callable, optional
        From the truth's scores, float64[n], to true probabilities of the best label; rising. By
        default values are the scores themselves, and intervals are not judged.
    hide : str or sequence of str, optional
        Modalities to hide together; by default each one by itself.
    k : int
        How many are recommended.
    num_rows : int
        Rows that are tried, drawn from the test campaigns.
    propensities : float[rows], optional
        Of each test campaign, the probability with which its hidden values were chosen. All test
        campaigns count then, not only those drawn.
    seed : int

    Returns
    -------
    list of RecommenderScore
        One for each set of hidden modalities.

    Raises
    ------
    EvaluationError
        If campaigns have no labels, or there are not as many propensities in (0, 1].

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> test = ([{"brand": "Nike", "audience": "Athletes", "platform": "TikTok"}] * 2, ["pos"] * 2)
    >>> score = evaluate_recommender(ck.Recommender(graph), test, truth=graph, hide=["platform"])
    >>> score[0].scores["gain_captured"], score[0].scores["regret"]
    (1.0, 0.0)
    """
    checked_count(num_rows, "num_rows", error=EvaluationError)
    records, labels = test if isinstance(test, tuple) else (test, None)
    rows = Training.of(records, labels, recommender.vocabulary)
    if rows.labels is None:
        raise EvaluationError("the test campaigns have no labels", hint="pass (records, labels)")
    given = None if propensities is None else np.asarray(propensities, np.float64)
    if given is not None and (given.shape != (len(rows.sets),) or not _in_unit(given)):
        raise EvaluationError(
            f"propensities have shape {given.shape}; expected {len(rows.sets)} numbers in (0, 1]",
            hint="the probability with which each campaign's hidden values were chosen",
        )
    rng = stream(seed, "evaluation", "recommendations")
    campaigns: list[Campaign] = [named(nodes, recommender.vocabulary) for nodes in rows.sets]
    drawn = np.sort(rng.permutation(len(campaigns))[:num_rows]).tolist()
    classes = np.unique(rows.labels)
    order = recommender.scores.labels or classes[np.argsort(ranks_of(classes, None))].tolist()
    is_best = rows.labels == order[-1]
    oracle = None if truth is None else Recommender(truth)
    if isinstance(hide, str):
        hide = [hide]
    found = []
    for hidden in (
        [tuple(hide)] if hide else [(name,) for name in recommender.vocabulary.modalities]
    ):
        known: list[Campaign] = [
            {name: of for name, of in c.items() if name not in hidden} for c in campaigns
        ]
        trial = _Trial(recommender, oracle, chance, hidden, rng)
        some, off_policy = [known[row] for row in drawn], {}
        ranking: dict[str, dict[str, float]] = {}
        if given is not None:
            off_policy = trial.off_policy(known, campaigns, is_best, 1 / given)
        if len(hidden) == 1:
            hits = [row for row in drawn if is_best[row] and campaigns[row].get(hidden[0])]
            ranking = trial.ranking([(known[row], campaigns[row]) for row in hits])
        scores, notes = trial.answers(some, k), () if off_policy else (NO_OFF_POLICY,)
        found.append(RecommenderScore(hidden, len(drawn), scores, ranking, off_policy, notes))
    return found


def _in_unit(numbers: Floats) -> bool:
    return bool(((numbers > 0) & (numbers <= 1)).all())


def _value(recommender: Recommender, campaigns: Sequence[Campaign]) -> Floats:
    """float64[campaigns], scores; of attributes that the model knows."""
    node_of = recommender.vocabulary.node_of
    keys = [[(name, value) for name, of in c.items() for value in of] for c in campaigns]
    if strange := sorted({key for of in keys for key in of} - {*node_of}):
        raise EvaluationError(f"the truth lacks {len(strange):,} attributes, such as {strange[0]}")
    return recommender.scores.of([np.array(sorted(map(node_of.__getitem__, of))) for of in keys])


@dataclass(frozen=True)
class _Trial:
    """One set of hidden modalities."""

    recommender: Recommender
    oracle: Recommender | None
    chance: Callable[[Floats], Floats] | None
    hidden: tuple[str, ...]
    rng: np.random.Generator

    def answers(self, known: Sequence[Campaign], k: int) -> dict[str, float]:
        """What is recommended, in itself and in truth."""
        rec, values = self.recommender, self.recommender.vocabulary.to_values()
        advice = rec.complete_many(known, k=k, free=self.hidden)
        first = [of[0] for of in advice]
        chosen = [
            [{(n, v) for n in self.hidden for v in a.campaign.get(n, ())} for a in of]
            for of in advice
        ]
        likeness = [
            len(a & b) / max(len(a | b), 1) for of in chosen for a, b in combinations(of, 2)
        ]
        used = {key for of in chosen for part in of for key in part}
        scores = {
            "told": float(np.mean([a.score if a.chance is None else a.chance for a in first])),
            "likeness": float(np.mean(likeness or [1.0])),
            "values_used": len(used) / sum(len(values[name]) for name in self.hidden),
        }
        if self.oracle is None:
            return scores
        usual = {} if rec.train is None else rec.train.usual
        ranges = {name: usual.get(name, (1, 1)) for name in self.hidden}
        best = self.oracle.complete_many(known, free=self.hidden, type_ranges=ranges)
        optimum, picked = (
            self.true([of.campaign for of in a]) for a in ([b[0] for b in best], first)
        )
        drawn = [{**of, **self.random(values, ranges)} for of in known for _ in range(_DRAWS)]
        random = float(self.true(drawn).mean())
        room = float(optimum.mean()) - random
        best_of_k = [self.true([a.campaign for a in of]).max() for of in advice]
        inside = [
            a.interval[0] <= value <= a.interval[1]
            for a, value in zip(first, picked.tolist(), strict=True)
            if a.interval is not None and self.chance is not None
        ]
        return {
            "gain_captured": float((picked.mean() - random) / room) if room > 0 else 1.0,
            "regret": float((optimum - picked).mean()),
            "true": float(picked.mean()),
            "random": random,
            "optimum": float(optimum.mean()),
            "best_of_k": float(np.mean(best_of_k)),
            **({"covered": float(np.mean(inside))} if inside else {}),
            **scores,
        }

    def true(self, campaigns: Sequence[Campaign]) -> Floats:
        assert self.oracle is not None
        scores = _value(self.oracle, campaigns)
        return scores if self.chance is None else np.asarray(self.chance(scores), np.float64)

    def random(
        self, values: Mapping[str, list[str]], ranges: Mapping[str, tuple[int, int]]
    ) -> Campaign:
        nums = {name: self.rng.integers(low, high + 1) for name, (low, high) in ranges.items()}
        return {
            name: self.rng.choice(values[name], num, replace=False).tolist()
            for name, num in nums.items()
        }

    def ranking(self, rows: Sequence[tuple[Campaign, Campaign]]) -> dict[str, dict[str, float]]:
        """Where the logged values of one modality stand among all of its values."""
        (name,), found = self.hidden, {}
        values = self.recommender.vocabulary.to_values()[name]
        worth = 1 / np.log2(np.arange(len(values)) + 2)
        raters = {"recommender": self.recommender, "random": None, "oracle": self.oracle}
        for who, rater in raters.items():
            told = []
            for rest, logged in rows if who == "random" or rater is not None else ():
                tried = [{**rest, name: [value]} for value in values]
                rated = self.rng.random(len(values)) if rater is None else _value(rater, tried)
                hits = np.isin(values, logged[name])[np.argsort(-rated, kind="stable")]
                ideal = worth[: min(int(hits.sum()), _DEEP)].sum()
                ndcg = (hits * worth)[:_DEEP].sum() / ideal
                told.append([hits[:_TOP].any(), ndcg, 1 / (1 + hits.argmax())])
            if told:
                heads = f"HR@{_TOP}", f"NDCG@{_DEEP}", "MRR"
                found[who] = dict(zip(heads, np.mean(told, axis=0).tolist(), strict=True))
        return found

    def off_policy(
        self,
        known: list[Campaign],
        own: list[Campaign],
        reward: NDArray[np.bool_],
        weights: Floats,
    ) -> dict[str, float]:
        """Value of the recommender's choices, by the rows whose logged choice it shares."""
        rec = self.recommender
        picks = [of[0].campaign for of in rec.complete_many(known, free=self.hidden)]
        match = np.array([pick == campaign for pick, campaign in zip(picks, own, strict=True)])
        share = match * weights
        told = {"logged": float(reward.mean()), "matched": float(match.sum())}
        if match.any():
            told["snips"] = float((share * reward).sum() / share.sum())
        if rec.scores.labels:
            of_pick, of_own = (rec.scores.chances(_value(rec, of))[:, -1] for of in (picks, own))
            told["doubly_robust"] = float((of_pick + share * (reward - of_own)).mean())
        return told
