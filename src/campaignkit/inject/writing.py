"""A dirty table as a file, Parquet or CSV by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from campaignkit.errors import TableError
from campaignkit.extras import require
from campaignkit.store import atomic_file, checked_path, escape_cell
from campaignkit.tables import to_arrow


def write_table(table: Any, path: str | Path, *, for_spreadsheets: bool = False) -> Path:
    """Write a frame to a .parquet or .csv file, whole or not at all.

    Parameters
    ----------
    table : frame
        What is written.
    path : path
        Ends in ``.parquet`` or ``.csv``.
    for_spreadsheets : bool
        Whether texts of a CSV that begin with ``=``, ``+``, ``-`` or ``@`` get an apostrophe in
        front, so that no spreadsheet runs them as formulas. By default every cell is written as
        it is: a program that reads the table back finds what the injector made.

    Raises
    ------
    TableError
        If the name ends in something else.

    Examples
    --------
    >>> import tempfile
    >>> write_table({"clicks": [1]}, tempfile.mkdtemp() + "/t.csv").read_text().split()
    ['"clicks"', '1']
    """
    place = checked_path(path)
    kind = place.suffix.lower()
    if kind not in (".parquet", ".csv"):
        raise TableError(f"{place} ends in {kind or 'nothing'}; expected .parquet or .csv")
    arrow = to_arrow(table)
    with atomic_file(place) as partial:
        if kind == ".parquet":
            pq = require("pyarrow.parquet", extra="tables", user="writing Parquet")
            pq.write_table(arrow, partial)
        else:
            csv = require("pyarrow.csv", extra="tables", user="writing CSV")
            arrow = _escaped(arrow) if for_spreadsheets else arrow
            csv.write_csv(arrow, partial)
    return place


def _escaped(arrow: Any) -> Any:  # an arrow table
    pa = require("pyarrow", extra="tables", user="writing CSV")
    for at, field in enumerate(arrow.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            texts = [None if t is None else escape_cell(t) for t in arrow.column(at).to_pylist()]
            arrow = arrow.set_column(at, field.name, pa.array(texts, field.type))
    return arrow.rename_columns([escape_cell(name) for name in arrow.column_names])
