"""``campaignkit quickstart``: the whole path on a bundled catalogue."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path
from typing import Annotated

import typer

from campaignkit.apps.names import catalogue_named, counts_of, graph_at, ranges_of
from campaignkit.apps.options import JsonOption, RangesOption, ReplaceOption, SeedOption
from campaignkit.apps.output import print_json, program
from campaignkit.apps.working import working


def quickstart(
    *,
    catalogue: Annotated[
        str | None,
        typer.Option(
            "--catalogue",
            metavar="FILE|NAME",
            help="Attributes with traits: a .csv or .json file, or a bundled catalogue.",
        ),
    ] = None,
    edges: Annotated[
        Path | None,
        typer.Option(
            "--edges",
            metavar="EDGES",
            help="Signs that you have: edges.csv (source,target,rel,sign), or a saved graph.",
        ),
    ] = None,
    ranges: RangesOption = None,
    suggest: Annotated[
        list[str] | None,
        typer.Option(
            "--suggest",
            metavar="LABEL=COUNT",
            help="Campaigns of each label: pos=4000,avg=5000,neg=4000.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to make.")] = Path(
        "quickstart"
    ),
    seed: SeedOption = 7,
    all_baselines: Annotated[
        bool,
        typer.Option(
            "--all-baselines", help="Train text models and boosted trees too (extra boost)."
        ),
    ] = False,
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Make 13,000 labelled campaigns and a report, of a bundled catalogue or of your own.

    Catalogue, signed graph, diagnosis, campaigns, train and test files, classifiers and
    report.html: one command, no key, no network service, no GPU. With --catalogue, rules decide
    the signs of your attributes; with --edges, the signs are yours, and --catalogue adds
    attributes without an edge.
    """
    from campaignkit.apps.classifier_text import classifier_text
    from campaignkit.apps.evaluation_text import evaluation_text
    from campaignkit.report import run_quickstart

    with working("starting") as bar:
        graph = None if edges is None else graph_at(edges, catalogue=catalogue)
        given = None if catalogue is None or graph is not None else catalogue_named(catalogue)
        made = run_quickstart(
            out, catalogue=given, graph=graph, type_ranges=ranges_of(ranges or []),
            num_samples=counts_of(suggest or []), seed=seed, all_baselines=all_baselines,
            replace=replace, progress=bar,
        )  # fmt: skip
    if json:
        print_json({"folder": str(out), "files": made.files, "warnings": list(made.warnings)})
        return
    graph = made.graph
    print(f"graph: {graph.num_nodes:,} attributes, {graph.num_positive:,} +, "
          f"{graph.num_negative:,} - edges")  # fmt: skip
    for warning in made.warnings:
        print(f"  warning: {warning}")
    print(evaluation_text(made.evaluation))
    if made.classifiers is not None:
        print(classifier_text(made.classifiers))
    print("\nWritten:")
    for name, what in made.files.items():
        print(f"  {out / name!s:<32} {what}")
    me, few = program(), "--suggest pos=60,avg=80,neg=60"
    names = chain(["mine"], map("mine-{}".format, count(2)))
    mine = next(name for name in names if not Path(name).exists())
    print(f"""
Open {out / "report.html"} in a browser first. Then:
  check it with code that shares nothing with the sampler
    {me} dataset verify {out / "campaigns"} --edges {out / "edges.csv"}
  make the same campaigns again, byte for byte
    {me} dataset generate {out / "edges.csv"} {out / "spec.json"} --out again --seed {seed}
  the same of your own attributes (modality,value and traits), or of signs that you have
    {me} quickstart --catalogue my_catalogue.csv {few} --out {mine}
    {me} quickstart --edges my_edges.csv {few} --out {mine}""")
