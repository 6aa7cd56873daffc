"""Text files read into DuckDB: each column once, straight as what a sample says it means."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.tables.csv_lines import LineCount
from campaignkit.tables.delimited import DelimitedFile, chunks
from campaignkit.tables.describing import (
    MEANING_ROWS,
    count_units,
    described,
    notes_on_names,
    repeated,
)
from campaignkit.tables.opened import Column, OpenTable, literal
from campaignkit.tables.read_options import ReadOptions
from campaignkit.tables.schema import TableSchema

_IN_MEMORY = 64 << 20  # bytes of a file whose table lies in memory; a larger one's in a file
_PACKED_AS = "FORMAT parquet, COMPRESSION lz4_raw"
_ROWS = ""  # no column has this name
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
    file = DelimitedFile.open(path, read)
    sample = file.read_sample()
    # Empty cells below a header without a name are a delimiter too many.
    empty = [n for n, name in zip(sample.column_names, file.names, strict=True)
             if not name and sample[n].null_count == sample.num_rows]  # fmt: skip
    folder = tempfile.mkdtemp(prefix="campaignkit-")
    away = weakref.finalize(con, shutil.rmtree, folder, ignore_errors=True)
    if file.num_bytes > _IN_MEMORY:
        file.packed = Path(folder, "table.parquet")
    try:
        table, nulls = _loaded(con, file, sample.drop_columns(empty), schema, read)
        if any(nulls[n] < table.num_rows for n in empty):
            table, nulls = _loaded(con, file, sample, schema, read)
    except BaseException:
        con.close()
        away()
        raise
    table.closers.append(away)
    names = [name for name in file.names if name]
    table.repeated, table.lines = repeated(names), file.count
    table.notes = (*file.all_notes(), *notes_on_names(names), *table.notes)
    return table


def _loaded(
    con: Any, file: DelimitedFile, sample: Any, schema: TableSchema, read: ReadOptions
) -> tuple[OpenTable, Counter[str]]:
    con.register("read_text", sample)
    whole = file.is_sampled_whole
    known = sample.num_rows if whole else max(sample.num_rows, MEANING_ROWS + 1)
    table = described(con, str(file.path), "read_text", known, schema, read=read, arrow=sample)
    plain = [c for c in table.columns.values() if _is_one_form(c, may_have_unit=whole)]
    typed = {c.name for c in plain} - _lost(con, "read_text", plain, "sql", {})
    con.unregister("read_text")
    while True:
        nulls = _fill(con, file, table, typed)
        filled = {n: file.count.rows - nulls[n] for n in typed}
        lost = _lost(con, "audited", [table.columns[n] for n in typed], "raw", filled)
        if not lost:
            break
        typed -= lost
    for name in typed:
        column = table.columns[name]
        table.columns[name] = replace(column, sql=column.raw, is_text=False)
    place = "rowid" if file.packed is None else "row_number() OVER () - 1"
    table = replace(
        table, relation="audited", position=place, num_rows=file.count.rows, _values={}
    )
    if not whole:
        count_units(table, [c.name for c in table.columns.values() if c.units])
    return table, nulls


def _is_one_form(column: Column, *, may_have_unit: bool) -> bool:
    units = len(column.units) <= 1 if may_have_unit else not column.units
    is_value = column.is_text and column.kind in ("number", "date")
    return is_value and units and len(column.formats) <= 1


def _fill(con: Any, file: DelimitedFile, table: OpenTable, typed: set[str]) -> Counter[str]:
    """Read the file into the table; the empty cells of each column are counted on the way."""
    duckdb = require("duckdb", extra="tables", user="reading CSV")
    pa = require("pyarrow", extra="tables", user="reading CSV")
    nulls: Counter[str] = Counter()

    def counted(reader: Any) -> Iterator[Any]:
        for batch in reader:
            nulls[_ROWS] += batch.num_rows
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                nulls[name] += column.null_count
            yield batch

    chosen = ", ".join(
        f"{c.sql} AS {c.raw}" if c.name in typed else c.raw for c in table.columns.values()
    )
    try:
        reader = file.reader()
        con.register("incoming", pa.RecordBatchReader.from_batches(reader.schema, counted(reader)))
        if file.packed is None:
            con.execute(f"CREATE OR REPLACE TABLE audited AS SELECT {chosen} FROM incoming")
        else:
            place = literal(str(file.packed))
            con.execute(f"COPY (SELECT {chosen} FROM incoming) TO {place} ({_PACKED_AS})")
            con.execute(f"CREATE OR REPLACE VIEW audited AS SELECT * FROM read_parquet({place})")
    except (pa.ArrowInvalid, duckdb.Error) as err:
        if not file.is_plain:
            raise TableError(
                f"{file.path} cannot be read as delimited text: {str(err).splitlines()[0][:300]}",
                hint="is there room for temporary files?",
            ) from err
    finally:
        con.unregister("incoming")
    if file.is_plain and not file.has_a_row_a_line(nulls[_ROWS]):
        file.is_plain = False
        return _fill(con, file, table, typed)
    return nulls


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
        with tempfile.NamedTemporaryFile("wb", prefix="campaignkit-", suffix=".json") as file:
            file.writelines(_json_rows(chunks(path, "utf-8"), count))
            file.flush()
            if not count.rows:
                raise err from None
            _read_json(con, file.name)
    num_rows = con.execute("SELECT count(*) FROM audited").fetchall()[0][0]
    table = described(con, str(path), "audited", num_rows, schema, read=read)
    table.position, table.lines = "rowid", count
    if count is not None:
        found = f"{count.num_refused} lines are no JSON object: {count.refused[0]}"
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
