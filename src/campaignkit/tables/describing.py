"""What each column of a table just opened holds: its type, and the meaning of text columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from campaignkit.errors import Fault
from campaignkit.tables.meaning import TEXT, Meaning, read_meaning
from campaignkit.tables.opened import Column, OpenTable, quoted
from campaignkit.tables.read_options import ReadOptions, matched
from campaignkit.tables.schema import Role, TableSchema

MEANING_ROWS = 20_000  # rows looked at to read off what a text column means
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
            "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip


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
    """The relation as an :class:`OpenTable`, its columns typed; the caller sets its position.

    `read` tells the user's own roles of columns, and overrules (``decimal``, ``day_first``) what
    the cells decide; each decision made for the whole table is one of its notes, so the caller
    adds to `notes`.
    """
    listed = con.execute(f"DESCRIBE {relation}").fetchall()
    types = {row[0]: str(row[1]) for row in listed}
    matching = matched(schema, types, read)
    table = OpenTable(name, con, relation, "", {}, num_rows, matching, schema)
    table.arrow_source = arrow
    texts = [n for n, t in types.items() if t == "VARCHAR"]
    meanings = _meanings(table, texts, schema)
    table.arrow_source = None
    table.columns.update({n: _column(n, t, meanings.get(n)) for n, t in types.items()})
    return table


def _meanings(table: OpenTable, texts: list[str], schema: TableSchema) -> dict[str, Meaning]:
    if not texts or not table.num_rows:
        return {}
    if table.num_rows <= MEANING_ROWS or table.arrow_source is not None:
        relation = table.sampled(MEANING_ROWS)
    else:
        every = table.num_rows // MEANING_ROWS + 1
        numbered = f"(SELECT *, row_number() OVER () AS placed FROM {table.relation})"
        head = f"(SELECT * FROM {table.relation} LIMIT {MEANING_ROWS})"
        stored = table.relation == "read_text"
        relation = f"(SELECT * FROM {numbered} WHERE placed % {every} = 0)" if stored else head
    roles = {n: _role(n, table, schema) for n in texts}
    # What a dimension holds is text, whatever its cells look like.
    out = {n: TEXT for n in texts if roles[n] is Role.DIMENSION}
    unknown = {n: quoted(n) for n in texts if n not in out}
    for name, counts in table.value_counts(unknown, relation=relation).items():
        words: list[str] = []
        # A column of ten brands is read ten times, not 20,000.
        for cell, count in counts.items():
            words.extend([cell] * min(count, 50) if cell is not None else [])
        role = roles[name]
        out[name] = read_meaning(words, is_date=role is Role.DATE, is_id=role is Role.ID)
    return out


def _role(name: str, table: OpenTable, schema: TableSchema) -> Role | None:
    standard = table.matching.standard(name)
    return schema[standard].role if standard else None


def _column(name: str, type_name: str, meaning: Meaning | None) -> Column:
    raw = quoted(name)
    if meaning is not None:
        sql = meaning.sql.replace("{c}", raw)
        return Column(name, meaning.kind, sql, raw, is_text=True, formats=meaning.formats)
    if type_name == "VARCHAR":
        return Column(name, "text", raw, raw, is_text=True)
    if type_name.startswith("ENUM"):
        return Column(name, "text", f"CAST({raw} AS VARCHAR)", raw)
    return Column(name, _kind(type_name), raw, raw)


def _kind(type_name: str) -> str:
    if type_name.startswith(_NUMBERS):
        return "number"
    if type_name.startswith(("DATE", "TIMESTAMP")):
        return "date"
    return "bool" if type_name.startswith("BOOLEAN") else "other"


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
