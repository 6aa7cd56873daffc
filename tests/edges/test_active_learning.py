"""What the active builder learns from: cards, pairs, affinities and hidden factors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import strategies
from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import RehearsalWorld
from campaignkit.edges.methods.active.affinity import Block, affinities, kernel
from campaignkit.edges.methods.active.card_columns import read_cards
from campaignkit.edges.methods.active.hidden_factors import Factors, fit_factors
from campaignkit.edges.methods.active.learner import SignLearner, gather_evidence
from campaignkit.edges.methods.active.likeness import likeness
from campaignkit.edges.methods.active.pair_features import pair_features
from campaignkit.edges.pairs import PairTable
from campaignkit.seeds import stream

WORLD = RehearsalWorld(48, seed=2)


@given(strategies.catalogues(min_size=2))
def test_likeness_is_a_symmetric_share_and_full_with_oneself(catalogue: Catalogue) -> None:
    cards = read_cards(catalogue)

    alike = likeness(cards, np.arange(len(catalogue)))

    assert np.allclose(alike, alike.T, atol=1e-6)
    assert ((alike >= -1e-6) & (alike <= 1 + 1e-6)).all()
    assert (alike.diagonal() >= alike.max(axis=1) - 1e-5).all() or any(
        not a.traits for a in catalogue
    )


def test_features_of_a_pair_do_not_depend_on_the_order_of_the_catalogue() -> None:
    carded = list(WORLD.carded())
    names = sorted({a.modality for a in carded})
    rng = stream(0, "orders")
    seen = []
    for order in (range(len(carded)), rng.permutation(len(carded)).tolist()):
        catalogue = Catalogue([carded[at] for at in order])
        table = PairTable(catalogue)
        codes = np.array([names.index(a.modality) for a in catalogue], dtype=np.int32)
        found = pair_features(read_cards(catalogue), codes, table.pairs)
        by_name = {
            frozenset(a.key for a in table.pair(at)): found.values[at] for at in range(len(table))
        }
        seen.append((found.names, by_name))

    assert seen[0][0] == seen[1][0]
    for pair, values in seen[0][1].items():
        assert np.array_equal(values, seen[1][1][pair], equal_nan=True)


@given(st.integers(2, 7), st.integers(2, 6), st.integers(0, 99))
@settings(max_examples=25)
def test_affinities_are_those_of_ridge_regression_on_the_whole_kernel(
    num_left: int, num_right: int, seed: int
) -> None:
    rng = stream(seed, "blocks")
    left, right = (
        kernel(np.corrcoef(rng.normal(size=(n, 4))).astype(np.float32) / 2 + 0.5)
        for n in (num_left, num_right)
    )
    num_pairs = num_left * num_right
    block = Block(left, right, np.arange(num_pairs).reshape(num_left, num_right))
    target = rng.normal(size=num_pairs).astype(np.float32)
    known = rng.random(num_pairs) < 0.7
    if not known.any():
        return

    learnt, _ = affinities([block], target, known, noise=1.0, num_steps=200)

    whole = np.kron(left, right).astype(float)
    mean = target[known].sum() / (known.sum() + 5.0)
    gram = whole[np.ix_(known, known)] + np.eye(int(known.sum()))
    weights = np.linalg.solve(gram, target[known] - mean)
    assert learnt == pytest.approx(whole[:, known] @ weights + mean, abs=0.05)


def test_what_is_learnt_of_a_pair_does_not_hang_on_its_own_answer() -> None:
    evidence = gather_evidence(WORLD.carded())
    rng = stream(1, "answers")
    target = rng.normal(size=WORLD.num_pairs).astype(np.float32)
    known = rng.random(WORLD.num_pairs) < 0.6
    at = int(np.flatnonzero(known)[5])
    other = target.copy()
    other[at] += 5

    one, two = (SignLearner(evidence, seed=3)._learnt(t, known) for t in (target, other))

    # The factor's target is what affinity leaves, so only others of its fold may move.
    assert one[at, 0] == two[at, 0]
    assert one[at, 1] == pytest.approx(two[at, 1], abs=0.2)
    assert abs(one - two).max() > 0.2


def test_hidden_factors_find_what_no_card_shows() -> None:
    rng = stream(4, "hidden")
    pairs = np.argwhere(np.triu(np.ones((60, 60)), 1))
    vectors = rng.normal(size=(2, 60, 2))
    score = (vectors[0][pairs[:, 0]] * vectors[1][pairs[:, 1]]).sum(axis=1)
    known = rng.random(len(pairs)) < 0.7
    rest = (score + rng.normal(size=len(pairs))).astype(np.float32)

    start = Factors.drawn(60, 8, rng)
    found = fit_factors(pairs[known], rest[known], start, ridge=8.0, num_steps=8)

    assert np.corrcoef(found.products(pairs)[~known], score[~known])[0, 1] > 0.7


def test_hidden_factors_of_noise_stay_small() -> None:
    rng = stream(5, "noise")
    pairs = np.argwhere(np.triu(np.ones((60, 60)), 1))
    known = rng.random(len(pairs)) < 0.4
    rest = rng.normal(size=len(pairs)).astype(np.float32)

    start = Factors.drawn(60, 8, rng)
    found = fit_factors(pairs[known], rest[known], start, ridge=8.0, num_steps=8)

    assert found.products(pairs)[~known].std() < 0.7


def test_an_attribute_without_traits_among_others_is_no_trouble() -> None:
    mixed = Catalogue(
        [
            Attribute("brand", "bare"),
            *(Attribute("brand", f"b{i}", traits={"ages": f"{20 + i}-40"}) for i in range(3)),
            *(Attribute("geo", f"g{i}", traits={"likes": ["tea", f"x{i}"]}) for i in range(3)),
        ]
    )

    evidence = gather_evidence(mixed)

    assert len(evidence.features) == 12
    assert all(np.isfinite(block.left).all() for block in evidence.blocks)
