"""A report as blocks of plain text: on a terminal, in a file, as Markdown, in a notebook."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from campaignkit.show.escape import escape
from campaignkit.show.page import paragraph, table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

# Control characters, other breaks of lines, and marks that turn the direction of text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MARKUP = re.compile(r"([\\|<>`*_\[\]#&~])")
_STYLES = {"error": "bold red", "warning": "yellow", "info": "blue"}
_WIDTH = 100  # where no terminal says otherwise


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a report: a title, then paragraphs, points, and rows of a table.

    Attributes
    ----------
    title : str
        The first block's is the report's.
    text, points : sequences of str
        Paragraphs, and a list.
    header, rows : sequences of str
        A table; a severity in its first column is coloured on a terminal.
    numbered : bool
        Whether the points have an order.
    tone : str
        A severity that colours the first paragraph on a terminal.

    Examples
    --------
    >>> Block("Notes", points=["a", "b"]).numbered
    False
    """

    title: str
    text: Sequence[str] = ()
    points: Sequence[str] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    numbered: bool = False
    tone: str = ""

    def marks(self) -> list[str]:
        """What stands before each point."""
        return [f"{i}." if self.numbered else "-" for i in range(1, len(self.points) + 1)]


def print_blocks(blocks: Sequence[Block], file: TextIO | None = None) -> None:
    """Print blocks: in colour on a terminal unless NO_COLOR is set, plain into files and pipes.

    Examples
    --------
    >>> print_blocks([Block("Two [b]things[/b]", points=["one", "two"], numbered=True)])
    Two [b]things[/b]
    <BLANKLINE>
    1. one
    2. two
    """
    from rich.console import Console

    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        _show(blocks, console)
    else:
        print(as_text(blocks), end="", file=file)


def as_text(blocks: Sequence[Block], *, width: int = _WIDTH) -> str:
    """The blocks as plain text, no line wider than `width` columns of a terminal.

    Examples
    --------
    >>> print(as_text([Block("Found", header=["what", "rows"], rows=[["gaps", "3"]])]), end="")
    Found
    <BLANKLINE>
    what  rows
    ----------
    gaps  3
    """
    from rich.console import Console

    out = io.StringIO()
    _show(blocks, Console(file=out, width=width, highlight=False, no_color=True, markup=False))
    lines = out.getvalue().removesuffix("\n").split("\n")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def as_markdown(blocks: Sequence[Block]) -> str:
    r"""The blocks as Markdown; nothing of their text becomes markup.

    Examples
    --------
    >>> print(as_markdown([Block("Audit of a_b", text=["One <b>."])]), end="")
    # Audit of a\_b
    <BLANKLINE>
    One \<b\>.
    """
    parts: list[str] = []
    for block in blocks:
        parts.append(f"{'##' if parts else '#'} {_escaped(block.title)}")
        parts += [_escaped(said) for said in block.text]
        if block.points:
            pairs = zip(block.marks(), block.points, strict=True)
            parts.append("\n".join(f"{mark} {_escaped(point)}" for mark, point in pairs))
        if block.rows:
            lines = [block.header, ["---"] * len(block.header)]
            lines += [[_escaped(cell) for cell in row] for row in block.rows]
            parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts) + "\n"


def as_html(blocks: Sequence[Block], *, most: int = 12) -> str:
    """The blocks as a piece of HTML for a notebook; of tables the first `most` rows.

    Examples
    --------
    >>> as_html([Block("Audit", text=["1 < 2"])])
    '<p><strong>Audit</strong></p><p>1 &lt; 2</p>'
    """
    parts = []
    for block in blocks:
        parts.append(f"<p><strong>{escape(block.title)}</strong></p>")
        parts += map(paragraph, block.text)
        pairs = zip(block.marks(), block.points, strict=True)
        parts += [paragraph(f"{mark} {point}") for mark, point in pairs]
        if block.rows:
            parts.append(table(block.header, block.rows[:most]))
        if len(block.rows) > most:
            parts.append(paragraph(f"and {len(block.rows) - most:,} more"))
    return "".join(parts)


def _show(blocks: Sequence[Block], console: Console) -> None:
    for number, block in enumerate(blocks):
        if number:
            console.print()
        for place, part in enumerate(_parts(block)):
            if place:
                console.print()
            console.print(part)


def _parts(block: Block) -> Iterator[RenderableType]:
    from rich.box import Box
    from rich.table import Table
    from rich.text import Text

    yield Text(_clean(block.title), style="bold", overflow="fold")
    tones = [_STYLES.get(block.tone, "")] + [""] * len(block.text)
    for said, style in zip(block.text, tones, strict=False):
        yield Text(_clean(said), style=style, overflow="fold")
    if block.points:
        listed = Table.grid(padding=(0, 1, 0, 0))
        for mark, point in zip(block.marks(), block.points, strict=True):
            listed.add_row(mark, Text(_clean(point), overflow="fold"))
        yield listed
    if block.rows:
        dashes = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
        drawn = Table(box=dashes, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for name in block.header:
            drawn.add_column(name, overflow="fold")
        for row in block.rows:
            first = Text(_clean(row[0]), style=_STYLES.get(row[0], ""))
            drawn.add_row(first, *(Text(_clean(cell)) for cell in row[1:]))
        yield drawn


def _clean(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r", " "))


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", _clean(text)).replace("\n", " ")
