"""Options that several commands share, each with one help text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from campaignkit.errors import SettingError

if TYPE_CHECKING:
    from campaignkit.tables import ReadOptions

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
RangesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ranges",
        metavar="NAME=LOW-HIGH",
        help="Attributes of a modality in a campaign: brand=1,audience=2-4.",
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", help="The same seed gives the same bytes.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Replace the result of an earlier run.")
]
SpecOption = Annotated[
    Path | None,
    typer.Option("--spec", metavar="FILE", help="A sampling spec: .json, .toml or .yaml."),
]
FormatOption = Annotated[
    str, typer.Option("--format", metavar="jsonl|parquet", help="Parquet needs the extra tables.")
]
HeaderOption = Annotated[
    str | None,
    typer.Option(
        "--header",
        metavar="N|NAMES",
        help="Line of the header (first: 1; none: 0), or names if there is none: date,clicks.",
    ),
]
SkipOption = Annotated[
    int | None, typer.Option("--skip", metavar="N", help="Lines before the table begins.")
]
DelimiterOption = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="C", help="Delimiter of cells: one character, or tab."),
]
EncodingOption = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="utf-16, cp1252, ...")
]
DecimalOption = Annotated[
    str | None, typer.Option("--decimal", metavar="C", help="A point or a comma.")
]
DayFirstOption = Annotated[
    bool | None,
    typer.Option("--day-first/--month-first", help="What 03/04/2026 starts with."),
]
ColumnsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="OWN=STANDARD",
        help="Meaning of a column: Amount=spend; Amount= for none. Once per column.",
    ),
]
SummaryOption = Annotated[
    bool, typer.Option("--keep-summary-rows", help="Check totals like any other row.")
]


def read_options(
    *,
    header: str | None = None,
    delimiter: str | None = None,
    columns: list[str] | None = None,
    keep_summary_rows: bool = False,
    **plain: Any,  # options whose text is their value
) -> ReadOptions:
    """The options of reading as the library takes them.

    Raises
    ------
    SettingError
        If a pair of columns has no "=".

    Examples
    --------
    >>> read_options(header="3", columns=["Amount=spend", "Note="], skip=None)
    {'header': 3, 'columns': {'Amount': 'spend', 'Note': None}}
    """
    said: dict[str, Any] = {name: value for name, value in plain.items() if value is not None}
    if header is not None:
        names = [name.strip() for name in header.split(",")]
        said["header"] = int(header) if header.strip().isdecimal() else names
    if delimiter is not None:
        said["delimiter"] = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if keep_summary_rows:
        said["summary_rows"] = "keep"
    for pair in columns or ():
        own, sign, standard = pair.rpartition("=")
        if not sign:
            raise SettingError(
                f"--columns is {pair!r}; expected OWN=STANDARD", hint="--columns Amount=spend"
            )
        said.setdefault("columns", {})[own] = standard or None
    return cast("ReadOptions", said)
