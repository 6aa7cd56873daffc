"""A platform's landed tables as amounts by place and day: ids from the report, no row twice.

A *place* is where an amount belongs: level, account, campaign, ad group, ad, currency, time zone
and breakdown. There are few, and rows are many: parents are looked up once a place, and rows
carry its number.
"""

from __future__ import annotations

import datetime
import re
import tomllib
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from campaignkit.errors import Fault, HarmoniseError
from campaignkit.extras import require
from campaignkit.harmonise.definition import (
    BREAKDOWNS,
    COUNTS,
    DESCRIBING,
    ENTITIES,
    IDS,
    LEVELS,
    Conversions,
    Entity,
    Platform,
    Term,
    Terms,
)
from campaignkit.harmonise.landing import BY_NAME, DAY, Found, Landed, exploded, plain, unit_of
from campaignkit.tables import literal, quoted

UNKNOWN = "unknown"  # an id that neither the report nor a history gives
UNKNOWN_CURRENCY = "XXX"  # ISO 4217's own code where no currency is involved, or none is known
PARENTS = (*IDS, "creative_id", "currency", "report_tz", "click_days", "view_days")
SUM = "DECIMAL(38,6)"
CHECKED = ("spend", "impressions_paid", "clicks_platform")  # totals that are compared
_MONEY = "DECIMAL(18,6)"
_SCALES = {"micro": "0.000001 AS DECIMAL(6,6)", "cent": "0.01 AS DECIMAL(2,2)"}
_KNOWN_AT = {level: IDS[: 4 - number] for number, level in enumerate(LEVELS)} | {
    "account": IDS[:1]
}
_WHOLE = (*COUNTS, "reach")  # measures that are whole numbers
# Zones that are or were not whole hours from UTC: an hour's amounts cannot be split.
PARTS_OF_HOURS = (
    "America/Caracas America/St_Johns Asia/Calcutta Asia/Colombo Asia/Kabul Asia/Kathmandu "
    "Asia/Katmandu Asia/Kolkata Asia/Pyongyang Asia/Rangoon Asia/Tehran Asia/Yangon "
    "Australia/Adelaide Australia/Broken_Hill Australia/Darwin Australia/Eucla Australia/LHI "
    "Australia/Lord_Howe Australia/North Australia/South Australia/Yancowinna Iran NZ-CHAT "
    "Canada/Newfoundland Indian/Cocos Pacific/Chatham Pacific/Marquesas Pacific/Norfolk"
)


@dataclass(frozen=True)
class Source:
    """What is read of one landed table: whose amounts, of which day, and the amounts."""

    table: Landed
    ids: Mapping[str, Terms]
    amounts: Mapping[str, Terms]
    date: Terms
    hour: Terms
    currency: Terms = ()
    breakdown: Mapping[str, Terms] = field(default_factory=dict)
    event: Terms = ()
    beside: bool = False  # a table next to its level's report
    days_as_moments: bool = False

    @property
    def has_hours(self) -> bool:
        """Whether moments are given: hours, or the moments at which days begin."""
        return bool(self.table.readable(self.hour))

    @property
    def when(self) -> str:
        """SQL of a row's moment in UTC, or of its day."""
        return self.table.moment(self.hour) if self.has_hours else self.table.day(self.date)


class Unifier:
    """Writes and runs the statements that read one platform's tables.

    Parameters
    ----------
    con : DuckDB connection
    platform : Platform
    found : Found
        Its landed tables.

    Attributes
    ----------
    days : str
        "" where all days are made anew; else SQL of days, whose rows alone are read.
    notes : list of (str, str)
        What was decided: what it is about, and what.
    """

    def __init__(self, con: Any, platform: Platform, found: Found) -> None:
        self.con = con
        self.platform = platform
        self.found = found
        self.days = ""
        self.notes: list[tuple[str, str]] = []

    def read_entities(self) -> None:
        """Make ``e_ad``, ``e_creative``, ``e_ad_group``, ``e_campaign`` and ``e_account``.

        One row a key: the newest, and one that is in force before one that is not.
        """
        for kind, tables in self.found.entities.items():
            entity = self.platform.entities[kind]
            reports = {table.name for table in self.found.reports.values()}
            rows = " UNION ALL ".join(
                _entity_rows(entity, table, is_own=table.name not in reports) for table in tables
            )
            order = ", ".join(
                f"{n} DESC NULLS LAST"
                for n in ("is_own", "active", "newest", "version", "synced", "landed_at")
            )
            columns = ", ".join((*PARENTS, *DESCRIBING))
            key = self.key(kind)
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE e_{kind} AS SELECT {columns} FROM ({rows}) "
                f"WHERE {' AND '.join(f'{k} IS NOT NULL' for k in key)} QUALIFY row_number() OVER "
                f"(PARTITION BY {', '.join(key)} ORDER BY {order}, {columns}) = 1"
            )
        if {"ad", "creative"} <= self.found.entities.keys():
            self.con.execute(
                "UPDATE e_ad SET account_id = c.account_id FROM e_creative c "
                "WHERE e_ad.account_id IS NULL AND c.creative_id = e_ad.creative_id"
            )
        if "account" in self.found.entities:
            self._check_zones()

    def key(self, kind: str) -> list[str]:
        """The columns that identify an entity, where all its tables have them."""
        given, tables = self.platform.entities[kind].key, self.found.entities[kind]
        return [name for name in given if all(table.readable(given[name]) for table in tables)]

    def _check_zones(self) -> None:
        """Keep only zones that exist, and note the others."""
        known = ", ".join(map(literal, sorted(zoneinfo.available_timezones())))
        strange = f"e_account WHERE report_tz NOT IN ({known})"
        asked = f"SELECT account_id, report_tz FROM {strange} ORDER BY ALL"
        for account, zone in self._rows(asked):
            note = f"time zone {zone!r} is not in the IANA data base: days are the report's own"
            self.notes.append((f"account {account}", note))
        self.con.execute("UPDATE " + strange.replace("WHERE", "SET report_tz = NULL WHERE"))

    def facts(self, name: str, source: Source, level: str) -> None:
        """Make a temporary table of a source's amounts by place, event and day.

        Columns: ``place_id``, ``bare_id`` (the place without its breakdown), ``event_own``,
        ``click_days`` and ``view_days`` of the account, ``date_local``, the amounts, and
        ``num_rows`` that were added up. Places that are new are added to ``place``.

        Raises
        ------
        HarmoniseError
            If a row lacks its own identifier or day, or an amount cannot be read.
        """
        table = source.table
        columns = [table.own(c) for c in _columns(source)]
        packed = ", ".join(quoted(c) for c in columns)
        where = ""
        if self.days:
            own = f"CAST({source.when} AS DATE)" if DAY not in table else quoted(table.own(DAY))
            where = f"WHERE {own} IS NULL OR {own} IN ({self.days})"
        wrong = self._wrong(source)
        amounts = {
            n: table.amount(terms, whole=n in _WHOLE) for n, terms in source.amounts.items()
        }
        read = ", ".join(f"{sql} AS {n}" for n, sql in amounts.items())
        sums = ", ".join(f"{'any_value' if n == 'reach' else 'sum'}({n}) AS {n}" for n in amounts)
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE summed AS SELECT h, moment, {sums}, "
            f"count(*) AS num_rows, count_if(is_wrong) AS num_wrong, max(synced) AS extracted_at "
            f"FROM (SELECT hash({packed}) AS h, {source.when} AS moment, {read}, "
            f"{' OR '.join(sql for _, sql, _ in wrong)} AS is_wrong, {table.synced} AS synced "
            f"FROM {table.relation} {where}) GROUP BY h, moment"
        )
        identifier = table.text(source.ids.get(f"{level}_id", ()))
        lossy = f"coalesce(regexp_matches({identifier}, '^[0-9.]+[eE][+]?[0-9]+$'), true)"
        if table.name.endswith(BY_NAME):  # a campaign may be called 2E3
            lossy = f"{identifier} IS NULL"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE tree AS SELECT *, hash({packed}) AS h "
            f"FROM (SELECT DISTINCT {packed} FROM {table.relation} {where})"
        )
        num_wrong, num_lossy, num_shared = self._rows(
            f"SELECT (SELECT sum(num_wrong) FROM summed), count_if({lossy}), "
            f"count(*) - count(DISTINCT h) FROM tree"
        )[0]
        if num_wrong or num_lossy:
            own_id = source.ids.get(f"{level}_id", ())
            expected = f"an identifier in every row of a report of level {level}"
            self._refuse(table, [(own_id, lossy, expected), *wrong], where)
        if num_shared:
            raise HarmoniseError(f"{table.name}: two identifiers share a hash")  # 1 in 10^9 tables
        self._resolve(source, level)
        local = "moment"
        if source.has_hours:
            zone = f"nullif(report_tz, '{UNKNOWN}')"
            # A day that was written as a day has no moment that could be put into a zone.
            is_day = "CAST(moment AS TIME) = '00:00'" if source.days_as_moments else "false"
            local = (
                f"CAST(CASE WHEN {is_day} THEN moment ELSE coalesce("
                f"(moment AT TIME ZONE 'UTC') AT TIME ZONE {zone}, moment) END AS DATE)"
            )
        final = ", ".join(_final(n, unit_of(terms)) for n, terms in source.amounts.items())
        key = "place_id, bare_id, event_own, click_days, view_days, date_local"
        kept = f"WHERE {local} IN (SELECT day FROM days)" if self.days else ""
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {key}, {final}, "
            f"sum(num_rows) AS num_rows, max(extracted_at) AS extracted_at FROM ("
            f"SELECT s.*, r.* EXCLUDE (h), {local} AS date_local "
            f"FROM summed s JOIN resolved r USING (h) {kept}) GROUP BY {key}"
        )

    def totals(self, source: Source) -> str:
        """SQL of a report's own totals by day and currency, of what :meth:`facts` read.

        No join can change them. ``num_rounded`` amounts of money have parts of a millionth.
        """
        units = {n: unit_of(source.amounts[n]) for n in CHECKED if n in source.amounts}
        sums = ", ".join(_final(n, unit, kind=SUM) for n, unit in units.items())
        exact = f"DECIMAL(38,{0 if units.get('spend') == 'micro' else 6})"
        may_be_broken = source.table.may_be_broken(source.amounts.get("spend", ()))
        rounded = f"count_if(spend <> CAST(spend AS {exact}))" if may_be_broken else "0"
        return (
            f"SELECT CAST(moment AS DATE) AS day, currency, {rounded} AS num_rounded, {sums} "
            f"FROM summed LEFT JOIN (SELECT h, min(currency) AS currency FROM placed GROUP BY h) "
            f"USING (h) GROUP BY ALL"
        )

    def _resolve(self, source: Source, level: str) -> None:
        """Make ``resolved``: the place of each combination of identifiers, looked up once."""
        tree = Landed(source.table.name, "tree", source.table.types, source.table.strip)
        texts = {name: tree.text(source.ids.get(name, ())) for name in IDS}
        texts |= dict.fromkeys(PARENTS[4:], "CAST(NULL AS VARCHAR)")
        texts["currency"] = tree.text(source.currency)
        texts |= {name: tree.text(source.breakdown.get(name, ())) for name in BREAKDOWNS}
        texts["event_own"] = tree.text(source.event)
        read = ", ".join(f"{sql} AS {name}" for name, sql in texts.items())
        # A table next to the report has fewer identifiers: the report's own are taken first.
        own = f"{level}_id"
        known = ", ".join(f"coalesce(r.{n}, k.{n}) AS {n}" for n in (*IDS, "currency") if n != own)
        steps = [
            f"t AS (SELECT h, {read} FROM tree)",
            f"r0 AS (SELECT r.* REPLACE ({known}) FROM t r "
            f"LEFT JOIN ({self.settled((level,), (own,))}) k ON k.{own} = r.{own})"
            if source.beside
            else "r0 AS (FROM t)",
        ]
        coarser = LEVELS[: LEVELS.index(level)]
        # Whose account a report does not tell, finer rows tell, or there is only one.
        finer = f"SELECT {own}, account_id FROM ({self.settled(coarser, (own,))})"
        account = (
            f"coalesce(r.account_id, (SELECT account_id FROM ({finer}) k WHERE k.{own} = r.{own}),"
            f" ({self.only_account(coarser)}))"
        )
        more, last = self._looked_up(level, account if coarser else "r.account_id")
        steps += more
        ids = ", ".join(f"coalesce(r.{n}, '{UNKNOWN}') AS {n}" for n in IDS)
        # What finer rows say of a campaign's or an account's money and days holds above them too.
        money = "upper(coalesce(s.currency, c.currency, a.currency, r.currency))"
        zone = f"coalesce(c.report_tz, a.report_tz, {self._zone(source)})"
        codes = ", ".join(map(literal, currencies()))
        steps.append(
            f"named AS (SELECT r.* REPLACE ({ids}, "
            f"{zone} AS report_tz, "
            f"CASE WHEN {money} IN ({codes}) THEN {money} ELSE '{UNKNOWN_CURRENCY}' END "
            f"AS currency) FROM {last} r LEFT JOIN (SELECT account_id, "
            # What is stated of one platform's account goes before what is of every platform's.
            f"max_by(currency, platform) AS currency FROM stated WHERE platform IN ('', "
            f"{literal(self.platform.key)}) GROUP BY account_id) s ON r.account_id = s.account_id "
            f"LEFT JOIN ({self.settled(coarser, IDS[:2])}) c "
            f"ON c.account_id = r.account_id AND c.campaign_id = r.campaign_id "
            f"LEFT JOIN ({self.settled(coarser, IDS[:1])}) a ON a.account_id = r.account_id)"
        )
        around = {at: self._place(at) for at in LEVELS[LEVELS.index(level) :]}
        places = {"place": self._place(level, with_breakdown=True), "bare": self._place(level)}
        keys = ", ".join(f"{sql} AS {at}_key" for at, sql in (places | around).items())
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE placed AS WITH {', '.join(steps)} "
            f"SELECT *, {keys} FROM named"
        )
        numbers = ", ".join(f"md5_number_lower({at}_key) AS {at}_id" for at in places)
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE resolved AS SELECT h, {numbers}, event_own, "
            f"click_days, view_days, report_tz FROM placed"
        )
        for at, prefix in [(level, "place"), (level, "bare"), *((a, a) for a in around)]:
            self._add_places(at, prefix, with_breakdown=prefix == "place")

    def only_account(self, levels: Sequence[str]) -> str:
        """SQL of the account, if the rows of some levels and the history have one alone."""
        told = (
            f"SELECT account_id FROM place WHERE platform = {literal(self.platform.key)} AND level"
            f" IN ({', '.join(map(literal, levels)) or 'NULL'}) AND account_id <> '{UNKNOWN}'"
        )
        if "account" in self.found.entities:
            told += " UNION ALL SELECT account_id FROM e_account"
        return f"SELECT min(account_id) FROM ({told}) HAVING count(DISTINCT account_id) = 1"

    def _looked_up(self, level: str, account: str = "r.account_id") -> tuple[list[str], str]:
        """Steps of a query that fill ``r0`` from the histories, and the name of the last."""
        # Histories of finer levels say nothing here; what a creative tells its ads have already.
        silent = ("creative", *LEVELS[: LEVELS.index(level)])
        kinds = [k for k in ENTITIES if k in self.found.entities and k not in silent]
        filled = []  # what is replaced of the rows, and what they are joined with
        for kind in kinds:
            key = self.key(kind)
            more = ", ".join(f"coalesce(r.{n}, e.{n}) AS {n}" for n in PARENTS if n not in key)
            joined = " AND ".join(f"r.{k} = e.{k}" for k in key)
            filled.append((more, f"LEFT JOIN e_{kind} e ON {joined}"))
        # Before the account itself is looked up.
        filled.insert(len(kinds) - ("account" in kinds), (f"{account} AS account_id", ""))
        steps = [
            f"r{n + 1} AS (SELECT r.* REPLACE ({more}) FROM r{n} r {joined})"
            for n, (more, joined) in enumerate(filled)
        ]
        return steps, f"r{len(steps)}"

    def accounts(self, level: str, ids: str) -> str:
        """SQL of the account of each identifier, if the level's report or the histories tell it.

        Parameters
        ----------
        level : str
        ids : str
            SQL of the identifiers.
        """
        own, report = f"{level}_id", self.found.reports.get(level)
        told = f"SELECT '' AS {own}, NULL AS account_id"
        terms = self.platform.reports[level].ids
        if report is not None and report.readable(terms.get("account_id", ())):
            account = report.text(terms["account_id"])
            told = (
                f"SELECT {report.text(terms[own])} AS {own}, CASE WHEN count(DISTINCT {account}) "
                f"= 1 THEN min({account}) END AS account_id FROM {report.relation} GROUP BY 1"
            )
        nothing = ", ".join(
            f"CAST(NULL AS VARCHAR) AS {n}" for n in PARENTS if n not in (own, "account_id")
        )
        first = (
            f"SELECT i.{own}, k.account_id, {nothing} FROM ({ids}) i "
            f"LEFT JOIN ({told}) k USING ({own})"
        )
        steps, last = self._looked_up(level)
        return (
            f"WITH {', '.join([f'r0 AS ({first})', *steps])} "
            f"SELECT {own} AS own_id, account_id AS own_account FROM {last} "
            f"WHERE account_id IS NOT NULL"
        )

    def settled(self, levels: Sequence[str], by: Sequence[str]) -> str:
        """SQL of what all places of some levels agree on, for each of the identifiers ``by``."""
        names = [n for n in (*IDS, "currency", "report_tz") if n not in by]
        unknown = f"'{UNKNOWN}', '{UNKNOWN_CURRENCY}'"
        agreed = ", ".join(
            f"CASE WHEN count(DISTINCT {n}) FILTER (WHERE {n} NOT IN ({unknown})) = 1 "
            f"THEN min({n}) FILTER (WHERE {n} NOT IN ({unknown})) END AS {n}"
            for n in names
        )
        of = ", ".join(literal(level) for level in levels) or "''"
        return (
            f"SELECT {', '.join(by)}, {agreed} FROM place WHERE level IN ({of}) "
            f"AND platform = {literal(self.platform.key)} GROUP BY {', '.join(by)}"
        )

    def _within(self, level: str) -> str:
        """SQL of the number of what a place lies in, whatever its currency and time zone."""
        parts = [literal(level), literal(self.platform.key), *reversed(_KNOWN_AT[level])]
        return f"md5_number_lower(concat_ws(chr(31), {', '.join(parts)}))"

    def _place(self, level: str, *, with_breakdown: bool = False) -> str:
        """SQL of a place's key; a part that is NULL differs from one that is empty."""
        known = _KNOWN_AT[level]
        parts = [literal(level), literal(self.platform.key)]
        parts += [n if n in known else "chr(1)" for n in IDS]
        parts += ["report_tz", "currency"]
        parts += [f"coalesce({n}, chr(1))" if with_breakdown else "chr(1)" for n in BREAKDOWNS]
        return f"concat_ws(chr(31), {', '.join(parts)})"

    def _add_places(self, level: str, prefix: str, *, with_breakdown: bool) -> None:
        known = _KNOWN_AT[level]
        ids = ", ".join(n if n in known else f"NULL AS {n}" for n in IDS)
        broken = ", ".join(n if with_breakdown else f"NULL AS {n}" for n in BREAKDOWNS)
        coarser = LEVELS[max(LEVELS.index(level), 1) :]
        above = ", ".join(
            [f"{self._within(at)} AS in_{at}" for at in ("account", *coarser)]
            + [f"md5_number_lower({self._place(at)}) AS up_{at}" for at in coarser]
        )
        self.con.execute(
            f"INSERT INTO place BY NAME SELECT n.* FROM (SELECT DISTINCT "
            f"md5_number_lower({prefix}_key) AS place_id, "
            f"{prefix}_key AS place_key, {literal(level)} AS level, "
            f"{literal(self.platform.key)} AS platform, {ids}, report_tz, currency, {broken}, "
            f"{above} FROM placed) n ANTI JOIN place USING (place_id)"
        )

    def _zone(self, source: Source) -> str:
        if source.has_hours and not source.days_as_moments:
            parts = f"string_split({literal(PARTS_OF_HOURS)}, ' ')"
            return f"CASE WHEN r.report_tz NOT IN {parts} THEN r.report_tz ELSE 'UTC' END"
        return (
            "'UTC'" if self.platform.report_tz == "UTC" else f"coalesce(r.report_tz, '{UNKNOWN}')"
        )

    def _wrong(self, source: Source) -> list[tuple[Terms, str, str]]:
        """Columns whose cells may say nothing, SQL of where they do, and what is expected."""
        table = source.table
        checks = [
            (source.hour if source.has_hours else source.date, f"{source.when} IS NULL",
             "a day in every row, such as 2026-03-31")
        ]  # fmt: skip
        for name, terms in source.amounts.items():
            if (unread := table.unread(terms, whole=name in _WHOLE)) is not None:
                checks.append((terms, f"({unread})", "numbers, such as 1234.5, or nothing"))
            if name in _WHOLE and table.may_be_broken(terms):
                amount = table.amount(terms, whole=True)
                broken = f"coalesce({amount} <> trunc({amount}), false)"
                checks.append((terms, broken, "whole numbers"))
        return checks

    def _refuse(self, table: Landed, checks: list[tuple[Terms, str, str]], where: str) -> None:
        """Name the cells that would put an amount in a wrong place, or a wrong amount anywhere."""
        asked = ", ".join(
            f"count(*) FILTER (WHERE {wrong}), "
            f"any_value({table.shown(terms)}) FILTER (WHERE {wrong})"
            for terms, wrong, _ in checks
        )
        told = self._rows(f"SELECT {asked} FROM {table.relation} {where}")[0]
        faults = [
            Fault(
                f"{table.name}, {', '.join(t.column for t in table.readable(terms))}",
                f"{count:,} cells, such as {example!r:.40}; expected {expected}",
            )
            for (terms, _, expected), count, example in zip(
                checks, told[::2], told[1::2], strict=True
            )
            if count
        ]
        raise HarmoniseError(
            f"cells of {table.name} cannot be read", faults=faults,
            hint="correct those cells and ingest again; an empty amount is unknown and not 0",
        )  # fmt: skip

    def report_source(self, level: str) -> Source:
        """What is read of a level's report."""
        report, table = self.platform.reports[level], self.found.reports[level]
        amounts = {n: terms for n, terms in report.measures.items() if table.readable(terms)}
        return Source(
            table, report.ids, amounts, report.date, report.hour, report.currency,
            {n: t for n, t in report.breakdown.items() if table.readable(t)},
            days_as_moments=report.days_as_moments,
        )  # fmt: skip

    def conversion_spans(
        self, counted: Conversions, table: Landed
    ) -> list[tuple[Mapping[str, Terms], int | None, int | None]]:
        """Amounts of conversions by window: those of the report's own, then each other's."""
        amounts = {n: terms for n, terms in counted.amounts.items() if table.readable(terms)}
        spans: list[tuple[Mapping[str, Terms], int | None, int | None]] = []
        if amounts:
            spans.append((amounts, counted.click_days, counted.view_days))
        for window, (click, view) in counted.windows.items():
            own = next((c for c in table.types if _same_window(c, window)), None)
            if own is not None:
                spans.append((dict.fromkeys(amounts, (Term(plain(own)),)), click, view))
        return spans

    def conversion_table(self, counted: Conversions, table: Landed) -> Landed:
        """The table that conversions are read from, with the identifiers and the day of each."""
        report = self.platform.reports[counted.level]
        if counted.level not in self.found.reports and "_dlt_parent_id" in table:
            raise HarmoniseError(
                f"{table.name} is a child table, and its parent was not ingested",
                hint=f"ingest one of {', '.join(report.names)} too",
            )
        own_day: Terms = (Term(DAY),)
        terms = (*report.ids.values(), report.date, report.hour, report.currency, own_day)
        if table is self.found.reports.get(counted.level):
            kept = [t.column for ts in terms for t in table.readable(ts)]
            return exploded(table, counted.list, list(dict.fromkeys(kept)))
        if "_dlt_parent_id" not in table or table.readable(counted.date or report.date):
            return table
        parent = self.found.reports[counted.level]
        kept = [t.column for ts in terms for t in parent.readable(ts) if t.column not in table]
        columns = [f"c.{quoted(own)}" for own in table.types]
        columns += [f"p.{quoted(parent.own(c))} AS {quoted(c)}" for c in dict.fromkeys(kept)]
        relation = (
            f"(SELECT {', '.join(columns)} FROM {table.relation} c JOIN {parent.relation} p "
            f"ON c.{quoted(table.own('_dlt_parent_id'))} = p.{quoted(parent.own('_dlt_id'))})"
        )
        types = {**table.types, **{c: parent.types[parent.own(c)] for c in kept}}
        return Landed(table.name, relation, types, table.strip)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.con.execute(sql).fetchall()
        return rows


def remainder(
    report: str,
    finer: str,
    level: str,
    keys: Sequence[str],
    amounts: Sequence[str],
    *,
    only: str = "true",
) -> str:
    """SQL of what a level's ``report`` has beyond the ``finer`` levels' rows, by place and day.

    Within the accounts and days that the report covers (``now_covered``), and of the finer rows
    that it counts at all (``only``). Where it lacks a row that the finer levels have there, what
    is left is negative: the sums then close at this level too.
    """
    by = ", ".join(("p.currency", "f.date_local", *(f"f.{k}" for k in keys)))
    sums = ", ".join(f"CAST(sum({n}) AS {SUM}) AS {n}" for n in amounts)
    same = ("inside", "currency", "date_local", *keys)
    joined = " AND ".join(f"s.{k} IS NOT DISTINCT FROM l.{k}" for k in same)
    shown = ("place_id", "date_local", *keys)
    chosen = ", ".join(f"coalesce(s.{k}, l.{k}) AS {k}" for k in shown)
    left = ", ".join(
        f"CASE WHEN s.place_id IS NULL THEN -l.{n} ELSE s.{n} - coalesce(l.{n}, 0) END AS {n}"
        for n in amounts
    )
    return (
        f"WITH s AS (SELECT p.in_{level} AS inside, min(place_id) AS place_id, {by}, {sums} "
        f"FROM {report} f JOIN place p USING (place_id) GROUP BY inside, {by}), "
        f"l AS (SELECT p.in_{level} AS inside, min(p.up_{level}) AS place_id, {by}, {sums} "
        f"FROM {finer} f JOIN place p USING (place_id) SEMI JOIN now_covered c "
        f"ON c.in_account = p.in_account AND c.date_local = f.date_local "
        f"WHERE {only} GROUP BY inside, {by}) "
        f"SELECT * FROM (SELECT {chosen}, {left} FROM s FULL JOIN l ON {joined}) "
        f"WHERE {' OR '.join(f'coalesce({n}, 0) <> 0' for n in amounts)}"
    )


def _entity_rows(entity: Entity, table: Landed, *, is_own: bool) -> str:
    """SQL of a table's entities; its own table goes before a report that names them too."""
    given = {**entity.columns, **entity.key}
    columns = [f"{table.text(given.get(name, ()))} AS {name}" for name in (*PARENTS, *DESCRIBING)]
    active = "true"
    if "_fivetran_active" in table:
        own = quoted(table.own("_fivetran_active"))
        active = f"coalesce(lower(CAST({own} AS VARCHAR)) <> 'false', true)"
    newest = [name for name in entity.newest if name in table]
    moments = [table.moment((Term(name),)) for name in newest[:1]] or ["NULL"]
    numbers = [f"TRY_CAST({table.cell(name)} AS DOUBLE)" for name in newest[::-1]] or ["NULL"]
    return (
        f"SELECT {', '.join(columns)}, {is_own} AS is_own, {active} AS active, "
        f"{moments[0]} AS newest, "
        f"{numbers[0]} AS version, {table.synced} AS synced, rowid AS landed_at "
        f"FROM {table.relation}"
    )


def _columns(source: Source) -> list[str]:
    """Columns that distinguish a source's rows."""
    table = source.table
    parts = (*source.ids.values(), source.currency, *source.breakdown.values(), source.event)
    return list(dict.fromkeys(term.column for terms in parts for term in table.readable(terms)))


def _final(name: str, unit: str, *, kind: str = "") -> str:
    if name == "reach":  # of one row alone: people reached twice would count twice
        return "CAST(CASE WHEN sum(num_rows) = 1 THEN any_value(reach) END AS BIGINT) AS reach"
    total = f"sum({name})"
    if unit in _SCALES:
        total = f"CAST({total} AS {SUM}) * CAST({_SCALES[unit]})"
    return f"CAST({total} AS {kind or ('BIGINT' if name in _WHOLE else _MONEY)}) AS {name}"


@cache
def withdrawn() -> dict[str, datetime.date]:
    """Currencies that were withdrawn, and the day from which each is none."""
    text = Path(__file__).with_name("currencies.toml").read_text(encoding="utf-8")
    made: dict[str, datetime.date] = tomllib.loads(text)["withdrawn"]
    return made


@cache
def currencies() -> list[str]:
    """Codes of ISO 4217, those that were withdrawn among them: old days have old money."""
    pycountry = require("pycountry", extra="harmonise", user="the codes of currencies")
    return sorted({currency.alpha_3 for currency in pycountry.currencies} | withdrawn().keys())


def _same_window(column: str, window: str) -> bool:
    return re.sub("_", "", column.lower()) == re.sub("_", "", window)
