"""Catalogues as CSV: a header, one row an attribute, ``|`` between the items of a trait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from campaignkit.catalogue.attribute import FIELDS, Attribute
from campaignkit.catalogue.table import (
    CATALOGUE_FILE,
    LIST_SEPARATOR,
    attributes_of_table,
)
from campaignkit.errors import CatalogueError, Fault
from campaignkit.store import (
    atomic_file,
    csv_records,
    csv_text,
    escape_cell,
    read_cell,
    read_text,
)


def read_rows(path: Path, *, columns: Mapping[str, str] | None = None) -> tuple[Attribute, ...]:
    """Read the attributes of a CSV file; see :meth:`Catalogue.read_csv`."""
    text = read_text(path, CATALOGUE_FILE)
    records = (
        (line, [read_cell(cell) for cell in row])
        for line, row in csv_records(path, text, error=CatalogueError)
    )
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
    rows = (
        (a.modality, a.value, a.description, *(LIST_SEPARATOR.join(a.items(t)) for t in names))
        for a in attributes
    )
    cells = (map(escape_cell, row) for row in [(*FIELDS, *names), *rows])
    with atomic_file(path) as partial:
        partial.write_bytes(csv_text(cells).encode())
