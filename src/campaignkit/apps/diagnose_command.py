"""``campaignkit diagnose``: how dense a graph's campaigns are, and labels that suit it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from campaignkit.apps.names import counts_of, graph_at, ranges_of
from campaignkit.apps.options import (
    CatalogueOption,
    EdgesArgument,
    JsonOption,
    ReplaceOption,
    SeedOption,
    SpecOption,
)
from campaignkit.apps.output import print_json, refuse_existing
from campaignkit.apps.working import working
from campaignkit.errors import CampaignkitError


def diagnose(
    edges: EdgesArgument,
    *,
    spec: SpecOption = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--ranges",
            metavar="NAME=LOW-HIGH",
            help="Attributes of a modality in a campaign: brand=1,audience=2-4. Or --spec.",
        ),
    ] = None,
    suggest: Annotated[
        list[str] | None,
        typer.Option(
            "--suggest",
            metavar="LABEL=COUNT",
            help="Suggest label ranges for so many campaigns: pos=4000,avg=5000,neg=4000.",
        ),
    ] = None,
    widen: Annotated[
        float,
        typer.Option(
            "--widen", metavar="X", help="How far avg reaches past the quartiles, in IQRs."
        ),
    ] = 0.25,
    write_spec: Annotated[
        Path | None,
        typer.Option("--write-spec", metavar="FILE", help="Write the suggested spec there."),
    ] = None,
    draws: Annotated[
        int, typer.Option("--draws", metavar="N", help="Unconstrained draws.")
    ] = 10_000,
    seed: SeedOption = 0,
    catalogue: CatalogueOption = None,
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Profile unconstrained draws from a graph: what share of their pairs is +, - and absent.

    With --spec, also the share of draws that each label accepts. With --suggest, label ranges
    that suit this graph; --write-spec keeps them for: campaignkit dataset generate.
    """
    from campaignkit.diagnosis import diagnose as profile_graph
    from campaignkit.spec import SamplingSpec

    if (spec is None) == (not ranges):
        raise CampaignkitError(
            "the numbers of attributes in a campaign are not given; expected --spec or --ranges"
            if spec is None
            else "--spec and --ranges are both given; expected one of them",
            hint="such as --ranges brand=1,audience=2-4,platform=1-2,geo=1-3",
        )
    if write_spec is not None:
        if not suggest:
            raise CampaignkitError(
                "--write-spec has nothing to write without --suggest",
                hint="such as --suggest pos=4000,avg=5000,neg=4000",
            )
        refuse_existing(write_spec, replace=replace)
    labels = None if spec is None else SamplingSpec.read(spec)
    type_ranges = labels.type_ranges if labels is not None else ranges_of(ranges or [])
    counts = counts_of(suggest or [])
    graph = graph_at(edges, catalogue=catalogue)
    with working("diagnosing", compiles=True):
        profile = profile_graph(graph, type_ranges=type_ranges, num_draws=draws, seed=seed)
    if counts:
        labels = profile.suggest(counts, widen=widen)
    if write_spec is not None and labels is not None:
        labels.write(write_spec)
    coverage = None if labels is None else profile.coverage(labels)
    if json:
        shares = {} if coverage is None else {
            "accepted": coverage.accepted,
            "overlap": [{"labels": list(k), "share": v} for k, v in coverage.overlap.items()],
        }  # fmt: skip
        told = None if labels is None else labels.model_dump(mode="json")
        print_json({"profile": profile.to_dict(), "spec": told, **shares})
        return
    print(profile)
    if labels is not None:
        for name, box in labels.label_params.items():
            (low, high), (low_neg, high_neg) = box.pos_frac_range, box.neg_frac_range
            print(f"label {name}: + from {low} to {high}, - from {low_neg} to {high_neg}")
    if coverage is not None:
        print(coverage)
    if write_spec is not None:
        print(f"wrote {write_spec}")
