"""Priorities: high pairs become well connected, low pairs hardly, and no row leaves its box."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import enumerated, spec_of

import campaignkit as ck
from campaignkit.dataset import CampaignDataset
from campaignkit.graph import SignedGraph
from campaignkit.sample import AnnealingSampler
from campaignkit.spec import SamplingSpec

PAIRS = [("brand", "audience"), ("platform", "geo")]


@pytest.fixture(scope="module")
def starter() -> tuple[SignedGraph, SamplingSpec]:
    graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    ranges = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 2)}
    profile = ck.diagnose(graph, type_ranges=ranges, num_draws=4_000)
    return graph, profile.suggest(dict.fromkeys(("neg", "avg", "pos"), 250))


def connected(
    graph: SignedGraph, dataset: CampaignDataset, pair: tuple[str, str]
) -> dict[str, float]:
    """Share of the pairs between two modalities with an edge, by label, asking for each edge."""
    found: dict[str, list[bool]] = {}
    for row in dataset:
        one, other = ([(name, value) for value in row.attributes[name]] for name in pair)
        found.setdefault(row.label, []).extend(bool(graph.sign(a, b)) for a in one for b in other)
    return {label: float(np.mean(edges)) for label, edges in found.items()}


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_high_connects_and_low_separates_for_every_label(
    pair: tuple[str, str], starter: tuple[SignedGraph, SamplingSpec]
) -> None:
    graph, spec = starter
    shares = {}
    for kind in ("none", "high", "low"):
        given = {} if kind == "none" else {f"{kind}_priority_type_pairs": [pair]}
        prior = SamplingSpec.model_validate(spec.model_dump() | given)
        dataset = AnnealingSampler(graph, prior, seed=3).sample()
        shares[kind] = connected(graph, dataset, pair)
        assert dataset.evaluation is not None
        assert dataset.evaluation.in_range_frac == 1.0
        assert [label.type_counts_legal for label in dataset.evaluation.labels.values()] == [
            250
        ] * 3
        reported = dataset.provenance.quality["labels"]
        if kind != "none":
            for label, share in shares[kind].items():
                told = reported[label]["connected_frac"][kind]
                assert told == pytest.approx([shares["none"][label], share])

    for label, none in shares["none"].items():
        assert shares["high"][label] >= 1.25 * none
        assert shares["low"][label] <= 0.8 * none


def test_both_kinds_together_do_both(starter: tuple[SignedGraph, SamplingSpec]) -> None:
    graph, spec = starter
    high, low = PAIRS
    prior = SamplingSpec.model_validate(
        spec.model_dump() | {"high_priority_type_pairs": [high], "low_priority_type_pairs": [low]}
    )

    plain = AnnealingSampler(graph, spec, seed=5).sample()
    dataset = AnnealingSampler(graph, prior, seed=5).sample(chunk_rows=7)

    assert dataset == AnnealingSampler(graph, prior, seed=5).sample()
    for label in spec.label_params:
        before, after = connected(graph, plain, high), connected(graph, dataset, high)
        assert after[label] > 1.25 * before[label]
        before, after = connected(graph, plain, low), connected(graph, dataset, low)
        assert after[label] < 0.85 * before[label]


def test_priorities_draw_from_the_law_they_state() -> None:
    """Q in the box times exp(worth / .7), for each number of attributes of each type."""
    world = enumerated()
    box = ((0.25, 1.0), (0.0, 0.3))
    law, ends = world.law(box), np.array([0, 5, 11, 20])
    spec = spec_of({"x": box}, 20_000, high_priority_type_pairs=[("a", "b")],
                   low_priority_type_pairs=[("b", "c")])  # fmt: skip
    signs = np.asarray(world.graph.signs) != 0
    inside = np.flatnonzero(law)
    parts = [
        [[n for n in world.sets[i] if ends[t] <= n < ends[t + 1]] for t in range(3)]
        for i in inside
    ]
    worth = np.array(
        [2 * signs[np.ix_(a, b)].sum() - signs[np.ix_(b, c)].sum() for a, b, c in parts]
    )
    counts = np.array([[len(part) for part in three] for three in parts])
    expected = law[inside] * np.exp(worth / 0.7)
    for each in np.unique(counts, axis=0):  # swaps keep the numbers: so does the law
        same = (counts == each).all(axis=1)
        expected[same] *= law[inside][same].sum() / expected[same].sum()

    block = AnnealingSampler(world.graph, spec, seed=2).sample().block

    number = {world.sets[i]: place for place, i in enumerate(inside)}
    seen = np.zeros(len(inside))
    for row in range(20_000):
        seen[number[tuple(block.row(row).tolist())]] += 1
    exact = np.random.default_rng(0).multinomial(20_000, expected, size=4)
    noise = np.abs(exact / 20_000 - expected).sum(axis=1).mean() / 2
    assert np.abs(seen / 20_000 - expected).sum() / 2 <= noise + 0.015
