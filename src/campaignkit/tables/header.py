"""The header of a delimited file, found below titles, comments and blank lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import log2

from campaignkit.errors import Fault, TableError
from campaignkit.show import counted
from campaignkit.tables.csv_lines import DELIMITERS, Form, LineCount, Record
from campaignkit.tables.read_options import ReadOptions
from campaignkit.tables.schema import TableSchema

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_LINES = 300  # looked at from where reading begins
_HEADER_LINES = 30  # line breaks a header may hold
_FIGURES_FRAC, _FIGURE_ROWS = 0.8, 50
_ONE_CELL = 0.3  # what a line of one cell counts where one of two counts 1 and one of four 2


def laid_out(
    where: str, head: Sequence[str], read: ReadOptions, notes: list[Fault], schema: TableSchema
) -> tuple[Form, list[str], LineCount]:
    """The form of a file's rows, its header's names, and the count of lines above the first row.

    Parameters
    ----------
    where : str
        The file, for messages.
    head : sequence of str
        Its first lines.
    read : ReadOptions
        ``skip``, ``delimiter`` and ``header`` overrule what is found.
    notes : list of Fault
        Takes what was decided.
    schema : TableSchema
        Names it knows tell a header from titles.

    Raises
    ------
    TableError
        If there is no such line, or no line that could be a header.

    Examples
    --------
    >>> from campaignkit.tables.schema import MARKETING
    >>> form, names, above = laid_out("t.csv", ["Report", "a;b", "1;2"], {}, [], MARKETING)
    >>> form.delimiter, names, above.skipped
    (';', ['a', 'b'], 1)
    """
    asked = read.get("header")
    skip = max(read.get("skip", 0), asked - 1 if isinstance(asked, int) else 0)
    first = next((line.strip() for line in head[skip:] if line.strip()), "")
    told = _SEPARATOR_LINE.fullmatch(first)
    said = read.get("delimiter") or (told and told[1])
    cut = {d: _cut(head, d, skip) for d in (said or DELIMITERS)}
    delimiter = max(cut, key=lambda d: _width(cut[d])[0])
    records, width = cut[delimiter], _width(cut[delimiter])[1]
    if not records:
        raise TableError(f"{where} has no line {skip + 1}", hint="give a smaller header= or skip=")
    if delimiter != "," and width > 1:
        notes.append(Fault(where, f"cells are parted by {delimiter!r}", "delimiter= overrules it"))
    top = records[0] if isinstance(asked, int) and asked else _top(records, width, schema)
    figures = _figures([r for r in records if r.at > top.at], width)
    is_data = _is_row(top, figures)
    if asked is None and is_data:
        notes.append(Fault(where, "has no header", "columns are numbered; header= names them"))
    if isinstance(asked, Sequence) or asked == 0 or (asked is None and is_data):
        names = list(asked) if isinstance(asked, Sequence) else [""] * width
        top = Record(0, at=top.at)
        if len(names) != width:
            found = f"header= names {len(names)} columns, the rows of {where} have {width}"
            raise TableError(found, hint="name them all, or give the header's line")
    else:
        names = [" ".join(cell.split()) for cell in top.cells]
    while len(names) > width and not names[-1]:
        names.pop()
    above = [line for line in head[: top.at] if line.strip()]
    if top.at:
        shown = " / ".join(line.strip()[:60] for line in above[:3]) or "blank"
        told_by = "header= or skip= overrules it"
        lines = counted(top.at, "line")
        notes.append(Fault(where, f"{lines} above the table: {shown}", told_by))
    if len(names) > width and any(len(r.cells) == width for r in records if r.at > top.at):
        found = f"the header names {len(names)} columns, most rows have {width} cells"
        notes.append(Fault(where, found, "the last columns are taken for empty"))
    form = Form(delimiter, max(width, len(names)), min(len(names), width), figures)
    start = LineCount(header=top.lines, skipped=len(above), blank=top.at - len(above), rows=0)
    return form, names + [""] * (form.width - len(names)), start


def _cut(head: Sequence[str], delimiter: str, skip: int) -> list[Record]:
    """The records of the head, however many cells they have; blank lines are none."""
    form, at, out = Form(delimiter, 1), skip, []
    lines = [line.replace('\\"', '""') for line in head[: skip + _LINES]]
    while at < len(lines):
        record = form.read(lines[at : at + _HEADER_LINES], skips_space=True)
        if lines[at].strip():
            cells = lines[at].split(delimiter) if record.fault else record.cells
            out.append(replace(record, cells=cells, at=at))
        at += record.lines
    return out


def _width(records: Sequence[Record]) -> tuple[float, int]:
    """How well records agree on a number of cells, and that number."""
    widths = [len(r.cells) for r in records]
    counts = Counter(widths)
    # Titles stand above a table; below its first line few lines have another width.
    below = {w: len(widths) - widths.index(w) for w in counts}
    return max(
        ((n * (log2(w) or _ONE_CELL) * n / below[w], w) for w, n in counts.items()),
        default=(0.0, 0),
    )


def _top(records: Sequence[Record], width: int, schema: TableSchema) -> Record:
    """The record that names the columns: the header, or the first row where there is none."""
    ends = [max((i for i, c in enumerate(r.cells, 1) if c.strip()), default=0)
            for r in records if len(r.cells) == width]  # fmt: skip
    least = max(ends, default=0)  # a delimiter too many at the end of rows is no column
    full = [r for r in records if len(r.cells) >= least and 2 * _num_filled(r) > width]
    full = (
        [r for r in full if not r.cells[0].lstrip().startswith("#")] or full or list(records[:1])
    )
    # A header may name more columns than the rows have; a title with as many commas may not.
    exact = next((r for r in full if len(r.cells) <= width), full[0])
    figures = _figures([r for r in records if r.at > exact.at], width)
    places = (
        r.at for r in records if r.at >= exact.at and r.num_figures(figures) > len(figures) / 2
    )
    first = next(places, exact.at + 1)
    if first == exact.at:
        return exact if _is_row(full[0], figures) else full[0]
    # Titles may fill as many cells. Best is the line that has known names, then the last block's.
    heads = [r for r in full if exact.at <= r.at < first]
    past = {r.at + r.lines for r in records}
    block = max(r.at for r in records if r.at not in past and r.at <= heads[-1].at)
    return max(heads, key=lambda r: (sum(map(schema.knows, r.cells)), r.at >= block,
                                     not _is_row(r, figures), _num_filled(r)))  # fmt: skip


def _num_filled(record: Record) -> int:
    return sum(bool(cell.strip()) for cell in record.cells)


def _is_row(record: Record, figures: Sequence[int]) -> bool:
    """Whether it holds figures where rows hold them."""
    return bool(figures) and 2 * record.num_figures(figures) >= len(figures)


def _figures(rows: Sequence[Record], width: int) -> list[int]:
    """The columns that hold figures in most rows."""
    whole = [r for r in rows if len(r.cells) == width][:_FIGURE_ROWS]
    least = _FIGURES_FRAC * len(whole)
    return [i for i in range(width) if whole and sum(r.num_figures([i]) for r in whole) >= least]
