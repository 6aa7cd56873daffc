"""``campaignkit quickstart``: the whole path on a bundled catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from campaignkit.apps.options import JsonOption, ReplaceOption, SeedOption
from campaignkit.apps.output import print_json, program
from campaignkit.apps.working import working


def quickstart(
    *,
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
    """Make a labelled data set of 13,000 campaigns from the bundled catalogue, with a report.

    Catalogue, signed graph, diagnosis, campaigns, train and test files, classifiers and
    report.html: one command, no key, no network service, no GPU.
    """
    from campaignkit.apps.classifier_text import classifier_text
    from campaignkit.apps.evaluation_text import evaluation_text
    from campaignkit.report import run_quickstart

    with working("starting", compiles=True) as bar:
        made = run_quickstart(
            out, seed=seed, all_baselines=all_baselines, replace=replace, progress=bar
        )
    if json:
        print_json({"folder": str(out), "files": made.files})
        return
    graph = made.graph
    print(f"graph: {graph.num_nodes:,} attributes, {graph.num_positive:,} +, "
          f"{graph.num_negative:,} - edges")  # fmt: skip
    print(evaluation_text(made.evaluation))
    if made.classifiers is not None:
        print(classifier_text(made.classifiers))
    print("\nWritten:")
    for name, what in made.files.items():
        print(f"  {out / name!s:<32} {what}")
    me = program()
    print(f"""
Open {out / "report.html"} in a browser first. Then:
  check it with code that shares nothing with the sampler
    {me} dataset verify {out / "campaigns"} --edges {out / "edges.csv"}
  make the same campaigns again, byte for byte
    {me} dataset generate {out / "edges.csv"} {out / "spec.json"} --out again --seed {seed}
  bring your own catalogue (modality,value,description and traits)
    {me} graph build my_catalogue.csv --out my_edges.csv
  or your own edges.csv (source,target,rel,sign)
    {me} diagnose my_edges.csv --ranges brand=1,audience=2-4 \\
      --suggest pos=400,avg=500,neg=400 --write-spec my_spec.json""")
