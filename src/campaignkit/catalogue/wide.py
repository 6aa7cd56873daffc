"""A table with a row per campaign: which of its columns contain attributes, and which measure."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from typing import Any

from campaignkit.catalogue.clean_text import is_missing
from campaignkit.catalogue.table import REQUIRED
from campaignkit.errors import CatalogueError, Fault
from campaignkit.tables.schema import MARKETING, Role

_MIN_UNIQUE, _UNIQUE = 30, 0.8  # values; share of the cells that hold a value of their own
_FREE_TEXT = ((3, 0.5), (6, 0.25))  # words of a value on average, and such a share from there on
_MARKS, _MANY = (";", "|"), 0.1  # usual separators; share of the values that have one in them
_ROLES = {
    Role.ID: "names single rows or campaigns",
    Role.DATE: "contains dates",
    Role.COUNT: "contains measures",
    Role.MONEY: "contains measures",
}


class ColumnsLeftOut(UserWarning):
    """Columns of a table of campaigns that contain no attributes; the warning names each."""


class CellsNotDivided(UserWarning):
    """Cells of a column seem to have several values, divided by another mark than was given."""


class ReadingDecided(UserWarning):
    """What was decided while a file was read: lines and rows left out, marks, units."""


@dataclass(frozen=True)
class WideTable:
    """The attribute columns of a table with a row per campaign.

    Attributes
    ----------
    columns : mapping of str to list of tuple of str
        Modality -> the values of each row; none where the cell is empty.
    left_out : mapping of str to str
        Every other column -> why it contains no attributes.
    frame : DataFrame of narwhals
        The whole table, in memory.
    undivided : mapping of str to str
        Modality -> a mark that seems to divide values in its cells, and did not.

    Examples
    --------
    >>> import pyarrow as pa
    >>> frame = pa.table({"brand": ["Nike"], "geo": ["Peru, Chile"], "clicks": [3]})
    >>> told = read_wide(frame, separator=",")
    >>> dict(told.columns), dict(told.left_out)
    ({'brand': [('Nike',)], 'geo': [('Peru', 'Chile')]}, {'clicks': 'contains measures (clicks)'})
    """

    columns: Mapping[str, Sequence[tuple[str, ...]]]
    left_out: Mapping[str, str]
    frame: Any
    undivided: Mapping[str, str]

    def cells(self, name: str) -> list[Any]:
        """The cells of any column, as Python values."""
        cells: list[Any] = self.frame[name.strip()].to_list()
        return cells

    def warn(self) -> None:
        """Name the columns that were left out, in one warning, and cells that were not divided."""
        told = [f"{name} {why}" for name, why in self.left_out.items() if why]
        if told:
            warnings.warn(
                f"columns without attributes are left out: {'; '.join(told)}; "
                "keep=[...] takes a column as it is",
                ColumnsLeftOut,
                stacklevel=3,
            )
        for name, mark in self.undivided.items():
            warnings.warn(
                f"many cells of {name} have {mark!r} in them and are taken whole; "
                f"separator={mark!r} divides them, separator=None confirms this",
                CellsNotDivided,
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
    """Find the columns of a frame that contain attributes, and read their cells.

    Columns of measures, dates and identifiers are recognised by the roles of campaign tables
    (:data:`campaignkit.tables.MARKETING`) and by their types; columns of free text, such as notes,
    by their many different values of three words and more.

    Parameters
    ----------
    frame : data frame, path, or whatever else :func:`campaignkit.tables.open_table` opens
        pandas, polars (lazy ones too), pyarrow, or whatever else narwhals reads. With the extra
        ``tables`` also the path of a CSV or Parquet file, or a dict of columns; numbers that are
        written as text are read there.
    separator : str or None
        What divides the values of a text cell; None takes cells whole. Cells may be lists, too.
    leave_out : collection of str
        Columns that are no attributes, such as the label; they are not warned of.
    keep : collection of str
        Columns to take as attributes whatever they look like.

    Raises
    ------
    CatalogueError
        If `frame` is no data frame, names a column twice, lacks a column that was named, contains
        no attribute column, or a column has a value of its own in nearly every row.

    Examples
    --------
    >>> import pyarrow as pa
    >>> read_wide(pa.table({"geo": ["Peru, Chile", None]})).columns
    {'geo': [('Peru', 'Chile'), ()]}
    """
    table = _eager(frame)
    names = list(table.columns)
    leave_out, keep = ({name.strip() for name in given} for given in (leave_out, keep))
    _check_names(names, sorted(leave_out | keep))
    columns: dict[str, list[tuple[str, ...]]] = {}
    left_out: dict[str, str] = {}
    matching = MARKETING.match(names)
    for name, series in zip(names, table.iter_columns(), strict=True):
        standard = matching.standard(name)
        why = "" if name in leave_out else _no_attribute(name, series, standard)
        if name in leave_out or (why and name not in keep):
            left_out[name] = why
            continue
        columns[name] = [_values(cell, separator) for cell in series.to_list()]
        unusable = "is empty" if not any(columns[name]) else ""
        if name not in keep:
            unusable = unusable or _free_text(columns[name])
        if unusable:
            left_out[name] = unusable
            del columns[name]
    faults = [f for name in columns if name not in keep for f in _near_unique(name, columns[name])]
    if faults:
        raise CatalogueError(
            "columns with a value of their own in nearly every row are not modalities",
            hint="leave_out=[...] leaves a column out, keep=[...] keeps it",
            faults=faults,
        )
    if not columns:
        told = "; ".join(f"{name} {why or 'is left out as asked'}" for name, why in
                         left_out.items())  # fmt: skip
        raise CatalogueError(
            f"no column contains attributes: {told or 'the frame has no columns'}",
            hint="expected a column for each modality, such as brand, audience, platform",
        )
    marks = {name: _other_mark(cells) for name, cells in columns.items()} if separator else {}
    return WideTable(
        columns, left_out, table, {name: mark for name, mark in marks.items() if mark}
    )


def _other_mark(cells: Sequence[tuple[str, ...]]) -> str:
    """A usual separator within at least a tenth of the values; empty where there is none."""
    filled = [value for values in cells for value in values]
    for mark in _MARKS:
        if sum(mark in value for value in filled) >= max(_MANY * len(filled), 1):
            return mark
    return ""


def _eager(frame: Any) -> Any:  # a frame of narwhals
    import narwhals as nw

    from campaignkit.tables import DatabaseTable, OpenTable, open_table

    if isinstance(frame, str | PathLike | Mapping | DatabaseTable):
        with open_table(frame) as table:
            frame = table.typed()
            if decided := [f"{note.where}: {note.found} ({note.fix})" for note in table.notes]:
                warnings.warn(
                    f"{'; '.join(decided)}; campaignkit.tables.open_table takes these options",
                    ReadingDecided,
                    stacklevel=4,
                )
    elif isinstance(frame, OpenTable):
        frame = frame.typed()
    try:
        if nw.dependencies.is_pandas_dataframe(frame) and any(frame.index.names):
            frame = frame.reset_index()  # what rows were grouped by
        found: Any = nw.from_native(frame)
        named = found.rename({name: str(name).strip() for name in found.collect_schema()})
    except (TypeError, ValueError, nw.exceptions.NarwhalsError) as err:
        raise CatalogueError(
            f"{type(frame).__name__} cannot be read as a table of campaigns: {err}".split("\n")[0],
            hint="give a data frame, each column named once, or the path of a file",
        ) from err
    return named.collect() if isinstance(named, nw.LazyFrame) else named


def _check_names(names: Sequence[str], asked: Sequence[str]) -> None:
    absent = [name for name in asked if name not in names]
    if absent:
        folded = {name.casefold(): name for name in names}
        near = [folded[n] for name in absent for n in get_close_matches(name.casefold(), folded)]
        raise CatalogueError(
            f"the table has no column {', '.join(map(repr, absent))}",
            hint=f"did you mean {near[0]!r}?"
            if near
            else f"its columns are {', '.join(names[:30])}",
        )
    if {*REQUIRED} <= {*names}:
        raise CatalogueError(
            f"the table has a row per attribute: it has the columns {' and '.join(REQUIRED)}",
            hint="Catalogue.from_frame reads it; expected here is a row per campaign",
        )


def _no_attribute(name: str, series: Any, standard: str | None) -> str:
    """Why a column contains no attributes; empty where it does."""
    if name == "label":
        return "contains labels"
    role = MARKETING[standard].role if standard is not None else None
    if role is not None and role is not Role.DIMENSION:
        return f"{_ROLES.get(role, 'contains measures')} ({standard})"
    if series.dtype.is_numeric():
        return "contains numbers: cut numbers into bands to make attributes of them"
    if series.dtype.is_temporal():
        return "contains dates"
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


def _free_text(cells: Sequence[tuple[str, ...]]) -> str:
    """Why a column contains notes or sentences; empty where its values are repeated or short."""
    values = [value for cell in cells for value in cell]
    unique = {*values}
    words = sum(len(value.split()) for value in unique) / max(len(unique), 1)
    if len(unique) < _MIN_UNIQUE or not any(
        words >= least and len(unique) >= share * len(values) for least, share in _FREE_TEXT
    ):
        return ""
    return f"contains free text ({len(unique):,} different texts in {len(values):,})"


def _near_unique(name: str, cells: Sequence[tuple[str, ...]]) -> list[Fault]:
    filled = sum(map(len, cells))
    values = len({value for cell in cells for value in cell})
    if values < _MIN_UNIQUE or values < _UNIQUE * filled:
        return []
    return [Fault(name, f"{values:,} different values in {filled:,}")]
