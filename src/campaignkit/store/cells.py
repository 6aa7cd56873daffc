"""CSV files: records with their lines, and names that no spreadsheet runs as a formula.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return
for a formula. Our writers put an apostrophe before such a text, as spreadsheets do themselves, and
our readers take it away: what is written is read back, whatever it is.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from campaignkit.errors import CampaignkitError, Fault

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


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV; names among them are escaped by who gives them.

    Examples
    --------
    >>> csv_text([("brand", 1), ("a,b", None)])
    'brand,1\\n"a,b",\\n'
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def csv_records(
    name: object, text: str, *, error: type[CampaignkitError]
) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line it starts on; blank lines are passed over.

    Raises
    ------
    CampaignkitError
        `error`, with the line from which on the text of `name` is no CSV.

    Examples
    --------
    >>> list(csv_records("a.csv", "x,y\\n\\n1,2\\n", error=CampaignkitError))
    [(1, ['x', 'y']), (3, ['1', '2'])]
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as err:
        fix = 'close the quotes, and double a quote inside a cell ("")'
        if "limit" in str(err):
            fix = "check for a quote that is never closed"
        fault = Fault(f"{name}:{line}", f"is not CSV from here on: {err}", fix)
        raise error(f"{name} cannot be read as CSV: 1 fault", faults=[fault]) from err
