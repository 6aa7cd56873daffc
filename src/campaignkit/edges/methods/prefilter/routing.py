"""From cluster scores to pairs: which inherit, which are classified or left out, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from heapq import heapify, heappop, heappush
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import check_all
from campaignkit.edges.methods.packing import grouped
from campaignkit.edges.methods.prefilter.asking import ClusterLabel, ClusterScore
from campaignkit.edges.methods.prefilter.clustering import Clustering
from campaignkit.edges.pairs import PairTable
from campaignkit.edges.states import Outcome, PairStates
from campaignkit.errors import GraphError

CallPacking = Literal["published", "mixed"]
IntArray = NDArray[np.int64]


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
        bands = {
            name: getattr(self, name)
            for name in ("inherit_negative", "negative", "positive", "inherit_positive")
        }
        check_all(
            "there are no such bands",
            {
                name: (given, isinstance(given, int | float) and given is not True, "a number")
                for name, given in bands.items()
            },
            error=GraphError,
        )
        low, negative, positive, high = bands.values()
        if not low <= negative < positive <= high:
            told = ", ".join(f"{name} {given:g}" for name, given in bands.items())
            raise GraphError(
                f"there are no such bands: {told} do not rise",
                hint="give inherit_negative <= negative < positive <= inherit_positive",
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


@dataclass(frozen=True, slots=True)
class Routing:
    """What becomes of every pair, before any is classified.

    Attributes
    ----------
    route : uint8[P]
        A :class:`Route` each, by pair number.
    score_of : int32[P]
        The position in the list of scores that each pair goes by.
    classified : bool[P]
        Pairs to be judged one by one: those of the route, of clusters without a score, and
        those of inheriting clusters that involve a member flagged as noise.
    """

    route: NDArray[np.uint8]
    score_of: NDArray[np.int32]
    classified: NDArray[np.bool_]

    def counts(self) -> dict[str, int]:
        """Pairs by route; adds up to all pairs. Those flagged as noise are "noise"."""
        noise = (self.route <= Route.INHERIT_NEGATIVE) & self.classified
        counts = np.bincount(self.route[~noise], minlength=len(Route)).tolist()
        return {route.word: counts[route] for route in Route} | {"noise": int(noise.sum())}


def route_pairs(
    pairs: PairTable, clustering: Clustering, scores: Sequence[ClusterScore], bands: Bands
) -> Routing:
    """The route of every pair, by the score of its attributes' clusters."""
    num = len(clustering.clusters)
    at = np.full((num, num), -1, dtype=np.int32)
    routes = np.zeros(len(scores), dtype=np.uint8)
    for position, one in enumerate(scores):
        at[one.source, one.target] = at[one.target, one.source] = position
        routes[position] = bands.route(one.score) if one.is_answered else Route.UNSCORED
    cluster = clustering.of_attribute
    score_of = at[cluster[pairs.pairs[:, 0]], cluster[pairs.pairs[:, 1]]]
    route = routes[score_of]
    noise = clustering.is_noise
    flagged = noise[pairs.pairs[:, 0]] | noise[pairs.pairs[:, 1]]
    inherits = route <= Route.INHERIT_NEGATIVE
    classified = np.isin(route, (Route.CLASSIFY, Route.UNSCORED)) | (inherits & flagged)
    return Routing(route, score_of, classified)


def enter_routes(
    states: PairStates,
    routing: Routing,
    scores: Sequence[ClusterScore],
    labels: Sequence[ClusterLabel],
) -> None:
    """Write into the states what is known without classifying, each pair with its reason."""
    known = np.flatnonzero(~routing.classified)
    order = known[np.argsort(routing.score_of[known], kind="stable")]
    starts = np.flatnonzero(np.diff(routing.score_of[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if len(order) else []:
        one = scores[int(routing.score_of[rows[0]])]
        route = Route(int(routing.route[rows[0]]))
        named = f"{labels[one.source].label!r} with {labels[one.target].label!r}"
        told = "null" if one.score is None else f"{one.score} of 10"
        reason = f"clusters {named}: {told}"
        if route in (Route.INHERIT_POSITIVE, Route.INHERIT_NEGATIVE):
            sign = 1 if route is Route.INHERIT_POSITIVE else -1
            score = float(one.score or 0)
            states.decide(rows, sign, by="inherited", strength=score, reason=reason)
        else:
            outcome = Outcome.NOT_VIABLE if route is Route.NOT_VIABLE else Outcome.DISCARDED
            states.set_outcome(rows, outcome, reason=reason)


def score_calls(
    clustering: Clustering, *, packing: CallPacking, targets_per_call: int
) -> list[tuple[int, list[int]]]:
    """Which clusters are scored against which: (source, targets) by number, a call each.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> from campaignkit.edges.methods.prefilter import Cluster
    >>> clusters = tuple(Cluster(i, m, (i,)) for i, m in enumerate(["geo", "brand", "geo"]))
    >>> found = Clustering(Catalogue([]), clusters, np.zeros((0, 2)))
    >>> score_calls(found, packing="published", targets_per_call=25)
    [(1, [0, 2])]
    """
    ranks = np.unique([cluster.modality for cluster in clustering.clusters], return_inverse=True)[
        1
    ]
    ends = np.argwhere(np.triu(ranks[:, None] != ranks))
    calls = calls_with_primary(ends, ranks, packing=packing, batch_size=targets_per_call)
    return [(source, (ends[rows].sum(axis=1) - source).tolist()) for source, rows in calls]


def pair_calls(
    pairs: PairTable, rows: IntArray, *, packing: CallPacking, batch_size: int
) -> list[IntArray]:
    """Some pairs as calls that judge them; each array holds pair numbers.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> pairs = PairTable(Catalogue.bundled("starter-27"))
    >>> [len(pair_calls(pairs, np.arange(252), packing=packing, batch_size=25))
    ...  for packing in ("published", "mixed")]
    [54, 17]
    """
    ranks = np.unique([attribute.modality for attribute in pairs.catalogue], return_inverse=True)[
        1
    ]
    calls = calls_with_primary(pairs.pairs[rows], ranks, packing=packing, batch_size=batch_size)
    return [rows[held] for _, held in calls]


def calls_with_primary(
    ends: NDArray[np.integer], ranks: IntArray, *, packing: CallPacking, batch_size: int
) -> list[tuple[int, IntArray]]:
    """Pairs of nodes as calls of one primary node each: (primary, rows of `ends`).

    `ranks` holds the place of each node's modality among their sorted names.
    By the published rule the targets of a call are of one modality, and of two modalities the one
    that sorts first gives the primary. Mixed, targets are of any modality: whoever has the most
    pairs left gives full calls, of those partners first that have few left.
    """
    if packing == "published":
        of_ends = ranks[ends]
        primaries = np.where(of_ends[:, 0] < of_ends[:, 1], ends[:, 0], ends[:, 1])
        together = primaries.astype(np.int64) * len(ranks) + of_ends.max(axis=1)
        return [(int(primaries[rows[0]]), rows) for rows in grouped(together, batch_size)]
    partners: dict[int, dict[int, int]] = defaultdict(dict)
    for row, (one, other) in enumerate(ends.tolist()):
        partners[one][other] = row
        partners[other][one] = row
    calls: list[tuple[int, IntArray]] = []
    most = [(-len(held), node) for node, held in partners.items()]
    heapify(most)
    while most:
        counted, primary = heappop(most)
        held_by = partners[primary]
        if len(held_by) != -counted:
            # It has given pairs to others since it was put here.
            if held_by:
                heappush(most, (-len(held_by), primary))
            continue
        # Full calls are best made with partners that cannot fill one themselves.
        order = sorted(held_by, key=lambda node: (len(partners[node]), node))
        order = order[: max(len(order) // batch_size, 1) * batch_size]
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            calls.append((primary, np.array([held_by[node] for node in chosen])))
        for node in order:
            del held_by[node]
            del partners[node][primary]
        if held_by:
            heappush(most, (-len(held_by), primary))
    return calls
