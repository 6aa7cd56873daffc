"""Reports that a person downloads from a platform: title lines, totals, names in place of ids.

The tables room reads the file. Its columns are landed under unified names, in a table for each
level; a platform's file lists only those headers that mean something else than they do elsewhere.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from campaignkit.errors import HarmoniseError, TableError
from campaignkit.extras import require
from campaignkit.harmonise.definition import (
    BREAKDOWNS,
    LEVELS,
    MEASURES,
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
    quoted,
)
from campaignkit.tables.numbers import unit_in

# Unified column -> the tables room's own, which stands for it in any language.
STANDARD = {
    "date": "event_date", "period_end": "period_end", "currency": "currency", "spend": "spend",
    "impressions_paid": "impressions", "clicks_platform": "clicks", "reach": "reach",
    "video_plays": "video_plays", "video_completions": "video_completions", "device": "device",
    "campaign_id": "campaign_id", "ad_group_id": "ad_group_id", "ad_id": "ad_creative_id",
}  # fmt: skip
_PART_OF_SPEND = re.compile(r"keyword|search_term|suchbegriff|mot_cl|palabra_clave")
_STARTS = re.compile(r"start|begin|début|inici|iníci|inizi|開始")
_OF_A_PERIOD = re.compile(r"report|bericht|rapport|inform|relat|レポート")
_IDS_SPELLED = ("^([0-9]{3})-([0-9]{3})-([0-9]{4})$", "^act_([0-9]+)$")  # Google's, Meta's
_NO_MARK = r"[-+()\s0-9.,''’]*"
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
        replace(c, amounts={n: (Term(c.column(n)),) for n in c.amounts})
        for c in known.export.conversions
    )
    return replace(
        known, entities=form.entities, reports=form.reports, conversions=conversions,
        report_tz=known.export.report_tz,
    )  # fmt: skip


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
    is_stray: bool = False  # no table of the platform: listed, and read by nothing


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
    relation = f"export_{id(table)}"
    table = _without_totals(table, columns)
    others = table.matching.platforms
    if others and not any(name.startswith(known.name) for name in others):
        raise _refusal(table, f"has the headers of {' or '.join(others)}, not of {known.name}",
                       "state its own platform, or leave platform= out")  # fmt: skip
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
    if "account_id" in cells:
        cells["account_id"] = account_sql(cells["account_id"])
    cells |= {name: _text(columns[name]) for name in (*BREAKDOWNS, *_ABOUT) if name in columns}
    cells |= {name: _amount(column) for name, column in amounts.items()}
    by_name = [kind for kind in keys if f"{kind}_id" not in columns]
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in cells.items())
    rows = table.con.sql(f"SELECT {chosen} FROM {table.relation}").to_arrow_table()
    totals = own_totals(table, {n: _number(c) for n, c in amounts.items() if n != "reach"})
    notes = list(_notes(table, known, columns, by_name, totals, account=account))
    if (twice := _repeated(table, columns)) and not ("spend" in totals and totals["spend"].closes):
        num, extra, paid = twice
        totals[f"spend without {num:,} rows that are there before"] = OwnTotal(
            paid, paid - extra, closes=False
        )
        notes.append(f"{num:,} rows are the same as one before in every column, and were added up")
    reader.register(relation, rows)
    return Part(
        f"export_{keys[0]}{BY_NAME if by_name else ''}",
        f"SELECT * FROM {relation}",
        digest,
        tuple(notes),
        [
            {"measure": name, "told": total.told, "rows": total.rows}
            for name, total in totals.items() if not total.closes
        ],
    )  # fmt: skip


def _without_totals(table: OpenTable, columns: Mapping[str, Column]) -> OpenTable:
    """The table without rows that have neither a day nor a campaign: they are its own totals."""
    keys = [f"{kind}_{what}" for kind in LEVELS for what in ("id", "name")]
    blank = [f"coalesce(trim({_text(columns[n])}) IN ('', '-', '--'), true)"
             for n in ("date", *keys) if n in columns]  # fmt: skip
    if "date" not in columns or len(blank) < 2:
        return table
    found = table.rows(f"SELECT {table.place} FROM {table.numbered()} WHERE {' AND '.join(blank)}")
    if not found:
        return table
    import numpy as np

    rest = table.without(np.array([place for (place,) in found]))
    why = dict.fromkeys((place for (place,) in found), "neither a day nor a campaign")
    rest.summary_rows = {**table.summary_rows, **why}
    return rest


def _repeated(
    table: OpenTable, columns: Mapping[str, Column]
) -> tuple[int, Decimal, Decimal] | None:
    """Rows that cost something and are the same as one before: how many, their cost, and all."""
    cost = f"TRY_CAST({_number(columns['spend'])} AS DECIMAL(26,6))"
    num, extra = table.row(
        f"SELECT sum(n - 1), sum((n - 1) * spend) FROM (SELECT count(*) AS n, any_value({cost}) "
        f"AS spend FROM {table.relation} GROUP BY {', '.join(map(quoted, table.columns))}) "
        f"WHERE n > 1 AND spend <> 0"
    )
    (paid,) = table.row(f"SELECT sum({cost}) FROM {table.relation}")
    return (int(num), extra, paid) if num else None


def _notes(
    table: OpenTable, known: Platform, columns: Mapping[str, Column], by_name: Sequence[str],
    totals: Mapping[str, OwnTotal], *, account: str | None,
) -> Iterator[str]:  # fmt: skip
    shown = ", ".join(f"{column.name!r} is {name}" for name, column in columns.items())
    yield f"columns: {shown}"
    for note in table.notes:
        if note.where == "columns":  # what they are in an audit
            continue
        yield f"{note.where}: {note.found}; {note.fix}".replace(table.name, Path(table.name).name)
    if "account_name" in columns and "account_id" not in columns and account is None:
        yield "it has no id of the account, which is known by its name: account= states it"
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
    days, today = f"CAST({day} AS DATE)", datetime.datetime.now(datetime.UTC).date()
    late, last = table.row(
        f"SELECT count_if({days} > DATE '{today}'), max({days}) FROM {table.relation}"
    )
    if late:
        yield f"{late:,} rows are of days to come, until {last}"
    amounts = {n: _number(columns[n]) for n in _amounts(known) if n in columns}
    for name, sql in amounts.items():
        below, least = table.row(f"SELECT count_if({sql} < 0), min({sql}) FROM {table.relation}")
        if below:
            yield f"{below:,} rows have a {name} below 0, the least of them {least}"
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
        **{c.column(n): [t.column for t in terms]
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
    if days and "date" in found and _is_start(found["date"]):
        found["date"] = table.columns[days[0]]
    return found


def _amounts(known: Platform) -> list[str]:
    counted = [c.column(n) for c in known.export.conversions for n in c.amounts]
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
    end = columns.get("period_end") if _is_start(column) else None
    if _is_start(column) and end is None and _OF_A_PERIOD.search(column.name.lower()):
        raise _refusal(table, f"tells where a period begins ({column.name!r}) and not where it "
                       "ends", "add the breakdown by day to the report")  # fmt: skip
    day, last = (f"CAST({c.sql} AS DATE)" for c in (column, end or column))
    asked = f"SELECT count(*) - count({day}), count_if({day} <> {last}) FROM {table.relation}"
    gaps, longer = table.row(asked)
    if longer:
        raise _refusal(table, f"has {longer:,} rows of more than one day",
                       "add the breakdown by day to the report")  # fmt: skip
    if gaps:
        at, cell = table.row(f"SELECT {table.place}, {column.raw} FROM {table.numbered()} "
                             f"WHERE {day} IS NULL ORDER BY 1 LIMIT 1")  # fmt: skip
        is_blank = not str(cell or "").strip(" -")
        raise _refusal(
            table, f"has {gaps:,} rows without a day, such as row {at + 1} below its header, "
            f"with {cell!r:.40} in {column.name!r}",
            "are they totals that the rows do not add up to? Delete them" if is_blank
            else "correct the day; it is none of the calendar, or is written as no other is",
        )  # fmt: skip
    return f"CAST({day} AS VARCHAR)"


def _currency(
    table: OpenTable, columns: dict[str, Column], known: Platform, stated: str | None
) -> str:
    """SQL of the currency: a column's, a header's or that of the cells, or what is stated."""
    if stated is not None:
        stated = str(stated).strip().upper()
        if stated not in currencies():
            raise _refusal(table, f"is said to be in {stated!r:.20}, which is no currency",
                           "state the ISO 4217 code of its amounts, such as EUR")  # fmt: skip
    names = ("spend", *(c.column("value") for c in known.export.conversions))
    money = [columns[name] for name in names if name in columns]
    marks = {unit for column in money for unit in column.units} - {"", "micro"}
    told = marks | {u for c in money for u in (c.unit, unit_in(c.name))} - {"", "micro"}
    cell, gaps, stands = "NULL", 0, set[str]()
    if "currency" in columns:
        cell = f"nullif(upper(trim({_text(columns['currency'])})), '')"
        rows = table.rows(f"SELECT {cell}, count(*) FROM {table.relation} GROUP BY 1")
        stands = {code for code, _ in rows if code}
        gaps = sum(count for code, count in rows if not code)
    elif marks == told:
        gaps = sum(column.unmarked for column in money)
    codes = {unit for unit in (stands or told) if unit in currencies()}
    is_mixed = not stands and (len(marks) > 1 or len(codes) > 1)
    if is_mixed or not all(_may_be(unit, codes) for unit in told if codes):
        raise _refusal(table, f"has amounts in {' and '.join(sorted(told | stands))}",
                       "download a report for each currency")  # fmt: skip
    if stated is None and (not codes or gaps):
        several = f": {', '.join(sorted(told))} may be several" if told - codes else ""
        some = f" in {gaps:,} cells" if codes else several
        raise _refusal(table, f"does not tell its currency{some}",
                       'state it: ingest(..., currency="EUR"), or --currency EUR')  # fmt: skip
    if stated is not None and (codes - {stated} or not all(_may_be(u, {stated}) for u in told)):
        raise _refusal(table, f"is in {', '.join(sorted(codes or told))}, not in {stated!r}",
                       "state the ISO 4217 code of its amounts")  # fmt: skip
    return f"coalesce({cell}, {literal(stated or min(codes))})"


def _may_be(unit: str, codes: set[str]) -> bool:
    """Whether a unit is one of some currencies, or a mark that stands for one ($, ¥, kr)."""
    pycountry = require("pycountry", extra="harmonise", user="the codes of currencies")
    words = {"$": "dollar|peso|real|córdoba|pa.anga", "¥": "yen|yuan", "KR": "kron"}
    found = [pycountry.currencies.get(alpha_3=code) for code in codes]
    return unit in codes or any(
        re.search(words.get(unit.upper(), "^$"), currency.name.lower())
        for currency in found if currency
    )  # fmt: skip


def _is_start(column: Column) -> bool:
    return bool(_STARTS.search(column.name.lower()))


def account_sql(sql: str) -> str:
    """SQL of an account's number as a loader writes it: ``123-456-7890`` is ``1234567890``."""
    for pattern in _IDS_SPELLED:
        kept = "".join(f"\\{n}" for n in range(1, pattern.count("(") + 1))
        sql = f"regexp_replace(trim({sql}), '{pattern}', '{kept}')"
    return sql


def _refusal(table: OpenTable, found: str, fix: str) -> HarmoniseError:
    return HarmoniseError(f"{table.name} {found}", hint=fix)
