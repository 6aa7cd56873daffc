"""True labels from a CSV: a row id and a label a line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from campaignkit.errors import EvaluationError, Fault
from campaignkit.store import TextFileKind, read_cell, read_text

_KIND = TextFileKind(EvaluationError, "labels", "start it with id,label")


def read_label_file(path: Path) -> dict[str, str]:
    """The label of each row id, in the order of the file; other columns are not read.

    Raises
    ------
    EvaluationError
        If the file cannot be read, lacks a column, or has faulty lines: all of them.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.csv")
    ...     _ = path.write_text("id,label\\na,pos\\nb,neg\\n")
    ...     read_label_file(path)
    {'a': 'pos', 'b': 'neg'}
    """
    try:
        rows = list(csv.reader(io.StringIO(read_text(path, _KIND), newline="")))
    except csv.Error as err:
        raise EvaluationError(f"{path} is no CSV: {err}") from err
    head = [name.strip() for name in rows[0]]
    if not {"id", "label"} <= set(head):
        raise EvaluationError(
            f"{path} has the columns {', '.join(head)[:100]}; expected id and label",
            hint="start it with id,label",
        )
    at_id, at_label = head.index("id"), head.index("label")
    labels: dict[str, str] = {}
    first: dict[str, int] = {}
    faults = []
    for number, cells in enumerate(rows[1:], start=2):
        row = [read_cell(cell) for cell in cells]
        if not row:
            continue
        where = f"{path.name}:{number}"
        if len(row) != len(head):
            faults.append(Fault(where, f"{len(row)} cells; expected {len(head)}"))
        elif row[at_id] in labels:
            found = f"id {row[at_id][:40]!r} is already on line {first[row[at_id]]}"
            faults.append(Fault(where, found, "give each id once"))
        else:
            labels[row[at_id]] = row[at_label].strip()
            first[row[at_id]] = number
    if faults:
        raise EvaluationError(f"{path} cannot be read as labels", faults=faults)
    return labels
