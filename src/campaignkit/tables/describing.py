"""What each column of a table just opened holds: its type, its unit, the meaning of its text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from campaignkit.errors import Fault
from campaignkit.tables.meaning import Cells, read_meanings
from campaignkit.tables.numbers import marks_sql, unit_in, unit_of
from campaignkit.tables.opened import PLACE, Column, OpenTable, quoted
from campaignkit.tables.read_options import ReadOptions, matched
from campaignkit.tables.schema import Role, TableSchema

MEANING_ROWS = 20_000  # rows looked at to read off what a text column means
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
          "UINTEGER", "UBIGINT", "UHUGEINT")  # fmt: skip
_NUMBERS = (*_WHOLE, "FLOAT", "DOUBLE", "DECIMAL")
_IDENTIFIER = re.compile(r"(?i:(?:^|[^a-z])(?:ids?|key|gclid|fbclid)$)|[a-z]I[Dd]$")
_EPOCH = re.compile(
    r"(?i)epoch|unix|time_?stamp|(?:^|[^a-z])(?:ts|time|created|updated)(?:[^a-z]|$)"
)
# Whole numbers that are days or moments where a column's name says so: bounds, and how to read.
_MOMENTS = (
    (19_000_101, 22_001_231, "TRY_STRPTIME(CAST({c} AS VARCHAR), '%Y%m%d')"),
    (946_684_800, 4_102_444_800, "epoch_ms(CAST({c} AS BIGINT) * 1000)"),
    (946_684_800_000, 4_102_444_800_000, "epoch_ms(CAST({c} AS BIGINT))"),
)


def described(
    con: Any,
    name: str,
    relation: str,
    num_rows: int,
    schema: TableSchema,
    *,
    read: ReadOptions,
    arrow: Any = None,
) -> OpenTable:
    """The relation as an :class:`OpenTable`, its columns typed.

    `read` tells the user's own roles of columns, and overrules (``decimal``, ``day_first``) what
    the cells decide; each decision made for the whole table is one of its notes, so the caller
    adds to `notes`.
    """
    types = _types(con, relation)
    matching = matched(schema, types, read)
    table = OpenTable(name, con, relation, PLACE, {}, num_rows, matching, schema)
    table.arrow_source = arrow
    texts = [n for n, t in types.items() if t == "VARCHAR"]
    cells = _cells(table, texts)
    read_, notes = read_meanings(
        cells, decimal=read.get("decimal"), day_first=read.get("day_first")
    )
    table.arrow_source = None
    table.columns.update({n: read_.get(n) or column_of(n, t) for n, t in types.items()})
    _read_moments(table, types)
    if num_rows > MEANING_ROWS:
        count_units(table, [c.name for c in table.columns.values() if c.units])
    notes += _notes_on_units(table)
    table.notes = (*notes, *matching.notes())
    return table


def _types(con: Any, relation: str) -> dict[str, str]:
    """Column -> type; a view's moments with a zone become the moments on a clock in UTC."""
    types = {row[0]: str(row[1]) for row in con.execute(f"DESCRIBE {relation}").fetchall()}
    zoned = [n for n, t in types.items() if t.endswith("WITH TIME ZONE")]
    if zoned:
        con.execute("SET TimeZone = 'UTC'")
        turned = ", ".join(
            f"CAST({quoted(n)} AS {types[n].split(' ')[0]}) AS {quoted(n)}" for n in zoned
        )
        con.execute(f"ALTER VIEW {relation} RENAME TO {relation}_zoned")
        con.execute(f"CREATE VIEW {relation} AS SELECT * REPLACE ({turned}) FROM {relation}_zoned")
        types |= {n: types[n].split(" ")[0] for n in zoned}
    return types


def _cells(table: OpenTable, texts: Sequence[str]) -> dict[str, Cells]:
    """The cells of the text columns to be read: all of them, or those of a fair sample."""
    roles = {n: table.role(n) for n in texts}
    open_ = {n: quoted(n) for n in texts if not is_text(n, roles[n])}
    if not open_ or not table.num_rows:
        return {}
    is_whole = table.num_rows <= MEANING_ROWS
    counts = table.value_counts(open_, relation=_sample(table))
    return {n: Cells.of(roles[n], rows, is_whole=is_whole) for n, rows in counts.items()}


def _sample(table: OpenTable) -> str:
    if table.num_rows <= MEANING_ROWS or table.arrow_source is not None:
        return table.sampled(MEANING_ROWS)
    return f"(SELECT * FROM {table.relation} LIMIT {MEANING_ROWS})"


def is_identifier(name: str, role: Role | None) -> bool:
    """Whether a column holds identifiers, by its role or, without one, by its name.

    Examples
    --------
    >>> is_identifier("order_id", None), is_identifier("adGroupId", None)
    (True, True)
    >>> is_identifier("paid", None), is_identifier("order_id", Role.COUNT)
    (False, False)
    """
    return role is Role.ID or (role is None and bool(_IDENTIFIER.search(name)))


def is_text(name: str, role: Role | None) -> bool:
    """Whether what a column holds is text, whatever its cells look like."""
    return role is Role.DIMENSION or is_identifier(name, role)


def column_of(name: str, type_name: str) -> Column:
    """A column of a DuckDB type, text taken for text."""
    raw = quoted(name)
    if type_name == "VARCHAR":
        return Column(name, "text", raw, raw, is_text=True)
    if type_name.startswith("ENUM"):
        return Column(name, "text", f"CAST({raw} AS VARCHAR)", raw)
    kind = _kind(type_name)
    return Column(name, kind, raw, raw, unit=unit_in(name) if kind == "number" else "")


def _kind(type_name: str) -> str:
    if type_name.endswith("]"):
        return "other"
    if type_name.startswith(_NUMBERS):
        return "number"
    if type_name.startswith(("DATE", "TIMESTAMP")):
        return "date"
    return "bool" if type_name.startswith("BOOLEAN") else "other"


def _read_moments(table: OpenTable, types: Mapping[str, str]) -> None:
    """Whole numbers that are days (20240131) or seconds since 1970, where the name shows this."""
    named = [
        c for n, c in table.columns.items()
        if c.kind == "number" and (types[n] in _WHOLE or c.is_text)
        and (table.role(n) is Role.DATE or (table.role(n) is None and _EPOCH.search(n)))
    ]  # fmt: skip
    for column in named:
        low, high = table.row(f"SELECT min({column.sql}), max({column.sql}) FROM {table.relation}")
        for least, most, reading in _MOMENTS:
            if low is not None and least <= low and high <= most:
                sql = reading.replace("{c}", column.sql)
                table.columns[column.name] = replace(column, kind="date", sql=sql, unit="")


def _notes_on_units(table: OpenTable) -> list[Fault]:
    """Which columns carry which units."""
    told = [
        f"{c.name!r} in {' and '.join(c.units) or c.unit}"
        + (f" ({c.unmarked:,} numbers carry no mark)" if c.unmarked else "")
        for c in table.columns.values() if c.units or c.unit == "micro"
    ]  # fmt: skip
    if not told:
        return []
    return [Fault("units", ", ".join(told), "read as numbers, with the unit kept separately")]


def count_units(table: OpenTable, names: Sequence[str]) -> None:
    """Count the marks of units in text columns over all rows."""
    marked = {n: marks_sql(table.columns[n].formats[0]).replace("{c}", quoted(n)) for n in names}
    for name, counts in (table.value_counts(marked) if marked else {}).items():
        units: Counter[str] = Counter()
        for mark, rows in counts.items():
            if mark:
                units[unit_of(mark)] += rows
        listed = dict(units.most_common())
        table.columns[name] = replace(
            table.columns[name], unit=next(iter(listed), ""), units=listed,
            unmarked=counts.get("", 0),
        )  # fmt: skip


def repeated(names: Sequence[object]) -> tuple[str, ...]:
    """Column names that occur more than once."""
    counts = Counter(str(n) for n in names)
    return tuple(sorted(t for t, n in counts.items() if n > 1))


def notes_on_names(names: Sequence[object]) -> tuple[Fault, ...]:
    """A note for each repeated column name."""
    return tuple(
        Fault(f"column {name!r}", "occurs more than once", "the later ones carry a number")
        for name in repeated(names)
    )
