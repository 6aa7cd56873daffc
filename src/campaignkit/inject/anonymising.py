"""Replace names of brands and clients by stable generic ones, the key kept apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from campaignkit.errors import TableError
from campaignkit.inject.cells import as_text, dictionary, pa, pc, plain
from campaignkit.inject.injector import opened
from campaignkit.inject.workbench import Workbench
from campaignkit.store import atomic_file, checked_path, read_bytes
from campaignkit.tables import like

_WORDS = {"brand": "Brand", "client": "Company", "company": "Company", "advertiser": "Company"}


def anonymise(
    table: Any,
    *,
    columns: Sequence[str] = ("brand",),
    key: Mapping[str, Mapping[str, str]] | None = None,
    key_file: str | Path | None = None,
) -> tuple[Any, dict[str, dict[str, str]]]:
    """Replace the values of columns by "Brand 1", "Company 2", ...

    The same name gets the same id in every table anonymised with the same key; new names are
    numbered on. The key never goes into the table.

    Parameters
    ----------
    table : frame or path
        The table.
    columns : sequence of str
        Columns to anonymise, by own or standard name.
    key : mapping or None
        Key of earlier tables: column -> name -> id.
    key_file : path or None
        JSON file the key is read from, if it exists, and written to; readable by its owner only.

    Returns
    -------
    table : frame
        Of the kind that was given.
    key : dict
        Column -> name -> id.

    Examples
    --------
    >>> hidden, key = anonymise({"brand": ["Nike", "Dior", "Nike"]})
    >>> hidden["brand"], key["brand"]["Dior"]
    (['Brand 1', 'Brand 2', 'Brand 1'], 'Brand 2')
    """
    clean, matching, _ = opened(table)
    bench = Workbench(clean, matching)
    path = checked_path(key_file, error=TableError) if key_file is not None else None
    known = {c: dict(names) for c, names in (key or _read(path)).items()}
    for asked in columns:
        own = bench.own(asked, user="anonymise")
        column = clean.column(own)
        words, cells = dictionary(column).cast(pa.string()), as_text(plain(column))
        names = known.setdefault(asked, {})
        prefix = _WORDS.get(asked, asked.replace("_", " ").title())
        for word in words.drop_null().to_pylist():
            names.setdefault(word, f"{prefix} {len(names) + 1}")
        hidden = pa.array([names.get(word) for word in words.to_pylist()], pa.string())
        at = pc.index_in(cells.cast(pa.string()), words, skip_nulls=True)
        clean = clean.set_column(clean.column_names.index(own), own, hidden.take(at))
    if path is not None:
        _write(path, known)
    return like(table, clean), known


def _read(path: Path | None) -> dict[str, dict[str, str]]:
    if path is None or not path.exists():
        return {}
    try:
        key = json.loads(read_bytes(path, error=TableError))
    except ValueError as err:
        raise TableError(f"{path} is no key file: {err}", hint="name another file") from err
    if not isinstance(key, dict) or not all(isinstance(v, dict) for v in key.values()):
        raise TableError(f"{path} is no key file", hint="expected column -> name -> id")
    return key


def _write(path: Path, key: Mapping[str, Mapping[str, str]]) -> None:
    text = json.dumps(key, ensure_ascii=False, indent=2, sort_keys=True)
    with atomic_file(path) as partial:
        partial.touch(mode=0o600)
        partial.write_bytes(f"{text}\n".encode())
