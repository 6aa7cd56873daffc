"""A data set folder, written row by row and there whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol

import numpy as np

from campaignkit import __version__
from campaignkit.dataset.block import Block
from campaignkit.dataset.evaluation import DatasetEvaluation
from campaignkit.dataset.jsonl_writer import JsonlWriter
from campaignkit.dataset.provenance import Provenance
from campaignkit.dataset.vocabulary import Vocabulary, checked_label_names
from campaignkit.errors import DatasetError
from campaignkit.store import Manifest, atomic_folder, checked_path, digest_bytes

Format = Literal["jsonl", "parquet"]

VOCABULARY_NAME = "vocabulary.json"
EVALUATION_NAME = "evaluation.json"
QUALITY_NAME = "quality.json"


class RowWriter(Protocol):
    """One file format: takes checked blocks, gives the digest of the file at the end."""

    def append(self, block: Block) -> None:
        """Add a block's rows."""

    def close(self) -> str:
        """Finish the file and return its digest."""

    def abandon(self) -> None:
        """Let go of the file; it will be removed."""


class DatasetWriter:
    """Streams blocks into a data set folder of any length in bounded memory.

    Use it as a context manager. The folder appears, with its manifest, when the block ends
    without an error; until then, and after a kill, nothing stands under its name.

    Parameters
    ----------
    folder : Path or str
        The folder to make.
    vocabulary : Vocabulary
        What node numbers stand for.
    label_names : sequence of str
        What label codes stand for.
    format : {"jsonl", "parquet"}
        Parquet needs the extra ``tables``.
    replace : bool
        Whether a folder that is not empty may be replaced.
    provenance : Provenance or None
        Origin for the manifest.

    Raises
    ------
    ArtifactError
        If the folder cannot be made, or is not empty and `replace` is false.
    DatasetError
        If the format is unknown or a block does not fit the vocabulary; nothing is written.

    Examples
    --------
    >>> import tempfile
    >>> vocabulary = Vocabulary.of([("brand", "Nike"), ("geo", "Peru")])
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = Path(place, "out")
    ...     with DatasetWriter(folder, vocabulary, ["pos", "neg"]) as writer:
    ...         writer.append(Block.of_rows([[0, 1], [0]], labels=[0, 1]))
    ...     print((folder / "campaigns.jsonl").read_text(), end="")
    {"brand":["Nike"],"geo":["Peru"],"label":"pos"}
    {"brand":["Nike"],"geo":[],"label":"neg"}
    """

    def __init__(
        self,
        folder: Path | str,
        vocabulary: Vocabulary,
        label_names: Sequence[str],
        *,
        format: Format = "jsonl",
        replace: bool = False,
        provenance: Provenance | None = None,
    ) -> None:
        if format not in ("jsonl", "parquet"):
            raise DatasetError(f"format is {format!r}; expected 'jsonl' or 'parquet'")
        self.folder = checked_path(folder)
        self.vocabulary = vocabulary
        self.label_names = checked_label_names(label_names)
        self._format: Format = format
        self._replace = replace
        self._provenance = provenance or Provenance()
        self._evaluation: DatasetEvaluation | None = None
        self._counts = np.zeros(len(self.label_names), np.int64)
        self._exit = ExitStack()

    def __enter__(self) -> DatasetWriter:
        self._partial = self._exit.enter_context(atomic_folder(self.folder, replace=self._replace))
        path = self._partial / f"campaigns.{self._format}"
        try:
            if self._format == "parquet":
                from campaignkit.dataset.parquet_writer import ParquetWriter

                self._rows: RowWriter = ParquetWriter(path, self.vocabulary, self.label_names)
            else:
                self._rows = JsonlWriter(path, self.vocabulary, self.label_names)
        except BaseException as err:
            self._exit.__exit__(type(err), err, err.__traceback__)
            raise
        return self

    def append(self, block: Block) -> None:
        """Add a block's rows.

        Raises
        ------
        DatasetError
            If a node, a label code or the order within a row is not what the vocabulary allows.
        """
        block.check(num_nodes=len(self.vocabulary), num_labels=len(self.label_names))
        self._rows.append(block)
        self._counts += np.bincount(block.labels, minlength=len(self._counts))

    def describe(
        self,
        *,
        evaluation: DatasetEvaluation | None = None,
        provenance: Provenance | None = None,
    ) -> None:
        """Add what is known only after the rows: their evaluation, the sampler's report."""
        self._evaluation = evaluation or self._evaluation
        self._provenance = provenance or self._provenance

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The stack removes the partial folder if it is told of an error, and renames it otherwise.
        if error is not None:
            self._rows.abandon()
            self._exit.__exit__(kind, error, trace)
            return
        try:
            self._finish()
        except BaseException as failure:
            self._rows.abandon()
            self._exit.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._exit.close()

    def _finish(self) -> None:
        origin = self._provenance
        files = {f"campaigns.{self._format}": self._rows.close()}
        names = {"modalities": self.vocabulary.to_values(), "labels": list(self.label_names)}
        told = {
            VOCABULARY_NAME: names,
            EVALUATION_NAME: self._evaluation.to_dict() if self._evaluation else None,
            QUALITY_NAME: dict(origin.quality),
        }
        for name, value in told.items():
            if value:
                data = (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
                (self._partial / name).write_bytes(data)
                files[name] = digest_bytes(data)
        counts = {"rows": int(self._counts.sum()), "attributes": len(self.vocabulary)}
        counts |= {
            f"rows.{name}": int(count)
            for name, count in zip(self.label_names, self._counts, strict=True)
        }
        made_by = {"campaignkit": __version__, "numpy": np.__version__}
        if self._format == "parquet":
            made_by["pyarrow"] = version("pyarrow")
        Manifest(
            kind="dataset",
            made_by=made_by,
            spec=origin.to_spec(),
            seed=origin.seed,
            inputs=origin.to_inputs(),
            files=files,
            counts=counts,
        ).write(self._partial)
