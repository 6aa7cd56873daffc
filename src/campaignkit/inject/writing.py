"""A dirty table as a file, Parquet or CSV by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from campaignkit.errors import TableError
from campaignkit.extras import require
from campaignkit.store import atomic_file, checked_path
from campaignkit.tables import to_arrow


def write_table(table: Any, path: str | Path) -> Path:
    """Write a frame to a .parquet or .csv file, whole or not at all.

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
            csv.write_csv(arrow, partial)
    return place
