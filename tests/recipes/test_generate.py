"""What a recipe makes: exact parts, in range but for noise, and the same for the same seed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import campaignkit as ck
from campaignkit import recipes
from campaignkit.dataset import verify_dataset
from campaignkit.dataset.row_hash import hash_rows
from campaignkit.errors import ArtifactError
from campaignkit.recipes import Recipe, RecipeResult, World
from campaignkit.recipes.shelf import RECIPES
from campaignkit.store import read_manifest

SMALL = Recipe(
    name="small",
    description="small",
    source="none",
    world=World({"a": 12, "b": 12, "c": 12}, pos_frac=0.3, neg_frac=0.3),
    type_ranges={"a": (1, 3), "b": (1, 3), "c": (1, 3)},
    label_shares={"neg": 1, "avg": 2, "pos": 1},
    train_rows=280,
    test_rows=120,
    label_noise=0.1,
    attribute_noise=0.2,
)
PARTS = ("train", "test")


def _check(result: RecipeResult) -> None:
    recipe = result.recipe
    for part in PARTS:
        dataset, record = result.part(part), result.noise[part]
        labels = np.bincount(record.labels_before, minlength=len(dataset.label_names))

        assert dict(zip(dataset.label_names, labels.tolist(), strict=True)) == (
            recipe.label_counts(part)
        )
        assert len(record) == len(dataset)
        clean = dataset.select(record.kinds == 0)
        found = ck.evaluate_dataset(clean, result.labelling_graph, result.spec)
        assert found.in_range_frac == 1.0
        assert all(label.type_counts_legal == label.rows for label in found.labels.values())
    train, test = (hash_rows(result.part(part).block) for part in PARTS)
    assert np.intersect1d(train, test).size == 0


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_in_small_has_exact_parts_in_range_with_no_row_on_both_sides(
    recipe: Recipe,
) -> None:
    result = recipe.vary(train_rows=700, test_rows=300).generate(seed=7)

    _check(result)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_at_its_size_has_exact_parts_in_range_with_no_row_on_both_sides(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Five regressions for each recipe, most of the time, of which nothing is claimed here.
    monkeypatch.setattr("campaignkit.dataset.evaluate.measure_leakage", lambda *_, **__: None)
    result = recipe.generate(seed=7)

    _check(result)
    hit = {
        kind: sum(record.counts[kind] for record in result.noise.values())
        for kind in ("label", "attribute", "both")
    }
    total = recipe.train_rows + recipe.test_rows
    assert hit["label"] + hit["both"] == round(recipe.label_noise * total)
    assert hit["attribute"] + hit["both"] == round(recipe.attribute_noise * total)


def test_a_seed_gives_the_same_again_whatever_the_executor() -> None:
    one = SMALL.generate(seed=3)
    with ThreadPoolExecutor(2) as executor:
        two = SMALL.generate(seed=3, executor=executor)
    other = SMALL.generate(seed=4)

    for part in PARTS:
        assert one.part(part) == two.part(part)
        assert one.noise[part] == two.noise[part]
    assert one.graph.digest == two.graph.digest != other.graph.digest
    assert one.train != other.train


def test_label_noise_leaves_the_campaigns_and_the_split_as_they_are() -> None:
    clean = SMALL.vary(label_noise=0.0).generate(seed=3)
    noisy = SMALL.vary(label_noise=0.5).generate(seed=3)

    for part in PARTS:
        before, after = clean.part(part).block, noisy.part(part).block
        assert before.nodes.tolist() == after.nodes.tolist()
        assert noisy.noise[part].labels_before.tolist() == before.labels.tolist()


def test_a_given_graph_takes_the_place_of_the_world_and_seeds_share_its_boxes() -> None:
    graph = SMALL.world.graph(seed=99)

    one, two = (SMALL.generate(seed=seed, graph=graph) for seed in (1, 2))

    assert one.graph is graph
    assert one.spec == two.spec
    assert one.train != two.train


def test_inverse_pairs_change_labels_and_leave_the_world() -> None:
    plain = SMALL.vary(label_noise=0, attribute_noise=0)
    inverse = plain.vary(inverse_pairs=(("a", "b"),))
    graph = plain.world.graph(seed=3)

    result = inverse.generate(seed=3, graph=graph)

    assert result.graph is graph
    assert result.train.provenance.graph_digest == result.labelling_graph.digest != graph.digest
    assert any(graph.digest in step for step in result.train.provenance.steps)
    by_world = ck.evaluate_dataset(result.train, graph, result.spec)
    assert by_world.in_range_frac is not None
    assert by_world.in_range_frac < 0.9  # the world's own signs tell other labels


@pytest.mark.filterwarnings("ignore:.*expect repeats:UserWarning")
def test_identical_rows_stay_on_one_side_even_where_a_world_has_few_campaigns() -> None:
    tiny = SMALL.vary(
        world=World({"a": 4, "b": 4, "c": 3}, pos_frac=0.4, neg_frac=0.4, communities=1),
        type_ranges={"a": (1, 1), "b": (1, 1), "c": (1, 1)},
        label_shares={"neg": 1, "pos": 1},
        attribute_noise=0.5,
    )

    result = tiny.generate(seed=2)

    train, test = (hash_rows(result.part(part).block) for part in PARTS)
    assert np.intersect1d(train, test).size == 0
    assert len(result.train) + len(result.test) == 400
    assert len(result.test) == 121
    assert "121 in place of 120" in result.test.provenance.steps[-1]


def test_own_boxes_are_sampled_under_any_label_names() -> None:
    boxes = {"low": ((0.0, 0.2), (0.0, 1.0)), "high": ((0.3, 1.0), (0.0, 1.0))}
    recipe = SMALL.vary(label_shares={"low": 2, "high": 1}, label_boxes=boxes)

    result = recipe.generate(seed=1)

    _check(result)
    assert result.train.label_names == ("low", "high")


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_a_written_result_reads_back_whole(tmp_path: Path, format: str) -> None:
    result = SMALL.vary(inverse_pairs=(("a", "b"),)).generate(seed=3)

    result.write(tmp_path / "out", format=format)
    back = RecipeResult.read(tmp_path / "out")

    assert back.recipe == result.recipe
    assert (back.seed, back.spec, back.quality) == (3, result.spec, result.quality)
    assert back.graph.digest == result.graph.digest
    assert back.labelling_graph.digest == result.labelling_graph.digest
    for part in PARTS:
        assert back.part(part) == result.part(part)
        assert back.noise[part] == result.noise[part]


def test_the_manifests_name_both_graphs_and_count_the_noise(tmp_path: Path) -> None:
    result = SMALL.vary(middle_pairs=(("a", "b"),)).generate(seed=3)

    result.write(tmp_path / "out")
    whole = read_manifest(tmp_path / "out", kind="recipe")

    assert whole.inputs["graph"] == result.graph.digest
    assert whole.inputs["labelling_graph"] == result.labelling_graph.digest
    for part in PARTS:
        own = read_manifest(tmp_path / "out" / part, kind="dataset")
        lines = (tmp_path / "out" / part / "noise.jsonl").read_text("utf-8").splitlines()
        kinds = [json.loads(line)["noise"] for line in lines]
        assert own.inputs["world"] == result.graph.digest
        assert own.inputs["graph"] == result.labelling_graph.digest
        for kind in ("none", "label", "attribute", "both"):
            assert own.counts[f"noise.{kind}"] == kinds.count(kind)
            assert whole.counts[f"{part}.noise.{kind}"] == kinds.count(kind)
        assert own.counts["rows"] == len(kinds) == whole.counts[f"{part}.rows"]


def test_the_independent_checker_faults_noisy_rows_alone(tmp_path: Path) -> None:
    result = SMALL.generate(seed=3)
    result.write(tmp_path / "out")
    result.labelling_graph.write_csv(tmp_path / "edges.csv")

    found = verify_dataset(tmp_path / "out" / "test", tmp_path / "edges.csv")

    clean = result.noise["test"].names == "none"
    hit = {int(problem.split(":")[1]) - 1 for problem in found.problems}
    assert hit
    assert not clean[sorted(hit)].any()


def test_a_changed_noise_file_is_refused(tmp_path: Path) -> None:
    SMALL.generate(seed=3).write(tmp_path / "out")
    with (tmp_path / "out" / "train" / "noise.jsonl").open("a") as file:
        file.write("\n")

    with pytest.raises(ArtifactError, match="noise"):
        RecipeResult.read(tmp_path / "out")


def test_the_same_recipe_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        SMALL.generate(seed=3).write(tmp_path / name)

    one, two = (
        {file.relative_to(folder): file.read_bytes() for file in sorted(folder.rglob("*.json*"))}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


def test_recipes_are_reached_from_the_root() -> None:
    assert ck.recipes is recipes
