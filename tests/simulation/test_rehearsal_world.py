"""The simulated world has the shares, errors and identities that it states."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

import strategies
from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import build_graph
from campaignkit.errors import GraphError, UnknownAttribute
from campaignkit.simulation import RehearsalWorld
from campaignkit.simulation.world import HIDDEN, OWN, VISIBLE

WORLD = RehearsalWorld(160, seed=1)
SPARSE = RehearsalWorld(160, seed=2, pos_frac=0.2, neg_frac=0.3)


@pytest.mark.parametrize(("world", "pos", "neg"), [(WORLD, 0.5, 0.09), (SPARSE, 0.2, 0.3)])
def test_shares_of_signs_are_those_asked_for(
    world: RehearsalWorld, pos: float, neg: float
) -> None:
    assert (world.truth == 1).sum() == round(pos * 8700)
    assert (world.truth == -1).sum() == round(neg * 8700)


def test_parts_of_the_score_are_the_published_ones() -> None:
    assert (VISIBLE, HIDDEN, OWN) == (0.75, 0.10, 0.15)
    assert WORLD.score.std() == pytest.approx(1)


@pytest.mark.parametrize("size", [160, 320, 800])
def test_sizes_are_the_published_modalities_times_a_factor(size: int) -> None:
    world = RehearsalWorld(size, seed=0)

    counts = [len(world.catalogue.of(m)) for m in ("brand", "audience", "platform", "geo")]
    assert counts == [size * share // 160 for share in (60, 60, 10, 30)]
    assert world.num_pairs == 8700 * (size // 160) ** 2


@pytest.mark.parametrize("world", [WORLD, SPARSE])
def test_a_model_errs_as_often_as_stated_and_two_runs_agree_as_published(
    world: RehearsalWorld,
) -> None:
    one, other = world.answers(rerun=0), world.answers(rerun=1)

    assert (one != world.truth).mean() == pytest.approx(0.05, abs=0.008)
    assert (one == other).mean() == pytest.approx(0.931, abs=0.012)
    assert (world.answers(rerun=0) == one).all()


def test_cards_are_wrong_as_often_as_stated() -> None:
    told, true = (RehearsalWorld(1600, seed=5, wrong_cards=w) for w in (0.15, 0.0))

    differs = [
        told.cards(a)[name] != true.cards(a)[name]
        for a in told.catalogue
        for name in ("price_tier", "ages", "categories", "values")
    ]
    # A wrong entry comes from another attribute, which may say the same by chance.
    assert 0.11 < np.mean(differs) <= 0.16


def test_a_scorer_answers_whatever_was_asked_before() -> None:
    pairs = [(WORLD.catalogue[0], WORLD.catalogue[at]) for at in range(60, 80)]
    together = RehearsalWorld(160, seed=1, position_bias=0).scorer()
    alone = RehearsalWorld(160, seed=1, position_bias=0).scorer()

    alone.score([(pairs[3][1], pairs[3][0])])
    rest = alone.score([*pairs[:3], *pairs[4:]])
    first = together.score(pairs)

    assert rest == [*first[:3], *first[4:]]
    assert (together.num_calls, together.num_judgements) == (1, 20)


def test_a_pair_asked_again_is_judged_again() -> None:
    scorer = WORLD.scorer()
    pairs = [(WORLD.catalogue[a], WORLD.catalogue[b]) for a, b in WORLD.pairs.tolist()]

    once, twice = np.array(scorer.score(pairs)), np.array(scorer.score(pairs))

    assert 0.03 < (once != twice).mean() < 0.11


def test_pairs_late_in_a_call_are_seen_lower() -> None:
    world = RehearsalWorld(160, seed=1, position_bias=0.5)

    first, last = world.answers(place=0.5), world.answers(place=-0.5)

    assert (first >= last).all()
    assert (first > last).mean() > 0.05


def test_the_true_graph_holds_the_truth() -> None:
    graph = WORLD.truth_graph()

    assert graph.num_positive == 4350
    assert graph.num_negative == 783
    assert graph.num_neutral == 8700 - 4350 - 783


def test_without_errors_a_scorer_builds_the_true_graph() -> None:
    world = RehearsalWorld({"brand": 9, "geo": 7}, seed=4, flip_rate=0, position_bias=0)

    built = build_graph(world.catalogue, scorer=world.scorer()).graph

    assert built.digest == world.truth_graph().digest


def test_clusters_that_fit_score_higher_than_clusters_that_do_not() -> None:
    brands, audiences = WORLD.catalogue.of("brand"), WORLD.catalogue.of("audience")
    scored = [
        (WORLD.cluster_score([a], [b]), WORLD.truth[WORLD.pair_index(a, b)])
        for a in brands[:20]
        for b in audiences[:20]
    ]
    means = {
        sign: np.mean([-1 if s is None else s for s, truth in scored if truth == sign])
        for sign in (-1, 0, 1)
    }

    assert means[-1] < means[0] - 1 < means[1] - 2
    assert all(s is None or 0 <= s <= 10 for s, _ in scored)


def test_descriptions_and_cards_fill_a_catalogue() -> None:
    carded = WORLD.carded()

    assert [a.key for a in carded] == [a.key for a in WORLD.catalogue]
    assert all(a.description and a.items("price_tier") for a in carded)
    assert RehearsalWorld(carded, seed=1).describe(carded[0]) == WORLD.describe(carded[0])


@given(strategies.catalogues(min_size=2), st.integers(0, 3))
def test_any_catalogue_of_two_modalities_has_a_world(catalogue: Catalogue, seed: int) -> None:
    if len(catalogue.modalities) < 2:
        with pytest.raises(GraphError, match="no pair of different modalities"):
            RehearsalWorld(catalogue, seed=seed)
        return

    world = RehearsalWorld(catalogue, seed=seed)

    assert len(world.truth) == world.num_pairs
    assert [a.key for a in world.catalogue] == [a.key for a in catalogue]


def test_what_is_no_world_is_refused_with_all_faults() -> None:
    with pytest.raises(GraphError) as caught:
        RehearsalWorld(160, pos_frac=0.8, neg_frac=0.3, flip_rate=0.9)

    assert [fault.where for fault in caught.value.faults] == ["neg_frac", "flip_rate"]
    with pytest.raises(GraphError, match="multiple of 16"):
        RehearsalWorld(161)


def test_strangers_and_pairs_of_one_modality_are_refused() -> None:
    with pytest.raises(UnknownAttribute):
        WORLD.cards(Attribute("brand", "nobody"))
    with pytest.raises(GraphError, match="of one modality"):
        WORLD.pair_index(WORLD.catalogue[0], WORLD.catalogue[1])
