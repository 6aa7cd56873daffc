"""``campaignkit audit``, ``inject`` and ``audit-sweep``."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from campaignkit.apps.ending import FAILED
from campaignkit.apps.options import (
    ColumnsOption,
    DayFirstOption,
    DecimalOption,
    DelimiterOption,
    EncodingOption,
    HeaderOption,
    JsonOption,
    ReplaceOption,
    SeedOption,
    SkipOption,
    SummaryOption,
    read_options,
)
from campaignkit.apps.output import print_json, refuse_existing
from campaignkit.apps.working import working
from campaignkit.errors import ArtifactError, SettingError
from campaignkit.extras import require
from campaignkit.store import checked_path, kind_of_file

_SEVERITIES = ("error", "warning", "info")


def audit_command(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Parquet, CSV, TSV or JSON lines; a folder too; bigquery://, postgres:// or "
            "snowflake:// and a table.",
        ),
    ],
    *,
    history: Annotated[
        Path | None,
        typer.Option("--history", metavar="FILE", help="Earlier data to mine rules from."),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="A rule file (YAML).")
    ] = None,
    save_rules: Annotated[
        Path | None,
        typer.Option("--save-rules", metavar="FILE", help="Write the rules in force there."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Write audit.html, .json and .md there."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="With --report: audit.pdf too.")] = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on", metavar="error|warning|info", help="Exit code 1 from this severity on."
        ),
    ] = None,
    no_pack: Annotated[
        bool, typer.Option("--no-pack", help="Without the built-in marketing rules.")
    ] = False,
    no_duplicates: Annotated[
        bool, typer.Option("--no-duplicates", help="Without the search for duplicate rows.")
    ] = False,
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", metavar="X", help="Share of the history that may be wrong."),
    ] = 0.05,
    memory_mb: Annotated[
        int | None, typer.Option("--memory-mb", metavar="N", help="Memory budget in megabytes.")
    ] = None,
    header: HeaderOption = None,
    skip: SkipOption = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    decimal: DecimalOption = None,
    day_first: DayFirstOption = None,
    columns: ColumnsOption = None,
    keep_summary_rows: SummaryOption = False,
    json: JsonOption = False,
) -> None:
    """Find what is wrong with a table: faults, columns to blame, rows."""
    from campaignkit.auditing import audit
    from campaignkit.report import write_audit
    from campaignkit.show import print_blocks  # brings numpy, which help does without

    if fail_on is not None and fail_on not in _SEVERITIES:
        raise SettingError(
            f"--fail-on is {fail_on!r}; expected {', '.join(_SEVERITIES)}",
            hint="--fail-on error",
        )
    read = read_options(
        header=header, delimiter=delimiter, columns=columns, keep_summary_rows=keep_summary_rows,
        skip=skip, encoding=encoding, decimal=decimal, day_first=day_first,
    )  # fmt: skip
    _refuse_what_cannot_be_written(save_rules, report, pdf=pdf)
    with (
        working("auditing") as bar,
        audit(
            file, rules, history=history, pack=not no_pack, tolerance=tolerance,
            duplicates=not no_duplicates, memory_mb=memory_mb, progress=bar, **read,
        ) as found,
    ):  # fmt: skip
        if json:
            print_json(json_module.loads(found.to_json()))
        else:
            print_blocks(found.blocks())
        if report is not None:
            page = write_audit(found, report, pdf=pdf, rules=save_rules)
            if not json:
                print(f"\nwrote {page}")
        elif save_rules is not None:
            found.rules.save(save_rules)
        failed = fail_on is not None and found.fails_on(fail_on)
    if failed:
        raise typer.Exit(FAILED)


def _refuse_what_cannot_be_written(
    save_rules: Path | None, report: Path | None, *, pdf: bool
) -> None:
    """Before the audit, so that nothing is written where not all of it can be."""
    from campaignkit.report import pdf_printer

    if pdf and report is None:
        raise SettingError("--pdf needs --report", hint="--report DIR --pdf")
    if pdf:
        pdf_printer()
    kind = kind_of_file(checked_path(report)) if report is not None else ""
    if kind not in ("", "a folder"):
        raise ArtifactError(
            f"{report} is {kind}; expected a folder; nothing was written",
            hint="give the name of a folder",
        )
    if save_rules is not None:
        if save_rules.parent != report:  # that one is made with the report
            refuse_existing(save_rules, replace=True)
        require("yaml", extra="yaml", user="writing rules")


def inject_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The clean table.")],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The corrupted table: .parquet or .csv.")
    ],
    *,
    kinds: Annotated[
        str,
        typer.Option("--kinds", metavar="KIND,KIND", help="Kinds of faults; all: the published."),
    ] = "all",
    rate: Annotated[
        float, typer.Option("--rate", metavar="X", help="Above 0, at most 1; 0.05 is 5%.")
    ] = 0.05,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", metavar="FILE", help="Ground truth (JSON); OUT.truth.json."),
    ] = None,
    cells: Annotated[
        Path | None,
        typer.Option("--cells", metavar="FILE", help="Every corrupted cell (Parquet)."),
    ] = None,
    seed: SeedOption = 0,
    replace: ReplaceOption = False,
    header: HeaderOption = None,
    skip: SkipOption = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    decimal: DecimalOption = None,
    day_first: DayFirstOption = None,
    columns: ColumnsOption = None,
    keep_summary_rows: SummaryOption = False,
) -> None:
    """Corrupt a table on purpose and write down the truth."""
    from campaignkit.inject import STACK_KINDS, ErrorInjector, write_table

    read = read_options(
        header=header, delimiter=delimiter, columns=columns, keep_summary_rows=keep_summary_rows,
        skip=skip, encoding=encoding, decimal=decimal, day_first=day_first,
    )  # fmt: skip
    place = truth or out.with_name(out.name + ".truth.json")
    for target in (out, place, *([cells] if cells else [])):
        refuse_existing(target, replace=replace)
    chosen = list(STACK_KINDS) if kinds == "all" else [k.strip() for k in kinds.split(",")]
    with working("injecting"):
        dirty, found = ErrorInjector(chosen, rate=rate, seed=seed).inject(file, **read)
        write_table(dirty, out)
        if cells is not None:
            write_table(found.cell_table(), cells)
    place.write_text(json_module.dumps(found.to_dict(), indent=2) + "\n", encoding="utf-8")
    for note in found.notes:
        print(f"note: {note}")
    for defect in found.defects:
        print(f"{defect.kind}: {defect.count:,} ({defect.realised:.2%})")
    print(f"wrote {out} and {place}")


def sweep_command(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Clean table; default: synthetic.")
    ] = None,
    *,
    history: Annotated[
        Path | None, typer.Option("--history", metavar="FILE", help="Earlier clean data.")
    ] = None,
    rates: Annotated[
        str, typer.Option("--rates", metavar="X,X", help="Rates of the faults.")
    ] = "0.01,0.05,0.1,0.2,0.4",
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", help="Rows of synthetic tables.")
    ] = 7_637,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Write an HTML page with plots there."),
    ] = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Inject one to eleven kinds at each rate, audit, and show how much is found."""
    from campaignkit.evaluation import sweep_detection
    from campaignkit.report import write_sweep
    from campaignkit.tables import synthetic_table

    try:
        wanted = [float(r) for r in rates.split(",")]
    except ValueError as err:
        raise SettingError(f"--rates is {rates!r}; expected numbers: 0.05,0.1") from err
    clean = file if file is not None else (lambda i: synthetic_table(rows, seed=seed + 1 + i))
    earlier = history if file is not None or history else synthetic_table(rows, seed=seed)
    with working("sweep") as bar:
        sweeps = [sweep_detection(clean, rates=wanted, seed=seed, progress=bar)]
        if earlier is not None:
            sweeps.append(
                sweep_detection(clean, history=earlier, rates=wanted, seed=seed, progress=bar)
            )
    if json:
        print_json([s.to_dict() for s in sweeps])
    else:
        print("\n".join(s.to_markdown() for s in sweeps))
    if plot is not None:
        write_sweep(sweeps, plot)
