"""Options that several commands share, each with one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EdgesArgument = Annotated[
    Path,
    typer.Argument(
        metavar="EDGES", help="edges.csv (source,target,rel,sign), or a saved graph's folder."
    ),
]
CatalogueOption = Annotated[
    str | None,
    typer.Option(
        "--catalogue",
        metavar="FILE|NAME",
        help="Adds attributes without an edge: a .csv or .json file, or a bundled catalogue.",
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", help="The same seed gives the same bytes.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Replace what an earlier run left there.")
]
SpecOption = Annotated[
    Path | None,
    typer.Option("--spec", metavar="FILE", help="A sampling spec: .json, .toml or .yaml."),
]
FormatOption = Annotated[
    str, typer.Option("--format", metavar="jsonl|parquet", help="Parquet needs the extra tables.")
]
