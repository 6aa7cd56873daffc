"""Open any table for the audit: frames, Parquet, CSV and JSON paths, DuckDB and SQLite tables."""

from __future__ import annotations

import fnmatch
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.show import counted
from campaignkit.store import checked_path, readable_file
from campaignkit.tables.describing import described, notes_on_names, repeated
from campaignkit.tables.frames import readable, to_arrow, unique_names
from campaignkit.tables.in_place import open_in_place
from campaignkit.tables.loading import open_delimited, open_json
from campaignkit.tables.opened import OpenTable, literal, quoted
from campaignkit.tables.read_options import (
    ReadOptions,
    checked_read,
    without_file_options,
    without_warehouse_options,
)
from campaignkit.tables.schema import MARKETING, TableSchema
from campaignkit.tables.summary_rows import summary_rows

_MOST_ENTRIES = 20_000  # of a folder in which a table is looked for
_MARKS = "*?["  # of a pattern


@dataclass(frozen=True, slots=True)
class DatabaseTable:
    """A table in a database: a DuckDB or SQLite file, or an open DuckDB or DB-API connection.

    Parameters
    ----------
    database : path or connection
        File of a DuckDB or SQLite database, or an open connection.
    table : str
        Name of the table or view; may carry a schema (``"marts.campaigns"``).

    Examples
    --------
    >>> import sqlite3
    >>> con = sqlite3.connect(":memory:")
    >>> _ = con.execute("create table t (clicks int)")
    >>> open_table(DatabaseTable(con, "t")).num_rows
    0
    """

    database: Any  # a path, or a connection of any DB-API driver
    table: str


def open_table(
    table: Any,
    *,
    schema: TableSchema = MARKETING,
    memory_mb: int | None = None,
    threads: int | None = None,
    **read: Unpack[ReadOptions],
) -> OpenTable:
    """Open a table for questions.

    Parameters
    ----------
    table : frame, path, DatabaseTable or OpenTable
        pandas, polars, pyarrow, a DuckDB relation, a dict of columns, a path to Parquet (one file,
        a folder, or a pattern), CSV, TSV or JSON lines, or a table in a database.
    schema : TableSchema
        The columns to recognise.
    memory_mb : int or None
        Budget for DuckDB; above it work goes to temporary files. None: DuckDB's own.
    threads : int or None
        Threads for DuckDB; None: all cores.
    **read : ReadOptions
        What overrules the reader's own decisions: ``header``, ``skip``, ``delimiter``,
        ``encoding``, ``decimal``, ``day_first``, ``columns``, ``summary_rows``
        (:class:`ReadOptions` tells each).

    Raises
    ------
    TableError
        If it does not exist, is empty of columns, is not a table, or cannot be read as asked.

    Examples
    --------
    >>> open_table({"Impr.": [1, 2]}).own["impressions"]
    'Impr.'
    """
    asked = checked_read(read)
    place = (table.database, table.table) if isinstance(table, DatabaseTable) else (table, "")
    if (opened := open_in_place(*place, schema, asked)) is not None:
        return opened
    without_warehouse_options(asked)
    if isinstance(table, OpenTable):
        if asked:
            raise TableError(
                f"{table.name} is open already: {', '.join(asked)} cannot be heeded",
                hint="give them to open_table",
            )
        return table
    import numpy as np

    con = connect(memory_mb, threads)
    try:
        opened = _open_any(con, table, schema, asked)
        if asked.get("summary_rows") != "keep" and (rows := summary_rows(opened)):
            opened = opened.without(np.array(sorted(rows)))
            opened.summary_rows = rows
            listed = ", ".join(f"row {at} ({why})" for at, why in list(rows.items())[:3])
            found = f"{counted(len(rows), 'row', 'sum')} up others: {listed}"
            fix = "left out of checks and sums; summary_rows='keep' keeps them"
            opened.notes += (Fault(opened.name, found, fix),)
    except OSError as err:
        con.close()
        raise TableError(f"{table} cannot be read: {err}", hint="is it still there?") from err
    except BaseException:
        con.close()
        raise
    return opened


def _open_any(con: Any, table: Any, schema: TableSchema, read: ReadOptions) -> OpenTable:
    if isinstance(table, str | Path):
        return _open_path(con, checked_path(table, error=TableError), schema, read)
    if isinstance(table, DatabaseTable):
        without_file_options(read, "a table in a database")
        return _open_database(con, table, schema, read)
    without_file_options(read, "a frame")
    return _open_frame(con, table, schema, read, name="the table")


def connect(memory_mb: int | None = None, threads: int | None = None) -> Any:
    """A DuckDB connection in memory that fetches nothing from the net.

    Parameters
    ----------
    memory_mb, threads : int or None
        As for :func:`open_table`.

    Raises
    ------
    TableError
        If the budget is less than 32 MB.

    Examples
    --------
    >>> connect(threads=1).sql("select 1").fetchall()
    [(1,)]
    """
    duckdb = require("duckdb", extra="tables", user="reading a table")
    # A statement that needs an extension fails: it is not fetched from the net while one reads.
    config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    if memory_mb is not None:
        if memory_mb < 32:
            raise TableError(
                f"memory_mb is {memory_mb}; expected at least 32",
                hint="the budget is for the tables' blocks, in megabytes",
            )
        config["memory_limit"] = f"{memory_mb}MB"
    if threads is not None:
        config["threads"] = str(threads)
    con = duckdb.connect(":memory:", config=config)
    # In a notebook without widgets there is no bar, and DuckDB refuses to be told so.
    with suppress(duckdb.InvalidInputException):
        con.execute("SET enable_progress_bar = false")
    return con


def _open_path(con: Any, path: Path, schema: TableSchema, read: ReadOptions) -> OpenTable:
    is_pattern = any(mark in str(path) for mark in _MARKS) and not path.exists()
    if is_pattern or path.is_dir():
        return _open_parquet(con, path, _parquet_files(path), schema, read)
    if not path.exists():
        near = sorted(p.name for p in path.parent.glob("*"))[:8] if path.parent.exists() else []
        beside = (
            f"in its folder: {', '.join(near)}" if near else "its folder does not exist either"
        )
        raise TableError(f"{path} does not exist", hint=beside)
    readable_file(path, error=TableError)
    if path.stat().st_size == 0:
        raise TableError(f"{path} is empty", hint="expected a header line and rows below it")
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        return _open_parquet(con, path, [path], schema, read)
    if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        return open_json(con, path, schema, read)
    if path.suffix.lower() in (".parquet", ".pq"):
        raise TableError(f"{path} is not a Parquet file", hint="was it cut off while copied?")
    if path.suffix.lower() in (".xlsx", ".xls"):
        raise TableError(f"{path} is a spreadsheet", hint="export it as CSV or Parquet")
    return open_delimited(con, path, schema, read)


def _parquet_files(path: Path) -> list[Path]:
    """The Parquet files in a folder and below, or the files that match a pattern."""
    is_fixed = [not any(mark in part for mark in _MARKS) for part in path.parts]
    fixed = path.parts[: [*is_fixed, False].index(False)]
    pattern = path.parts[len(fixed) :] or ("**", "*.parquet")
    root, is_deep = Path(*fixed), "**" in pattern
    found, looked_at = [], 0
    for folder, folders, files in os.walk(root, followlinks=not is_deep):
        looked_at += len(folders) + len(files)
        if is_deep and looked_at > _MOST_ENTRIES:
            raise TableError(
                f"{root} is a folder of more than {_MOST_ENTRIES:,} entries, all of which "
                f"{path} makes me look at",
                hint="pass the folder with the table's Parquet files",
            )
        below = Path(folder).relative_to(root).parts
        fit = [Path(folder, name) for name in files if _fits((*below, name), pattern)]
        found += [path for path in fit if path.is_file()]  # no pipe
        if not is_deep and len(below) == len(pattern) - 1:
            folders.clear()
    if not found and path.is_dir():
        raise TableError(
            f"{path} is a folder without Parquet files",
            hint="pass one file, or a folder of Parquet files",
        )
    if not found:
        raise TableError(f"no file matches {path}", hint="check the folder and the pattern")
    return sorted(found)


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a pattern; ``**`` stands for any number."""
    if not pattern or not parts:
        return not pattern and not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or _fits(parts[1:], pattern)
    return fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _open_parquet(
    con: Any, path: Path, files: Sequence[Path], schema: TableSchema, read: ReadOptions
) -> OpenTable:
    single = len(files) == 1
    listed = ", ".join(literal(str(file)) for file in files)
    scan = f"read_parquet([{listed}], union_by_name = {literal(not single)})"
    failed = (f"{path} cannot be read as Parquet", "was it cut off while copied?")
    table = _open_view(con, str(path), scan, schema, read, failed=failed)
    if single:
        table.row_groups = _spread_row_groups(con, files[0], table.num_rows)
    return table


def _open_view(
    con: Any, name: str, scan: str, schema: TableSchema, read: ReadOptions, *,
    failed: tuple[str, str], before: str = "",
) -> OpenTable:  # fmt: skip
    """What DuckDB reads itself; words and a hint for when it cannot."""
    duckdb = require("duckdb", extra="tables", user="reading a table")
    try:
        con.execute(f"{before} CREATE VIEW audited AS SELECT * FROM {scan}")
        num_rows = con.execute("SELECT count(*) FROM audited").fetchall()[0][0]
    except duckdb.Error as err:
        words, hint = failed
        raise TableError(f"{words}: {str(err).splitlines()[0][:300]}", hint=hint) from err
    return described(con, name, "audited", num_rows, schema, read=read)


def _spread_row_groups(con: Any, path: Path, num_rows: int) -> tuple[str, ...]:
    """A relation of a few row groups' heads, evenly spread, for samples of a big file."""
    if num_rows <= 400_000:
        return ()
    pq = require("pyarrow.parquet", extra="tables", user="sampling Parquet")
    pa = require("pyarrow", extra="tables", user="sampling Parquet")
    with pq.ParquetFile(path) as file:
        groups = file.num_row_groups
        if groups < 8:
            return ()
        chosen = sorted({round(i * (groups - 1) / 7) for i in range(8)})
        heads = [next(file.iter_batches(batch_size=16_384, row_groups=[g]), None) for g in chosen]
    con.register("spread_rows", pa.Table.from_batches([h for h in heads if h is not None]))
    return ("spread_rows",)


def _open_frame(
    con: Any, frame: Any, schema: TableSchema, read: ReadOptions, *, name: str
) -> OpenTable:
    arrow = readable(to_arrow(frame))
    if arrow.num_columns == 0:
        raise TableError(f"{name} has no columns", hint="expected at least one column")
    names = list(arrow.column_names)
    arrow = arrow.rename_columns(unique_names(names))
    con.register("audited", arrow)
    table = described(con, name, "audited", arrow.num_rows, schema, read=read, arrow=arrow)
    table.arrow_source = arrow
    table.repeated = repeated(names)
    table.notes += notes_on_names(names)
    return table


def _open_database(
    con: Any, asked: DatabaseTable, schema: TableSchema, read: ReadOptions
) -> OpenTable:
    duckdb = require("duckdb", extra="tables", user="reading a database")
    parts = ".".join(quoted(part) for part in asked.table.split("."))
    database = asked.database
    owned = False
    if isinstance(database, str | Path):
        path = readable_file(database, error=TableError, folder_hint="pass the database's file")
        with path.open("rb") as file:
            is_sqlite = file.read(15) == b"SQLite format 3"
        if is_sqlite:
            database, owned = sqlite3.connect(path), True
        else:
            return _open_view(
                con, asked.table, f"theirs.{parts}", schema, read,
                before=f"ATTACH {literal(str(path))} AS theirs (READ_ONLY);",
                failed=(f"{asked.table} cannot be read from {path}",
                        "pass a DuckDB or SQLite file and the name of a table in it"),
            )  # fmt: skip
    if isinstance(database, duckdb.DuckDBPyConnection):
        arrow = database.sql(f"SELECT * FROM {parts}").to_arrow_table()
        return _open_frame(con, arrow, schema, read, name=asked.table)
    try:
        return _open_frame(con, _from_cursor(database, parts), schema, read, name=asked.table)
    except sqlite3.Error as err:
        raise TableError(
            f"{asked.table} cannot be read: {err}", hint="check the table's name"
        ) from err
    finally:
        if owned:
            database.close()


def _from_cursor(connection: Any, table: str) -> Any:
    cursor = connection.cursor()
    cursor.execute(f"SELECT * FROM {table}")
    names = [d[0] for d in cursor.description]
    cells = cursor.fetchall()
    columns: list[Any] = list(zip(*cells, strict=True)) if cells else [() for _ in names]
    frames = [to_arrow({"c": list(column)}).column(0) for column in columns]
    pa = require("pyarrow", extra="tables", user="reading a database")
    return pa.Table.from_arrays(frames, names=names)
