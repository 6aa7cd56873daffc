"""The main job, end to end: catalogue, graph, diagnosis, campaigns, split, models, report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from campaignkit import __version__
from campaignkit.errors import SettingError
from campaignkit.extras import require
from campaignkit.progress import Progress, listener
from campaignkit.report.dataset_page import write_report
from campaignkit.report.quickstart_classifiers import train_classifiers
from campaignkit.runs import RunLog
from campaignkit.store import Manifest, atomic_folder, checked_path, digest_file

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.dataset import DatasetEvaluation
    from campaignkit.diagnosis import DensityProfile
    from campaignkit.evaluation import ClassifierTable
    from campaignkit.graph import SignedGraph
    from campaignkit.spec import SamplingSpec

CATALOGUE = "retail-160"
TYPE_RANGES = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 3)}
OTHER_RANGE = (1, 2)  # of a modality that is not named above
NUM_SAMPLES = {"pos": 4000, "avg": 5000, "neg": 4000}
TEST_SHARE = 0.3

FILES = {
    "report.html": "the evidence on one page",
    "campaigns": "campaigns.jsonl with manifest and evaluation",
    "split/train": "70% of each label, for training",
    "split/test": "30% of each label, for testing",
    "edges.csv": "the signed graph, for interchange",
    "graph": "the same with the reason of every edge",
    "spec.json": "what was asked for: label ranges and counts",
    "diagnosis.json": "the density of unconstrained draws",
}
RUNS = "runs"  # a log: times and run ids are in it, so it is not in the manifest
RUNS_SAID = "what every classifier scored, as a run log with its predictions"


@dataclass(frozen=True)
class Quickstart:
    """What the main job made.

    Attributes
    ----------
    folder : Path
    files : dict of str to str
        What lies in the folder, by name, in words.
    graph, profile, spec, evaluation
        The results of the steps.
    classifiers : ClassifierTable or None
        None where a label has too few rows to learn from.
    warnings : tuple of str
        Those of the graph's build, such as misspelled traits; none of a graph that was given.

    Examples
    --------
    >>> sorted(Quickstart.__dataclass_fields__)[:3]
    ['classifiers', 'evaluation', 'files']
    """

    folder: Path
    files: dict[str, str]
    graph: SignedGraph
    profile: DensityProfile
    spec: SamplingSpec
    evaluation: DatasetEvaluation
    classifiers: ClassifierTable | None = None
    warnings: tuple[str, ...] = ()


def run_quickstart(
    folder: Path | str,
    *,
    catalogue: Catalogue | None = None,
    graph: SignedGraph | None = None,
    type_ranges: Mapping[str, tuple[int, int]] | None = None,
    num_samples: Mapping[str, int] | None = None,
    seed: int = 7,
    all_baselines: bool = False,
    replace: bool = False,
    progress: Progress | None = None,
) -> Quickstart:
    """Do the whole path and leave every step's result in one folder.

    Parameters
    ----------
    folder : Path or str
        Made whole or not at all.
    catalogue : Catalogue, optional
        Attributes with traits, whose signs are decided by rules; the bundled ``retail-160`` by
        default.
    graph : SignedGraph, optional
        Signs that are known already, in place of a catalogue.
    type_ranges : mapping of str to (int, int), optional
        Attributes of each modality in a campaign. By default brand 1, audience 2-4, platform 1-2,
        geo 1-3 and any other modality 1-2, as far as there are so many.
    num_samples : mapping of str to int, optional
        Campaigns by label, among pos, avg and neg; 4,000, 5,000 and 4,000 by default.
    seed : int
        Of the campaigns; the diagnosis and the split have fixed ones.
    all_baselines : bool
        Whether text models and boosted trees are trained too; needs the extra ``boost``.
    replace : bool
        Whether an earlier result may be replaced.
    progress : Progress, optional

    Raises
    ------
    ArtifactError
        If the folder cannot be made, or holds something and `replace` is false.
    SpecError
        If the type ranges do not fit the graph, or a label cannot be placed.
    SettingError
        If both a catalogue and a graph are given.
    MissingExtra
        If `all_baselines` is asked for and LightGBM is not installed.

    Examples
    --------
    >>> import tempfile
    >>> import campaignkit as ck
    >>> few = {"pos": 10, "avg": 10, "neg": 10}
    >>> with tempfile.TemporaryDirectory() as place:
    ...     made = run_quickstart(
    ...         Path(place, "out"), catalogue=ck.Catalogue.bundled("starter-27"), num_samples=few)
    ...     len(ck.CampaignDataset.read(made.folder / "campaigns"))
    30
    """
    from campaignkit.catalogue import Catalogue
    from campaignkit.dataset import write_split
    from campaignkit.diagnosis import diagnose
    from campaignkit.edges import TraitScorer, build_graph
    from campaignkit.sample import AnnealingSampler

    if catalogue is not None and graph is not None:
        raise SettingError("a catalogue and a graph are given; expected one of them")
    if all_baselines:  # said before anything is made
        require("lightgbm", extra="boost", user="--all-baselines")
    tell = listener(progress)
    warnings: tuple[str, ...] = ()
    with atomic_folder(folder, replace=replace) as partial:
        if graph is None:
            attributes = catalogue or Catalogue.bundled(CATALOGUE)
            built = build_graph(attributes, scorer=TraitScorer(), progress=progress)
            graph, warnings = built.graph, built.report.warnings
        graph.write_csv(partial / "edges.csv")
        graph.save(partial / "graph")
        tell.update("diagnosing", 0, 1)
        profile = diagnose(graph, type_ranges=type_ranges or _ranges(graph))
        spec = profile.suggest(num_samples or NUM_SAMPLES)
        spec.write(partial / "spec.json")
        _write_json(partial / "diagnosis.json", profile.to_dict())
        dataset = AnnealingSampler(graph, spec, seed=seed).sample(progress=progress)
        tell.update("writing", 0, 1)
        dataset.write(partial / "campaigns")
        write_split(dataset, partial / "split", test=TEST_SHARE)
        train, test = dataset.split(test=TEST_SHARE)
        classifiers = train_classifiers(
            train, test, graph=graph, run_log=RunLog(partial / RUNS / "runs.jsonl"),
            all_baselines=all_baselines, progress=progress,
        )  # fmt: skip
        tell.update("drawing the report", 0, 1)
        write_report(
            partial / "report.html", dataset, graph,
            profile=profile, splits={"train": train, "test": test}, classifiers=classifiers,
        )  # fmt: skip
        _manifest(partial, seed=seed, rows=len(dataset)).write(partial)
    evaluation = dataset.evaluation
    assert evaluation is not None  # the sampler evaluates what it draws
    files = FILES | ({RUNS: RUNS_SAID} if classifiers is not None else {})
    return Quickstart(
        checked_path(folder), files, graph, profile, spec, evaluation, classifiers, warnings
    )


def _ranges(graph: SignedGraph) -> dict[str, tuple[int, int]]:
    """A range for every modality of the graph."""
    found = {}
    for modality in graph.catalogue.modalities:
        low, high = TYPE_RANGES.get(modality, OTHER_RANGE)
        there = len(graph.catalogue.of(modality))
        found[modality] = (min(low, there), min(high, there))
    return found


def _manifest(folder: Path, *, seed: int, rows: int) -> Manifest:
    files = {
        path.relative_to(folder).as_posix(): digest_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != RUNS
    }
    return Manifest(
        kind="quickstart",
        made_by={"campaignkit": __version__},
        seed=seed,
        files=files,
        counts={"rows": rows},
    )


def _write_json(path: Path, value: object) -> None:
    path.write_bytes((json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())
