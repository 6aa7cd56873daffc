"""Arrow cells of one column together: as text, as numbers, in one type that holds all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import TableError
from campaignkit.extras import require

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


class _Asked:
    """A module that is imported when something of it is first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(require(self._name, extra="tables", user="ErrorInjector"), name)


# Cells, columns and types are pyarrow's, which has no stubs.
pa: Any = _Asked("pyarrow")
pc: Any = _Asked("pyarrow.compute")


def renamed(table: Any, names: Sequence[str]) -> Any:
    """A table whose columns have other names, and all else with it."""
    return table.rename_columns(names).replace_schema_metadata(table.schema.metadata)


def is_text(kind: Any) -> bool:
    """Whether a type is text, as it is or in a dictionary."""
    types = pa.types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def is_number(kind: Any) -> bool:
    """Whether a type is a number."""
    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def plain(column: Any) -> Any:
    """A column as a chunked array of a type one can take cells of: no dictionary, no view."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        parts = [part.dictionary_decode() for part in column.chunks]
        return plain(pa.chunked_array(parts, kind.value_type))
    return column.cast(pa.large_string()) if pa.types.is_string_view(kind) else column


def dictionary(column: Any) -> Any:
    """The different cells of a column, of a dictionary column all its words, as an array."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    chunks = encoded.unify_dictionaries().chunks
    return chunks[0].dictionary if chunks else pa.array([], plain(column).type)


def restored(cells: Any, column: Any) -> Any:
    """Cells in the type of their column, if :func:`plain` changed it and it can hold them."""
    kind = column.type
    if pa.types.is_string_view(kind) and pa.types.is_large_string(cells.type):
        return cells.cast(kind)
    if not pa.types.is_dictionary(kind) or cells.type != plain(column.slice(0, 0)).type:
        return cells
    words, fresh = dictionary(column).cast(cells.type), pc.unique(cells).drop_null()
    words = pa.concat_arrays([words, fresh.filter(pc.invert(pc.is_in(fresh, words)))])
    at = pc.index_in(cells, words, skip_nulls=True).combine_chunks()
    fits = len(words) < 2 ** (kind.index_type.bit_width - 1)
    at = at.cast(kind.index_type) if fits else at
    return pa.chunked_array([pa.DictionaryArray.from_arrays(at, words, ordered=kind.ordered)])


def as_text(cells: Any) -> Any:
    """Cells as a CSV file would hold them; times without a fraction of zeros."""
    kind = cells.type
    if pa.types.is_timestamp(kind):
        for form in (*([] if kind.tz else [pa.date32()]), pa.timestamp("s", kind.tz)):
            short = cells.cast(form, safe=False)
            if short.cast(kind).equals(cells):
                return short.cast(pa.string())
    try:
        return cells.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = [None if cell is None else str(cell) for cell in cells.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])


def as_floats(cells: Any, name: str = "") -> Floats:
    """Cells as float64[cells], NaN where null or, in a text, no number; for reckoning only.

    Raises
    ------
    TableError
        If they are neither numbers nor text.
    """
    if is_text(cells.type):
        return np.array([_number(text) for text in cells.to_pylist()], dtype=np.float64)
    try:
        floats = cells.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as err:
        raise TableError(
            f"column {name!r} does not hold numbers ({cells.type})",
            hint="convert it to numbers first",
        ) from err
    values: Floats = np.asarray(floats.to_numpy(zero_copy_only=False))
    return values


def fitting(parts: list[Any], cells: Any) -> list[Any]:
    """The parts of a column and further cells in one type which changes no cell of them.

    The column's own type where it can hold the cells; else the next wider type of numbers; else
    text. A text is held by a type that writes it back as it stands: ``12`` by whole numbers,
    ``12.50`` and ``12 pcs`` by text alone.
    """
    for kind in _wider(parts[0].type):
        try:
            held = as_text(cells).cast(kind) if is_text(kind) else cells.cast(kind)
            if not is_text(cells.type) or as_text(held).equals(cells.cast(pa.string())):
                return [*(part.cast(kind) for part in parts), held]
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    return [as_text(part) for part in (*parts, cells)]


def differing(was: Any, now: Any) -> Mask:
    """bool[cells]: cells that are not the same; null equals null and NaN equals NaN."""
    try:
        unequal = pc.not_equal(was, now)
        if pa.types.is_floating(was.type):
            unequal = pc.and_not(unequal, pc.and_(pc.is_nan(was), pc.is_nan(now)))
    except pa.ArrowNotImplementedError:  # lists and records
        pairs = zip(was.to_pylist(), now.to_pylist(), strict=True)
        unequal = pa.array([a != b for a, b in pairs], pa.bool_())
    unequal = pc.or_(pc.fill_null(unequal, False), pc.xor(was.is_null(), now.is_null()))
    return np.asarray(unequal.to_numpy(), dtype=bool)


def _wider(kind: Any) -> list[Any]:
    if pa.types.is_integer(kind):
        return [kind, pa.int64(), pa.decimal128(38, 0)]
    if pa.types.is_decimal(kind):
        return [kind, pa.decimal128(38, kind.scale), pa.decimal256(76, kind.scale)]
    return [kind, pa.float64()] if pa.types.is_floating(kind) else [kind]


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
