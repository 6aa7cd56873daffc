"""Text files read into DuckDB: each column once, straight as what a sample says it means."""

from __future__ import annotations

import json
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.show import counted
from campaignkit.store import scratch_folder
from campaignkit.tables.csv_lines import LineCount
from campaignkit.tables.delimited import DelimitedFile, chunks
from campaignkit.tables.describing import (
    MEANING_ROWS,
    count_units,
    described,
    notes_on_names,
    repeated,
)
from campaignkit.tables.opened import PLACE, Column, OpenTable, literal
from campaignkit.tables.read_options import ReadOptions
from campaignkit.tables.schema import TableSchema

_IN_MEMORY = 64 << 20  # bytes of a file whose table lies in memory; a larger one's in a file
_PACKED_AS = "FORMAT parquet, COMPRESSION lz4_raw"
_AT_ONCE = 200  # columns asked about in one query


def open_delimited(con: Any, path: Path, schema: TableSchema, read: ReadOptions) -> OpenTable:
    """Open a CSV or TSV file, as it is or packed.

    What its columns mean is read off a sample; the file is then read once, and a second time
    where a cell beyond the sample does not fit its column, which is then kept as text.

    Raises
    ------
    TableError
        If it cannot be read as a table.
    """
    file = DelimitedFile.open(path, read, schema)
    sample = file.read_sample()
    # Empty cells below a header without a name are a delimiter too many.
    empty = {n for n, name in zip(sample.column_names, file.names, strict=True)
             if not name and sample[n].null_count == sample.num_rows}  # fmt: skip
    stack = ExitStack()
    folder = stack.enter_context(scratch_folder())
    away = weakref.finalize(con, stack.close)
    place = folder / "table.parquet" if file.num_bytes > _IN_MEMORY else None
    texts: set[str] = set()
    try:
        while True:
            held = sample.drop_columns(sorted(empty))
            table, filled, lost = _loaded(con, file, held, place, texts, schema, read)
            late = {n for n in empty if filled[n]}
            if not lost and not late:
                break
            texts, empty = texts | lost, empty - late
    except BaseException:
        con.close()
        away()
        raise
    table.closers.append(away)
    names = [name for name in file.names if name]
    table.repeated, table.lines = repeated(names), file.count
    table.notes = (*file.all_notes(), *notes_on_names(names), *table.notes)
    return table


def _loaded(  # noqa: PLR0917 - what one try of reading the file goes by
    con: Any,
    file: DelimitedFile,
    sample: Any,
    place: Path | None,
    texts: set[str],
    schema: TableSchema,
    read: ReadOptions,
) -> tuple[OpenTable, Counter[str], set[str]]:
    """The table, the filled cells of each column, and the columns that must be kept as text."""
    con.register("read_text", sample)
    whole = file.is_sampled_whole
    known = sample.num_rows if whole else max(sample.num_rows, MEANING_ROWS + 1)
    table = described(con, str(file.path), "read_text", known, schema, read=read, arrow=sample)
    plain = [c for c in table.columns.values()
             if c.name not in texts and _is_one_form(c, may_have_unit=whole)]  # fmt: skip
    unfit = _lost(con, "read_text", plain, "sql", {})
    con.unregister("read_text")
    typed = {c.name: c for c in plain if c.name not in unfit}
    chosen = ", ".join(
        f"{c.sql} AS {c.raw}" if c.name in typed else c.raw for c in table.columns.values()
    )
    filled = _fill(con, file, chosen, place)
    lost = _lost(con, "audited", list(typed.values()), "raw", filled)
    for name, column in typed.items():
        table.columns[name] = replace(column, sql=column.raw, is_text=False)
    position = "rowid" if place is None else PLACE
    table = replace(
        table, relation="audited", position=position, num_rows=file.count.rows, counted={}
    )
    if not whole and not lost:
        count_units(table, [c.name for c in table.columns.values() if c.units])
    return table, filled, lost


def _is_one_form(column: Column, *, may_have_unit: bool) -> bool:
    # Which percentages lack their sign is seen in the text alone.
    may_have_unit &= not (column.unit == "%" and column.unmarked)
    units = len(column.units) <= 1 if may_have_unit else not column.units
    is_value = column.is_text and column.kind in ("number", "date")
    return is_value and units and len(column.formats) <= 1


def _fill(con: Any, file: DelimitedFile, chosen: str, place: Path | None) -> Counter[str]:
    """Read the file into the table; the filled cells of each column are counted on the way."""
    duckdb = require("duckdb", extra="tables", user="reading CSV")
    pa = require("pyarrow", extra="tables", user="reading CSV")
    filled: Counter[str] = Counter()

    def counting() -> Iterator[Any]:
        for batch in file.batches():
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                filled[name] += len(column) - column.null_count
            yield batch

    con.register("incoming", pa.RecordBatchReader.from_batches(file.schema, counting()))
    try:
        if place is None:
            con.execute(f"CREATE OR REPLACE TABLE audited AS SELECT {chosen} FROM incoming")
        else:
            where = literal(str(place))
            con.execute(f"COPY (SELECT {chosen} FROM incoming) TO {where} ({_PACKED_AS})")
            con.execute(f"CREATE OR REPLACE VIEW audited AS SELECT * FROM read_parquet({where})")
    except (pa.ArrowInvalid, duckdb.Error) as err:
        raise TableError(
            f"{file.path} cannot be read as delimited text: {str(err).splitlines()[0][:300]}",
            hint="is there room for temporary files?",
        ) from err
    finally:
        con.unregister("incoming")
    return filled


def _lost(
    con: Any, relation: str, columns: list[Column], part: str, filled: Mapping[str, int]
) -> set[str]:
    """The columns of which some filled cells have no value."""
    lost = set()
    for start in range(0, len(columns), _AT_ONCE):
        some = columns[start : start + _AT_ONCE]
        asked = ", ".join(
            f"{filled.get(c.name, f'count({c.raw})')} - count({getattr(c, part)})" for c in some
        )
        counts = con.execute(f"SELECT {asked} FROM {relation}").fetchall()[0]
        lost |= {c.name for c, n in zip(some, counts, strict=True) if n}
    return lost


def open_json(con: Any, path: Path, schema: TableSchema, read: ReadOptions) -> OpenTable:
    """Open a file of JSON rows; lines that are no JSON object are refused and counted.

    Raises
    ------
    TableError
        If no row can be read.
    """
    count, rows = None, str(path)
    try:
        _read_json(con, rows)
    except TableError as err:
        count = LineCount()
        with scratch_folder() as folder:
            place = folder / "rows.json"
            with place.open("wb") as file:
                file.writelines(_json_rows(chunks(path, "utf-8"), count))
            if not count.rows:
                raise err from None
            _read_json(con, str(place))
    num_rows = con.execute("SELECT count(*) FROM audited").fetchall()[0][0]
    table = described(con, str(path), "audited", num_rows, schema, read=read)
    table.position, table.lines = "rowid", count
    if count is not None:
        lines = counted(count.num_refused, "line", "are")
        found = f"{lines} no JSON object: {count.refused[0]}"
        table.notes += (Fault(str(path), found, "left out and listed"),)
    return table


def _read_json(con: Any, path: str) -> None:
    duckdb = require("duckdb", extra="tables", user="reading JSON")
    try:
        con.execute(f"CREATE TABLE audited AS SELECT * FROM read_json_auto({literal(path)})")
    except duckdb.Error as err:
        raise TableError(
            f"{path} cannot be read as JSON rows: {str(err).splitlines()[0][:300]}",
            hint="expected one JSON object per line",
        ) from err


def _json_rows(pieces: Iterable[bytes], count: LineCount) -> Iterator[bytes]:
    for piece in pieces:
        for line in piece.splitlines():
            count.lines += 1
            try:
                is_row = isinstance(json.loads(line), dict)
            except ValueError:
                is_row = False
            if is_row:
                count.rows += 1
                yield line + b"\n"
            elif line.strip():
                count.refuse(count.lines, 1, "is no JSON object", line.decode("utf-8", "replace"))
            else:
                count.blank += 1
