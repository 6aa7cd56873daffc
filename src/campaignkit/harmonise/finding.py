"""The landed tables of a platform in a client's store, and which of them are which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaignkit.errors import Fault, HarmoniseError
from campaignkit.harmonise.definition import Conversions, Platform
from campaignkit.harmonise.landing import Kept, parts_named
from campaignkit.tables import quoted


def kept(con: Any, known: Platform) -> dict[str, dict[str, Kept]]:
    """The landed tables of a platform: name -> role -> table; none of what is not read."""
    rows = con.execute(
        "SELECT name, relation, table_name, columns FROM (SELECT relation, any_value(name) AS "
        "name FROM ingested WHERE platform = $1 GROUP BY relation) LEFT JOIN (SELECT table_name, "
        "list(column_name ORDER BY column_index) AS columns FROM duckdb_columns() WHERE "
        "database_name = current_database() AND schema_name = 'landed' GROUP BY table_name) "
        "ON table_name = $1 || '__' || relation "
        "OR starts_with(table_name, $1 || '__' || relation || '__') ORDER BY ALL",
        [known.key],
    ).fetchall()
    made: dict[str, dict[str, Kept]] = {}
    for name, relation, table, columns in rows:
        own = made.setdefault(name, {})
        if table is not None:
            role = table.removeprefix(f"{known.key}__{relation}").removeprefix("__")
            own[role] = Kept(name, landed_as(known, relation, role), tuple(columns))
    return made


def landed_as(known: Platform, relation: str, role: str) -> str:
    """SQL of the landed table of a relation in a role."""
    return f"landed.{quoted('__'.join(filter(None, (known.key, relation, role))))}"


@dataclass(frozen=True)
class Found:
    """Which landed tables are which of a platform's.

    Attributes
    ----------
    entities : mapping of str to list of Kept
        The tables of each kind of entity; several are read as one.
    reports : mapping of str to Kept
        The report of each level.
    conversions : list of (Conversions, Kept)
        What counts conversions, and the table it is counted in.
    unused : list of str
        Tables that are none of the platform's that are read.
    """

    entities: Mapping[str, list[Kept]]
    reports: Mapping[str, Kept]
    conversions: list[tuple[Conversions, Kept]]
    unused: list[str]


def find(con: Any, known: Platform, *, need_report: bool = True) -> Found:
    """Find a platform's tables among the landed ones.

    Raises
    ------
    HarmoniseError
        If two tables are the report of one level, or none is a report of any.
    """
    tables = kept(con, known)
    claimed: dict[tuple[str, str], list[Kept]] = {}
    for name, own in tables.items():
        for what, place, _ in parts_named(known, name):
            role = place if what == "entity" else ""
            if role in own:
                claimed.setdefault((what, place), []).append(own[role])
    faults = [
        Fault(known.name, f"{first.name} and {other.name} are both its {what} of {place}",
              "ingest only one of them")
        for (what, place), (first, *others) in claimed.items() if what != "entity"
        for other in others
    ]  # fmt: skip
    if faults:
        raise HarmoniseError(f"the tables of {known.name} are ambiguous", faults=faults)
    entities = {place: of for (what, place), of in claimed.items() if what == "entity"}
    reports = {place: of[0] for (what, place), of in claimed.items() if what == "report"}
    if need_report and not reports:
        asked = ", ".join(name for report in known.reports.values() for name in report.names)
        raise HarmoniseError(
            f"no table is a report of {known.name}: {', '.join(sorted(tables))}",
            hint=f"expected one of {asked}, with the columns that it needs",
        )
    conversions: list[tuple[Conversions, Kept]] = []
    for number, counted in enumerate(known.conversions):
        beside = claimed.get(("conversions", str(number)), [])
        if report := reports.get(counted.level):
            listed = tables[report.name].get(counted.list) if counted.list else None
            is_inside = any(counted.column(name) in report.columns for name in counted.amounts)
            beside += [listed] if listed else [report] * (is_inside and not counted.names)
        conversions += [(counted, table) for table in beside[:1]]
    unused = sorted(name for name, own in tables.items() if not own)
    return Found(entities, reports, conversions, unused)
