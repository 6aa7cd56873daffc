"""Scores become routes: every pair has one, null is not low, and calls hold each pair once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import Outcome, PairStates, PairTable
from campaignkit.edges.methods.packing import pack
from campaignkit.edges.methods.prefilter import (
    Bands,
    Cluster,
    Clustering,
    ClusterLabel,
    ClusterScore,
    Prefiltering,
    Route,
)
from campaignkit.edges.methods.prefilter.routing import enter_routes, score_calls
from campaignkit.errors import GraphError

CATALOGUE = Catalogue(
    [Attribute("brand", f"b{i}") for i in range(4)] + [Attribute("geo", f"g{i}") for i in range(3)]
)
CLUSTERS = (
    Cluster(0, "brand", (0, 1), noise=(1,)),
    Cluster(1, "brand", (2, 3)),
    Cluster(2, "geo", (4, 5)),
    Cluster(3, "geo", (6,)),
)
CLUSTERING = Clustering(CATALOGUE, CLUSTERS, np.zeros((7, 2)))
SCORES = st.none() | st.integers(0, 10)


def scored(*given: int | None, failures: tuple[str, ...] = ("",) * 4) -> Prefiltering:
    pairs = [(0, 2), (0, 3), (1, 2), (1, 3)]
    scores = tuple(
        ClusterScore(*pair, score, why)
        for pair, score, why in zip(pairs, given, failures, strict=True)
    )
    labels = tuple(map(ClusterLabel, "abcd"))
    return Prefiltering(CLUSTERING, labels, scores, Bands(), {}, {}, {})


def test_the_published_bands() -> None:
    routes = [Bands().route(score).word for score in (10, 8, 7, 6, 5, 4, 3, 0, None)]

    assert routes == [
        "inherit positive", "inherit positive", "classify", "discard", "discard", "classify",
        "inherit negative", "inherit negative", "not viable",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "bands", [(4, 7, 8, 3), (7, 4, 6, 3), (7, 4, 8, 5), ("7", 4, 8, 3), (True, 4, 8, 3)]
)
def test_bands_that_cross_are_refused(bands: tuple[float, ...]) -> None:
    with pytest.raises(GraphError, match="bands are not possible"):
        Bands(*bands)


@given(st.lists(SCORES, min_size=4, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4))
def test_every_pair_has_one_route_and_ends_in_one_fate_or_is_classified(
    given_scores: list[int | None], answered: list[bool]
) -> None:
    pairs = PairTable(CATALOGUE)
    states = PairStates.of(len(pairs))
    found = scored(*given_scores, failures=tuple("" if a else "cut" for a in answered))

    judged = np.isin(np.arange(len(pairs)), enter_routes(states, pairs, found))

    assert sum(found.pairs_by_route.values()) == len(pairs) == 12
    assert np.array_equal(states.outcome == Outcome.UNDECIDED, judged)
    noise = np.isin(pairs.pairs, [1]).any(axis=1)
    of_ends = [tuple(row) for row in CLUSTERING.of_attribute[pairs.pairs].tolist()]
    routes = {(one.source, one.target): found.route(one) for one in found.scores}
    inherited = np.array([routes[ends] <= Route.INHERIT_NEGATIVE for ends in of_ends])
    assert (judged[inherited & noise]).all()
    assert not (judged[inherited & ~noise]).any()
    assert found.pairs_by_route["noise"] == (inherited & noise).sum()


def test_null_is_kept_apart_from_low_and_from_the_middle() -> None:
    pairs = PairTable(CATALOGUE)
    states = PairStates.of(len(pairs))

    enter_routes(states, pairs, scored(None, 5, 0, 9))
    ended = {
        (one, other): (Outcome(states.outcome[i]).name, int(states.sign[i]), states.reasons[i])
        for i, (one, other) in enumerate(pairs.pairs.tolist())
    }

    assert ended[0, 4] == ("NOT_VIABLE", 0, "clusters 'a' with 'c': null")
    assert ended[0, 6] == ("DISCARDED", 0, "clusters 'a' with 'd': 5 of 10")
    assert ended[2, 4] == ("DECIDED", -1, "clusters 'b' with 'c': 0 of 10")
    assert ended[2, 6] == ("DECIDED", 1, "clusters 'b' with 'd': 9 of 10")


@given(st.sets(st.integers(0, 251)), st.integers(1, 25), st.sampled_from(["published", "mixed"]))
def test_calls_hold_every_pair_once_and_share_a_primary(
    chosen: set[int], batch_size: int, packing: str
) -> None:
    pairs = PairTable(Catalogue.bundled("starter-27"))
    rows = np.array(sorted(chosen), dtype=np.int64)

    calls = pack(pairs, packing, batch_size=batch_size, rows=rows)

    assert sorted(row for call in calls for row in call.tolist()) == rows.tolist()
    assert all(1 <= len(call) <= batch_size for call in calls)
    for call in calls:
        ends = pairs.pairs[call]
        assert any((ends == node).any(axis=1).all() for node in ends[0])


def test_the_published_rule_needs_the_published_calls() -> None:
    for name, expected in (("starter-27", 54), ("retail-160", 570)):
        pairs = PairTable(Catalogue.bundled(name))
        half = np.arange(0, len(pairs), 2)

        assert len(pack(pairs, "published")) == expected
        assert len(pack(pairs, "mixed")) < 0.7 * expected
        assert len(pack(pairs, "mixed", rows=half)) < 0.5 * expected


@pytest.mark.parametrize("packing", ["published", "mixed"])
def test_every_two_clusters_of_different_modalities_are_scored_once(packing: str) -> None:
    calls = score_calls(CLUSTERING, packing=packing, targets_per_call=2)

    asked = [tuple(sorted((source, t))) for source, targets in calls for t in targets]

    assert sorted(asked) == [(0, 2), (0, 3), (1, 2), (1, 3)]
    assert len(calls) == 2
