"""Parquet back into a block: files of this library and others of the same form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block, concat_blocks
from campaignkit.dataset.numbering import NumberedRows
from campaignkit.dataset.values import value_problem
from campaignkit.dataset.vocabulary import MAX_LABELS, RESERVED, Vocabulary
from campaignkit.errors import DatasetError, Fault
from campaignkit.extras import require
from campaignkit.store import readable_file

_BATCH_ROWS = 100_000


def read_parquet(
    path: Path,
    *,
    vocabulary: Vocabulary | None = None,
    label_names: Sequence[str] | None = None,
) -> NumberedRows:
    """Read a Parquet file of campaigns: a column of text lists per modality, a text ``label``.

    Parameters
    ----------
    path : Path
        The file; its texts may be dictionary-encoded or plain.
    vocabulary, label_names
        What the file may contain; without them, what it does contain.

    Raises
    ------
    DatasetError
        With all faults, by column; nothing is returned in part.
    MissingExtra
        If pyarrow is not installed.

    Examples
    --------
    >>> import tempfile, pyarrow, pyarrow.parquet
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.parquet")
    ...     table = pyarrow.table({"geo": [["Peru"], []], "label": ["pos", "neg"]})
    ...     pyarrow.parquet.write_table(table, path)
    ...     rows = read_parquet(path)
    >>> rows.vocabulary.keys, rows.block.sizes.tolist(), rows.label_names
    ((('geo', 'Peru'),), [1, 0], ('pos', 'neg'))
    """
    arrow = require("pyarrow", extra="tables", user="reading Parquet")
    parquet = require("pyarrow.parquet", extra="tables", user="reading Parquet")
    try:
        with parquet.ParquetFile(readable_file(path, error=DatasetError)) as file:
            columns = _Columns(path, arrow, file.schema_arrow, vocabulary, label_names)
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                columns.take(batch)
    except (arrow.ArrowException, OSError) as err:
        if isinstance(err, OSError) and err.errno is not None:
            raise DatasetError(f"cannot read {path}: {err.strerror}") from err
        raise DatasetError(
            f"{path} is not a Parquet file that can be read: {str(err).splitlines()[0]}",
            hint="the file is cut, or of another format",
        ) from err
    return columns.finish()


class _Columns:
    def __init__(
        self,
        path: Path,
        arrow: Any,
        schema: Any,
        vocabulary: Vocabulary | None,
        label_names: Sequence[str] | None,
    ) -> None:
        self._path = path
        self._arrow = arrow
        self._vocabulary = vocabulary
        self._is_open = vocabulary is None
        self._faults: list[Fault] = []
        self._node_of = dict(vocabulary.node_of) if vocabulary else {}
        self._code_of = {name: code for code, name in enumerate(label_names or ())}
        self._labels_open = label_names is None
        self._blocks: list[Block] = []
        self._num_rows = 0
        self._modalities = [name for name in schema.names if name != RESERVED]
        self._check_schema(schema)

    def take(self, batch: Any) -> None:
        """Take in some rows, or note what is wrong with them."""
        pairs = [self._nodes(batch, modality) for modality in self._modalities]
        codes = self._codes(batch)
        rows = np.concatenate([row_of for row_of, _ in pairs])
        nodes = np.concatenate([nodes for _, nodes in pairs])
        self._num_rows += len(batch)
        if self._faults:
            return
        order = np.lexsort((nodes, rows))
        rows, nodes = rows[order], nodes[order]
        twice = np.flatnonzero((rows[1:] == rows[:-1]) & (nodes[1:] == nodes[:-1]))
        names = list(self._node_of)
        for where in twice:
            modality, value = names[nodes[where]]
            row = self._num_rows - len(batch) + rows[where]
            self._fault(f"row {row}", f"{modality!r} contains {value!r} twice", "list it once")
        offsets = np.zeros(len(batch) + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=len(batch)), out=offsets[1:])
        self._blocks.append(Block(nodes, offsets, codes))

    def finish(self) -> NumberedRows:
        """The rows, or all faults at once."""
        if not self._faults and not self._num_rows and self._is_open:
            raise DatasetError(f"{self._path} contains no campaign")
        if self._faults:
            num = len(self._faults)
            raise DatasetError(
                f"{self._path} is not a Parquet data set: {num} fault{'s' if num > 1 else ''}",
                faults=self._faults,
                hint="is it a table of labelled campaigns? `campaigns --dataset` (or "
                "`to_dataset()`) makes the data set of it"
                if "label_stability" in self._modalities
                else "",
            )
        return NumberedRows.of(
            concat_blocks(self._blocks),
            list(self._node_of),
            tuple(self._code_of),
            modalities=self._modalities,
        )

    def _check_schema(self, schema: Any) -> None:
        kinds = self._arrow.types
        if RESERVED not in schema.names:
            self._fault("columns", "there is no 'label'", "add a text column 'label'")
        elif not _is_text(kinds, schema.field(RESERVED).type):
            found = f"is {schema.field(RESERVED).type}; expected texts"
            self._fault("column 'label'", found)
        if not self._modalities:
            self._fault("columns", "there is no modality", "add a column of text lists")
        if len(set(schema.names)) < len(schema.names):
            self._fault("columns", f"a name comes twice: {', '.join(schema.names)}")
        for name in self._modalities:
            kind = schema.field(schema.names.index(name)).type
            is_list = kinds.is_list(kind) or kinds.is_large_list(kind)
            if not is_list or not _is_text(kinds, kind.value_type):
                self._fault(f"column {name!r}", f"is {kind}; expected lists of texts")
            if problem := value_problem(name):
                self._fault(f"column {name!r}", f"has a name that {problem}")
        if self._vocabulary is not None:
            expected = self._vocabulary.modalities
            for name in sorted({*expected} ^ {*self._modalities}):
                what = "is missing" if name in expected else "is not in the data set's vocabulary"
                self._fault(f"column {name!r}", what)
        if self._faults:
            self.finish()  # raises: rows of such columns cannot be read

    def _nodes(self, batch: Any, modality: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        column = batch.column(modality)
        values = column.flatten()
        for what, part in (("row", column), ("value", values)):
            if part.null_count:
                found = f"contains {part.null_count} nulls"
                fix = "write an empty list" if what == "row" else "drop them"
                self._fault(f"column {modality!r}", found, fix)
        if self._faults:
            return np.zeros(0, np.int64), np.zeros(0, np.int32)
        lengths = self._arrow.compute.list_value_length(column).to_numpy(zero_copy_only=False)
        rows = np.repeat(np.arange(len(column)), lengths)
        texts, codes = _dictionary(self._arrow, values)
        used = set(np.unique(codes).tolist())
        node_of = [
            self._node(modality, text) if code in used else 0 for code, text in enumerate(texts)
        ]
        return rows, np.array([*node_of, 0], np.int32)[codes]

    def _node(self, modality: str, value: str) -> int:
        key = (modality, value)
        if key not in self._node_of:
            if problem := value_problem(value):
                self._fault(f"column {modality!r}", f"contains a value that {problem}")
            elif not self._is_open:
                self._fault(
                    f"column {modality!r}",
                    f"contains {value!r}, which is not in the data set's vocabulary",
                )
            else:
                self._node_of[key] = len(self._node_of)
        return self._node_of.get(key, 0)

    def _codes(self, batch: Any) -> NDArray[np.uint8]:
        column = batch.column(RESERVED)
        if column.null_count:
            self._fault("column 'label'", f"contains {column.null_count} nulls", "label every row")
            return np.zeros(len(batch), np.uint8)
        texts, codes = _dictionary(self._arrow, column)
        used = set(np.unique(codes).tolist())
        # In order of appearance, as JSONL has it.
        firsts = sorted(used, key=lambda code: int(np.argmax(codes == code)))
        for name in (texts[code] for code in firsts):
            if name in self._code_of:
                continue
            if problem := value_problem(name):
                self._fault("column 'label'", f"contains a label that {problem}")
            elif not self._labels_open:
                names = ", ".join(self._code_of)
                self._fault("column 'label'", f"contains {name!r}, which is not one of {names}")
            elif len(self._code_of) == MAX_LABELS:
                self._fault("column 'label'", f"contains more than {MAX_LABELS} labels")
            else:
                self._code_of[name] = len(self._code_of)
        return np.array([*(self._code_of.get(text, 0) for text in texts), 0], np.uint8)[codes]

    def _fault(self, where: str, found: str, fix: str = "") -> None:
        fault = Fault(f"{self._path}: {where}", found, fix)
        if fault not in self._faults:  # each batch would say it again
            self._faults.append(fault)


def _dictionary(arrow: Any, column: Any) -> tuple[list[str], NDArray[np.int64]]:
    if not arrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    codes = column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return column.dictionary.to_pylist(), codes


def _is_text(kinds: Any, kind: Any) -> bool:
    if kinds.is_dictionary(kind):
        kind = kind.value_type
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind))
