"""Open a table of a warehouse, to be asked where it lies: no row is copied for it."""

from __future__ import annotations

from typing import Any

from campaignkit.errors import Fault, NotInPlace, TableError
from campaignkit.tables.describing import column_of, is_text
from campaignkit.tables.engines import ENGINES, Metered, Terms, engine_of
from campaignkit.tables.grouping import day_sql
from campaignkit.tables.meaning import Cells, read_meanings
from campaignkit.tables.opened import OpenTable, quoted
from campaignkit.tables.read_options import (
    OF_A_WAREHOUSE,
    ReadOptions,
    matched,
    without_file_options,
)
from campaignkit.tables.schema import Role, TableSchema
from campaignkit.tables.summary_rows import labels


def open_in_place(
    place: Any, name: str, schema: TableSchema, read: ReadOptions, *, plans_only: bool = False
) -> OpenTable | None:
    """A table of a warehouse, to be asked there; None for what lies in none.

    One statement counts its rows and, of each text column that is no identifier, the most frequent
    values.

    Raises
    ------
    TableError
        If the address names no warehouse that is known, or no table in it.
    """
    terms = Terms(**{k: v for k, v in read.items() if k in OF_A_WAREHOUSE})  # type: ignore[arg-type]
    found = engine_of(place, name, terms)
    if found is None:
        if isinstance(place, str) and "://" in place:
            raise TableError(
                f"{place.partition('://')[0]}:// is no warehouse that is known",
                hint=f"known: {', '.join(f'{e}://' for e in ENGINES if e != 'spark')}",
            )
        return None
    try:
        without_file_options(read, found.name)
        return _described(Metered(found, terms, plans_only=plans_only), schema, read)
    except BaseException:
        found.close()
        raise


def _described(place: Metered, schema: TableSchema, read: ReadOptions) -> OpenTable:
    types = place.types()
    matching = matched(schema, types, read)
    table = OpenTable(place.warehouse.name, None, "audited", "", {}, -1, matching, schema)
    table.warehouse = place
    texts = {n: quoted(n) for n, t in types.items() if t in ("VARCHAR", "TEXT")}
    told = {n: sql for n, sql in texts.items() if table.role(n) is not Role.ID}
    days = {
        n: day_sql(quoted(n), table) for n, t in types.items() if t.startswith(("DATE", "TIME"))
    }
    counts = table.value_counts(told | days)
    open_ = [n for n in told if not is_text(n, table.role(n))]
    read_, notes = read_meanings(
        {n: Cells.of(table.role(n), counts[n], is_whole=texts[n] not in table.cut) for n in open_},
        decimal=read.get("decimal"), day_first=read.get("day_first"),
    )  # fmt: skip
    for name, kind in types.items():
        column = read_.get(name) or column_of(name, "VARCHAR" if name in texts else kind)
        try:
            table.told(f"SELECT {column.sql} FROM audited")
        except NotInPlace:
            found = f"holds {column.kind}s as text, written {' and '.join(column.formats)}"
            done = "read as text: in place only plain numbers and ISO dates are read from text"
            notes.append(Fault(f"column {name!r}", found, done))
            column = column_of(name, "VARCHAR")
        table.columns[name] = column
    if read.get("summary_rows") != "keep":
        table.totals = {n: said for n in told if (said := labels(counts[n]))}
    apart = [c.name for c in table.of_kind("other")]
    if apart:
        notes.append(Fault(", ".join(apart), "cannot be grouped or compared",
                           "left out of the look for repeated rows"))  # fmt: skip
    table.notes = (*place.warehouse.notes, *notes, *matching.notes())
    return table
