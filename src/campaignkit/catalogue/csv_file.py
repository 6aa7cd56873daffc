"""Catalogues as CSV: a header, one row an attribute, ``|`` between the items of a trait."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from campaignkit.catalogue.attribute import FIELDS, Attribute
from campaignkit.catalogue.table import (
    CATALOGUE_FILE,
    LIST_SEPARATOR,
    attributes_of_table,
    unreadable,
)
from campaignkit.errors import CatalogueError, Fault
from campaignkit.store import atomic_file, escape_cell, read_cell, read_text


def read_rows(path: Path, *, columns: Mapping[str, str] | None = None) -> tuple[Attribute, ...]:
    """Read the attributes of a CSV file; see :meth:`Catalogue.read_csv`."""
    records = _records(str(path), read_text(path, CATALOGUE_FILE))
    line, header = next(records)
    rows = ((f"{path}:{line}", row) for line, row in records)
    return attributes_of_table(
        str(path), header, rows, header_at=f"{path}:{line}", columns=columns
    )


def write_rows(path: Path, attributes: Sequence[Attribute]) -> None:
    """Write attributes as CSV, whole or not at all; see :meth:`Catalogue.write_csv`."""
    names = sorted({name for attribute in attributes for name in attribute.traits})
    faults = [
        Fault(f"{a} {name}", f"{item!r} holds {LIST_SEPARATOR!r}, which separates items in CSV")
        for a in attributes
        for name in names
        for item in a.items(name)
        if LIST_SEPARATOR in item
    ]
    if faults or not attributes:
        raise CatalogueError(
            f"{path} was not written: " + ("the traits do not fit" if faults else "no attributes"),
            hint="write_json carries any text" if faults else "add an attribute first",
            faults=faults,
        )
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FIELDS, *map(escape_cell, names)])
    for a in attributes:
        traits = (LIST_SEPARATOR.join(a.items(name)) for name in names)
        writer.writerow(map(escape_cell, (a.modality, a.value, a.description, *traits)))
    with atomic_file(path) as partial:
        partial.write_bytes(text.getvalue().encode())


def _records(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line it starts on; blank lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as err:
            fix = 'close the quotes, and double a quote inside a cell ("")'
            if "limit" in str(err):
                fix = "check for a quote that is never closed"
            fault = Fault(f"{name}:{line}", f"is not CSV: {err}", fix)
            raise unreadable(name, [fault]) from err
        if row:
            yield line, [read_cell(cell) for cell in row]
