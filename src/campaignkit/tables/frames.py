"""Any data frame in, the same kind of data frame out; Arrow in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from campaignkit.errors import TableError
from campaignkit.extras import require

if TYPE_CHECKING:
    import pyarrow as pa

_SEEN_ROWS = 1_000
_REPEATED_FRAC = 0.1  # text with fewer distinct cells in a spread sample is worth a dictionary
_ACCEPTED = (
    "a pandas or polars frame, a pyarrow table, a DuckDB relation, a dict of columns, "
    "a path to a Parquet or CSV file, or a DatabaseTable"
)


def unique_names(names: Sequence[object]) -> list[str]:
    """Column names as text, each once: the second ``clicks`` becomes ``clicks (2)``.

    Examples
    --------
    >>> unique_names(["a", "b", "a", ""])
    ['a', 'b', 'a (2)', 'column 4']
    """
    taken: set[str] = set()
    out = []
    for position, name in enumerate(names, 1):
        text = str(name).strip() if name is not None else ""
        text = text or f"column {position}"
        # DuckDB does not tell Clicks from clicks; the second one gets a number too.
        candidate, count = text, 1
        while candidate.lower() in taken:
            count += 1
            candidate = f"{text} ({count})"
        taken.add(candidate.lower())
        out.append(candidate)
    return out


def to_arrow(frame: Any) -> pa.Table:  # noqa: PLR0911 - one line per kind of frame
    """The frame as an Arrow table, its rows in order; column names may repeat.

    A column of mixed types becomes text, so that it can still be audited; a series or an array is
    a table of one column.

    Raises
    ------
    TableError
        If it is not something with columns.

    Examples
    --------
    >>> to_arrow({"clicks": [1, 2]}).num_rows
    2
    """
    pa = require("pyarrow", extra="tables", user="reading a table")
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, Mapping):
        return _from_columns(list(frame), [frame[name] for name in frame])
    if isinstance(frame, pa.Array | pa.ChunkedArray):
        return pa.table([frame], names=[""])
    module = type(frame).__module__.split(".", maxsplit=1)[0]
    if module in ("pandas", "polars") and hasattr(frame, "to_frame"):
        frame = frame.to_frame(getattr(frame, "name", None) or "")
    if module == "pandas" and hasattr(frame, "columns"):
        return _from_pandas(frame)
    if hasattr(frame, "to_native") and module == "narwhals":
        return to_arrow(frame.to_native())
    if module == "polars" and (hasattr(frame, "collect") or hasattr(frame, "columns")):
        return _from_polars(frame)
    if hasattr(frame, "to_arrow_table"):  # DuckDB relation
        return frame.to_arrow_table()
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
        return pa.table(frame)
    raise TableError(
        f"{type(frame).__name__} is not a table this can read", hint=f"pass {_ACCEPTED}"
    )


def like(frame: Any, table: pa.Table) -> Any:
    """The Arrow table as the kind of frame that was given; Arrow where that was a path.

    Examples
    --------
    >>> import pandas as pd
    >>> like(pd.DataFrame(), to_arrow({"clicks": [1]})).to_dict("list")
    {'clicks': [1]}
    """
    module = type(frame).__module__.split(".", maxsplit=1)[0]
    if module == "pandas":
        return table.to_pandas()
    if module == "polars":
        polars = require("polars", extra="polars", user="returning a polars frame")
        made = polars.from_arrow(table)
        return made.lazy() if hasattr(frame, "collect") else made
    if module == "narwhals":
        import narwhals

        return narwhals.from_native(like(frame.to_native(), table))
    if isinstance(frame, Mapping):
        return table.to_pydict()
    return table


def readable(table: pa.Table) -> pa.Table:
    """The table in types that DuckDB reads; moments with a zone as that zone's clock shows them.

    Examples
    --------
    >>> import pyarrow as pa
    >>> noon = pa.array([0], pa.timestamp("s", "Asia/Tokyo"))
    >>> readable(pa.table({"at": noon})).column("at")[0].as_py().hour
    9
    """
    pa = require("pyarrow", extra="tables", user="reading a table")
    compute = require("pyarrow.compute", extra="tables", user="reading a table")
    spread = range(0, table.num_rows, max(table.num_rows // _SEEN_ROWS, 1))
    for place, field in enumerate(table.schema):
        kind, column = field.type, table.column(place)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            if len(spread) < _SEEN_ROWS:
                continue
            distinct = compute.count_distinct(column.take(pa.array(spread))).as_py()
            if distinct > _REPEATED_FRAC * len(spread):
                continue
            # DuckDB then groups, hashes and counts a few words instead of a million cells.
            column = column.dictionary_encode()
        elif pa.types.is_timestamp(kind) and kind.tz is not None:
            column = compute.local_timestamp(column)
        elif pa.types.is_decimal256(kind):
            column = column.cast(pa.float64())
        elif pa.types.is_float16(kind):
            column = column.cast(pa.float32())
        else:
            continue
        table = table.set_column(place, pa.field(field.name, column.type), column)
    return table


def _from_polars(frame: Any) -> pa.Table:
    polars = require("polars", extra="polars", user="reading a polars frame")
    frame = frame.lazy().collect()
    # Arrow has no whole numbers of 128 bits.
    wide = [n for n, t in frame.schema.items() if t in (polars.Int128, polars.UInt128)]
    return frame.with_columns(polars.col(wide).cast(polars.String)).to_arrow()


def _from_pandas(frame: Any) -> pa.Table:
    names = list(frame.columns)
    return _from_columns(names, [frame.iloc[:, i] for i in range(len(names))])


def _from_columns(names: Sequence[object], columns: Sequence[Any]) -> pa.Table:
    pa = require("pyarrow", extra="tables", user="reading a table")
    arrays = [_array(pa, column) for column in columns]
    lengths = {len(a) for a in arrays}
    if len(lengths) > 1:
        raise TableError(
            f"the columns have different lengths: {sorted(lengths)}",
            hint="give every column one value per row",
        )
    fields = [str(name) if name is not None else "" for name in names]
    return pa.Table.from_arrays(arrays, names=fields)


def _array(pa: Any, column: Any) -> Any:
    try:
        if hasattr(column, "isna"):
            array = pa.Array.from_pandas(column)
        else:
            array = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        cells = column.tolist() if hasattr(column, "tolist") else list(column)
        array = pa.array([_text(cell) for cell in cells], type=pa.string())
    return array


def _text(cell: object) -> str | None:
    # NaN is the one value that differs from itself.
    return None if cell is None or cell != cell else str(cell)  # noqa: PLR0124
