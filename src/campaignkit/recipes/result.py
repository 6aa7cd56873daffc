"""What a recipe made: two data sets, their graphs, and what noise did to every row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaignkit import __version__
from campaignkit.dataset import CampaignDataset
from campaignkit.dataset.writer import Format
from campaignkit.errors import ArtifactError, Fault, SpecError
from campaignkit.graph import SignedGraph
from campaignkit.recipes.noise import KINDS, NoiseRecord
from campaignkit.recipes.recipe import Part, Recipe
from campaignkit.spec import SamplingSpec
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
