"""A graph as a folder: everything it knows, with a manifest."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit import __version__
from campaignkit.catalogue import Catalogue
from campaignkit.errors import ArtifactError, GraphError
from campaignkit.graph.columns import OPTIONAL, EdgeColumns, check_rows
from campaignkit.graph.edge import DECIDED_BY
from campaignkit.store import (
    Manifest,
    atomic_folder,
    digest_file,
    read_bytes,
    read_manifest,
    verify_files,
)

_CATALOGUE, _EDGES, _TEXTS = "catalogue.json", "edges.npz", "texts.json"
_TEXT_FIELDS = tuple(name for name, (kind, _) in OPTIONAL.items() if kind is object)


def save_graph(
    folder: Path, catalogue: Catalogue, columns: EdgeColumns, digest: str, *, replace: bool
) -> None:
    """Write a graph's folder; see :meth:`SignedGraph.save`."""
    arrays = columns.arrays()
    texts: dict[str, list[str]] = {"decided_by": list(DECIDED_BY)}
    for name in _TEXT_FIELDS:
        # Few texts differ: each is kept once, and the column holds its number.
        code_of = {"": 0}
        if name in arrays:
            codes = [code_of.setdefault(text, len(code_of)) for text in arrays[name]]
            arrays[name] = np.array(codes, dtype=np.int32)
        texts[name] = list(code_of)
    with atomic_folder(folder, replace=replace) as partial:
        catalogue.write_json(partial / _CATALOGUE)
        np.savez_compressed(partial / _EDGES, allow_pickle=False, **arrays)
        (partial / _TEXTS).write_bytes(json.dumps(texts, indent=1).encode())
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
    except (ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile) as err:
        raise ArtifactError(f"{folder} contains no edge table: {err}") from err
    check_rows(catalogue, columns.source, columns.target, columns.sign)
    keys = columns.keys(len(catalogue))
    if (columns.source >= columns.target).any() or (np.diff(keys) <= 0).any():
        raise GraphError(f"{folder}: the edge table is not settled (each pair once, ascending)")
    return catalogue, columns.frozen()


def _columns(arrays: dict[str, NDArray[Any]], texts: dict[str, list[str]]) -> EdgeColumns:
    if len({array.shape for array in arrays.values()}) > 1 or arrays["source"].ndim != 1:
        raise ValueError("its columns differ in length")
    kinds = {"source": np.int32, "target": np.int32, "sign": np.int8}
    held = {name: array.astype(kinds.get(name, array.dtype)) for name, array in arrays.items()}
    # Codes are read through the file's own list, so a later version may add ways to decide.
    decided = [DECIDED_BY.index(name) for name in texts["decided_by"]]
    held["decided_by"] = np.array(decided, dtype=np.uint8)[arrays["decided_by"]]
    for name in _TEXT_FIELDS:
        if name in held:
            if len(held[name]) and held[name].min() < 0:
                raise ValueError("a text's code is out of range")
            held[name] = np.array(texts[name], dtype=object)[held[name]]
    return EdgeColumns(**held)
