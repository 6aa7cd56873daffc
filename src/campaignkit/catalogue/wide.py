"""A table with a row per campaign: which of its columns hold attributes, and which measure."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaignkit.catalogue.clean_text import is_missing
from campaignkit.errors import CatalogueError, Fault
from campaignkit.tables.schema import MARKETING, Role

_MIN_UNIQUE, _UNIQUE = 30, 0.8  # values; share of the cells that hold a value of their own
_ROLES = {
    Role.ID: "names single rows or campaigns",
    Role.DATE: "holds dates",
    Role.COUNT: "holds measures",
    Role.MONEY: "holds measures",
}


class ColumnsLeftOut(UserWarning):
    """Columns of a table of campaigns that hold no attributes; the warning names each."""


@dataclass(frozen=True)
class WideTable:
    """The attribute columns of a table with a row per campaign.

    Attributes
    ----------
    columns : mapping of str to list of tuple of str
        Modality -> the values of each row; none where the cell is empty.
    left_out : mapping of str to str
        Every other column -> why it holds no attributes.
    frame : DataFrame of narwhals
        The whole table, in memory.

    Examples
    --------
    >>> import pyarrow as pa
    >>> frame = pa.table({"brand": ["Nike"], "geo": ["Peru, Chile"], "clicks": [3]})
    >>> told = read_wide(frame, separator=",")
    >>> dict(told.columns), dict(told.left_out)
    ({'brand': [('Nike',)], 'geo': [('Peru', 'Chile')]}, {'clicks': 'holds measures (clicks)'})
    """

    columns: Mapping[str, Sequence[tuple[str, ...]]]
    left_out: Mapping[str, str]
    frame: Any

    def cells(self, name: str) -> list[Any]:
        """The cells of any column, as Python values."""
        cells: list[Any] = self.frame[name].to_list()
        return cells

    def warn(self) -> None:
        """Name the columns that were left out, in one warning."""
        told = [f"{name} {why}" for name, why in self.left_out.items() if why]
        if told:
            warnings.warn(
                f"{len(told)} columns are no attributes and are left out: {'; '.join(told)}; "
                "keep=[...] takes a column as it is",
                ColumnsLeftOut,
                stacklevel=3,
            )

    def records(self) -> list[dict[str, tuple[str, ...]]]:
        """A mapping of modality to values for each row."""
        names = list(self.columns)
        return [
            dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True)
        ]


def read_wide(
    frame: Any,
    *,
    separator: str | None = ",",
    leave_out: Collection[str] = (),
    keep: Collection[str] = (),
) -> WideTable:
    """Find the columns of a frame that hold attributes, and read their cells.

    Columns of measures, dates and identifiers are recognised by the roles of campaign tables
    (:data:`campaignkit.tables.MARKETING`) and by their types.

    Parameters
    ----------
    frame : data frame
        pandas, polars (lazy ones too), pyarrow, or whatever else narwhals reads.
    separator : str or None
        What divides the values of a text cell; None takes cells whole. Cells may be lists, too.
    leave_out : collection of str
        Columns that are no attributes, such as the label; they are not warned of.
    keep : collection of str
        Columns to take as attributes whatever they look like.

    Raises
    ------
    CatalogueError
        If `frame` is no data frame, names a column twice, lacks a column that was named, holds no
        attribute column, or a column has a value of its own in nearly every row.

    Examples
    --------
    >>> import pyarrow as pa
    >>> read_wide(pa.table({"geo": ["Peru, Chile", None]})).columns
    {'geo': [('Peru', 'Chile'), ()]}
    """
    table = _eager(frame)
    names = [str(name) for name in table.columns]
    absent = [name for name in (*leave_out, *keep) if name not in names]
    if absent:
        raise CatalogueError(
            f"the frame has no column {', '.join(map(repr, absent))}",
            hint=f"its columns are {', '.join(names[:30])}",
        )
    columns: dict[str, list[tuple[str, ...]]] = {}
    left_out: dict[str, str] = {}
    matching = MARKETING.match(names)
    for name, series in zip(names, table.iter_columns(), strict=True):
        standard = matching.standard(name)
        why = "" if name in leave_out else _no_attribute(series, standard)
        if name in leave_out or (why and name not in keep):
            left_out[name] = why
            continue
        columns[name] = [_values(cell, separator) for cell in series.to_list()]
        if not any(columns[name]):
            left_out[name] = "is empty"
            del columns[name]
    faults = [f for name in columns if name not in keep for f in _near_unique(name, columns[name])]
    if faults:
        raise CatalogueError(
            "columns with a value of their own in nearly every row are no modalities",
            hint="leave_out=[...] leaves a column out, keep=[...] takes it all the same",
            faults=faults,
        )
    if not columns:
        told = "; ".join(f"{name} {why or 'is left out as asked'}" for name, why in
                         left_out.items())  # fmt: skip
        raise CatalogueError(
            f"no column holds attributes: {told or 'the frame has no columns'}",
            hint="expected a column for each modality, such as brand, audience, platform",
        )
    return WideTable(columns, left_out, table)


def _eager(frame: Any) -> Any:  # a frame of narwhals
    import narwhals as nw

    try:
        found: Any = nw.from_native(frame)
    except (TypeError, ValueError) as err:
        raise CatalogueError(
            f"{type(frame).__name__} cannot be read as a table of campaigns: {err}".split("\n")[0],
            hint="give a pandas or polars data frame or a pyarrow table, each column named once",
        ) from err
    return found.collect() if isinstance(found, nw.LazyFrame) else found


def _no_attribute(series: Any, standard: str | None) -> str:
    """Why a column holds no attributes; empty where it does."""
    role = MARKETING[standard].role if standard is not None else None
    if role is not None and role is not Role.DIMENSION:
        return f"{_ROLES.get(role, 'holds measures')} ({standard})"
    if series.dtype.is_numeric():
        return "holds numbers: cut numbers into bands to make attributes of them"
    if series.dtype.is_temporal():
        return "holds dates"
    return ""


def _values(cell: Any, separator: str | None) -> tuple[str, ...]:
    """The values of one cell, each once; none of an empty cell."""
    if isinstance(cell, str):
        parts: Iterable[Any] = cell.split(separator) if separator else (cell,)
    elif isinstance(cell, bool):
        parts = ("yes" if cell else "no",)
    elif isinstance(cell, list | tuple | set | frozenset):
        parts = sorted(cell, key=str) if isinstance(cell, set | frozenset) else cell
    elif hasattr(cell, "tolist"):  # an array, or a number of numpy
        told = cell.tolist()
        parts = told if isinstance(told, list) else (told,)
    else:
        parts = (cell,)
    texts = ("" if is_missing(part) else str(part).strip() for part in parts)
    return tuple(dict.fromkeys(text for text in texts if text))


def _near_unique(name: str, cells: Sequence[tuple[str, ...]]) -> list[Fault]:
    filled = sum(map(len, cells))
    values = len({value for cell in cells for value in cell})
    if values < _MIN_UNIQUE or values < _UNIQUE * filled:
        return []
    return [Fault(name, f"{values:,} different values in {filled:,}")]
