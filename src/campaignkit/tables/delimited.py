"""Delimited text files as they come: BOM, wrong encoding, ragged rows, odd delimiters."""

from __future__ import annotations

import codecs
import csv
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.tables.frames import unique_names

_CHUNK = 1 << 24
_SHOWN = 20
_DELIMITERS = ",;\t|"


@dataclass
class DelimitedFile:
    """An opened delimited file: a reader of text columns, and what was odd about it.

    Attributes
    ----------
    reader : pyarrow.RecordBatchReader
        All columns as text, empty cells null.
    names : list of str
        The header as it is written.
    notes : list of Fault
        Encoding, delimiter and other oddities.
    ragged : list of str
        The rows left out because they have more or fewer cells than the header (first 20).
    num_ragged : int
        How many were left out; counted while the reader is read.

    Examples
    --------
    >>> DelimitedFile(None, ["clicks"]).num_ragged
    0
    """

    reader: Any  # pyarrow.RecordBatchReader
    names: list[str]
    notes: list[Fault] = field(default_factory=list)
    ragged: list[str] = field(default_factory=list)
    num_ragged: int = 0
    _temporary: Path | None = None

    def close(self) -> None:
        """Remove the re-encoded copy, where one was needed."""
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None


def open_delimited(path: Path) -> DelimitedFile:
    """Open a CSV or TSV file for reading in batches.

    Raises
    ------
    TableError
        If it is empty, binary, or has no header.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "t.csv")
    >>> _ = file.write_text("clicks;spend\\n1;2\\n")
    >>> open_delimited(file).names
    ['clicks', 'spend']
    """
    pa_csv = require("pyarrow.csv", extra="tables", user="reading CSV")
    pa = require("pyarrow", extra="tables", user="reading CSV")
    notes: list[Fault] = []
    source, temporary = _as_utf8(path, notes)
    header, delimiter = _header(source, path)
    unique = unique_names(header)
    opened = DelimitedFile(None, header, notes, _temporary=temporary)

    def left_out(row: Any) -> str:
        opened.num_ragged += 1
        if len(opened.ragged) < _SHOWN:
            opened.ragged.append(
                f"{row.actual_columns} cells instead of {row.expected_columns}: {row.text[:200]}"
            )
        return "skip"

    try:
        opened.reader = pa_csv.open_csv(
            source,
            read_options=pa_csv.ReadOptions(
                column_names=unique, skip_rows=0, skip_rows_after_names=1, block_size=_CHUNK
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=left_out
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in unique},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as err:
        # A header alone leaves Arrow without a single block: that is an empty table, not a fault.
        if "Empty CSV file" not in str(err):
            opened.close()
            raise TableError(
                f"{path} cannot be read as delimited text: {err}",
                hint="check the quotes and the delimiter",
            ) from err
        schema = pa.schema([(name, pa.string()) for name in unique])
        opened.reader = pa.RecordBatchReader.from_batches(schema, [])
    return opened


def _as_utf8(path: Path, notes: list[Fault]) -> tuple[Path, Path | None]:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if not head.strip():
        raise TableError(f"{path} is empty", hint="expected a header line and rows below it")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        notes.append(Fault(str(path), "is UTF-16", "read as such; UTF-8 is what tools expect"))
        return _recoded(path, "utf-16")
    if b"\0" in head:
        raise TableError(
            f"{path} is a binary file, not delimited text",
            hint="name Parquet files .parquet; export spreadsheets as CSV",
        )
    if head.startswith(codecs.BOM_UTF8):
        notes.append(Fault(str(path), "starts with a byte order mark", "read past"))
    if _is_utf8(path):
        return path, None
    notes.append(Fault(str(path), "is not UTF-8", "read as Windows-1252; save it as UTF-8"))
    return _recoded(path, "cp1252")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _recoded(path: Path, encoding: str) -> tuple[Path, Path]:
    handle, name = tempfile.mkstemp(suffix=".csv", prefix="campaignkit-")
    with (
        path.open(encoding=encoding, errors="replace", newline="") as source,
        os.fdopen(handle, "w", encoding="utf-8", newline="") as target,
    ):
        while chunk := source.read(_CHUNK):
            target.write(chunk)
    return Path(name), Path(name)


def _header(source: Path, path: Path) -> tuple[list[str], str]:
    with source.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        text = file.read(1 << 20)
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    first = text.splitlines()[0] if text else ""
    if not first.strip():
        raise TableError(
            f"{path} starts with a blank line", hint="the first line must name the columns"
        )
    counts = {d: first.count(d) for d in _DELIMITERS}
    best = max(counts, key=lambda d: (counts[d], lines[-1].count(d)))
    delimiter = best if counts[best] else ","
    limit = csv.field_size_limit(1 << 24)
    try:
        names = next(csv.reader([first], delimiter=delimiter))
    except csv.Error as err:
        raise TableError(
            f"{path}: the header cannot be read: {err}",
            hint="the first line must name the columns",
        ) from err
    finally:
        csv.field_size_limit(limit)
    return names, delimiter
