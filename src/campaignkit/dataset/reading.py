"""A data set folder, or one file of it, back into rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaignkit.dataset.evaluation import DatasetEvaluation
from campaignkit.dataset.jsonl_reader import read_jsonl
from campaignkit.dataset.numbering import NumberedRows
from campaignkit.dataset.provenance import Provenance
from campaignkit.dataset.vocabulary import Vocabulary, checked_label_names
from campaignkit.dataset.writer import EVALUATION_NAME, QUALITY_NAME, VOCABULARY_NAME
from campaignkit.errors import DatasetError
from campaignkit.store import Manifest, read_bytes, read_manifest, verify_files

_ROW_FILES = ("campaigns.jsonl", "campaigns.parquet")


@dataclass(frozen=True, eq=False)
class DatasetFiles:
    """What lies in a data set folder; for a bare file, its rows alone.

    Examples
    --------
    >>> from campaignkit.dataset.block import Block
    >>> rows = NumberedRows.of(Block.empty(), [], ("pos",))
    >>> DatasetFiles(rows, Provenance(), None).evaluation is None
    True
    """

    rows: NumberedRows
    provenance: Provenance
    evaluation: DatasetEvaluation | None


def read_files(path: Path) -> DatasetFiles:
    """Read a data set folder, checked against its manifest, or a bare JSONL or Parquet file.

    Raises
    ------
    ArtifactError
        If the folder has no manifest, or a file is not the one that was written.
    DatasetError
        If the rows are not a data set's: all faults at once.

    Examples
    --------
    >>> read_files(Path("nowhere"))
    Traceback (most recent call last):
        ...
    campaignkit.errors.DatasetError: nowhere does not exist
      hint: give a data set folder, a .jsonl or a .parquet file
    """
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise DatasetError(
            f"{path} does not exist", hint="give a data set folder, a .jsonl or a .parquet file"
        )
    return DatasetFiles(_read_rows(path), Provenance(), None)


def _read_folder(folder: Path) -> DatasetFiles:
    manifest = read_manifest(folder, kind="dataset")
    present = [name for name in _ROW_FILES if name in manifest.files]
    if len(present) != 1:
        raise DatasetError(
            f"the manifest of {folder} lists {len(present)} files of campaigns; expected one of "
            + " and ".join(_ROW_FILES),
            hint="write the folder again",
        )
    verify_files(folder, manifest)
    names = _read_json(folder, manifest, VOCABULARY_NAME)
    try:
        vocabulary = Vocabulary.from_values(names["modalities"])
        label_names = checked_label_names(names["labels"])
    except (KeyError, TypeError, AttributeError) as err:
        raise DatasetError(
            f"{folder / VOCABULARY_NAME} does not list modalities and labels",
            hint="write the folder again",
        ) from err
    rows = _read_rows(folder / present[0], vocabulary=vocabulary, label_names=label_names)
    expected = manifest.counts.get("rows")
    if len(rows.block) != expected:
        raise DatasetError(
            f"{folder} contains {len(rows.block)} campaigns; its manifest says {expected}"
        )
    told = _read_json(folder, manifest, EVALUATION_NAME)
    try:
        evaluation = DatasetEvaluation.from_dict(told) if told else None
    except (KeyError, TypeError, AttributeError) as err:
        raise DatasetError(
            f"{folder / EVALUATION_NAME} is not an evaluation: {err}",
            hint="evaluate the data set again",
        ) from err
    quality = _read_json(folder, manifest, QUALITY_NAME)
    return DatasetFiles(rows, _provenance(manifest, quality), evaluation)


def _read_rows(
    path: Path,
    *,
    vocabulary: Vocabulary | None = None,
    label_names: tuple[str, ...] | None = None,
) -> NumberedRows:
    if path.suffix == ".jsonl":
        return read_jsonl(path, vocabulary=vocabulary, label_names=label_names)
    if path.suffix == ".parquet":
        from campaignkit.dataset.parquet_reader import read_parquet

        return read_parquet(path, vocabulary=vocabulary, label_names=label_names)
    raise DatasetError(
        f"{path} is neither a folder nor a .jsonl or .parquet file",
        hint="rename it if it is one of these",
    )


def _read_json(folder: Path, manifest: Manifest, name: str) -> dict[str, Any]:
    if name not in manifest.files:
        return {}
    try:
        told = json.loads(read_bytes(folder / name))
    except ValueError as err:
        raise DatasetError(f"{folder / name} is not JSON", hint="write the folder again") from err
    if not isinstance(told, dict):
        raise DatasetError(f"{folder / name} is not a JSON object", hint="write the folder again")
    return told


def _provenance(manifest: Manifest, quality: dict[str, Any]) -> Provenance:
    return Provenance(
        graph_digest=manifest.inputs.get("graph"),
        spec_digest=manifest.inputs.get("spec"),
        spec=manifest.spec.get("sampling", {}),
        seed=manifest.seed,
        quality=quality,
        steps=tuple(manifest.spec.get("steps", ())),
    )
