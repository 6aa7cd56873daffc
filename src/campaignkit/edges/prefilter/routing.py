"""From cluster scores to pairs: who inherits, who is classified, who is left out and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.pair_states import Decider, Fate, PairStates
from campaignkit.edges.pair_table import PairTable
from campaignkit.edges.prefilter.bands import Bands, Route
from campaignkit.edges.prefilter.clustering import Clustering
from campaignkit.edges.prefilter.labels import ClusterLabel
from campaignkit.edges.prefilter.scores import ClusterScore

IntArray = NDArray[np.int64]


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

    Examples
    --------
    >>> Routing(np.array([2], np.uint8), np.array([0]), np.array([True])).counts()["classify"]
    1
    """

    route: NDArray[np.uint8]
    score_of: NDArray[np.int32]
    classified: NDArray[np.bool_]

    def counts(self) -> dict[str, int]:
        """Pairs by route; adds up to all pairs. Those flagged as noise are "noise"."""
        found = {
            route.word: int(np.count_nonzero((self.route == route) & ~self._noise))
            for route in Route
        }
        return found | {"noise": int(np.count_nonzero(self._noise))}

    @property
    def _noise(self) -> NDArray[np.bool_]:
        inherits = self.route <= Route.INHERIT_NEGATIVE
        flagged: NDArray[np.bool_] = inherits & self.classified
        return flagged


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
            states.decide(rows, np.full(len(rows), sign), by=Decider.INHERITED)
            states.reasons.update(dict.fromkeys(rows.tolist(), reason))
            states.strengths.update(dict.fromkeys(rows.tolist(), float(one.score or 0)))
        else:
            fate = Fate.NOT_VIABLE if route is Route.NOT_VIABLE else Fate.DISCARDED
            states.set_fate(rows, fate, reason=reason)


def published_calls(pairs: PairTable, rows: IntArray, *, batch_size: int) -> list[IntArray]:
    """Pairs as calls by the published rule: one primary, targets of one modality.

    Of two modalities the one that sorts first gives the primary attribute.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> pairs = PairTable(Catalogue.bundled("starter-27"))
    >>> len(published_calls(pairs, np.arange(252), batch_size=25))
    54
    """
    catalogue = pairs.catalogue
    modalities = np.array([a.modality for a in catalogue])
    groups: Mapping[tuple[int, str], list[int]] = defaultdict(list)
    for row in rows.tolist():
        one, other = pairs.pairs[row].tolist()
        if modalities[other] < modalities[one]:
            one, other = other, one
        groups[one, str(modalities[other])].append(row)
    return [
        np.array(held[start : start + batch_size])
        for _, held in sorted(groups.items())
        for start in range(0, len(held), batch_size)
    ]


def mixed_calls(pairs: PairTable, rows: IntArray, *, batch_size: int) -> list[IntArray]:
    """Pairs as fewer calls: one primary, whatever its targets' modalities.

    Whoever has the most pairs left gives full calls, of those partners first that have few left.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> pairs = PairTable(Catalogue.bundled("starter-27"))
    >>> len(mixed_calls(pairs, np.arange(252), batch_size=25)) <= 27
    True
    """
    partners: dict[int, dict[int, int]] = defaultdict(dict)
    for row in rows.tolist():
        one, other = pairs.pairs[row].tolist()
        partners[one][other] = row
        partners[other][one] = row
    calls: list[IntArray] = []
    most = [(-len(held), node) for node, held in partners.items()]
    heapify(most)
    while most:
        counted, primary = heappop(most)
        held = partners[primary]
        if len(held) != -counted:
            # It has given pairs to others since it was put here.
            if held:
                heappush(most, (-len(held), primary))
            continue
        # Full calls are best made with partners that cannot fill one themselves.
        order = sorted(held, key=lambda node: (len(partners[node]), node))
        order = order[: max(len(order) // batch_size, 1) * batch_size]
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            calls.append(np.array([held[node] for node in chosen]))
        for node in order:
            del held[node]
            del partners[node][primary]
        if held:
            heappush(most, (-len(held), primary))
    return calls
