"""From a recipe to what it makes: two data sets, their graphs, and what noise did to every row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit import __version__
from campaignkit.dataset import Block, CampaignDataset, evaluate_dataset
from campaignkit.dataset.split import split_rows
from campaignkit.dataset.writer import Format
from campaignkit.errors import ArtifactError, Fault, SpecError
from campaignkit.graph import SignedGraph
from campaignkit.progress import Progress
from campaignkit.recipes.apply_noise import apply_noise
from campaignkit.recipes.noise import KINDS, NoiseRecord
from campaignkit.recipes.recipe import Part, Recipe
from campaignkit.sample import AnnealingSampler
from campaignkit.seeds import checked_seed
from campaignkit.spec import LabelSpec, SamplingSpec
from campaignkit.store import (
    Manifest,
    atomic_folder,
    checked_path,
    digest_file,
    read_bytes,
    read_manifest,
    verify_files,
)

PARTS: tuple[Part, Part] = ("train", "test")
NOISE_NAME = "noise.jsonl"
_GRAPH, _LABELLING_GRAPH = "graph", "labelling_graph"
_SPEC, _QUALITY = "spec.json", "quality.json"


@dataclass(frozen=True, eq=False)
class RecipeResult:
    """A made recipe.

    Attributes
    ----------
    recipe : Recipe
    seed : int
    graph : SignedGraph
        The world: what a model may be told.
    labelling_graph : SignedGraph
        What labels were told by; `graph` itself without inverse or middle pairs.
    spec : SamplingSpec
        What was sampled, for both parts together.
    train, test : CampaignDataset
        Every row that noise left alone lies in its label's box of `spec` on `labelling_graph`.
    noise : mapping of {"train", "test"} to NoiseRecord
        What noise did to each row.
    quality : mapping
        What the sampler says of its run, for both parts together and before noise.

    Examples
    --------
    >>> from campaignkit import recipes
    >>> recipe = recipes.load("label-noise").vary(train_rows=70, test_rows=30, label_noise=0.2)
    >>> result = recipe.generate(seed=7)
    >>> sum(record.counts["label"] for record in result.noise.values())
    20
    """

    recipe: Recipe
    seed: int
    graph: SignedGraph
    labelling_graph: SignedGraph
    spec: SamplingSpec
    train: CampaignDataset
    test: CampaignDataset
    noise: Mapping[Part, NoiseRecord]
    quality: Mapping[str, Any] = field(default_factory=dict)  # JSON: see the sampler

    def part(self, part: Part) -> CampaignDataset:
        """The data set of this part."""
        return {"train": self.train, "test": self.test}[part]

    def __repr__(self) -> str:
        return (
            f"RecipeResult({self.recipe.name}, seed={self.seed}: {len(self.train)} train and "
            f"{len(self.test)} test rows)"
        )

    def write(
        self, folder: str | Path, *, format: Format = "jsonl", replace: bool = False
    ) -> Path:
        """Write a folder with the two data sets, the graphs, the spec and the sampler's report.

        Each data set folder has a ``noise.jsonl``: a line for each row, in order. The folder's
        manifest lists every file and counts the rows that noise touched.

        Parameters
        ----------
        folder : path
            Made whole or not at all.
        format : {"jsonl", "parquet"}
            Of the campaigns.
        replace : bool
            Whether a folder that already holds something may be replaced.

        Raises
        ------
        ArtifactError
            If the folder cannot be made, or holds something and `replace` is false.
        """
        graphs = {_GRAPH: self.graph}
        if self.labelling_graph is not self.graph:
            graphs[_LABELLING_GRAPH] = self.labelling_graph
        with atomic_folder(folder, replace=replace) as partial:
            for part in PARTS:
                self._write_part(part, partial / part, format)
            for name, graph in graphs.items():
                graph.save(partial / name)
            self.spec.write(partial / _SPEC)
            text = json.dumps(dict(self.quality), indent=2, ensure_ascii=False) + "\n"
            (partial / _QUALITY).write_bytes(text.encode())
            files = sorted(file for file in partial.rglob("*") if file.is_file())
            Manifest(
                kind="recipe",
                made_by={"campaignkit": __version__},
                spec={"recipe": self.recipe.to_dict()},
                seed=self.seed,
                inputs=self._inputs(),
                files={file.relative_to(partial).as_posix(): digest_file(file) for file in files},
                counts={
                    f"{part}.{name}": count
                    for part in PARTS
                    for name, count in self._counts(part).items()
                },
            ).write(partial)
        return checked_path(folder)

    @classmethod
    def read(cls, folder: str | Path) -> RecipeResult:
        """Read what :meth:`write` wrote, after checking its files against the manifest.

        Raises
        ------
        ArtifactError
            If the folder is not a recipe's, or a file is missing or changed.
        """
        folder = checked_path(folder)
        manifest = read_manifest(folder, kind="recipe")
        verify_files(folder, manifest)
        try:
            recipe = Recipe.from_dict(manifest.spec["recipe"])
        except (KeyError, SpecError) as err:
            raise ArtifactError(
                f"the manifest of {folder} holds no recipe",
                faults=[Fault("spec.recipe", str(err))],
            ) from err
        graph = SignedGraph.load(folder / _GRAPH)
        judge = folder / _LABELLING_GRAPH
        parts = {part: CampaignDataset.read(folder / part) for part in PARTS}
        return cls(
            recipe=recipe,
            seed=manifest.seed or 0,
            graph=graph,
            labelling_graph=SignedGraph.load(judge) if judge.is_dir() else graph,
            spec=SamplingSpec.read(folder / _SPEC),
            train=parts["train"],
            test=parts["test"],
            noise={part: _read_noise(folder / part, parts[part]) for part in PARTS},
            quality=json.loads(read_bytes(folder / _QUALITY)),
        )

    def _write_part(self, part: Part, folder: Path, format: Format) -> None:
        dataset, record = self.part(part), self.noise[part]
        dataset.write(folder, format=format)
        with (folder / NOISE_NAME).open("xb") as file:
            for line in record.to_lines(dataset.vocabulary, dataset.label_names):
                file.write(line.encode())
        # The part stands alone as well: its own manifest lists the noise and both graphs.
        own = read_manifest(folder, kind="dataset")
        own.model_copy(
            update={
                "files": own.files | {NOISE_NAME: digest_file(folder / NOISE_NAME)},
                "inputs": own.inputs | {"world": self.graph.digest},
                "counts": own.counts | _noise_counts(record),
            }
        ).write(folder)

    def _inputs(self) -> dict[str, str]:
        return {
            "graph": self.graph.digest,
            "labelling_graph": self.labelling_graph.digest,
            "spec": self.spec.digest,
        }

    def _counts(self, part: Part) -> dict[str, int]:
        dataset = self.part(part)
        labels = {f"rows.{name}": count for name, count in dataset.label_counts.items()}
        return {"rows": len(dataset), **labels, **_noise_counts(self.noise[part])}


def _noise_counts(record: NoiseRecord) -> dict[str, int]:
    counts = record.counts
    return {f"noise.{kind}": counts[kind] for kind in KINDS}


def _read_noise(folder: Path, dataset: CampaignDataset) -> NoiseRecord:
    with (folder / NOISE_NAME).open("rb") as lines:
        return NoiseRecord.from_lines(
            lines, dataset.vocabulary, dataset.label_names, labels=dataset.block.labels
        )


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
