"""Catalogues in files: CSV, JSON, and those that come with the library."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import as_file, files
from os import PathLike

from campaignkit.catalogue import table
from campaignkit.catalogue.attribute import FIELDS, Attribute
from campaignkit.catalogue.table import LIST_SEPARATOR, REQUIRED
from campaignkit.errors import CatalogueError, Fault
from campaignkit.store import (
    TextFileKind,
    atomic_file,
    checked_path,
    csv_records,
    csv_text,
    escape_cell,
    read_cell,
    read_text,
)

_FILE = TextFileKind(CatalogueError, "a catalogue", "give one row an attribute")
_BUNDLED = files("campaignkit.catalogue") / "bundled"
_KEYS = (*FIELDS, "traits")


def read_csv(
    path: str | PathLike[str], *, columns: Mapping[str, str] | None = None
) -> tuple[Attribute, ...]:
    """Read the attributes of a CSV file; see :meth:`Catalogue.read_csv`."""
    path = checked_path(path, error=CatalogueError)
    records = (
        (line, [read_cell(cell) for cell in row])
        for line, row in csv_records(path, read_text(path, _FILE), error=CatalogueError)
    )
    line, header = next(records)
    rows = ((f"{path}:{line}", row) for line, row in records)
    return table.attributes_of_table(
        str(path), header, rows, header_at=f"{path}:{line}", columns=columns
    )


def write_csv(path: str | PathLike[str], attributes: Sequence[Attribute]) -> None:
    """Write attributes as CSV, whole or not at all; see :meth:`Catalogue.write_csv`."""
    names = sorted({name for attribute in attributes for name in attribute.traits})
    faults = [
        Fault(f"{a} {name}", f"{item!r} contains {LIST_SEPARATOR!r}, which separates items in CSV")
        for a in attributes
        for name in names
        for item in a.items(name)
        if LIST_SEPARATOR in item
    ]
    if faults:
        raise CatalogueError(
            f"{path} was not written: the traits do not fit",
            hint="write_json accepts any text",
            faults=faults,
        )
    rows = (
        (
            a.modality,
            a.value,
            a.description,
            *(LIST_SEPARATOR.join(a.items(t)) for t in names),
        )
        for a in attributes
    )
    _write(path, attributes, csv_text(map(escape_cell, row) for row in [(*FIELDS, *names), *rows]))


def read_json(path: str | PathLike[str]) -> tuple[Attribute, ...]:
    """Read the attributes of a JSON file; see :meth:`Catalogue.read_json`."""
    path = checked_path(path, error=CatalogueError)
    try:
        document = json.loads(read_text(path, _FILE), object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as err:
        fault = Fault(f"{path}:{err.lineno}", f"is not JSON: {err.msg}", "correct it there")
        raise table.unreadable(str(path), [fault]) from err
    except (ValueError, RecursionError) as err:
        fault = Fault(str(path), f"cannot be read as JSON: {err}")
        raise table.unreadable(str(path), [fault]) from err
    listed = document.get("attributes") if isinstance(document, dict) else document
    if not isinstance(listed, list):
        fault = Fault(str(path), 'contains no list of attributes; expected {"attributes": [...]}')
        raise table.unreadable(str(path), [fault])
    faults: list[Fault] = []

    def entries() -> Iterator[tuple[str, dict[str, object]]]:
        for position, entry in enumerate(listed):
            where = f"{path}: attributes[{position}]"
            if wrong := _entry_faults(entry, where):
                faults.extend(wrong)
            else:
                yield where, entry

    empty = Fault(f"{path}: attributes", "the list is empty", "give one entry an attribute")
    return table.gathered(str(path), entries(), faults, empty=empty)


def write_json(path: str | PathLike[str], attributes: Sequence[Attribute]) -> None:
    """Write attributes as JSON, whole or not at all; see :meth:`Catalogue.write_json`."""
    entries = [
        {"modality": a.modality, "value": a.value}
        | ({"description": a.description} if a.description else {})
        | ({"traits": dict(a.traits)} if a.traits else {})
        for a in attributes
    ]
    text = json.dumps({"attributes": entries}, ensure_ascii=False, indent=1) + "\n"
    _write(path, attributes, text)


def bundled_names() -> tuple[str, ...]:
    """The names that :meth:`Catalogue.bundled` knows.

    Examples
    --------
    >>> bundled_names()
    ('retail-160', 'starter-27')
    """
    named = (entry.name.rpartition(".") for entry in _BUNDLED.iterdir())
    return tuple(sorted(name for name, _, suffix in named if suffix == "csv"))


def read_bundled(name: str) -> tuple[Attribute, ...]:
    """Read the attributes of a bundled catalogue; see :meth:`Catalogue.bundled`."""
    known = bundled_names()
    if name not in known:
        raise CatalogueError(
            f"no bundled catalogue is called {name!r}; there are {', '.join(known)}",
            hint="read your own with Catalogue.read_csv(path)",
        )
    with as_file(_BUNDLED / f"{name}.csv") as path:
        return read_csv(path)


def _write(path: str | PathLike[str], attributes: Sequence[Attribute], text: str) -> None:
    if not attributes:
        message = f"{path} was not written: no attributes"
        raise CatalogueError(message, hint="add an attribute first")
    with atomic_file(checked_path(path)) as partial:
        partial.write_bytes(text.encode())


def _entry_faults(entry: object, where: str) -> list[Fault]:
    if not isinstance(entry, dict):
        found = f"is of type {type(entry).__name__}; expected an object with modality and value"
        return [Fault(where, found)]
    faults = [Fault(where, f"has no {name!r}", "add it") for name in REQUIRED if name not in entry]
    return faults + [
        Fault(where, f"has an unknown key {key!r}", "put facts under traits")
        for key in entry
        if key not in _KEYS
    ]


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) < len(pairs):
        keys = [key for key, _ in pairs]
        doubled = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"an object has the key {doubled[0]!r} twice")
    return read
