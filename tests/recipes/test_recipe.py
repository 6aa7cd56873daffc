"""A recipe is checked before anything is drawn, and labels by the graph it says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from campaignkit import recipes
from campaignkit.errors import SpecError
from campaignkit.recipes import Recipe, World
from campaignkit.recipes.label_boxes import share_out
from campaignkit.recipes.labelling import labelling_graph
from campaignkit.recipes.shelf import RECIPES
from small_world import small_graph

SMALL = Recipe(
    name="small",
    description="small",
    source="none",
    world=World({"a": 12, "b": 12, "c": 12}, pos_frac=0.3, neg_frac=0.3),
    type_ranges={"a": (1, 3), "b": (1, 3), "c": (1, 3)},
    label_shares={"neg": 1, "avg": 2, "pos": 1},
    train_rows=280,
    test_rows=120,
)


def test_names_are_listed_in_order_with_a_description_and_load() -> None:
    listed = recipes.list()

    assert list(listed) == sorted(listed)
    assert len(listed) == len(RECIPES) == 11
    for name, description in listed.items():
        assert recipes.load(name).name == name
        assert description


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    with pytest.raises(SpecError, match="did you mean imbalanced-5"):
        recipes.load("inbalanced-5")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_survives_json(recipe: Recipe) -> None:
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_own_boxes_survive_json() -> None:
    boxes = dict.fromkeys(SMALL.label_shares, ((0.0, 1.0), (0.0, 0.5)))
    recipe = SMALL.vary(label_boxes=boxes, inverse_pairs=(("a", "b"),))

    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize("told", [{}, {"world": {}}, {**SMALL.to_dict(), "more": 1}])
def test_what_is_no_recipe_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(SpecError, match="not a recipe"):
        Recipe.from_dict(told)


@given(
    st.integers(0, 10**6),
    st.dictionaries(
        st.text(max_size=2), st.floats(0.001, 1000) | st.integers(1, 50), min_size=1, max_size=6
    ),
)
def test_shares_add_up_and_miss_by_less_than_one(total: int, shares: dict[str, float]) -> None:
    counts = share_out(total, shares)

    whole = sum(shares.values())

    assert sum(counts.values()) == total
    for name, share in shares.items():
        assert abs(counts[name] - total * share / whole) < 1 + 1e-6


def test_all_faults_of_a_recipe_are_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        SMALL.vary(
            name=" ",
            type_ranges={"a": (1, 13), "z": (1, 2)},
            label_shares={"neg": -1, "high": 1},
            train_rows=0,
            inverse_pairs=(("a", "a"),),
            middle_pairs=(("a", "q"), ("q", "a")),
            label_noise=1.5,
            attribute_noise=True,
        )

    where = {fault.where for fault in caught.value.faults}
    assert where == {
        "name", "type_ranges.a", "type_ranges.z", "label_shares", "label_shares.neg",
        "train_rows", "inverse_pairs", "middle_pairs", "label_noise", "attribute_noise",
    }  # fmt: skip


def test_other_faults_are_told() -> None:
    for changes, said in [
        ({"type_ranges": {"a": (2, 1)}}, "low 2 above high 1"),
        ({"test_rows": 1}, "leaves no row for neg, pos"),
        ({"label_boxes": {"pos": ((0, 1), (0, 1))}}, "expected neg, avg, pos"),
        (
            {"label_shares": {"x": 1}, "label_boxes": {"x": ((0.5, 0.2), (0, 1))}},
            "label_boxes.x.pos_frac_range: low 0.5 above high 0.2",
        ),
        ({"label_shares": {"pos": 1}, "label_noise": 0.1}, "a second label"),
        ({"label_shares": {}}, "names no label"),
        ({"rows": 5, "test_row": 5}, "did you mean test_rows"),
    ]:
        with pytest.raises(SpecError, match=said):
            SMALL.vary(**changes)


def test_inverse_pairs_turn_their_signs_and_leave_all_others() -> None:
    graph = small_graph()

    turned = labelling_graph(graph, inverse_pairs=[("geo", "brand")], middle_pairs=[])

    for edge, new in zip(graph.edges(), turned.edges(), strict=True):
        named = {edge.source[0], edge.target[0]} == {"geo", "brand"}
        assert new.sign == (-edge.sign if named else edge.sign)
    assert turned.digest != graph.digest
    back = labelling_graph(turned, inverse_pairs=[("brand", "geo")], middle_pairs=[])
    assert back.digest == graph.digest


def test_middle_pairs_count_as_neutral_and_all_others_as_before() -> None:
    graph = small_graph()

    muted = labelling_graph(graph, inverse_pairs=[], middle_pairs=[("geo", "brand")])

    before, after = graph.by_modality_pair(), muted.by_modality_pair()
    for pair, counts in before.items():
        if set(pair) == {"geo", "brand"}:
            signed = counts.num_positive + counts.num_negative
            assert after[pair].num_positive == after[pair].num_negative == 0
            assert after[pair].num_neutral == counts.num_neutral + signed
        else:
            assert after[pair] == counts


def test_without_named_pairs_the_graph_is_its_own_labelling_graph() -> None:
    graph = small_graph()

    assert labelling_graph(graph, inverse_pairs=[], middle_pairs=[]) is graph


SUGGESTED = [recipe for recipe in RECIPES if recipe.label_boxes is None]


@pytest.mark.parametrize("recipe", SUGGESTED, ids=lambda recipe: recipe.name)
def test_no_two_labels_of_a_recipe_share_a_campaign(recipe: Recipe) -> None:
    graph = recipe.world.graph(seed=5)

    boxes = recipe.spec(graph).label_params

    (_, neg_few), (neg_many, _) = boxes["neg"].pos_frac_range, boxes["neg"].neg_frac_range
    pos_many, pos_few = boxes["pos"].pos_frac_range[0], boxes["pos"].neg_frac_range[1]
    assert neg_few < pos_many
    assert pos_few < neg_many
    assert boxes["avg"].pos_frac_range[1] < pos_many
    assert boxes["avg"].neg_frac_range[1] < neg_many


def test_no_campaign_falls_between_avg_and_the_box_above_it() -> None:
    graph = SMALL.world.graph(seed=2)
    boxes = SMALL.spec(graph).label_params
    sizes = range(3, 10)  # of a campaign of SMALL
    for high, low in [
        (boxes["avg"].pos_frac_range[1], boxes["pos"].pos_frac_range[0]),
        (boxes["avg"].neg_frac_range[1], boxes["neg"].neg_frac_range[0]),
    ]:
        fractions = [
            count / pairs
            for pairs in (size * (size - 1) // 2 for size in sizes)
            for count in range(pairs + 1)
        ]

        assert low - 1e-3 < high < low
        assert [fraction for fraction in fractions if high < fraction < low] == []


def test_a_graph_without_a_modality_is_told() -> None:
    with pytest.raises(SpecError, match=r"type_ranges\.a: the graph has no such modality"):
        SMALL.vary(inverse_pairs=(("a", "b"),)).generate(graph=small_graph())
