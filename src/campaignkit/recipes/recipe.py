"""A data set as a plan, and what it makes: two data sets, their graphs, and what noise did."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from campaignkit import __version__
from campaignkit.checks import is_count, is_share
from campaignkit.dataset import Block, CampaignDataset, evaluate_dataset
from campaignkit.dataset.split import split_rows
from campaignkit.dataset.writer import Format
from campaignkit.errors import ArtifactError, Fault, SpecError
from campaignkit.graph import SignedGraph
from campaignkit.progress import Progress
from campaignkit.recipes.apply_noise import apply_noise
from campaignkit.recipes.label_boxes import Bounds, placed_labels, share_out, with_counts
from campaignkit.recipes.labelling import labelling_graph
from campaignkit.recipes.noise import NOISE_NAME, NoiseRecord
from campaignkit.recipes.world import World
from campaignkit.sample import AnnealingSampler
from campaignkit.seeds import checked_seed
from campaignkit.spec import LabelSpec, SamplingSpec
from campaignkit.spec.sampling import checked_type_ranges
from campaignkit.store import (
    Manifest,
    atomic_folder,
    checked_path,
    digest_file,
    read_bytes,
    read_manifest,
    verify_files,
)

Part = Literal["train", "test"]
PARTS: tuple[Part, Part] = ("train", "test")
_GRAPH, _LABELLING_GRAPH = "graph", "labelling_graph"
_SPEC, _QUALITY = "spec.json", "quality.json"
_SUGGESTED = ("pos", "avg", "neg")


@dataclass(frozen=True)
class Recipe:
    """A named data set to make: world, type ranges, labels, split and noise.

    Parameters
    ----------
    name, description : str
        What to call it; what it is.
    source : str
        The published data set it is after, and what is published of it.
    world : World
        What its graph is drawn from, where none is given.
    type_ranges : mapping of str to (int, int)
        For each modality, the number of its attributes in a campaign.
    label_shares : mapping of str to float
        Labels, in the order of their codes, each with its share of the rows; any positive
        numbers, taken relative to their sum.
    train_rows, test_rows : int
        Rows of the two parts. A label's rows are its share, rounded by largest remainder.
    label_boxes : mapping of str to (pos_frac_range, neg_frac_range), optional
        Where the labels lie. By default the boxes that suit the graph, for labels among ``pos``,
        ``avg`` and ``neg``; no two of them overlap.
    inverse_pairs : (str, str) tuples
        Modality pairs whose edges count with the opposite sign when labelling.
    middle_pairs : (str, str) tuples
        Modality pairs whose edges count as neutral when labelling.
    label_noise, attribute_noise : float
        Share of the rows, in [0, 1], whose label is replaced, and of those one of whose
        attributes is.

    Raises
    ------
    SpecError
        With every fault.

    Examples
    --------
    >>> recipe = Recipe("tiny", "A small one", "none", World({"a": 9, "b": 9, "c": 9},
    ...     pos_frac=0.3, neg_frac=0.3), {"a": (1, 2), "b": (1, 2), "c": (1, 2)},
    ...     {"neg": 1, "pos": 1}, train_rows=14, test_rows=6)
    >>> result = recipe.generate(seed=7)
    >>> len(result.train), len(result.test), result.test.label_counts
    (14, 6, {'neg': 3, 'pos': 3})
    """

    name: str
    description: str
    source: str
    world: World
    type_ranges: Mapping[str, tuple[int, int]]
    label_shares: Mapping[str, float]
    train_rows: int
    test_rows: int
    label_boxes: Mapping[str, tuple[Bounds, Bounds]] | None = None
    inverse_pairs: tuple[tuple[str, str], ...] = ()
    middle_pairs: tuple[tuple[str, str], ...] = ()
    label_noise: float = 0.0
    attribute_noise: float = 0.0

    def __repr__(self) -> str:
        return (
            f"Recipe({self.name}: {self.description}; {self.train_rows:,} train and "
            f"{self.test_rows:,} test rows)"
        )

    def __post_init__(self) -> None:
        if faults := [*_faults(self)]:
            raise SpecError(f"recipe {self.name!r} has faults; nothing was done", faults=faults)

    def vary(self, **changes: Any) -> Recipe:  # Any: a value of each field's own type
        """The recipe with some fields changed; checked again.

        Raises
        ------
        SpecError
            If there is no such field, or a value does not fit.

        Examples
        --------
        >>> from campaignkit import recipes
        >>> recipes.load("balanced-5").vary(train_rows=700, test_rows=300).label_counts("test")
        {'neg': 87, 'avg': 120, 'pos': 93}
        """
        known = [field.name for field in fields(self)]
        faults = [
            Fault(name, "is not a field of a recipe", _near(name, known))
            for name in changes
            if name not in known
        ]
        if faults:
            raise SpecError("a recipe cannot be varied so", faults=faults)
        return replace(self, **changes)

    def label_counts(self, part: Part) -> dict[str, int]:
        """Rows of each label in a part; they add up to its rows. Noise comes later."""
        rows = {"train": self.train_rows, "test": self.test_rows}[part]
        return share_out(rows, self.label_shares)

    def labelling_graph(self, graph: SignedGraph) -> SignedGraph:
        """The graph whose signs count for labels: `graph` itself but for the named pairs."""
        known = graph.catalogue.modalities
        faults = [
            Fault(f"type_ranges.{name}", "the graph has no such modality", _near(name, known))
            for name in self.type_ranges
            if name not in known
        ]
        if faults:
            message = f"recipe {self.name!r} does not fit the graph; nothing was done"
            raise SpecError(message, faults=faults)
        return labelling_graph(
            graph, inverse_pairs=self.inverse_pairs, middle_pairs=self.middle_pairs
        )

    def spec(self, graph: SignedGraph) -> SamplingSpec:
        """What is sampled, for both parts together, with labels placed on this graph.

        Raises
        ------
        SpecError
            If the recipe does not fit the graph, or a label cannot be placed on it.
        """
        train, test = self.label_counts("train"), self.label_counts("test")
        wanted = {label: train[label] + test[label] for label in train}
        return placed_labels(
            self.labelling_graph(graph),
            wanted,
            type_ranges=self.type_ranges,
            boxes=self.label_boxes,
        )

    def generate(
        self,
        *,
        seed: int = 0,
        graph: SignedGraph | None = None,
        executor: Executor | None = None,
        progress: Progress | None = None,
    ) -> RecipeResult:
        """Make the data set.

        Parameters
        ----------
        seed : int
            The one seed: of the world, the campaigns, the split and the noise, each drawn from
            a stream of its own.
        graph : SignedGraph, optional
            Used in place of the recipe's world.
        executor, progress
            As for :meth:`AnnealingSampler.sample`.

        Raises
        ------
        SpecError
            If the recipe does not fit the graph; InfeasibleSpec if a label has no campaign.
        SamplingFailed
            If a label could not be filled.
        """
        checked_seed(seed)
        world = self.world.graph(seed=seed) if graph is None else graph
        judge = self.labelling_graph(world)
        spec = self.spec(world)
        pool = AnnealingSampler(judge, spec, seed=seed).sample(
            executor=executor, progress=progress
        )
        noisy, record = apply_noise(
            pool.block,
            pool.vocabulary,
            num_labels=len(pool.label_names),
            label_noise=self.label_noise,
            attribute_noise=self.attribute_noise,
            seed=seed,
        )
        rows = _split(noisy, record, self, seed)
        origin = pool.provenance
        for step in _steps(self, world, judge, record):
            origin = origin.then(step)
        parts = {}
        for part, at in rows.items():
            mine = CampaignDataset(
                noisy.take(at),
                pool.vocabulary,
                pool.label_names,
                provenance=origin.then(_split_step(self, part, len(at), len(pool))),
            )
            # Against the number of each label in this part, as it was before label noise.
            asked = with_counts(spec, self.label_counts(part))
            parts[part] = mine.with_evaluation(
                evaluate_dataset(mine, judge, asked, progress=progress)
            )
        return RecipeResult(
            recipe=self,
            seed=seed,
            graph=world,
            labelling_graph=judge,
            spec=spec,
            train=parts["train"],
            test=parts["test"],
            noise={part: record.take(at) for part, at in rows.items()},
            quality=pool.provenance.quality,
        )

    def to_dict(self) -> dict[str, Any]:  # Any: JSON values
        """The recipe as JSON values."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        world = {field.name: getattr(self.world, field.name) for field in fields(self.world)}
        boxes = {name: [*map(list, box)] for name, box in (self.label_boxes or {}).items()}
        return told | {
            "world": world | {"sizes": dict(self.world.sizes)},
            "type_ranges": {name: list(ends) for name, ends in self.type_ranges.items()},
            "label_shares": dict(self.label_shares),
            "label_boxes": boxes or None,
            "inverse_pairs": [list(pair) for pair in self.inverse_pairs],
            "middle_pairs": [list(pair) for pair in self.middle_pairs],
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Recipe:
        """The recipe that :meth:`to_dict` gave, also after a trip through JSON.

        Raises
        ------
        SpecError
            If it is no recipe.

        Examples
        --------
        >>> from campaignkit import recipes
        >>> recipe = recipes.load("ten-90k")
        >>> Recipe.from_dict(recipe.to_dict()) == recipe
        True
        """
        try:
            boxes = told.get("label_boxes")
            return cls(
                **{
                    **told,
                    "world": World(**told["world"]),
                    "type_ranges": {k: _pair(v) for k, v in told["type_ranges"].items()},
                    "label_boxes": boxes
                    and {label: (_pair(pos), _pair(neg)) for label, (pos, neg) in boxes.items()},
                    "inverse_pairs": tuple(_pair(pair) for pair in told["inverse_pairs"]),
                    "middle_pairs": tuple(_pair(pair) for pair in told["middle_pairs"]),
                }
            )
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            if isinstance(err, SpecError):
                raise
            raise SpecError(f"not a recipe: {err!r}") from err


@dataclass(frozen=True, eq=False)
class RecipeResult:
    """A made recipe.

    Attributes
    ----------
    recipe : Recipe
    seed : int
    graph : SignedGraph
        The world: what a model may know.
    labelling_graph : SignedGraph
        The graph that decided the labels; `graph` itself without inverse or middle pairs.
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
            Whether a folder that is not empty may be replaced.

        Raises
        ------
        ArtifactError
            If the folder cannot be made, or is not empty and `replace` is false.
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
                inputs={
                    "graph": self.graph.digest,
                    "labelling_graph": self.labelling_graph.digest,
                    "spec": self.spec.digest,
                },
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
                f"the manifest of {folder} contains no recipe",
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
            noise={part: NoiseRecord.read(folder / part, parts[part]) for part in PARTS},
            quality=json.loads(read_bytes(folder / _QUALITY)),
        )

    def _write_part(self, part: Part, folder: Path, format: Format) -> None:
        dataset, record = self.part(part), self.noise[part]
        dataset.write(folder, format=format)
        lines = record.to_lines(dataset.vocabulary, dataset.label_names)
        (folder / NOISE_NAME).write_bytes("".join(lines).encode())
        # The part stands alone as well: its own manifest lists the noise and both graphs.
        own = read_manifest(folder, kind="dataset")
        own.model_copy(
            update={
                "files": own.files | {NOISE_NAME: digest_file(folder / NOISE_NAME)},
                "inputs": own.inputs | {"world": self.graph.digest},
                "counts": own.counts | record.told,
            }
        ).write(folder)

    def _counts(self, part: Part) -> dict[str, int]:
        dataset = self.part(part)
        labels = {f"rows.{name}": count for name, count in dataset.label_counts.items()}
        return {"rows": len(dataset), **labels, **self.noise[part].told}


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


def _faults(recipe: Recipe) -> Iterator[Fault]:
    """The faults of a recipe, each with the field it is in."""
    if not (isinstance(recipe.name, str) and recipe.name.strip() and recipe.name.isprintable()):
        yield Fault("name", f"is {recipe.name!r}; expected a printable name")
    for check in (_ranges, _shares, _boxes, _pairs):
        yield from check(recipe)
    for name in ("label_noise", "attribute_noise"):
        rate = getattr(recipe, name)
        if not is_share(rate):
            yield Fault(name, f"is {rate!r}; expected a share in [0, 1]")
    if recipe.label_noise and len(recipe.label_shares) < 2:
        yield Fault("label_noise", "needs a second label to swap to")


def _ranges(recipe: Recipe) -> Iterator[Fault]:
    try:
        ranges = checked_type_ranges(dict(recipe.type_ranges))
    except SpecError as err:
        yield from err.faults
        return
    for modality, (_, high) in ranges.items():
        size = recipe.world.sizes.get(modality)
        if size is None:
            yield Fault(f"type_ranges.{modality}", "the world has no such modality")
        elif high > size:
            found = f"asks for up to {high}, but the world has {size}"
            yield Fault(f"type_ranges.{modality}", found)


def _shares(recipe: Recipe) -> Iterator[Fault]:
    sound = True
    for name in ("train_rows", "test_rows"):
        rows = getattr(recipe, name)
        if not is_count(rows):
            yield Fault(name, f"is {rows!r}; expected a whole number of 1 or more")
            sound = False
    if not recipe.label_shares:
        yield Fault("label_shares", "names no label")
        return
    for label, share in recipe.label_shares.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not (
            math.isfinite(share) and share > 0
        ):  # fmt: skip
            yield Fault(f"label_shares.{label}", f"is {share!r}; expected a number above 0")
            sound = False
    if not sound:
        return
    for name in ("train_rows", "test_rows"):
        counts = share_out(getattr(recipe, name), recipe.label_shares)
        empty = [label for label, count in counts.items() if not count]
        if empty:
            yield Fault(name, f"leaves no row for {', '.join(empty)}", "ask for more rows")


def _boxes(recipe: Recipe) -> Iterator[Fault]:
    labels = list(recipe.label_shares)
    if recipe.label_boxes is None:
        unknown = [label for label in labels if label not in _SUGGESTED]
        if unknown:
            found = f"names {', '.join(map(repr, unknown))} and there are no label_boxes"
            yield Fault("label_shares", found, "name pos, avg, neg, or give label_boxes")
        return
    if list(recipe.label_boxes) != labels:
        found = (
            f"contains {', '.join(recipe.label_boxes)}; expected {', '.join(labels)}, as shared"
        )
        yield Fault("label_boxes", found)
    for label, (pos, neg) in recipe.label_boxes.items():
        try:
            LabelSpec(pos_frac_range=pos, neg_frac_range=neg, num_samples=1)
        except SpecError as err:
            for fault in err.faults:
                yield Fault(f"label_boxes.{label}.{fault.where}", fault.found, fault.fix)


def _pairs(recipe: Recipe) -> Iterator[Fault]:
    seen: dict[frozenset[str], str] = {}
    for name in ("inverse_pairs", "middle_pairs"):
        for pair in getattr(recipe, name):
            if isinstance(pair, str) or len(pair) != 2 or len({*pair}) != 2:
                yield Fault(name, f"contains {pair!r}; expected two different modalities")
                continue
            for modality in pair:
                if modality not in recipe.type_ranges:
                    known = ", ".join(recipe.type_ranges)
                    yield Fault(name, f"names {modality!r}, which is not in type_ranges ({known})")
            key = frozenset(pair)
            if key in seen:
                found = f"names {' and '.join(pair)}, which {seen[key]} has named already"
                yield Fault(name, found)
            seen[key] = name


def _pair(values: Any) -> tuple[Any, Any]:  # Any: JSON
    one, two = values
    return one, two


def _near(name: str, known: Any) -> str:  # Any: some names
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else f"they are: {', '.join(known)}"
