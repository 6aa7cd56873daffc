"""From cluster scores to pairs: which inherit, which are classified or left out, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.methods.packing import calls_by_primary
from campaignkit.edges.methods.prefilter.asking import ClusterLabel, ClusterScore
from campaignkit.edges.methods.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.pairs import Outcome, PairStates, PairTable
from campaignkit.errors import GraphError

CallPacking = Literal["published", "mixed"]


class Route(IntEnum):
    """What becomes of the pairs of two clusters."""

    INHERIT_POSITIVE = 0
    """All are +, but those of members flagged as noise, which are classified."""
    INHERIT_NEGATIVE = 1
    """All are -, with the same exception."""
    CLASSIFY = 2
    """Each is judged by itself."""
    DISCARD = 3
    """Between the bands: nobody judges them."""
    NOT_VIABLE = 4
    """The score was null: the combination is implausible or prohibited."""
    UNSCORED = 5
    """No score came; each pair is judged by itself, so that none is lost."""

    @property
    def word(self) -> str:
        """In small letters."""
        return self.name.lower().replace("_", " ")


_INHERITING = (Route.INHERIT_POSITIVE, Route.INHERIT_NEGATIVE)


@dataclass(frozen=True, slots=True)
class Bands:
    """Where scores from 0 to 10 are cut; the defaults are the published ones.

    Parameters
    ----------
    positive, negative : float
        From the first on, and up to the second, a score says something; what lies strictly
        between is discarded.
    inherit_positive, inherit_negative : float
        From the first on all pairs are +, up to the second all are -, without a further call.
        The published table has 8 and 3, the published text 9 and 2 (`stricter`).

    Raises
    ------
    GraphError
        Unless 0 <= inherit_negative <= negative < positive <= inherit_positive. Above 10 or below
        0 nothing is inherited.

    Examples
    --------
    >>> [Bands().route(score).word for score in (9, 7, 5, 4, 0, None)]
    ['inherit positive', 'classify', 'discard', 'classify', 'inherit negative', 'not viable']
    """

    positive: float = 7.0
    negative: float = 4.0
    inherit_positive: float = 8.0
    inherit_negative: float = 3.0

    def __post_init__(self) -> None:
        held = self.inherit_negative, self.negative, self.positive, self.inherit_positive
        is_number = all(isinstance(one, int | float) and one is not True for one in held)
        if not is_number or not held[0] <= held[1] < held[2] <= held[3]:
            raise GraphError(
                f"these bands are not possible: {self!r:.200}",
                hint="give numbers: inherit_negative <= negative < positive <= inherit_positive",
            )

    @classmethod
    def stricter(cls) -> Bands:
        """The bands of the published text: 9 and 2 are inherited.

        Examples
        --------
        >>> Bands().route(8).word, Bands.stricter().route(8).word
        ('inherit positive', 'classify')
        """
        return cls(inherit_positive=9.0, inherit_negative=2.0)

    def route(self, score: float | None) -> Route:
        """What becomes of the pairs of two clusters with this score; None is "not viable"."""
        if score is None:
            return Route.NOT_VIABLE
        if score >= self.inherit_positive:
            return Route.INHERIT_POSITIVE
        if score <= self.inherit_negative:
            return Route.INHERIT_NEGATIVE
        if score >= self.positive or score <= self.negative:
            return Route.CLASSIFY
        return Route.DISCARD


@dataclass(frozen=True, slots=True, repr=False)
class Prefiltering:
    """The steps of a pre-filter as they went.

    Attributes
    ----------
    clustering : Clustering
        Every attribute in one cluster, noise flagged.
    labels : tuple of ClusterLabel
        By cluster number.
    scores : tuple of ClusterScore
        Of every two clusters of different modalities.
    bands : Bands
        What the scores were cut by.
    settings : mapping of str to str
        Embedder, reduction, clusterer and the other parameters.
    described : mapping of int to str
        The descriptions that the model gave, by catalogue position; see `catalogue`.
    not_described : mapping of int to str
        Why attributes have no description though the model was asked.
    by_fallback : tuple of str
        Modalities that were described by the fallback's points: no guide has their name.

    Examples
    --------
    >>> import numpy as np
    >>> empty = Clustering(Catalogue([]), (), np.zeros((0, 2)))
    >>> Prefiltering(empty, (), (), Bands(), {}, {}, {}).discarded
    []
    """

    clustering: Clustering
    labels: tuple[ClusterLabel, ...]
    scores: tuple[ClusterScore, ...]
    bands: Bands
    settings: Mapping[str, str]
    described: Mapping[int, str]
    not_described: Mapping[int, str]
    by_fallback: tuple[str, ...] = ()

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue with the descriptions that the model gave: paid for, so keep them."""
        return Catalogue(
            replace(a, description=self.described.get(position, a.description))
            for position, a in enumerate(self.clustering.catalogue)
        )

    def route(self, score: ClusterScore) -> Route:
        """What a score meant for the pairs of its two clusters."""
        return self.bands.route(score.score) if score.is_answered else Route.UNSCORED

    def members(self, cluster: Cluster | int) -> tuple[Attribute, ...]:
        """The attributes of a cluster."""
        held = self.clustering.clusters[cluster] if isinstance(cluster, int) else cluster
        return tuple(self.clustering.catalogue[position] for position in held.members)

    @property
    def pairs_by_route(self) -> dict[str, int]:
        """What became of the pairs: adds up to all of them.

        "noise" are those that would have inherited, but for a member flagged as noise, and were
        classified instead.
        """
        counts = {route.word: 0 for route in Route} | {"noise": 0}
        for one in self.scores:
            ends = [self.clustering.clusters[number] for number in (one.source, one.target)]
            route, clean = self.route(one), self.num_pairs(one)
            if route in _INHERITING:
                clean = prod(len(end) - len(end.noise) for end in ends)
            counts[route.word] += clean
            counts["noise"] += self.num_pairs(one) - clean
        return counts

    def num_pairs(self, score: ClusterScore) -> int:
        """How many pairs a score decides."""
        clusters = self.clustering.clusters
        return len(clusters[score.source]) * len(clusters[score.target])

    @property
    def discarded(self) -> list[tuple[str, str, int | None, str, int]]:
        """Whose pairs nobody judged: two labels, the score, why, and how many pairs.

        Not viable ones, whose score was null, stand apart from those between the bands.
        """
        return [
            (
                self.labels[one.source].label,
                self.labels[one.target].label,
                one.score,
                self.route(one).word,
                self.num_pairs(one),
            )
            for one in self.scores
            if self.route(one) in (Route.DISCARD, Route.NOT_VIABLE)
        ]

    def to_dict(self) -> dict[str, Any]:
        """JSON values; :meth:`from_dict` reads them."""
        held: dict[str, Any] = TypeAdapter(type(self)).dump_python(self, mode="json")
        return held

    @classmethod
    def from_dict(cls, held: Mapping[str, Any], *, catalogue: Catalogue) -> Prefiltering:
        """What `to_dict` wrote, of the same catalogue."""
        clustering = {**held["clustering"], "catalogue": catalogue}
        return TypeAdapter(cls).validate_python({**held, "clustering": clustering})

    def __repr__(self) -> str:
        return f"Prefiltering({self.clustering!r}, {len(self.scores):,} scores)"

    def __str__(self) -> str:
        clusters, noise = self.clustering.clusters, self.clustering.is_noise
        routes = Counter(self.route(one).word for one in self.scores)
        scored = ", ".join(f"{count:,} {word}" for word, count in routes.most_common())
        pairs = ", ".join(f"{count:,} {word}" for word, count in self.pairs_by_route.items())
        return (
            f"{len(self.clustering.catalogue):,} attributes in {len(clusters):,} clusters, "
            f"{noise.sum():,} of them noise\n"
            f"  {len(self.scores):,} scores: {scored}\n  pairs: {pairs}"
            + "".join(
                f"\n  no guide for modality {modality!r}: described by the fallback's points"
                for modality in self.by_fallback
            )
        )


def enter_routes(states: PairStates, pairs: PairTable, found: Prefiltering) -> NDArray[np.int64]:
    """Write into the states what is known without judging, each pair with its reason.

    Returns
    -------
    int64[k]
        The pairs to be judged one by one: those of the route, of clusters without a score, and
        those of inheriting clusters that involve a member flagged as noise.
    """
    clustering, scores = found.clustering, found.scores
    at = np.full((len(clustering.clusters),) * 2, -1, dtype=np.int32)
    for position, one in enumerate(scores):
        at[one.source, one.target] = at[one.target, one.source] = position
    of_ends = clustering.of_attribute[pairs.pairs]
    score_of = at[of_ends[:, 0], of_ends[:, 1]]
    flagged = clustering.is_noise[pairs.pairs]
    noisy = flagged[:, 0] | flagged[:, 1]
    ends = np.cumsum(np.bincount(score_of, minlength=len(scores)))
    parts = np.split(np.argsort(score_of, kind="stable"), ends[:-1])
    judged = [np.zeros(0, dtype=np.int64)]
    for one, rows in zip(scores, parts, strict=True):
        route = found.route(one)
        named = f"{found.labels[one.source].label!r} with {found.labels[one.target].label!r}"
        reason = f"clusters {named}: {'null' if one.score is None else f'{one.score} of 10'}"
        if route in _INHERITING:
            sign, score = 1 if route is Route.INHERIT_POSITIVE else -1, float(one.score or 0)
            clean = rows[~noisy[rows]]
            states.decide(clean, sign, by="inherited", strength=score, reason=reason)
            judged.append(rows[noisy[rows]])
        elif route in (Route.CLASSIFY, Route.UNSCORED):
            judged.append(rows)
        else:
            outcome = Outcome.NOT_VIABLE if route is Route.NOT_VIABLE else Outcome.DISCARDED
            states.set_outcome(rows, outcome, reason=reason)
    return np.sort(np.concatenate(judged))


def score_calls(
    clustering: Clustering, *, packing: CallPacking, targets_per_call: int
) -> list[tuple[int, list[int]]]:
    """Which clusters are scored against which: (source, targets) by number, a call each.

    Examples
    --------
    >>> clusters = tuple(Cluster(i, m, (i,)) for i, m in enumerate(["geo", "brand", "geo"]))
    >>> found = Clustering(Catalogue([]), clusters, np.zeros((0, 2)))
    >>> score_calls(found, packing="published", targets_per_call=25)
    [(1, [0, 2])]
    """
    nodes = Catalogue(Attribute(one.modality, str(one.number)) for one in clustering.clusters)
    table = PairTable(nodes)
    calls = calls_by_primary(table, packing, batch_size=targets_per_call)
    return [(source, (table.pairs[rows].sum(axis=1) - source).tolist()) for source, rows in calls]
