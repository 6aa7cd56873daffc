"""From a recipe to its data sets: world, campaigns, noise, split."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset import Block, CampaignDataset, evaluate_dataset
from campaignkit.dataset.split import split_rows
from campaignkit.graph import SignedGraph
from campaignkit.progress import Progress
from campaignkit.recipes.apply_noise import apply_noise
from campaignkit.recipes.noise import NoiseRecord
from campaignkit.recipes.result import RecipeResult
from campaignkit.sample import AnnealingSampler
from campaignkit.seeds import checked_seed
from campaignkit.spec import LabelSpec, SamplingSpec

if TYPE_CHECKING:
    from campaignkit.recipes.recipe import Part, Recipe


def generate_recipe(
    recipe: Recipe,
    *,
    seed: int,
    graph: SignedGraph | None,
    executor: Executor | None,
    progress: Progress | None,
) -> RecipeResult:
    """See :meth:`Recipe.generate`."""
    checked_seed(seed)
    world = recipe.world.graph(seed=seed) if graph is None else graph
    judge = recipe.labelling_graph(world)
    spec = recipe.spec(world)
    pool = AnnealingSampler(judge, spec, seed=seed).sample(executor=executor, progress=progress)
    noisy, record = apply_noise(
        pool.block,
        pool.vocabulary,
        num_labels=len(pool.label_names),
        label_noise=recipe.label_noise,
        attribute_noise=recipe.attribute_noise,
        seed=seed,
    )
    rows = _split(noisy, record, recipe, seed)
    origin = pool.provenance
    for step in _steps(recipe, world, judge, record):
        origin = origin.then(step)
    parts = {}
    for part, at in rows.items():
        mine = CampaignDataset(
            noisy.take(at),
            pool.vocabulary,
            pool.label_names,
            provenance=origin.then(_split_step(recipe, part, len(at), len(pool))),
        )
        # Against the number of each label in this part, as it was before label noise.
        asked = _with_counts(spec, recipe.label_counts(part))
        parts[part] = mine.with_evaluation(evaluate_dataset(mine, judge, asked, progress=progress))
    return RecipeResult(
        recipe=recipe,
        seed=seed,
        graph=world,
        labelling_graph=judge,
        spec=spec,
        train=parts["train"],
        test=parts["test"],
        noise={part: record.take(at) for part, at in rows.items()},
        quality=pool.provenance.quality,
    )


def _split(
    noisy: Block, record: NoiseRecord, recipe: Recipe, seed: int
) -> dict[Part, NDArray[np.int64]]:
    """Positions of each part's rows: attributes as they are now, labels as they were."""
    # Split after attribute noise, since that can make two rows alike; by the labels before label
    # noise, so that the rows of a part do not depend on its rate.
    block = replace(noisy, labels=record.labels_before)
    train, test = split_rows(
        block,
        test=recipe.test_rows / (recipe.train_rows + recipe.test_rows),
        seed=seed,
        test_counts=list(recipe.label_counts("test").values()),
    )
    return {"train": train, "test": test}


def _steps(
    recipe: Recipe, world: SignedGraph, judge: SignedGraph, record: NoiseRecord
) -> list[str]:
    steps = [f"recipe {recipe.name}"]
    for pairs, what in ((recipe.inverse_pairs, "opposite"), (recipe.middle_pairs, "no")):
        named = ", ".join(f"{one} and {two}" for one, two in pairs)
        if pairs:
            steps.append(f"labelled with {what} signs between {named}")
    if judge is not world:
        steps.append(f"the graph with its own signs is {world.digest}")
    counts, total = record.counts, len(record)
    for kind, rate in (("label", recipe.label_noise), ("attribute", recipe.attribute_noise)):
        if rate:
            steps.append(f"{kind} noise: {counts[kind] + counts['both']} of {total} rows")
    return steps


def _split_step(recipe: Recipe, part: Part, num_rows: int, total: int) -> str:
    asked = {"train": recipe.train_rows, "test": recipe.test_rows}[part]
    step = f"split of {total} rows: {part}"
    if num_rows == asked:
        return step
    return f"{step}, {num_rows} in place of {asked}, since identical rows stay on one side"


def _with_counts(spec: SamplingSpec, counts: Mapping[str, int]) -> SamplingSpec:
    boxes = {
        label: LabelSpec(
            pos_frac_range=box.pos_frac_range,
            neg_frac_range=box.neg_frac_range,
            num_samples=counts[label],
        )
        for label, box in spec.label_params.items()
    }
    return spec.model_copy(update={"label_params": boxes})
