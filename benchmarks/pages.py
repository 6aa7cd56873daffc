"""Puts a benchmark's table where a page of the docs has room for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_DOCS = Path(__file__).parent.parent / "docs"


def put(page: str, begin: str, text: str, *, end: str = "<!-- end -->") -> None:
    """Replace what stands between two lines of a page."""
    path = _DOCS / page
    head, mark, rest = path.read_text(encoding="utf-8").partition(f"{begin}\n")
    if not mark:
        raise SystemExit(f"{path.name} has no line {begin}")
    tail = rest.partition(end)[2]
    path.write_text(f"{head}{begin}\n{text.rstrip()}\n{end}{tail}", encoding="utf-8")


def markdown(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table, the first column of words and the others of figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
