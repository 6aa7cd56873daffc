"""Reports that a person downloads from a platform: title lines, totals, names in place of ids.

The tables room reads the file. Its columns are landed under unified names, in a table for each
level; a platform's file lists only those headers that mean something else than they do elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from campaignkit.errors import HarmoniseError, TableError
from campaignkit.harmonise.definition import (
    BREAKDOWNS,
    LEVELS,
    MEASURES,
    Conversions,
    Platform,
    Term,
    read_platform,
)
from campaignkit.harmonise.landing import BY_NAME, ROUNDED, plain
from campaignkit.harmonise.unify import currencies
from campaignkit.tables import (
    MARKETING,
    Column,
    OpenTable,
    OwnTotal,
    ReadOptions,
    literal,
    open_table,
    own_totals,
)

# Unified column -> the tables room's own, which stands for it in any language.
STANDARD = {
    "date": "event_date", "period_end": "period_end", "currency": "currency", "spend": "spend",
    "impressions_paid": "impressions", "clicks_platform": "clicks", "reach": "reach",
    "video_plays": "video_plays", "video_completions": "video_completions", "device": "device",
    "campaign_id": "campaign_id", "ad_group_id": "ad_group_id", "ad_id": "ad_creative_id",
}  # fmt: skip
_PART_OF_SPEND = re.compile(r"keyword|search_term|suchbegriff|mot_cl|palabra_clave")
_STARTS = re.compile(r"start|begin|d_but|inici|inizi")
_OF_A_LOADER = re.compile(r"[A-Za-z0-9.]*_[A-Za-z0-9_.]*")
_ABOUT = ("objective_raw", "channel_raw")  # of a campaign


def described(known: Platform, names: Iterable[str]) -> Platform:
    """The platform as landed tables of these names are: a loader's, or exports of its own.

    Raises
    ------
    HarmoniseError
        If they are of several kinds, which would count the same spend twice.

    Examples
    --------
    >>> from campaignkit.harmonise.definition import platform
    >>> described(platform("meta"), ["export_ad"]).reports["ad"].names
    ('export_ad', 'export_ad_by_name')
    """
    plains = [plain(name) for name in names]
    kinds = {(name.startswith("export_"), name.endswith(BY_NAME)) for name in plains}
    if len(kinds) > 1:
        raise HarmoniseError(
            f"{', '.join(plains)} of {known.name} would count the same spend twice: exports with "
            f"ids, exports without and a loader's tables do not know each other's campaigns",
            hint="keep one kind in a store; exports with the columns of ids are the better ones",
        )
    if kinds.isdisjoint([(True, False), (True, True)]):
        return known
    form = read_platform(Path(__file__).with_name("export.toml"))
    conversions = tuple(
        replace(c, amounts={n: (Term(_counted(c, n)),) for n in c.amounts})
        for c in known.export.conversions
    )
    return replace(
        known, entities=form.entities, reports=form.reports, conversions=conversions,
        report_tz=known.export.report_tz,
    )  # fmt: skip


def _counted(counted: Conversions, amount: str) -> str:
    """The landed column of an amount of conversions."""
    return "_".join(filter(None, (counted.event_is, str(counted.click_days or ""), amount)))


def opened_export(path: Path, read: ReadOptions) -> OpenTable | None:
    """A file as a report that a person downloaded; None if it is a loader's table, or no report.

    Raises
    ------
    HarmoniseError
        If it cannot be read as a table.
    """
    try:
        table = open_table(path, **read)
    except TableError as err:
        raise HarmoniseError(err.message, faults=err.faults, hint=err.hint) from err
    words = any(" " in name for name in table.columns)
    is_loaders = not words and any(_OF_A_LOADER.fullmatch(name) for name in table.columns)
    if is_loaders or not table.has("spend"):
        table.close()
        return None
    return table


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a landed table, or a data base's table: name, how it is read, digest."""

    name: str
    select: str
    digest: str
    notes: tuple[str, ...] = ()  # of a downloaded report: what was decided
    open_totals: Sequence[Mapping[str, object]] = ()  # and its own totals that are not met
    is_stray: bool = False  # no table of the platform: kept, and read by nothing


def exported(
    reader: Any, table: OpenTable, known: Platform, digest: str, *, account: str | None,
    currency: str | None,
) -> Part:  # fmt: skip
    """A report that a person downloaded, as it is landed: ``export_campaign``, or another level.

    ``export_campaign_by_name`` is one without ids. A total that is not met is a mapping of
    ``measure``, ``told`` and ``rows``.

    Raises
    ------
    HarmoniseError
        If its days, its currency or its campaigns are not told.
    """
    columns = _columns(table, known)
    if not table.num_rows:
        raise _refusal(table, "has no rows below its header", "choose other days, or other rows")
    if partial := [name for name in table.columns if _PART_OF_SPEND.search(plain(name))]:
        raise _refusal(table, f"is by {partial[0]!r}, and such reports lack a part of the spend",
                       "download the report of campaigns, ad groups or ads")  # fmt: skip
    keys = [kind for kind in LEVELS if f"{kind}_id" in columns or f"{kind}_name" in columns]
    if not keys:
        raise _refusal(table, "has no column of campaigns", "add the campaign to the report")
    cells = {"date": _day(table, columns), "currency": _currency(table, columns, known, currency)}
    amounts = {n: columns[n] for n in _amounts(known) if n in columns}
    path: list[str] = []  # two campaigns may have ad groups of one name
    for kind in ("account", *reversed(keys)):
        shown = columns.get(f"{kind}_name")
        own = columns.get(f"{kind}_id", shown)
        if own is None:
            continue
        path += [_text(own)] * (kind != "account")
        is_path = own is shown and len(path) > 1
        cells[f"{kind}_id"] = f"concat_ws(' / ', {', '.join(path)})" if is_path else _text(own)
        if shown is not None:
            cells[f"{kind}_name"] = _text(shown)
    if account is not None:
        cells["account_id"] = literal(account)
    cells |= {name: _text(columns[name]) for name in (*BREAKDOWNS, *_ABOUT) if name in columns}
    cells |= {name: _amount(column) for name, column in amounts.items()}
    by_name = [kind for kind in keys if f"{kind}_id" not in columns]
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in cells.items())
    rows = table.con.sql(f"SELECT {chosen} FROM {table.relation}").to_arrow_table()
    totals = own_totals(table, {n: _number(c) for n, c in amounts.items() if n != "reach"})
    relation = f"export_{id(table)}"
    reader.register(relation, rows)
    return Part(
        f"export_{keys[0]}{BY_NAME if by_name else ''}",
        f"SELECT * FROM {relation}",
        digest,
        tuple(_notes(table, known, columns, by_name, totals)),
        [
            {"measure": name, "told": total.told, "rows": total.rows}
            for name, total in totals.items() if not total.closes
        ],
    )  # fmt: skip


def _notes(
    table: OpenTable, known: Platform, columns: Mapping[str, Column], by_name: Sequence[str],
    totals: Mapping[str, OwnTotal],
) -> Iterator[str]:  # fmt: skip
    for note in table.notes:
        yield f"{note.where}: {note.found}; {note.fix}".replace(table.name, Path(table.name).name)
    others = table.matching.platforms
    if others and not any(name.startswith(known.name) for name in others):
        yield f"its headers are those of {' or '.join(others)}"
    if by_name:
        yield f"it has no ids of {', '.join(by_name)}: each is known by its name and those above"
    read = {column.name for column in columns.values()}
    if unread := [name for name in table.columns if name not in read]:
        yield f"columns that are not read: {', '.join(unread)}"
    if not totals:
        yield "it has no total of its own that its rows could be compared with"
    for name, total in totals.items():
        add_up = "add up" if total.closes else "do not add up"
        yield f"its rows {add_up} to its own total of {name}: {total.rows} and {total.told}"
    day = columns["date"].sql
    days = f"SELECT DISTINCT CAST({day} AS DATE) - DATE '1970-01-01' AS n FROM {table.relation}"
    num, parts = table.row(f"SELECT count(n), count(DISTINCT n % 7) FROM ({days})")
    if num > 2 and parts == 1:
        yield "its days are seven days apart: are they weeks, whose days are not known?"


def _columns(table: OpenTable, known: Platform) -> dict[str, Column]:
    """Unified column -> the file's: by the platform's own headers, else by common names."""
    without_unit = {
        re.sub(r" *[(\[][^)\]]{1,3}[)\]]$", "", n): c for n, c in table.columns.items()
    }
    given = {plain(name): c for name, c in (without_unit | table.columns).items()}
    headers = {
        **known.export.headers,
        **{_counted(c, n): [t.column for t in terms]
           for c in known.export.conversions for n, terms in c.amounts.items()},
    }  # fmt: skip
    found = {
        name: given[plain(header)]
        for name, listed in headers.items()
        for header in reversed(listed) if plain(header) in given
    }  # fmt: skip
    taken = {column.name for column in found.values()}
    matching = table.matching
    ids = {own for name, own in matching.found.items() if name not in matching.stand_ins}
    names = MARKETING.match([name for name in table.columns if name not in ids])
    for match in (matching, names):  # where there is an id, the name is found without it
        for name, standard in STANDARD.items():
            own = match.found.get(standard)
            is_name = standard in match.stand_ins
            if own is None or own in taken or name in headers or (is_name and "_id" not in name):
                continue
            found.setdefault(name.replace("_id", "_name") if is_name else name, table.columns[own])
    days = [own for own, name in matching.rivals.items() if name == "event_date"]
    if days and "date" in found and _STARTS.search(plain(found["date"].name)):
        found["date"] = table.columns[days[0]]
    return found


def _amounts(known: Platform) -> list[str]:
    counted = [_counted(c, n) for c in known.export.conversions for n in c.amounts]
    return list(dict.fromkeys((*MEASURES, *counted)))


def _text(column: Column) -> str:
    return f"CAST({column.raw} AS VARCHAR)"


def _amount(column: Column) -> str:
    """SQL of an exact number as text; a cell that is none stays as it is, and is refused later."""
    return f"coalesce(CAST(TRY_CAST({_number(column)} AS {ROUNDED}) AS VARCHAR), {_text(column)})"


def _number(column: Column) -> str:
    return f"({column.sql}) / 1e6" if column.unit == "micro" else column.sql


def _day(table: OpenTable, columns: dict[str, Column]) -> str:
    column = columns.get("date")
    if column is None or (column.kind != "date" and not column.undecided):
        raise _refusal(
            table,
            "does not tell of which day an amount is",
            "add the breakdown by day to the report, and download it again",
        )
    if column.undecided:
        raise _refusal(table, f"has days in {column.name!r} that may be read in two ways",
                       "say day_first=True (--day-first), or False (--month-first)")  # fmt: skip
    end = columns.get("period_end") if _STARTS.search(plain(column.name)) else None
    day, last = (f"CAST({c.sql} AS DATE)" for c in (column, end or column))
    asked = f"SELECT count(*) - count({day}), count_if({day} <> {last}) FROM {table.relation}"
    gaps, longer = table.row(asked)
    if longer:
        raise _refusal(table, f"has {longer:,} rows of more than one day",
                       "add the breakdown by day to the report")  # fmt: skip
    if gaps:
        raise _refusal(table, f"has {gaps:,} rows without a day",
                       "are they totals that the rows do not add up to? Delete them")  # fmt: skip
    return f"CAST({day} AS VARCHAR)"


def _currency(
    table: OpenTable, columns: dict[str, Column], known: Platform, stated: str | None
) -> str:
    """SQL of the currency: a column's, a header's or that of the cells, or what is stated."""
    money = ["spend", *(_counted(c, "value") for c in known.export.conversions)]
    units = [(columns[n].unit, *columns[n].units) for n in money if n in columns]
    told = {unit for each in units for unit in each} - {"", "micro"}
    cell, gaps = "NULL", 0
    if "currency" in columns:
        cell = f"nullif(upper(trim({_text(columns['currency'])})), '')"
        rows = table.rows(f"SELECT {cell}, count(*) FROM {table.relation} GROUP BY 1")
        told |= {code for code, _ in rows if code}
        gaps = sum(count for code, count in rows if not code)
    codes = {unit for unit in told if unit in currencies()}
    marks = f": {', '.join(sorted(told - codes))} may be several" if told - codes else ""
    if stated is None and (not codes or gaps):
        raise _refusal(table, f"does not tell its currency{marks}",
                       'state it: ingest(..., currency="EUR"), or --currency EUR')  # fmt: skip
    if stated is not None and (codes - {stated} or stated not in currencies()):
        raise _refusal(table, f"is in {', '.join(sorted(codes)) or 'some currency'}, not in "
                       f"{stated!r:.20}", "state the ISO 4217 code of its amounts")  # fmt: skip
    if "currency" not in columns and len(codes) > 1:
        raise _refusal(table, f"mixes {', '.join(sorted(codes))}", "add the column of currencies")
    return f"coalesce({cell}, {literal(stated or min(codes))})"


def _refusal(table: OpenTable, found: str, fix: str) -> HarmoniseError:
    return HarmoniseError(f"{table.name} {found}", hint=fix)
