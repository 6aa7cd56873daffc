"""The published data sets: what is published of them, and what is inferred or chosen here."""

from __future__ import annotations

import pytest

from campaignkit import recipes
from campaignkit.classify import DecisionTuner, PairwiseOrdinalClassifier
from campaignkit.diagnosis import pair_ceiling
from campaignkit.evaluation import evaluate
from campaignkit.recipes.shelves import PUBLISHED_NAMES
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


def test_every_published_data_set_is_found_by_its_name() -> None:
    named = {name: recipes.load(name).name for name in ("V14", "v15", "V25", "V26", "V27", "V28")}

    assert named == {
        "V14": "hard-5", "v15": "imbalanced-5", "V25": "balanced-5", "V26": "balanced-5-second",
        "V27": "ten-13k", "V28": "baseline",
    }  # fmt: skip
    for name, ours in PUBLISHED_NAMES.items():
        assert name.split()[0] in recipes.load(ours).source


def test_v14_is_as_hard_as_published_and_v26_is_another_world_than_v25() -> None:
    hard, v25, v26 = (recipes.load(name) for name in ("V14", "V25", "V26"))

    assert (hard.train_rows, hard.test_rows) == (42_000, 18_000)
    assert hard.label_counts("test") == {"neg": 1_485, "avg": 15_030, "pos": 1_485}
    assert "inferred" in hard.source and "inferred" in v26.source
    assert v25.label_shares == v26.label_shares
    assert v25.world.graph(seed=1).digest != v26.world.graph(seed=1).digest


@pytest.mark.slow
def test_v14_is_told_about_as_badly_as_published() -> None:
    recipe = recipes.load("V14").vary(train_rows=14_000, test_rows=6_000)
    result = recipe.generate(seed=1, graph=recipe.world.graph(seed=1))
    rest, held = result.train.split(test=0.2)

    model = PairwiseOrdinalClassifier(seed=0).fit(rest, rest.labels)
    rule = DecisionTuner("cuts").fit(model.predict_proba(held), held.labels)
    scores = evaluate(result.test.labels, rule.predict(model.predict_proba(result.test)))

    assert scores.macro_f1 == pytest.approx(0.4059, abs=0.03)  # published


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
