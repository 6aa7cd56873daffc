"""The published data sets: what is published of them, and what is inferred or chosen here."""

from __future__ import annotations

import pytest

from campaignkit import recipes
from campaignkit.diagnosis import pair_ceiling
from campaignkit.simulation import PUBLISHED_SIZES


@pytest.mark.parametrize("name", ["imbalanced-5", "balanced-5"])
def test_v15_and_v25_have_five_features_42_000_rows_to_train_and_18_000_to_test(name: str) -> None:
    recipe = recipes.load(name)

    assert set(recipe.type_ranges) == {"audience", "brand", "creative", "platform", "geography"}
    assert (recipe.train_rows, recipe.test_rows) == (42_000, 18_000)


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        ("imbalanced-5", (3_570, 34_860, 3_570), (1_530, 14_940, 1_530)),
        ("balanced-5", (12_180, 16_800, 13_020), (5_220, 7_200, 5_580)),
    ],
)
def test_the_inferred_shares_of_v15_and_v25_give_whole_rows_and_are_called_inferred(
    name: str, train: tuple[int, ...], test: tuple[int, ...]
) -> None:
    recipe = recipes.load(name)

    assert tuple(recipe.label_counts("train").values()) == train
    assert tuple(recipe.label_counts("test").values()) == test
    assert "inferred" in recipe.source


def test_v27_has_13_000_campaigns_over_ten_modalities() -> None:
    recipe = recipes.load("ten-13k")

    assert recipe.train_rows + recipe.test_rows == 13_000
    assert set(recipe.type_ranges) == set(PUBLISHED_SIZES)
    assert len(PUBLISHED_SIZES) == 10


def test_the_chosen_labels_of_v27_are_4_000_5_000_and_4_000_and_are_called_ours() -> None:
    recipe = recipes.load("ten-13k")
    train, test = recipe.label_counts("train"), recipe.label_counts("test")

    assert [train[label] + test[label] for label in train] == [4_000, 5_000, 4_000]
    assert "4,000, 5,000 and 4,000" in recipe.source
    assert recipe.source.endswith("are ours.")


def test_v27_in_its_larger_size_has_90_000() -> None:
    recipe = recipes.load("ten-90k")

    assert recipe.train_rows + recipe.test_rows == 90_000


def test_the_ten_modality_world_has_the_published_edges() -> None:
    graph = recipes.load("ten-13k").world.graph(seed=1)

    assert (graph.num_nodes, graph.num_positive, graph.num_negative) == (746, 36_420, 40_629)


def test_the_published_record_has_20_attributes_and_at_most_86_3_percent_signed_pairs() -> None:
    counts = {
        "brand": 1, "campaign-objective": 1, "campaign-buying-type": 1, "platform": 1, "device": 1,
        "geo": 2, "gender-generation": 6, "interest-and-other-attributes": 5,
        "media-buy-billing-event": 1, "media-buy-cost-model": 1,
    }  # fmt: skip
    ranges = recipes.load("ten-13k").type_ranges

    assert counts.keys() == PUBLISHED_SIZES.keys()
    assert sum(counts.values()) == 20
    assert pair_ceiling({name: (n, n) for name, n in counts.items()}) == pytest.approx(164 / 190)
    assert all(low <= counts[name] <= high for name, (low, high) in ranges.items())


@pytest.mark.parametrize("name", ["baseline", "inverse-pairs", "middle-pairs"])
def test_v28_without_noise_has_none(name: str) -> None:
    recipe = recipes.load(name)

    assert (recipe.label_noise, recipe.attribute_noise) == (0, 0)
