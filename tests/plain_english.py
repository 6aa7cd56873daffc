"""Prose of the pages and strings of the source, and what the house's word list finds in them.

Run as a program (`python tests/plain_english.py`) it lists the long sentences and the phrases.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LISTED = tomllib.loads((ROOT / "tests" / "plain_english.toml").read_text(encoding="utf-8"))
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*.ipynb")),
]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MOST_WORDS = LISTED["most_words"]
PHRASES = {re.compile(phrase, re.I): instead for phrase, instead in LISTED["phrases"].items()}
# Who begins to read here cannot know what "it" is.
PRONOUN = re.compile(r"(?:It|They|Its|Their|Them|He|She)\b")

_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)[ \t]*$", re.M | re.S)
_NOT_PROSE = re.compile(r"<!--.*?-->|\$\$.*?\$\$", re.S)
_APART = re.compile(r"^\s*(?:#|\||>|(?:[-*+]|\d+\.) |: |[=-]+$|:\w+:|</?\w)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+\.) |^: ")
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")
_END = re.compile(
    r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)(?<!et al\.)[\"')*_]*\s+(?=[\"'(*_`\[]*[A-Z0-9`])"
)
_WORD = re.compile(r"\w[\w'.,%-]*")


class Passage(NamedTuple):
    """A paragraph of a page, or a string of the source, and the line where it begins."""

    path: Path
    line: int
    text: str
    begins_section: bool = False

    @property
    def sentences(self) -> list[str]:
        """Cut at full stops, question and exclamation marks; a code span is one word."""
        plain = re.sub(r"</?\w+[^>]*>", "", _LINK.sub(r"\1", self.text))
        plain = re.sub(r"`[^`]*`", "`code`", plain)
        return [s for s in _END.split(plain) if s]


def passages(page: Path) -> Iterator[Passage]:
    """Paragraphs and list items of a page or notebook; no code, tables, headings or quotations."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    for pattern in (_FENCE, _NOT_PROSE):
        text = pattern.sub(lambda found: "\n" * found[0].count("\n"), text)
    held: list[str] = []
    begin, after_heading, heading = 0, False, False
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        apart = _APART.match(line)
        if held and (apart or not line.strip()):
            yield Passage(page, begin, " ".join(held), after_heading)
            held, after_heading = [], False
        if heading := line.startswith("#"):
            after_heading = True
        is_code = not held and line.startswith("    ")
        if line.strip() and not heading and not is_code and (not apart or _ITEM.match(line)):
            begin = begin if held else number
            held.append(_ITEM.sub("", line).strip())


def strings(source: Path) -> Iterator[Passage]:
    """Docstrings (their first paragraph begins a section) and the other texts of several words."""
    nodes = list(ast.walk(ast.parse(source.read_text(encoding="utf-8"))))
    docs = {
        id(node.body[0].value)
        for node in nodes
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {
        id(part)
        for node in nodes
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in nodes:
        if id(node) in parts:
            continue
        if isinstance(node, ast.JoinedStr):
            values = [v.value if isinstance(v, ast.Constant) else "X" for v in node.values]
            text = "".join(str(value) for value in values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        text = re.sub(r"^ *(?:>>>|\.\.\.).*$", "", text, flags=re.M)  # an example is no prose
        if " " in text.strip():
            yield Passage(source, node.lineno, re.sub(r"\s+", " ", text), id(node) in docs)


def long_sentences(page: Path) -> list[str]:
    """Each as path:line, the number of its words, and its beginning."""
    return [
        f"{page.relative_to(ROOT)}:{passage.line}: {words} words: {sentence[:70]} ..."
        for passage in passages(page)
        for sentence in passage.sentences
        if (words := len(_WORD.findall(sentence))) > MOST_WORDS
    ]


def listed_phrases(found: Iterable[Passage]) -> list[str]:
    """Each as path:line, what is written there, and what to write instead."""
    return [
        f"{passage.path.relative_to(ROOT)}:{passage.line}: '{hit[0]}': {instead}"
        for passage in found
        for pattern, instead in PHRASES.items()
        if (hit := pattern.search(passage.text))
    ]


def bare_pronouns(found: Iterable[Passage]) -> list[str]:
    """Sections and docstrings that begin with a pronoun, as path:line and their first words."""
    return [
        f"{passage.path.relative_to(ROOT)}:{passage.line}: {passage.text[:50]} ..."
        for passage in found
        if passage.begins_section and PRONOUN.match(passage.text)
    ]


if __name__ == "__main__":
    lines = [line for page in PAGES for line in long_sentences(page)]
    for check in (listed_phrases, bare_pronouns):
        lines += [line for page in PAGES for line in check(passages(page))]
        lines += [line for source in SOURCES for line in check(strings(source))]
    sys.stdout.write("\n".join([*lines, f"{len(lines)} in all\n"]))
