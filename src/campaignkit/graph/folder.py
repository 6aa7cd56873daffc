"""A graph as a folder: everything it knows, with a manifest."""

from __future__ import annotations

import json
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit import __version__
from campaignkit.catalogue import Catalogue
from campaignkit.errors import ArtifactError, GraphError
from campaignkit.graph.columns import EdgeColumns
from campaignkit.graph.edge import DECIDED_BY
from campaignkit.graph.from_arrays import check_settled
from campaignkit.graph.settle import pair_keys
from campaignkit.graph.texts import Texts
from campaignkit.store import (
    Manifest,
    atomic_folder,
    digest_file,
    read_bytes,
    read_manifest,
    verify_files,
)

_CATALOGUE, _EDGES, _TEXTS = "catalogue.json", "edges.npz", "texts.json"
_TEXT_FIELDS = ("reason", "context")


def save_graph(
    folder: Path, catalogue: Catalogue, columns: EdgeColumns, digest: str, *, replace: bool
) -> None:
    """Write a graph's folder; see :meth:`SignedGraph.save`."""
    arrays: dict[str, NDArray[Any]] = {}  # each column has its own type
    texts = {}
    for field in fields(columns):
        column = getattr(columns, field.name)
        if isinstance(column, Texts):
            texts[field.name] = list(column.values)
            column = column.codes
        if column is not None:
            arrays[field.name] = column
    with atomic_folder(folder, replace=replace) as partial:
        catalogue.write_json(partial / _CATALOGUE)
        np.savez_compressed(partial / _EDGES, allow_pickle=False, **arrays)
        text = json.dumps({"decided_by": list(DECIDED_BY), **texts}, indent=1)
        (partial / _TEXTS).write_bytes(text.encode())
        Manifest(
            kind="graph",
            made_by={"campaignkit": __version__},
            inputs={"graph": digest},
            files={name: digest_file(partial / name) for name in (_CATALOGUE, _EDGES, _TEXTS)},
            counts={
                "nodes": len(catalogue),
                "positive": int((columns.sign > 0).sum()),
                "negative": int((columns.sign < 0).sum()),
                "neutral": int((columns.sign == 0).sum()),
            },
        ).write(partial)


def load_graph(folder: Path) -> tuple[Catalogue, EdgeColumns]:
    """Read a graph's folder; see :meth:`SignedGraph.load`."""
    manifest = read_manifest(folder, kind="graph")
    if missing := [n for n in (_CATALOGUE, _EDGES, _TEXTS) if n not in manifest.files]:
        raise ArtifactError(f"{folder}: the manifest does not list {', '.join(missing)}")
    verify_files(folder, manifest)
    catalogue = Catalogue.read_json(folder / _CATALOGUE)
    try:
        texts = json.loads(read_bytes(folder / _TEXTS))
        with np.load(folder / _EDGES, allow_pickle=False) as arrays:
            columns = _columns({name: arrays[name] for name in arrays.files}, texts)
    except (ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as err:
        raise ArtifactError(f"{folder} holds no edge table: {err}") from err
    check_settled(catalogue, columns)
    keys = pair_keys(columns.source, columns.target, len(catalogue))
    if (columns.source >= columns.target).any() or (np.diff(keys) <= 0).any():
        raise GraphError(f"{folder}: the edge table is not settled (each pair once, ascending)")
    return catalogue, columns.frozen()


def _columns(arrays: dict[str, NDArray[Any]], texts: dict[str, list[str]]) -> EdgeColumns:
    length = len(arrays["source"])
    if any(array.shape != (length,) for array in arrays.values()):
        raise ValueError("its columns differ in length")
    # Codes are read through the file's own list, so a later version may add ways to decide.
    decided = np.array([DECIDED_BY.index(name) for name in texts["decided_by"]], dtype=np.uint8)
    return EdgeColumns(
        source=arrays["source"].astype(np.int32),
        target=arrays["target"].astype(np.int32),
        sign=arrays["sign"].astype(np.int8),
        decided_by=decided[arrays["decided_by"]],
        probability=arrays.get("probability"),
        strength=arrays.get("strength"),
        round=arrays.get("round"),
        **{name: _texts(arrays.get(name), texts[name]) for name in _TEXT_FIELDS},
    )


def _texts(codes: NDArray[np.int32] | None, values: list[str]) -> Texts:
    if codes is None:
        return Texts()
    if len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < len(values):
        raise ValueError("a text's code is out of range")
    return Texts(codes, tuple(values))
