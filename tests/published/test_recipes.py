"""The numbers of the published data sets, where they are arithmetic."""

from __future__ import annotations

import pytest

from campaignkit import recipes
from campaignkit.graph import PUBLISHED_SIZES


def test_v15_has_8_5_83_and_8_5_percent_of_42_000_and_18_000() -> None:
    recipe = recipes.load("imbalanced-5")

    assert recipe.label_counts("train") == {"neg": 3_570, "avg": 34_860, "pos": 3_570}
    assert recipe.label_counts("test") == {"neg": 1_530, "avg": 14_940, "pos": 1_530}
    assert set(recipe.type_ranges) == {"audience", "brand", "creative", "platform", "geography"}


def test_v25_has_29_40_and_31_percent_of_42_000_and_18_000() -> None:
    recipe = recipes.load("balanced-5")

    assert recipe.label_counts("train") == {"neg": 12_180, "avg": 16_800, "pos": 13_020}
    assert recipe.label_counts("test") == {"neg": 5_220, "avg": 7_200, "pos": 5_580}


def test_v27_has_4_000_5_000_and_4_000_of_13_000_over_ten_modalities() -> None:
    recipe = recipes.load("ten-13k")
    train, test = recipe.label_counts("train"), recipe.label_counts("test")

    assert {label: train[label] + test[label] for label in train} == {
        "neg": 4_000,
        "avg": 5_000,
        "pos": 4_000,
    }
    assert set(recipe.type_ranges) == set(PUBLISHED_SIZES)
    assert len(PUBLISHED_SIZES) == 10


def test_v27_in_its_larger_size_has_90_000() -> None:
    recipe = recipes.load("ten-90k")

    total = sum(recipe.label_counts("train").values()) + sum(recipe.label_counts("test").values())

    assert total == 90_000


def test_the_ten_modality_world_has_the_published_edges() -> None:
    graph = recipes.load("ten-13k").world.graph(seed=1)

    assert (graph.num_nodes, graph.num_positive, graph.num_negative) == (746, 36_420, 40_629)


@pytest.mark.parametrize("name", ["baseline", "inverse-pairs", "middle-pairs"])
def test_v28_without_noise_has_none(name: str) -> None:
    recipe = recipes.load(name)

    assert (recipe.label_noise, recipe.attribute_noise) == (0, 0)
