"""Reports that a person downloads from a platform: title lines, totals, names in place of ids.

The tables room reads the file. Its columns are landed under unified names, in a table for each
level; a platform's file lists only those headers that mean something else than they do elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from campaignkit.errors import HarmoniseError, TableError
from campaignkit.extras import require
from campaignkit.harmonise.definition import (
    BREAKDOWNS,
    ENTITIES,
    IDS,
    LEVELS,
    MEASURES,
    Conversions,
    Entity,
    Platform,
    Report,
    Term,
    Terms,
)
from campaignkit.harmonise.landing import AMOUNT, plain
from campaignkit.tables import MARKETING, Column, OpenTable, ReadOptions, literal, open_table

# Unified column -> the tables room's own, which stands for it in any language.
_STANDARD = {
    "date": "event_date", "period_end": "period_end", "currency": "currency", "spend": "spend",
    "impressions_paid": "impressions", "clicks_platform": "clicks", "reach": "reach",
    "video_plays": "video_plays", "video_completions": "video_completions", "device": "device",
    "campaign_id": "campaign_id", "ad_group_id": "ad_group_id", "ad_id": "ad_creative_id",
}  # fmt: skip
_PART_OF_SPEND = re.compile(r"keyword|search_term|suchbegriff|mot_cl|palabra_clave")
_STARTS = re.compile(r"start|begin|d_but|inici|inizi")
_OF_A_LOADER = re.compile(r"[A-Za-z0-9.]*_[A-Za-z0-9_.]*")
_BY_NAME = "_by_name"
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
    kinds = {(name.startswith("export_"), name.endswith(_BY_NAME)) for name in plains}
    if len(kinds) > 1:
        raise HarmoniseError(
            f"{', '.join(plains)} of {known.name} would count the same spend twice: exports with "
            f"ids, exports without and a loader's tables do not know each other's campaigns",
            hint="keep one kind in a store; exports with the columns of ids are the better ones",
        )
    if kinds.isdisjoint([(True, False), (True, True)]):
        return known
    tables = {level: (f"export_{level}", f"export_{level}{_BY_NAME}") for level in LEVELS}
    every = tuple(name for names in tables.values() for name in names)
    return replace(
        known,
        report_tz=known.export.report_tz,
        entities={
            kind: Entity(
                every,
                _own([f"{kind}_id"]),
                _own([f"{kind}_name", *(_ABOUT if kind == "campaign" else ())]),
                ("date",),
            )
            for kind in ENTITIES if kind != "creative"
        },
        reports={
            level: Report(
                own, _own(IDS), _own(MEASURES), ("date", f"{level}_id"), (Term("date"),),
                currency=(Term("currency"),), breakdown=_own(BREAKDOWNS),
            )
            for level, own in tables.items()
        },
        conversions=tuple(
            replace(c, amounts={n: (Term(_counted(c, n)),) for n in c.amounts})
            for c in known.export.conversions
        ),
    )  # fmt: skip


def _own(columns: Iterable[str]) -> dict[str, Terms]:
    return {column: (Term(column),) for column in columns}


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


def exported(
    table: OpenTable, known: Platform, *, account: str | None, currency: str | None
) -> tuple[str, Any, tuple[str, ...]]:
    """A report that a person downloaded, as it is landed: name, Arrow table, what was decided.

    Raises
    ------
    HarmoniseError
        If its days, currency or campaigns are not told, or its rows do not add up to its total.
    """
    columns = _columns(table, known)
    if partial := [name for name in table.columns if _PART_OF_SPEND.search(plain(name))]:
        raise _refusal(table, f"is by {partial[0]!r}, and such reports lack a part of the spend",
                       "download the report of campaigns, ad groups or ads")  # fmt: skip
    keys = [kind for kind in LEVELS if f"{kind}_id" in columns or f"{kind}_name" in columns]
    if not keys:
        raise _refusal(table, "has no column of campaigns", "add the campaign to the report")
    notes = [f"{note.where}: {note.found}; {note.fix}" for note in table.notes]
    cells = {"date": _day(table, columns), "currency": _currency(table, columns, known, currency)}
    amounts = {n: columns[n] for n in _amounts(known) if n in columns}
    for kind in (*keys, "account"):
        shown = columns.get(f"{kind}_name")
        own = columns.get(f"{kind}_id", shown)
        for name, column in ((f"{kind}_id", own), (f"{kind}_name", shown)):
            if column is not None:
                cells[name] = _text(column)
    if account is not None:
        cells["account_id"] = literal(account)
    cells |= {name: _text(columns[name]) for name in (*BREAKDOWNS, *_ABOUT) if name in columns}
    cells |= {name: _amount(column) for name, column in amounts.items()}
    by_name = [kind for kind in keys if f"{kind}_id" not in columns]
    if by_name:
        notes.append(f"it has no ids of {', '.join(by_name)}: each is known by its name")
    read = {column.name for column in columns.values()}
    if unread := [name for name in table.columns if name not in read]:
        notes.append(f"columns that are not read: {', '.join(unread)}")
    notes += _closing(table, columns["date"], {n: c for n, c in amounts.items() if n != "reach"})
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in cells.items())
    rows = table.con.sql(f"SELECT {chosen} FROM {table.relation}").to_arrow_table()
    return f"export_{keys[0]}{_BY_NAME if by_name else ''}", rows, tuple(notes)


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
        for name, standard in _STANDARD.items():
            own = match.found.get(standard)
            is_name = standard in match.stand_ins
            if own is None or own in taken or name in headers or (is_name and "_id" not in name):
                continue
            found.setdefault(name.replace("_id", "_name") if is_name else name, table.columns[own])
    days = [own for own, name in matching.rivals.items() if name == "event_date"]
    if days and _STARTS.search(plain(found["date"].name)):
        found["date"] = table.columns[days[0]]
    return found


def _amounts(known: Platform) -> list[str]:
    counted = [_counted(c, n) for c in known.export.conversions for n in c.amounts]
    return list(dict.fromkeys((*MEASURES, *counted)))


def _text(column: Column) -> str:
    return f"CAST({column.raw} AS VARCHAR)"


def _amount(column: Column) -> str:
    """SQL of an exact number; a cell that is none stays as it is, and is refused later."""
    number = f"TRY_CAST({_number(column)} AS {AMOUNT})"
    return f"coalesce(CAST({number} AS VARCHAR), {column.raw})" if column.is_text else number


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
                       "say day_first=True or day_first=False")  # fmt: skip
    end = columns.get("period_end")
    if end is not None and _STARTS.search(plain(column.name)):
        longer = f"CAST({column.sql} AS DATE) <> CAST({end.sql} AS DATE)"
        count = table.row(f"SELECT count(*) FROM {table.relation} WHERE {longer}")[0]
        if count:
            raise _refusal(table, f"has {count:,} rows of more than one day",
                           "add the breakdown by day to the report")  # fmt: skip
    day = f"CAST({column.sql} AS DATE)"
    return f"coalesce(CAST({day} AS VARCHAR), {column.raw})" if column.is_text else day


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
    codes = {unit for unit in told if is_currency(unit)}
    marks = f": {', '.join(sorted(told - codes))} may be several" if told - codes else ""
    if stated is None and (not codes or gaps):
        raise _refusal(table, f"does not tell its currency{marks}",
                       'state it: ingest(..., currency="EUR"), or --currency EUR')  # fmt: skip
    if stated is not None and (codes - {stated} or not is_currency(stated)):
        raise _refusal(table, f"is in {', '.join(sorted(codes)) or 'some currency'}, not in "
                       f"{stated!r:.20}", "state the ISO 4217 code of its amounts")  # fmt: skip
    if "currency" not in columns and len(codes) > 1:
        raise _refusal(table, f"mixes {', '.join(sorted(codes))}", "add the column of currencies")
    return f"coalesce({cell}, {literal(stated or min(codes))})"


def is_currency(code: str) -> bool:
    """Whether a text is an ISO 4217 code.

    Examples
    --------
    >>> is_currency("EUR"), is_currency("$")
    (True, False)
    """
    pycountry = require("pycountry", extra="harmonise", user="the codes of currencies")
    return pycountry.currencies.get(alpha_3=code) is not None


def _closing(table: OpenTable, day: Column, amounts: dict[str, Column]) -> list[str]:
    """Compare the rows' sums with the file's own total, which was rounded apart from the rows."""
    totals = f"(SELECT * FROM {table.summed_up} WHERE {day.sql} IS NULL)"
    if table.summary_rows and not table.row(f"SELECT count(*) FROM {totals}")[0]:
        totals = table.summed_up
    exact = [f"TRY_CAST({_number(column)} AS {AMOUNT})" for column in amounts.values()]
    asked = ", ".join(
        f"coalesce(sum({x}), 0), count({x}), "
        f"coalesce(max(length(rtrim(split_part(CAST({x} AS VARCHAR), '.', 2), '0'))), 0)"
        for x in exact
    )
    row = table.row(f"SELECT {asked} FROM {table.relation}")
    parts = list(zip(amounts, row[::3], row[1::3], row[2::3], strict=True))
    said = table.rows(f"SELECT {', '.join(exact)} FROM {totals}")
    together = [sum(t for t in each if t is not None) for each in zip(*said, strict=True)]
    off = ""
    for total in (*said, together) if said else ():
        off = "; ".join(
            f"{name} {rows} against {own}"
            for (name, rows, n, scale), own in zip(parts, total, strict=True)
            if own and abs(rows - own) > (scale > 0) * (n + 1) * 5 * 10.0 ** -(scale + 1)
        )
        if not off:
            return [f"its rows add up to its own total: spend {row[0]} and {total[0]}"]
    if off:
        raise _refusal(table, f"does not add up to its own total: {off}",
                       "download it again, or delete a total of other rows")  # fmt: skip
    return []


def _refusal(table: OpenTable, found: str, fix: str) -> HarmoniseError:
    return HarmoniseError(f"{table.name} {found}", hint=fix)
