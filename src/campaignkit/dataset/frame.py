"""A data set as a data frame of the reader's own library, through narwhals."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from typing import Any

import numpy as np

from campaignkit.dataset.block import Block
from campaignkit.dataset.modality_columns import modality_columns
from campaignkit.dataset.vocabulary import RESERVED, Vocabulary
from campaignkit.errors import DatasetError
from campaignkit.extras import frame_library, require


def to_frame(
    block: Block,
    vocabulary: Vocabulary,
    label_names: tuple[str, ...],
    *,
    backend: str | None = None,
) -> Any:  # a frame of a library that is known only at run time
    """One row per campaign: a list column per modality, and ``label``.

    Parameters
    ----------
    backend : {"pandas", "polars", "pyarrow"} or None
        None takes the first of them that is installed. pandas contains Python lists in object
        columns; the others have list types.

    Raises
    ------
    DatasetError
        If the backend is none of the three.
    MissingExtra
        If it is not installed.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("brand", "Nike"), ("geo", "Peru")])
    >>> block = Block.of_rows([[0, 1], [0]], labels=[0, 0])
    >>> to_frame(block, vocabulary, ("pos",), backend="pandas")["geo"].tolist()
    [['Peru'], []]
    """
    import narwhals as nw

    chosen = frame_library(backend, error=DatasetError)
    if chosen != "pandas" and importlib.util.find_spec("pyarrow"):
        # Many times faster than Python lists; pandas has no list type of its own to take it.
        table = _arrow_table(block, vocabulary, label_names)
        return nw.from_arrow(table, backend=chosen).to_native()
    data: dict[str, list[Any]] = {**list_columns(block, vocabulary)}
    data[RESERVED] = np.array(label_names, object)[block.labels].tolist()
    schema: Any = None
    if chosen != "pandas":
        schema = dict.fromkeys(vocabulary.modalities, nw.List(nw.String))
        schema[RESERVED] = nw.String
    return nw.from_dict(data, schema, backend=chosen).to_native()


def list_columns(block: Block, vocabulary: Vocabulary) -> dict[str, list[list[str]]]:
    """Each modality's values, one list per row.

    Examples
    --------
    >>> list_columns(Block.of_rows([[0]], labels=[0]), Vocabulary.of([("brand", "Nike")]))
    {'brand': [['Nike']]}
    """
    values = vocabulary.to_values()
    columns = {}
    for part in modality_columns(block, vocabulary):
        names = np.array(values[part.modality], object)
        texts = names[part.codes].tolist() if len(part.codes) else []
        columns[part.modality] = [texts[a:b] for a, b in pairwise(part.offsets.tolist())]
    return columns


def _arrow_table(block: Block, vocabulary: Vocabulary, label_names: tuple[str, ...]) -> Any:
    arrow = require("pyarrow", extra="tables", user="an Arrow table")
    values = vocabulary.to_values()
    columns = {}
    for part in modality_columns(block, vocabulary):
        texts = arrow.array(values[part.modality], arrow.string()).take(arrow.array(part.codes))
        columns[part.modality] = arrow.ListArray.from_arrays(part.offsets, texts)
    names = arrow.array(list(label_names), arrow.string())
    columns[RESERVED] = names.take(arrow.array(block.labels))
    return arrow.table(columns)
