"""The checker of the house's English finds what it should, and lets pass what it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from plain_english import PHRASES, Passage, long_sentences, passages, strings

PAGE = """# A page

It begins with a pronoun. [A link](https://example.org/of?many=words) counts by its words, and
`a span of code` as one. See e.g. the glossary, vs. the index.

- one item
  goes on here

| a table | is no prose |

```python
print("neither is code")
```

    nor an indented block

## Another
<!-- nor a comment -->
Long: {words}.
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("plain_english.ROOT", tmp_path)
    path = tmp_path / "page.md"
    path.write_text(PAGE.format(words=" ".join(["word"] * 30)), encoding="utf-8")
    return path


def test_prose_is_what_is_read(page: Path) -> None:
    found = list(passages(page))

    assert [p.line for p in found] == [3, 6, 19]
    assert [p.begins_section for p in found] == [True, False, True]
    assert found[1].text == "one item goes on here"
    assert [len(p.sentences) for p in found] == [3, 1, 1]


def test_a_sentence_above_the_limit_is_named_with_its_line(page: Path) -> None:
    (line,) = long_sentences(page)

    assert line.startswith("page.md:19: 31 words: Long: word")


def test_docstrings_and_messages_are_read_and_values_in_them_are_not(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text('"""It is told."""\n\nraise E(f"found {x} of\\n {y} rows", "key")\n')

    found = list(strings(source))

    assert [(p.text, p.begins_section) for p in found] == [
        ("It is told.", True), ("found X of X rows", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "awkward",
    [
        "In each round those of them that would be judged anyway leave it.",
        "Marketing laws hold for it too, and what breaks them gives its dirt away.",
        "A label that is nowhere is left out, and said.",
        "Model or run holds",
        "3 runs do not say this cost",
        "A folder that holds something is refused, and the message says so.",
        "Which signs do results bear out?",
        "Rows told as the label that they most likely have cannot be told apart.",
        "A build that is cut short goes on where it was.",
        "Spoil a table, and mend the faults besides.",
        "17 attributes a campaign, kept beside the log by whoever wrote it",
    ],
)
def test_an_awkward_phrase_is_found(awkward: str) -> None:
    assert [what for phrase, what in PHRASES.items() if phrase.search(awkward) and what.strip()]


@pytest.mark.parametrize(
    "normal",
    [
        "The law holds for every row of the file.",
        "The hold-out is a sample of the pairs that are held out.",
        "`spoil(bench, rate, rng)` writes the cells.",
        "The owner of a campaign goes on holiday.",
        "A pair has one sign, and it is an edge of the graph.",
        "The labels a campaign may have are listed.",
        "Tell the model what you want; it says yes or no.",
    ],
)
def test_a_normal_use_is_let_pass(normal: str) -> None:
    assert [phrase.pattern for phrase in PHRASES if phrase.search(normal)] == []


def test_passages_know_their_sentences() -> None:
    text = 'Is it "so"? It is. (Or not.) Version 1.2 of `a. B` stays.'

    assert len(Passage(Path(), 1, text).sentences) == 4
