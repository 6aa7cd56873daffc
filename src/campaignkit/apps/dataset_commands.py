"""``campaignkit dataset``: generate, evaluate, split and verify data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaignkit.apps.ending import FAILED
from campaignkit.apps.names import format_named, graph_at, strategy_named
from campaignkit.apps.options import (
    CatalogueOption,
    EdgesArgument,
    FormatOption,
    JsonOption,
    ReplaceOption,
    SeedOption,
    SpecOption,
)
from campaignkit.apps.output import print_json
from campaignkit.apps.working import working
from campaignkit.errors import SettingError

if TYPE_CHECKING:
    from campaignkit.dataset import CampaignDataset, DatasetEvaluation
    from campaignkit.spec import SamplingSpec

dataset_app = typer.Typer(
    help="Generate, evaluate, split and verify data sets.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

DataArgument = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="A data set folder, or a .jsonl or .parquet file."),
]
EdgesOption = Annotated[
    Path, typer.Option("--edges", metavar="FILE", help="The edges.csv it was sampled from.")
]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to make.")]


@dataset_app.command()
def generate(
    edges: EdgesArgument,
    spec: Annotated[
        Path, typer.Argument(metavar="SPEC", help="A sampling spec: .json, .toml or .yaml.")
    ],
    *,
    out: OutOption,
    seed: SeedOption = 0,
    format: FormatOption = "jsonl",
    catalogue: CatalogueOption = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="DIR",
            help="Keep finished parts there: the same command continues after an interruption.",
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            metavar="NAME",
            help="rejection, heat-bath or annealing (as published); by default a pilot chooses "
            "between the first two.",
        ),
    ] = None,
    chain_block: Annotated[
        int | None,
        typer.Option("--chain-block", metavar="N", help="heat-bath: campaigns of one chain."),
    ] = None,
    stop: Annotated[
        str | None,
        typer.Option("--stop", metavar="WHEN", help="annealing: first-feasible or mixed."),
    ] = None,
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Draw the campaigns of a spec: all of them in range, or an error with the reason.

    The folder contains the campaigns, a manifest with digests, an evaluation and how each label
    was sampled. It appears whole when the run is complete.
    """
    from campaignkit.apps.evaluation_text import evaluation_text
    from campaignkit.sample import AnnealingSampler
    from campaignkit.spec import SamplingSpec

    form = format_named(format)
    wanted = SamplingSpec.read(spec)
    chosen = strategy_named(strategy, chain_block=chain_block, stop=stop)
    graph = graph_at(edges, catalogue=catalogue)
    sampler = AnnealingSampler(graph, wanted, seed=seed, strategy=chosen)
    with working("planning") as bar:
        sampler.write(out, format=form, checkpoint=checkpoint, replace=replace, progress=bar)
    found = _written_evaluation(out)
    if json:
        print_json({"folder": str(out), "seed": seed, "evaluation": found.to_dict()})
        return
    print(evaluation_text(found))
    for plan in sampler.plans:
        print(f"{plan.label}: sampled by {plan.strategy.name} ({plan.reason})")
    print(f"wrote {out}")


@dataset_app.command()
def evaluate(
    data: DataArgument,
    *,
    edges: EdgesOption,
    spec: SpecOption = None,
    catalogue: CatalogueOption = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Measure a data set against its graph and spec: in-range rates, duplicates, leakage.

    The spec is the one in the manifest unless --spec gives another. Exit code 1 if a campaign is
    out of its label's range.
    """
    from campaignkit.apps.evaluation_text import evaluation_text
    from campaignkit.dataset import evaluate_dataset

    with working("reading") as bar:
        dataset = _dataset_at(data)
        graph = graph_at(edges, catalogue=catalogue)
        found = evaluate_dataset(dataset, graph, _spec_of(dataset, spec), seed=seed, progress=bar)
    if json:
        print_json(found.to_dict())
    else:
        print(evaluation_text(found))
    if found.in_range_frac is not None and found.in_range_frac < 1:
        raise typer.Exit(FAILED)


@dataset_app.command()
def split(
    data: DataArgument,
    *,
    out: OutOption,
    test: Annotated[
        float, typer.Option("--test", metavar="SHARE", help="Share of each label for testing.")
    ] = 0.3,
    seed: SeedOption = 0,
    format: FormatOption = "jsonl",
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Split a data set by label into DIR/train and DIR/test; identical campaigns stay together."""
    from campaignkit.dataset import write_split

    form = format_named(format)
    with working("splitting"):
        sizes = write_split(
            _dataset_at(data), out, test=test, seed=seed, format=form, replace=replace
        )
    if json:
        print_json({"folder": str(out), **sizes})
    else:
        print(f"train {sizes['train']:,}, test {sizes['test']:,}; wrote {out}")


@dataset_app.command()
def verify(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A data set folder.")],
    *,
    edges: EdgesOption,
    spec: SpecOption = None,
    json: JsonOption = False,
) -> None:
    """Check a data set with the independent checker, which shares no code with the sampler.

    Reads edges.csv, the spec and the campaigns, nothing else. Exit code 1 if anything is wrong.
    """
    from campaignkit.dataset import verify_dataset

    with working("verifying"):
        found = verify_dataset(data, edges, spec=spec)
    if json:
        print_json(found.to_dict())
    else:
        print(found)
    if not found.is_sound:
        raise typer.Exit(FAILED)


def _dataset_at(path: Path) -> CampaignDataset:
    from campaignkit.dataset import CampaignDataset

    return CampaignDataset.read(path)


def _spec_of(dataset: CampaignDataset, path: Path | None) -> SamplingSpec:
    from campaignkit.spec import SamplingSpec

    if path is not None:
        return SamplingSpec.read(path)
    if not dataset.provenance.spec:
        raise SettingError(
            "the data set has no record of the spec it was sampled from", hint="give --spec FILE"
        )
    return SamplingSpec.model_validate(dict(dataset.provenance.spec))


def _written_evaluation(folder: Path) -> DatasetEvaluation:
    from json import loads

    from campaignkit.dataset import DatasetEvaluation

    return DatasetEvaluation.from_dict(loads((folder / "evaluation.json").read_bytes()))
