"""``campaignkit diagnose``: how dense a graph's campaigns are, and labels that suit it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaignkit.apps.ending import FAILED
from campaignkit.apps.names import counts_of, graph_at, ranges_of
from campaignkit.apps.options import (
    CatalogueOption,
    EdgesArgument,
    JsonOption,
    RangesOption,
    ReplaceOption,
    SeedOption,
    SpecOption,
)
from campaignkit.apps.output import print_json, refuse_existing
from campaignkit.apps.working import working
from campaignkit.errors import SettingError

if TYPE_CHECKING:
    from campaignkit.diagnosis import DensityProfile, FeasibilityReport
    from campaignkit.spec import SamplingSpec


def diagnose(
    edges: EdgesArgument,
    *,
    spec: SpecOption = None,
    ranges: RangesOption = None,
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
            "--widen",
            metavar="X",
            help="How far avg extends beyond the quartiles, in interquartile ranges.",
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

    With --spec, also the share of draws that each label accepts and whether a campaign can carry
    it (exit code 1 if one cannot). With --suggest, label ranges
    that suit this graph; --write-spec keeps them for: campaignkit dataset generate.
    """
    from campaignkit.diagnosis import diagnose as profile_graph, diagnosis_json, feasible
    from campaignkit.spec import SamplingSpec

    _check_options(spec, ranges, suggest, write_spec)
    if write_spec is not None:
        refuse_existing(write_spec, replace=replace)
    labels = None if spec is None else SamplingSpec.read(spec)
    type_ranges = labels.type_ranges if labels is not None else ranges_of(ranges or [])
    counts = counts_of(suggest or [])
    graph = graph_at(edges, catalogue=catalogue)
    with working("diagnosing") as bar:
        profile = profile_graph(graph, type_ranges=type_ranges, num_draws=draws, seed=seed)
        if counts:
            labels = profile.suggest(counts, widen=widen)
        bar.update("searching a campaign for each label", 0, 1)
        verdicts = None if labels is None else feasible(graph, labels)
    if write_spec is not None and labels is not None:
        labels.write(write_spec)
    if json:
        print_json(diagnosis_json(profile, labels, verdicts))
    else:
        _print(profile, labels, verdicts)
        if write_spec is not None:
            print(f"wrote {write_spec}")
    if verdicts is not None and any(v.status == "infeasible" for v in verdicts.values()):
        raise typer.Exit(FAILED)


def _check_options(
    spec: Path | None,
    ranges: list[str] | None,
    suggest: list[str] | None,
    write_spec: Path | None,
) -> None:
    hint = "such as --ranges brand=1,audience=2-4,platform=1-2,geo=1-3"
    if spec is None and not ranges:
        raise SettingError(
            "the number of attributes per campaign is missing; expected --spec or --ranges",
            hint=hint,
        )
    if spec is not None and ranges:
        raise SettingError("--spec and --ranges are both given; expected one", hint=hint)
    if write_spec is not None and not suggest:
        raise SettingError(
            "--write-spec has nothing to write without --suggest",
            hint="such as --suggest pos=4000,avg=5000,neg=4000",
        )


def _print(
    profile: DensityProfile, labels: SamplingSpec | None, verdicts: FeasibilityReport | None
) -> None:
    print(profile)
    if labels is None or verdicts is None:
        return
    for name, box in labels.label_params.items():
        (low, high), (low_neg, high_neg) = box.pos_frac_range, box.neg_frac_range
        print(f"label {name}: + from {low} to {high}, - from {low_neg} to {high_neg}")
    print(profile.coverage(labels))
    print(verdicts)
