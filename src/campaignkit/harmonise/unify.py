"""A platform's landed tables as amounts by place and day: ids from the report, no row twice.

A *place* is where an amount belongs: level, account, campaign, ad group, ad, currency, time zone
and breakdown. There are few, and rows are many: parents are looked up once a place, and rows
carry its number.
"""

from __future__ import annotations

import datetime
import tomllib
import zoneinfo
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.extras import require
from campaignkit.harmonise.definition import (
    BREAKDOWNS,
    DESCRIBING,
    ENTITIES,
    IDS,
    LEVELS,
    PARENTS,
    Platform,
)
from campaignkit.harmonise.finding import Found
from campaignkit.harmonise.landing import WHOLE, Kept
from campaignkit.tables import literal

UNKNOWN = "unknown"  # an id that neither the report nor a history gives
UNKNOWN_CURRENCY = "XXX"  # ISO 4217's own code where no currency is involved, or none is known
# Landed columns that tell rows of amounts apart, and those that are neither these nor amounts.
KEYS = (*IDS, "currency", *BREAKDOWNS, "event_own", "click_days", "view_days")
_ASIDE = ("number", "day", "moment", "synced", "row_id")
SUM = "DECIMAL(38,6)"
CHECKED = ("spend", "impressions_paid", "clicks_platform")  # totals that are compared
_MONEY = "DECIMAL(18,6)"
_KNOWN_AT = {level: IDS[: 4 - number] for number, level in enumerate(LEVELS)} | {
    "account": IDS[:1]
}
# Zones that are or were not whole hours from UTC: an hour's amounts cannot be split.
PARTS_OF_HOURS = (
    "America/Caracas America/St_Johns Asia/Calcutta Asia/Colombo Asia/Kabul Asia/Kathmandu "
    "Asia/Katmandu Asia/Kolkata Asia/Pyongyang Asia/Rangoon Asia/Tehran Asia/Yangon "
    "Australia/Adelaide Australia/Broken_Hill Australia/Darwin Australia/Eucla Australia/LHI "
    "Australia/Lord_Howe Australia/North Australia/South Australia/Yancowinna Iran NZ-CHAT "
    "Canada/Newfoundland Indian/Cocos Pacific/Chatham Pacific/Marquesas Pacific/Norfolk"
)


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

        One row a key: the newest, and one that is in force before one that is not. A table of its
        own goes before a report that names entities too.
        """
        reports = {table.name for table in self.found.reports.values()}
        columns = ", ".join((*PARENTS, *DESCRIBING))
        for kind, tables in self.found.entities.items():
            rows = " UNION ALL BY NAME ".join(
                f"SELECT *, {table.name not in reports} AS is_own FROM {table.relation}"
                for table in tables
            )
            none = ", ".join(f"CAST(NULL AS VARCHAR) AS {n}" for n in (*PARENTS, *DESCRIBING))
            order = ", ".join(
                f"{n} DESC NULLS LAST"
                for n in ("is_own", "active", "newest", "version", "synced", "number")
            )
            key = self.key(kind)
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE e_{kind} AS SELECT {columns} FROM "
                f"(({rows}) UNION ALL BY NAME (SELECT {none} LIMIT 0)) "
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
        return [name for name in given if all(name in table.columns for table in tables)]

    def _check_zones(self) -> None:
        """Keep only zones that exist, and note the others."""
        known = ", ".join(map(literal, sorted(zoneinfo.available_timezones())))
        strange = f"e_account WHERE report_tz NOT IN ({known})"
        asked = f"SELECT account_id, report_tz FROM {strange} ORDER BY ALL"
        for account, zone in self._rows(asked):
            note = f"time zone {zone!r} is not in the IANA data base: days are the report's own"
            self.notes.append((f"account {account}", note))
        self.con.execute("UPDATE " + strange.replace("WHERE", "SET report_tz = NULL WHERE"))

    def facts(self, name: str, table: Kept, level: str) -> None:
        """Make a temporary table of a landed table's amounts by place, event and day.

        Columns: ``place_id``, ``bare_id`` (the place without its breakdown), ``event_own``,
        ``click_days`` and ``view_days``, ``date_local``, the amounts, and ``num_rows`` that were
        added up. Places that are new are added to ``place``.
        """
        dims = ", ".join(n for n in KEYS if n in table.columns)
        amounts = amounts_of(table)
        where = f"WHERE day IN ({self.days})" if self.days else ""
        when = "moment" if "moment" in table.columns else "CAST(day AS TIMESTAMP)"
        sums = ", ".join(f"{'any_value' if n == 'reach' else 'sum'}({n}) AS {n}" for n in amounts)
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE summed AS SELECT hash({dims}) AS h, {when} AS moment, "
            f"{sums}, count(*) AS num_rows, max(synced) AS extracted_at "
            f"FROM {table.relation} {where} GROUP BY ALL"
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE tree AS SELECT *, hash({dims}) AS h "
            f"FROM (SELECT DISTINCT {dims} FROM {table.relation} {where})"
        )
        if self._rows("SELECT count(*) - count(DISTINCT h) FROM tree") != [(0,)]:
            raise HarmoniseError(f"{table.name}: two identifiers share a hash")  # 1 in 10^9 tables
        self._resolve(table, level)
        local = "moment"
        if "moment" in table.columns:
            zone = f"nullif(report_tz, '{UNKNOWN}')"
            # A day that was written as a day has no moment that could be put into a zone.
            as_moments = self.platform.reports[level].days_as_moments
            is_day = "CAST(moment AS TIME) = '00:00'" if as_moments else "false"
            local = (
                f"CASE WHEN {is_day} THEN moment ELSE coalesce("
                f"(moment AT TIME ZONE 'UTC') AT TIME ZONE {zone}, moment) END"
            )
        local = f"CAST({local} AS DATE)"
        final = ", ".join(_final(n) for n in amounts)
        key = "place_id, bare_id, event_own, click_days, view_days, date_local"
        made = f"WHERE {local} IN (SELECT day FROM days)" if self.days else ""
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {key}, {final}, "
            f"sum(num_rows) AS num_rows, max(extracted_at) AS extracted_at FROM ("
            f"SELECT s.*, r.* EXCLUDE (h), {local} AS date_local "
            f"FROM summed s JOIN resolved r USING (h) {made}) GROUP BY {key}"
        )

    def totals(self, table: Kept) -> str:
        """SQL of a report's own totals by day and currency, of what :meth:`facts` read.

        No join can change them. ``num_rounded`` amounts of money have parts of a millionth.
        """
        sums = ", ".join(_final(n, kind=SUM) for n in CHECKED if n in table.columns)
        has_spend = "spend" in table.columns
        rounded = f"count_if(spend <> CAST(spend AS {SUM}))" if has_spend else "0"
        return (
            f"SELECT CAST(moment AS DATE) AS day, currency, {rounded} AS num_rounded, {sums} "
            f"FROM summed LEFT JOIN (SELECT h, min(currency) AS currency FROM placed GROUP BY h) "
            f"USING (h) GROUP BY ALL"
        )

    def _resolve(self, table: Kept, level: str) -> None:
        """Make ``resolved``: the place of each combination of identifiers, looked up once."""
        read = ", ".join(
            n if n in table.columns else f"CAST(NULL AS VARCHAR) AS {n}"
            for n in dict.fromkeys((*KEYS, *PARENTS))
        )
        # A table next to the report has fewer identifiers: the report's own are taken first.
        own = f"{level}_id"
        known = ", ".join(f"coalesce(r.{n}, k.{n}) AS {n}" for n in (*IDS, "currency") if n != own)
        steps = [
            f"t AS (SELECT h, {read} FROM tree)",
            f"r0 AS (SELECT r.* REPLACE ({known}) FROM t r "
            f"LEFT JOIN ({self.settled((level,), (own,))}) k ON k.{own} = r.{own})"
            if "event_own" in table.columns
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
        zone = f"coalesce(c.report_tz, a.report_tz, {self._zone(table, level)})"
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
        if report is not None and "account_id" in report.columns:
            told = (
                f"SELECT {own}, CASE WHEN count(DISTINCT account_id) = 1 THEN min(account_id) END "
                f"AS account_id FROM {report.relation} GROUP BY 1"
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

    def _zone(self, table: Kept, level: str) -> str:
        if "moment" in table.columns and not self.platform.reports[level].days_as_moments:
            parts = f"string_split({literal(PARTS_OF_HOURS)}, ' ')"
            return f"CASE WHEN r.report_tz NOT IN {parts} THEN r.report_tz ELSE 'UTC' END"
        return (
            "'UTC'" if self.platform.report_tz == "UTC" else f"coalesce(r.report_tz, '{UNKNOWN}')"
        )

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


def amounts_of(table: Kept) -> list[str]:
    """The landed columns that are amounts."""
    return [n for n in table.columns if n not in (*KEYS, *_ASIDE)]


def _final(name: str, *, kind: str = "") -> str:
    if name == "reach":  # of one row alone: people reached twice would count twice
        return "CAST(CASE WHEN sum(num_rows) = 1 THEN any_value(reach) END AS BIGINT) AS reach"
    return f"CAST(sum({name}) AS {kind or ('BIGINT' if name in WHOLE else _MONEY)}) AS {name}"


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
