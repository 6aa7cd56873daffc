"""Delimited text files as they come: titles before the header, odd encodings, notes at the end."""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from campaignkit.errors import Fault, TableError
from campaignkit.extras import require
from campaignkit.show import counted
from campaignkit.tables.csv_lines import Form, LineCount, Mended
from campaignkit.tables.frames import unique_names
from campaignkit.tables.header import laid_out
from campaignkit.tables.read_options import ReadOptions
from campaignkit.tables.schema import TableSchema

_CHUNK = 1 << 20
_LONGEST_LINE = 1 << 25
_STRETCH, _STRETCHES = 500, 40  # lines, and how many stretches of them make a sample


@dataclass
class DelimitedFile:
    """A delimited file, its header found, ready to be read in batches of text columns.

    Attributes
    ----------
    path : Path
        The file; may be packed as gzip or zip.
    encoding : str
        How its bytes are read.
    form : Form
        How its lines are cut.
    names : list of str
        The header as it is written, one name a cell.
    notes : list of Fault
        What was decided for the whole file, and how to overrule it.
    count : LineCount
        What became of its lines; complete once :meth:`batches` are read.
    sample : list of bytes
        Stretches of lines from all over the file.
    num_bytes : int
        Size of its text, unpacked and in UTF-8.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from campaignkit.tables.schema import MARKETING
    >>> path = pathlib.Path(tempfile.mkdtemp(), "t.csv")
    >>> _ = path.write_text("My report\\n\\nclicks;spend\\n1;2\\n")
    >>> file = DelimitedFile.open(path, {}, MARKETING)
    >>> file.names, [batch.num_rows for batch in file.batches()]
    (['clicks', 'spend'], [1])
    """

    path: Path
    encoding: str
    form: Form
    names: list[str]
    start: LineCount  # header, skipped and blank lines above the first row
    notes: list[Fault] = field(default_factory=list)
    sample: list[bytes] = field(default_factory=list)
    num_bytes: int = 0
    count: LineCount = field(default_factory=LineCount)

    @classmethod
    def open(cls, path: Path, read: ReadOptions, schema: TableSchema) -> DelimitedFile:
        """Look at a file: its encoding, delimiter and header.

        Raises
        ------
        TableError
            If it is empty, binary, damaged, or no header can be found in it.
        """
        notes: list[Fault] = []
        encoding = read.get("encoding") or _encoding(path, notes)
        try:
            sample, size = _sample(path, encoding)
        except UnicodeDecodeError as err:
            if "encoding" in read:
                found = f"{path} is not {encoding}: byte 0x{err.object[err.start]:02X}"
                raise TableError(found, hint="leave encoding= out, or name another") from err
            found = "read as Windows-1252; encoding= overrules it"
            notes.append(Fault(str(path), "is not UTF-8", found))
            encoding = "cp1252"
            sample, size = _sample(path, encoding)
        head = b"".join(sample[:1]).decode("utf-8", "replace").split("\n")
        if not any(line.strip() for line in head):
            raise TableError(f"{path} is empty", hint="expected a header line and rows below it")
        form, names, start = laid_out(str(path), head, read, notes, schema)
        return cls(path, encoding, form, names, start, notes, sample, size)

    @property
    def is_sampled_whole(self) -> bool:
        """Whether the sample holds all rows."""
        return len(self.sample) <= 1

    def all_notes(self) -> list[Fault]:
        """What was decided, and after reading, what became of odd lines."""
        told, where, count = list(self.notes), str(self.path), self.count
        if count.footer:
            shown = " / ".join(line[:60] for line in count.footer[:3])
            found = f"{counted(len(count.footer), 'line')} below the table: {shown}"
            told.append(Fault(where, found, "skipped"))
        if count.inside:
            breaks = f"{counted(count.inside, 'line break')} inside cells"
            told.append(Fault(where, breaks, "kept in them"))
        if count.num_mended:
            rows = counted(count.num_mended, "row")
            found = f"{rows} with odd quotes, first in line {count.mended[0]}"
            told.append(Fault(where, found, "each read by itself, odd quotes as text"))
        if count.num_refused:
            rows = counted(count.num_refused, "row")
            found = f"{rows} could not be read, first {count.refused[0][:120]}"
            told.append(Fault(where, found, "they are left out of the checks and listed"))
        return told

    @property
    def schema(self) -> Any:
        """The pyarrow.Schema of :meth:`batches`: text columns, their names unique."""
        pa = require("pyarrow", extra="tables", user="reading CSV")
        return pa.schema([(name, pa.string()) for name in unique_names(self.names)])

    def batches(self, *, is_sample: bool = False) -> Iterator[Any]:
        """The rows as pyarrow.RecordBatch of text columns, empty cells null."""
        pa = require("pyarrow", extra="tables", user="reading CSV")
        pa_csv = require("pyarrow.csv", extra="tables", user="reading CSV")
        above = self.start.header + self.start.skipped + self.start.blank
        self.count = replace(self.start, above=above, refused=[], mended=[], footer=[])
        lines = iter(self.sample) if is_sample else self._counted()
        below = chain([next(lines).split(b"\n", above)[-1]], lines)
        schema = self.schema
        for rows in Mended(self.form, self.count, line=above + 1).pieces(below):
            if not rows:
                continue
            yield from pa_csv.read_csv(
                pa.BufferReader(rows),
                read_options=pa_csv.ReadOptions(column_names=schema.names, block_size=len(rows)),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self.form.delimiter, newlines_in_values=True
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=schema, null_values=[""], strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            ).to_batches()  # fmt: skip

    def read_sample(self) -> Any:
        """The rows of the sample as a pyarrow.Table."""
        pa = require("pyarrow", extra="tables", user="reading CSV")
        return pa.Table.from_batches(self.batches(is_sample=True), self.schema)

    def _counted(self) -> Iterator[bytes]:
        for chunk in chunks(self.path, self.encoding):
            self.count.lines += chunk.count(b"\n")
            yield chunk


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, out of a gzip file or of a zip file that holds one file."""
    with path.open("rb") as file:
        magic = file.read(4)
    try:
        if magic[:2] == b"\x1f\x8b":
            with gzip.open(path, "rb") as unpacked:
                yield cast("IO[bytes]", unpacked)
        elif magic == b"PK\x03\x04":
            with zipfile.ZipFile(path) as packed, packed.open(_only_file(path, packed)) as member:
                yield member
        else:
            with path.open("rb") as file:
                yield file
    except (OSError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as err:
        raise TableError(f"{path} cannot be read to its end: {err}", hint="is it whole?") from err


def _only_file(path: Path, packed: zipfile.ZipFile) -> str:
    held = [n for n in packed.namelist() if not n.endswith("/") and "__MACOSX" not in n]
    if len(held) != 1:
        raise TableError(
            f"{path} is a zip file of {len(held)} files; expected one",
            hint="unpack it and pass one file; a spreadsheet is to be exported as CSV",
        )
    return held[0]


def chunks(path: Path, encoding: str) -> Iterator[bytes]:
    """The file as UTF-8, cut at line ends, each of which is a line feed."""
    rest = ready = b""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    is_utf8 = codecs.lookup(encoding).name == "utf-8"
    is_start = True
    with _unpacked(path) as file:
        while block := file.read(_CHUNK):
            block = block if is_utf8 else decoder.decode(block).encode()
            block = rest + (block.removeprefix(codecs.BOM_UTF8) if is_start else block)
            is_start = False
            if b"\r" in block:
                held = block.endswith(b"\r")
                block = block[: len(block) - held].replace(b"\r\n", b"\n")
                block = block.replace(b"\r", b"\n") + b"\r" * held
            cut = block.rfind(b"\n") + 1
            if cut:
                if ready:
                    yield ready
                ready = block[:cut]
            rest = block[cut:]
            if len(rest) > _LONGEST_LINE:
                raise TableError(
                    f"{path} has a line of more than {_LONGEST_LINE >> 20} MB",
                    hint="a table's rows are on lines of their own: is it one?",
                )
    rest += b"" if is_utf8 else decoder.decode(b"", final=True).encode()
    if rest:  # a last line without an end
        ready += rest.rstrip(b"\r") + b"\n"
    if ready:
        yield ready


def _encoding(path: Path, notes: list[Fault]) -> str:
    """The encoding the first bytes tell; UTF-8 where they tell none."""
    overruled = "encoding= overrules it"
    with _unpacked(path) as file:
        head = file.read(1 << 16)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        notes.append(Fault(str(path), "is UTF-16", f"read as such; {overruled}"))
        return "utf-16"
    if b"\0" in head:
        zeros = [head[i::2].count(0) / max(len(head[i::2]), 1) for i in (0, 1)]
        if max(zeros) > 0.3 > 3 * min(zeros):
            notes.append(Fault(str(path), "is UTF-16 without its mark", f"so read; {overruled}"))
            return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        raise TableError(
            f"{path} is a binary file, not delimited text",
            hint="name Parquet files .parquet; export spreadsheets as CSV",
        )
    if head.startswith(codecs.BOM_UTF8):
        notes.append(Fault(str(path), "starts with a byte order mark", "read past"))
    return "utf-8"


def _sample(path: Path, encoding: str) -> tuple[list[bytes], int]:
    """Lines from all over a file and its size: its first piece whole, others' heads, its end."""
    heads: list[bytes] = []
    every, last, number, size = 1, b"", -1, 0
    for number, chunk in enumerate(chunks(path, encoding)):
        if encoding == "utf-8":
            chunk.decode()
        last = chunk
        size += len(chunk)
        if number % every == 0:
            parts = chunk.split(b"\n", _STRETCH)
            is_long = heads and len(parts) > _STRETCH
            heads.append(b"\n".join([*parts[:_STRETCH], b""]) if is_long else chunk)
        if len(heads) > _STRETCHES:
            heads, every = heads[::2], 2 * every
    if number > 0:
        heads.append(b"\n".join(last.rsplit(b"\n", _STRETCH)[1:]))
    return heads, size
