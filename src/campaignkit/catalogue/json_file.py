"""Catalogues as JSON: ``{"attributes": [{"modality", "value", "description", "traits"}]}``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from campaignkit.catalogue.attribute import FIELDS, Attribute
from campaignkit.catalogue.table import CATALOGUE_FILE, REQUIRED, Gathered, unreadable
from campaignkit.errors import CatalogueError, Fault
from campaignkit.store import atomic_file, read_text

_KEYS = (*FIELDS, "traits")


def read_document(path: Path) -> tuple[Attribute, ...]:
    """Read the attributes of a JSON file; see :meth:`Catalogue.read_json`."""
    listed = _listed(path, read_text(path, CATALOGUE_FILE))
    found = Gathered()
    for position, entry in enumerate(listed):
        where = f"{path}: attributes[{position}]"
        faults = _entry_faults(entry, where)
        found.faults += faults
        if isinstance(entry, dict) and not faults:
            found.add(entry, where)
    if not listed:
        fix = "give one entry an attribute"
        found.faults.append(Fault(f"{path}: attributes", "the list is empty", fix))
    return found.attributes(str(path))


def write_document(path: Path, attributes: Sequence[Attribute]) -> None:
    """Write attributes as JSON, whole or not at all; see :meth:`Catalogue.write_json`."""
    if not attributes:
        message = f"{path} was not written: no attributes"
        raise CatalogueError(message, hint="add an attribute first")
    entries = [
        {"modality": a.modality, "value": a.value}
        | ({"description": a.description} if a.description else {})
        | ({"traits": dict(a.traits)} if a.traits else {})
        for a in attributes
    ]
    text = json.dumps({"attributes": entries}, ensure_ascii=False, indent=1) + "\n"
    with atomic_file(path) as partial:
        partial.write_bytes(text.encode())


def _listed(path: Path, text: str) -> list[object]:
    try:
        document = json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as err:
        fault = Fault(f"{path}:{err.lineno}", f"is not JSON: {err.msg}", "mend it there")
        raise unreadable(str(path), [fault]) from err
    except (ValueError, RecursionError) as err:
        fault = Fault(str(path), f"cannot be read as JSON: {err}")
        raise unreadable(str(path), [fault]) from err
    listed = document.get("attributes") if isinstance(document, dict) else document
    if not isinstance(listed, list):
        fault = Fault(str(path), 'holds no list of attributes; expected {"attributes": [...]}')
        raise unreadable(str(path), [fault])
    return listed


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
