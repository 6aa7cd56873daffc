"""Catalogues from data frames: pandas, polars, pyarrow or whatever narwhals knows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from campaignkit.catalogue.attribute import Attribute
from campaignkit.catalogue.table import attributes_of_table
from campaignkit.errors import CatalogueError


def read_frame(
    frame: object, *, columns: Mapping[str, str] | None = None
) -> tuple[Attribute, ...]:
    """Read the attributes of a data frame; see :meth:`Catalogue.from_frame`."""
    import narwhals as nw

    try:
        table = nw.from_native(frame, eager_only=True)  # type: ignore[call-overload]
    except TypeError as err:
        raise CatalogueError(
            f"from_frame was given a {type(frame).__name__}; expected a data frame in memory",
            hint="give a pandas or polars data frame or a pyarrow table (collect a lazy one)",
        ) from err
    header = [str(title) for title in table.columns]
    rows = (
        (f"row {position}", [_cell(cell) for cell in row])
        for position, row in enumerate(table.iter_rows())
    )
    return attributes_of_table("the frame", header, rows, header_at="columns", columns=columns)


def _cell(cell: object) -> object:
    """A cell as text or list of texts; what is missing is empty."""
    if isinstance(cell, str):
        return cell
    if hasattr(cell, "tolist"):  # numpy's arrays and scalars
        return _cell(cell.tolist())
    if isinstance(cell, list | tuple):
        return [_cell(item) for item in cell]
    if cell is None or _differs_from_itself(cell):
        return ""
    return str(cell) if isinstance(cell, bool | int | float | date) else cell


def _differs_from_itself(cell: object) -> bool:
    # NaN and NaT do; pandas' NA will not say and so is missing too.
    try:
        return bool(cell != cell)  # noqa: PLR0124
    except TypeError:
        return True
