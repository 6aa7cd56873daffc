"""Blocks of text keep their width, their colours to terminals, and foreign text harmless."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

from campaignkit.show import Block, as_html, as_markdown, as_text, counted, percent, print_blocks

EVIL = "[bold red]x[/] \x1b[31m <b> | `a` \u202eabc"
BLOCKS = [
    Block(f"Audit of {EVIL}", [EVIL], points=[EVIL], numbered=True, tone="warning"),
    Block("Table", header=["severity", "what"], rows=[["error", EVIL], ["warning", "y" * 300]]),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def a_plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, terminal, sober = io.StringIO(), Terminal(), Terminal()

    print_blocks(BLOCKS, pipe)
    print_blocks(BLOCKS, terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    print_blocks(BLOCKS, sober)

    assert "\x1b" not in pipe.getvalue()
    assert "\x1b[1;31merror" in terminal.getvalue()
    assert "\x1b[33m[bold red]x[/]" in terminal.getvalue()
    assert "31merror" not in sober.getvalue()


def test_markup_and_control_characters_of_cells_are_text() -> None:
    text, terminal = as_text(BLOCKS), Terminal()
    print_blocks(BLOCKS, terminal)

    assert text.count("[bold red]x[/]") == 4
    assert not {"\x1b", "\u202e"} & {*text}
    assert "\x1b[31m <b>" not in terminal.getvalue()
    assert "\\<b\\> \\| \\`a\\`" in as_markdown(BLOCKS)
    assert "<b> |" not in as_html(BLOCKS)


@given(
    st.integers(20, 120),
    st.lists(st.lists(st.text(max_size=60), min_size=2, max_size=2), min_size=1, max_size=4),
)
def test_no_line_is_wider_than_was_asked(width: int, rows: list[list[str]]) -> None:
    blocks = [Block(rows[0][0], rows[0], points=rows[0], header=["a", "b"], rows=rows)]

    assert max(cell_len(line) for line in as_text(blocks, width=width).split("\n")) <= width


def test_a_table_of_markdown_stays_one_line_a_row() -> None:
    text = as_markdown([Block("x", header=["a"], rows=[["1\r\n2\u2028|"]])])

    assert text.splitlines()[-1] == "| 1  2\N{REPLACEMENT CHARACTER}\\| |"


@pytest.mark.parametrize("share", [1e-9, 0.5, 0.99999])
def test_a_share_is_never_rounded_to_none_or_all(share: float) -> None:
    assert percent(share) not in ("0%", "0.0%", "100%", "100.0%")
    assert counted(2, "row") == "2 rows"
