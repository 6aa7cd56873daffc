"""Cells of CSV files that spreadsheets open: a name is never run as a formula.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return
for a formula. Our writers put an apostrophe before such a text, as spreadsheets do themselves, and
our readers take it away: what is written is read back, whatever it is.
"""

from __future__ import annotations

import re

_FORMULA = re.compile("'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")  # the last four: full-width forms


def escape_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> [escape_cell(text) for text in ("Nike", "=1+1", "'=1+1", "'s Heeren")]
    ['Nike', "'=1+1", "''=1+1", "'s Heeren"]
    """
    return f"'{text}" if _FORMULA.match(text) else text


def read_cell(cell: str) -> str:
    """The text that :func:`escape_cell` made the cell of; any other cell as it is.

    Examples
    --------
    >>> [read_cell(cell) for cell in ("Nike", "'=1+1", "''=1+1", "'s Heeren", "=1+1")]
    ['Nike', '=1+1', "'=1+1", "'s Heeren", '=1+1']
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
