"""The dirty table as the kind of frame that was given.

What nobody wrote is taken from the frame itself, never out of Arrow: it keeps its dtype, its
index and its bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from campaignkit.extras import require
from campaignkit.inject.cells import Rows, dictionary, pa, renamed
from campaignkit.inject.workbench import Spoiled, Workbench

# numpy's whole numbers have no null; through floats they would lose their last digits.
_NULLABLE = {"bool": "boolean"} | {
    f"{u}int{bits}": f"{u.upper()}Int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)
}


def library(frame: Any) -> str:
    """The package a frame comes from."""
    return type(frame).__module__.split(".", maxsplit=1)[0]


def as_given(frame: Any, bench: Workbench, spoiled: Spoiled) -> Any:
    """The dirty table as a frame like `frame`; a pyarrow table where that is a path or relation.

    The frame's own column names are kept, also where the truth has to number them.
    """
    module = library(frame)
    if module == "narwhals":
        import narwhals

        return narwhals.from_native(as_given(frame.to_native(), bench, spoiled))
    if module == "polars":
        return _polars(frame, bench, spoiled)
    if module == "pandas":
        return _pandas(frame, bench, spoiled)
    if isinstance(frame, Mapping):
        return {
            name: _cells(cells, own, bench, spoiled)
            for own, (name, cells) in zip(bench.clean.column_names, frame.items(), strict=True)
            if own in spoiled.touched
        }
    if isinstance(frame, pa.Table):
        own = bench.clean.column_names
        names = [n for o, n in zip(own, frame.column_names, strict=True) if o in spoiled.touched]
        return renamed(spoiled.table, names)
    return spoiled.table


def _sources(spoiled: Spoiled) -> Rows:
    """The clean row each row is made from; a row that has none, from the one before it."""
    known = np.where(spoiled.origin < 0, 0, np.arange(len(spoiled.origin)))
    return np.maximum(spoiled.origin[np.maximum.accumulate(known)], 0)


def _is_retyped(own: str, bench: Workbench, spoiled: Spoiled) -> bool:
    return bool(spoiled.table.column(own).type != bench.clean.column(own).type)


def _cells(cells: Any, own: str, bench: Workbench, spoiled: Spoiled) -> list[Any]:
    if _is_retyped(own, bench, spoiled):
        return list(spoiled.table.column(own).to_pylist())
    old = list(cells)
    new = [old[row] for row in _sources(spoiled)]
    rows = spoiled.touched[own]
    written = spoiled.table.column(own).take(pa.array(rows)).to_pylist()
    for row, cell in zip(rows, written, strict=True):
        new[row] = cell
    return new


def _polars(frame: Any, bench: Workbench, spoiled: Spoiled) -> Any:
    polars = require("polars", extra="polars", user="returning a polars frame")
    made = frame[_sources(spoiled)] if bench.added else frame.clone()
    kept = []
    for at, own in enumerate(bench.clean.column_names):
        if own not in spoiled.touched:
            continue
        series, column = made.to_series(at), spoiled.table.column(own)
        if len(spoiled.touched[own]):
            dtype = series.dtype
            if isinstance(dtype, polars.Enum):
                dtype = polars.Enum(dictionary(column).to_pylist())
            series = polars.from_arrow(column).alias(series.name)
            if not _is_retyped(own, bench, spoiled):
                with suppress(polars.exceptions.PolarsError):  # Arrow has texts for 128 bits
                    series = series.cast(dtype)
        kept.append(series)
    return polars.DataFrame(kept)


def _pandas(frame: Any, bench: Workbench, spoiled: Spoiled) -> Any:
    pandas = require("pandas", extra="frames", user="returning a pandas frame")
    names = bench.clean.column_names
    made = frame.iloc[:, [i for i, own in enumerate(names) if own in spoiled.touched]]
    made = made.iloc[_sources(spoiled)] if bench.added else made.copy()
    numbered = pandas.RangeIndex(len(frame), name=frame.index.name)
    if bench.added and isinstance(frame.index, pandas.RangeIndex) and frame.index.equals(numbered):
        made.index = pandas.RangeIndex(len(made), name=numbered.name)
    for at, own in enumerate(spoiled.touched):
        if len(spoiled.touched[own]):
            made.isetitem(at, _written(pandas, made.iloc[:, at], own, bench, spoiled))
    return made


def _written(pandas: Any, series: Any, own: str, bench: Workbench, spoiled: Spoiled) -> Any:
    """A column with the cells that were written, in its own dtype wherever that can hold them."""
    rows, column = spoiled.touched[own], spoiled.table.column(own)
    if not _is_retyped(own, bench, spoiled):
        cells = column.take(pa.array(rows)).to_pylist()
        dtype = series.dtype
        if isinstance(dtype, pandas.CategoricalDtype):
            fresh = dict.fromkeys(c for c in cells if c is not None and c not in dtype.categories)
            series = series.cat.add_categories(list(fresh))
        elif None in cells and str(dtype) in _NULLABLE:
            series = series.astype(_NULLABLE[str(dtype)])
        with suppress(TypeError, ValueError):
            series.iloc[rows] = pandas.array(cells, dtype=series.dtype)
            return series
    dtype = _NULLABLE.get(str(column.type)) if column.null_count else None
    made = pandas.array(column.to_pylist(), dtype=dtype) if dtype else column.to_pandas().array
    return pandas.Series(made, index=series.index)
