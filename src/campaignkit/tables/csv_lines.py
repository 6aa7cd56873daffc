"""Lines of a delimited file turned into records of one width, every line accounted for.

Whole stretches of faultless lines pass as they are, told apart by arrays. A line that a quote
leaves open, whose quotes stand in odd places, or that has another number of cells than the header
is looked at alone: a cell may hold line breaks, quotes may be escaped by a backslash, and a stray
quote must not swallow the rows below it. What cannot be read as one row is refused by its line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

_LINE_END, _QUOTE = 10, 34
_SHOWN = 20
DELIMITERS = ",;\t|"
_OPEN_LINES = 500  # a cell with more line breaks than that is taken for a stray quote
_OPEN_BYTES = 1 << 22
FIGURE = re.compile(r'[^A-Za-z"\0]*\d[^A-Za-z"\0]*')
_LIKE_ROWS_FRAC = 0.5
_FEW_QUOTES = 12


@dataclass
class LineCount:
    """What became of the lines of a delimited file; they always add up to `lines`.

    Attributes
    ----------
    lines : int
        Lines of the file.
    header, skipped, blank : int
        Lines of the header, before it and after the table, and without any character.
    rows : int
        Rows read.
    inside : int
        Line breaks inside the cells of rows read.
    refused : list of str
        Rows that could not be read: line number, reason and text (the first 20).
    num_refused, refused_lines : int
        How many rows those were, and on how many lines.
    mended : list of int
        Lines of rows whose quotes stood in odd places and were read another way (the first 20).
    num_mended : int
        How many rows those were.
    footer : list of str
        Lines below the last row that are notes of the export; `skipped` counts them.
    above : int
        Lines above the first row.

    Examples
    --------
    >>> LineCount(lines=3, header=1, rows=2).adds_up
    True
    """

    lines: int = 0
    header: int = 0
    skipped: int = 0
    blank: int = 0
    rows: int = 0
    inside: int = 0
    refused: list[str] = field(default_factory=list)
    num_refused: int = 0
    refused_lines: int = 0
    mended: list[int] = field(default_factory=list)
    num_mended: int = 0
    footer: list[str] = field(default_factory=list)
    above: int = 0

    def line_of(self, position: int) -> int | None:
        """Line of the file (from 1) of a row (from 0); None unless each row is the next line.

        Examples
        --------
        >>> LineCount(lines=5, header=1, skipped=2, rows=2, above=3).line_of(0)
        4
        """
        is_plain = self.above + self.rows + len(self.footer) == self.lines
        return self.above + position + 1 if is_plain else None

    @property
    def adds_up(self) -> bool:
        """Whether each line of the file is accounted for."""
        parts = (self.header, self.skipped, self.blank, self.rows, self.inside, self.refused_lines)
        return self.lines == sum(parts)

    def mend(self, line: int) -> None:
        """Count a row that was read in another way than it is quoted."""
        self.num_mended += 1
        if len(self.mended) < _SHOWN:
            self.mended.append(line)

    def refuse(self, line: int, num_lines: int, reason: str, text: str) -> None:
        """Count a row that cannot be read, by its first line."""
        self.num_refused += 1
        self.refused_lines += num_lines
        if len(self.refused) < _SHOWN:
            self.refused.append(f"line {line}: {reason}: {text[:200]}")


@dataclass(frozen=True, slots=True)
class Record:
    """A record read off the lines of a file: its cells, or why they are none.

    Examples
    --------
    >>> Record(1, ["a", "5"]).num_figures([0, 1])
    1
    """

    lines: int
    cells: list[str] = field(default_factory=list)
    fault: str = ""
    is_mended: bool = False
    at: int = 0  # its first line, where that matters

    def num_figures(self, columns: Sequence[int]) -> int:
        """How many of these columns contain a figure."""
        cells = self.cells
        return sum(bool(i < len(cells) and FIGURE.fullmatch(cells[i])) for i in columns)


_OPEN = Record(1, fault="a quote is not closed")


@dataclass(frozen=True)
class Form:
    """How the lines of a file are cut into cells.

    Parameters
    ----------
    delimiter : str
        One ASCII character.
    width : int
        Cells of a row.
    named : int
        Columns the header names; rows may end with as many empty cells more as lie between.
    figures : sequence of int
        Columns whose cells hold figures: they tell a row from a line of text.

    Examples
    --------
    >>> Form(",", 2).record(["5,a", "6,b"], 0).cells
    ['5', 'a']
    """

    delimiter: str
    width: int
    named: int = 0
    figures: Sequence[int] = ()

    def record(self, lines: Sequence[str], at: int) -> Record:
        """The record that begins at a line; as many lines as it takes."""
        line = lines[at]
        whole = self.read(lines[at : at + _OPEN_LINES]) if '"' in line else self.read([line])
        is_escaped = "\\" in line and not self._fits(whole)
        if is_escaped:
            whole = self.read([li.replace('\\"', '""') for li in lines[at : at + _OPEN_LINES]])
        alone = self._alone(line) if '"' in line else None
        if whole.lines > 1 and (alone is not None or not self._fits(whole)):
            inner = lines[at + 1 : at + whole.lines]
            is_well_formed = not self.read(lines[at : at + whole.lines], strict=True).fault
            if not is_well_formed or self._are_like_rows(inner):
                whole = _OPEN
        is_odd = whole.lines == 1 and '"' in line and bool(self.read([line], strict=True).fault)
        if is_odd and alone is not None and not self._has_figures(whole.cells):
            whole = _OPEN  # as many cells by chance
        if self._fits(whole):
            return Record(whole.lines, self._padded(whole.cells), is_mended=is_escaped or is_odd)
        if alone is not None:
            return Record(1, self._padded(alone), is_mended=True)
        found = whole.fault or f"{len(whole.cells)} cells instead of {self.width}"
        if other := self._parted_by(line):
            found = f"cells are parted by {other!r} instead of {self.delimiter!r}"
        return Record(whole.lines, fault=found)

    def _parted_by(self, line: str) -> str:
        """The other delimiter that makes a line a row; empty if none does."""
        for other in DELIMITERS if self.figures and self.width > 1 else "":
            record = replace(self, delimiter=other).read([line])
            is_row = self._fits(record) and self._has_figures(record.cells)
            if is_row and other != self.delimiter:
                return other
        return ""

    def is_footer(self, line: str, *, after_blank: bool) -> bool:
        """Whether a line below the last row is not a shortened row but a note of the export."""
        cells = self.read([line]).cells
        is_figure = 0 in self.figures and bool(cells) and bool(FIGURE.fullmatch(cells[0]))
        is_note = after_blank or sum(map(bool, cells)) <= 1
        return is_note and not is_figure and not self._parted_by(line)

    def read(
        self, lines: Sequence[str], *, skips_space: bool = False, strict: bool = False
    ) -> Record:
        """The cells of the first record, however many there are."""
        fed = (f"{line}\n" for line in (*lines, ""))  # an open quote reads on past the last
        reader = csv.reader(
            fed, delimiter=self.delimiter, skipinitialspace=skips_space, strict=strict
        )
        try:
            cells: list[str] = next(reader, [])
        except csv.Error as err:
            return Record(1, fault=str(err))
        is_open = reader.line_num > len(lines)
        return _OPEN if is_open else Record(reader.line_num, cells)

    def _fits(self, record: Record) -> bool:
        """Whether it has all cells; empty ones beyond the header's last do not count."""
        cells, named = record.cells, self.named or self.width
        return bool(cells) and len(cells) >= named and not any(cells[max(named, self.width) :])

    def _padded(self, cells: list[str]) -> list[str]:
        return (cells + [""] * self.width)[: self.width]

    def _alone(self, line: str) -> list[str] | None:
        """The cells of one line if another way of quoting makes it a row."""
        escaped = line.replace('\\"', '""')
        ways = [self.read([escaped]), self.read([line], skips_space=True)]
        places = [i for i, mark in enumerate(line) if mark == '"'][:_FEW_QUOTES]
        ways += [self.read([f"{line[:i]}\0{line[i + 1 :]}"]) for i in places]
        ways.append(self.read([line.replace('"', "\0")]))
        fit = [way for way in ways if self._fits(way)]
        best = next((way for way in fit if self._has_figures(way.cells)), fit[0] if fit else None)
        return None if best is None else [cell.replace("\0", '"') for cell in best.cells]

    def _has_figures(self, cells: Sequence[str]) -> bool:
        """Whether figures stand where the columns of figures are."""
        there = [cells[i] for i in self.figures if i < len(cells)]
        return all(not cell or bool(FIGURE.fullmatch(cell)) for cell in there)

    def _are_like_rows(self, lines: Sequence[str]) -> bool:
        """Whether most lines that a quote may have swallowed look like rows of their own."""
        like = 0
        for line in lines if self.figures else ():
            plain = self.read([line])
            cells = plain.cells if self._fits(plain) else self._alone(line)
            like += cells is not None and self._has_figures(cells)
        return like > _LIKE_ROWS_FRAC * len(lines)


class Mended:
    """The rows of a file as text that any CSV reader reads alike, made while it is read.

    Parameters
    ----------
    form : Form
        How lines are cut.
    count : LineCount
        Filled as the rows are read.
    line : int
        Number of the first line.

    Examples
    --------
    >>> count = LineCount()
    >>> b"".join(Mended(Form(",", 2), count).pieces([b"1,a\\n\\n2\\n", b"3,c\\n"]))
    b'1,a\\n3,c\\n'
    >>> count.refused
    ['line 3: 1 cells instead of 2: 2']
    """

    def __init__(self, form: Form, count: LineCount, *, line: int = 1) -> None:
        self.form = form
        self.count = count
        self._line = line
        self._held: list[tuple[int, Record, str, bool]] = []  # refused since the last row
        self._after_blank = False

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The rows, a piece for each chunk of UTF-8; chunks end at line ends."""
        rest = b""
        for chunk in chunks:
            rows, rest = self._scanned(rest + chunk)
            yield rows
        yield self._scanned(rest, is_last=True)[0]
        self._settle(is_end=True)

    def _scanned(self, data: bytes, *, is_last: bool = False) -> tuple[bytes, bytes]:
        """The rows of a piece, and what may go on in the next one."""
        ends, doubtful = _doubtful_lines(data, self.form)
        starts = np.concatenate(([0], ends + 1)).tolist()
        lines = data.decode("utf-8", "replace").split("\n") if len(doubtful) else []
        rows: list[bytes] = []
        at = 0
        for line in [*doubtful.tolist(), len(ends)]:
            if line > at:
                self._read(line - at)
                rows.append(data[starts[at] : starts[line]])
                at = line
            if line < at or line == len(ends):
                continue
            near_end = len(ends) - at < _OPEN_LINES and len(data) - starts[at] < _OPEN_BYTES
            if near_end and not is_last and '"' in lines[at]:
                return b"".join(rows), data[starts[at] :]
            record = self.form.record(lines, at)
            if record.cells:
                if record.is_mended:
                    self.count.mend(self._line)
                self._read(1, record.lines - 1)
                rows.append(_written(record.cells, self.form.delimiter))
            elif lines[at].strip():
                self._refuse(record, lines[at])
            else:
                self.count.blank += 1
                self._line += 1
                self._after_blank = True
            at += record.lines
        return b"".join(rows), b""

    def _read(self, num: int, inside: int = 0) -> None:
        self._settle()
        self.count.rows += num
        self.count.inside += inside
        self._line += num + inside
        self._after_blank = False

    def _refuse(self, record: Record, text: str) -> None:
        self._held.append((self._line, record, text, self._after_blank))
        self._line += record.lines
        if len(self._held) > _SHOWN:
            self._settle()

    def _settle(self, *, is_end: bool = False) -> None:
        """Count what was refused; at the end of the file it may be no row but a footer."""
        for line, record, text, after_blank in self._held:
            if is_end and self.form.is_footer(text, after_blank=after_blank):
                self.count.skipped += record.lines
                self.count.footer.append(text)
                continue
            self.count.refuse(line, record.lines, record.fault, text)
        self._held.clear()


def _written(cells: Sequence[str], delimiter: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def _doubtful_lines(data: bytes, form: Form) -> tuple[Any, Any]:
    """Where the lines end, and which of them are not plainly one row: int64 arrays."""
    held = np.frombuffer(data, np.uint8)
    is_end = held == _LINE_END
    ends = np.flatnonzero(is_end)
    between = held == ord(form.delimiter)
    doubt = np.diff(ends, prepend=-1) == 1  # blank
    if b'"' in data:
        quotes = held == _QUOTE
        inside = np.bitwise_xor.accumulate(quotes)
        left_open = np.concatenate(([False], inside[ends[:-1]]))
        if left_open.any():  # each line is looked at as if it began outside quotes
            inside ^= np.repeat(left_open, np.diff(ends, prepend=-1))
        doubt |= inside[ends]
        # A quote opens after, and closes before, a delimiter, a line's end or another quote.
        beside = between | is_end | quotes
        odd = (quotes & inside)[1:] & ~beside[:-1]
        odd |= (quotes & ~inside)[:-1] & ~beside[1:]
        if odd.any():
            doubt[np.searchsorted(ends, np.flatnonzero(odd))] = True
        between &= ~inside
    cells = np.diff(np.searchsorted(np.flatnonzero(between), ends), prepend=0) + 1
    doubt |= cells != form.width
    return ends, np.flatnonzero(doubt)
