"""Parquet in row groups of dictionary-encoded list columns, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from campaignkit.dataset.block import Block, concat_blocks
from campaignkit.dataset.hashed_file import HashedFile
from campaignkit.dataset.modality_columns import modality_columns
from campaignkit.dataset.vocabulary import RESERVED, Vocabulary
from campaignkit.errors import ArtifactError
from campaignkit.extras import require

_GROUP_ROWS = 100_000  # about 30 MB in memory; small enough to stream, large enough to compress


class ParquetWriter:
    """Streams blocks to one Parquet file: a list column per modality, and ``label``.

    Values are stored as codes into a dictionary of the whole vocabulary. Blocks are trusted:
    check them first.

    Raises
    ------
    MissingExtra
        If pyarrow is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.parquet")
    ...     writer = ParquetWriter(path, Vocabulary.of([("brand", "Nike")]), ["pos"])
    ...     writer.append(Block.of_rows([[0]], labels=[0]))
    ...     _ = writer.close()
    ...     require("pyarrow.parquet", extra="tables", user="this").read_table(path).to_pylist()
    [{'brand': ['Nike'], 'label': 'pos'}]
    """

    def __init__(self, path: Path, vocabulary: Vocabulary, label_names: Sequence[str]) -> None:
        self._arrow: Any = require("pyarrow", extra="tables", user="writing Parquet")
        parquet = require("pyarrow.parquet", extra="tables", user="writing Parquet")
        arrow = self._arrow
        self._vocabulary = vocabulary
        values = vocabulary.to_values()
        self._values = [arrow.array(values[name], arrow.string()) for name in values]
        self._labels = arrow.array(list(label_names), arrow.string())
        code = arrow.dictionary(arrow.int32(), arrow.string())
        self._schema = arrow.schema(
            [*((name, arrow.list_(code)) for name in values), (RESERVED, code)]
        )
        self._file = HashedFile(path)
        self._writer = parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        self._waiting: list[Block] = []
        self._num_waiting = 0

    def append(self, block: Block) -> None:
        """Add a block's rows; whole row groups go to disk."""
        self._waiting.append(block)
        self._num_waiting += len(block)
        if self._num_waiting >= _GROUP_ROWS:
            rows = concat_blocks(self._waiting)
            whole = len(rows) - len(rows) % _GROUP_ROWS
            for start in range(0, whole, _GROUP_ROWS):
                self._write_group(rows[start : start + _GROUP_ROWS])
            # A copy: a view would hold the whole block in memory.
            rest = rows.take(np.arange(whole, len(rows)))
            self._waiting, self._num_waiting = [rest], len(rest)

    def close(self) -> str:
        """Write what is left and return the file's digest."""
        if self._num_waiting:
            self._write_group(concat_blocks(self._waiting))
            self._waiting, self._num_waiting = [], 0
        try:
            self._writer.close()
        except OSError as err:
            raise ArtifactError(f"cannot write Parquet: {err}") from err
        self._file.close()
        return self._file.digest

    def abandon(self) -> None:
        """Let go of the file; what was written is for the caller to remove."""
        self._file.abandon()
        self._writer.close()
        self._file.close()

    def _write_group(self, block: Block) -> None:
        arrow = self._arrow
        columns = []
        parts = modality_columns(block, self._vocabulary)
        for part, values in zip(parts, self._values, strict=True):
            texts = arrow.DictionaryArray.from_arrays(arrow.array(part.codes), values)
            columns.append(arrow.ListArray.from_arrays(part.offsets, texts))
        codes = block.labels.astype(np.int32)
        columns.append(arrow.DictionaryArray.from_arrays(arrow.array(codes), self._labels))
        table = arrow.Table.from_arrays(columns, schema=self._schema)
        self._writer.write_table(table, row_group_size=_GROUP_ROWS)
