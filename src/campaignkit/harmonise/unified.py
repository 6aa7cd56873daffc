"""The unified tables of one client, and how days that change are made anew.

Amounts lie by place and day in ``performance_fact``, ``conversion_fact`` and ``reach_fact``; the
views ``performance``, ``conversions`` and ``reach`` put the places' identifiers and names next to
them. A campaign's or ad group's row is what the finer levels do not explain. ``closing`` has the
totals of the landed reports beside those of the unified rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise.definition import (
    ADDITIVE,
    BREAKDOWNS,
    CONVERSION_AMOUNTS,
    DESCRIBING,
    ENTITIES,
    IDS,
    LEVELS,
    Conversions,
    Platform,
)
from campaignkit.harmonise.landing import Found, Landed, unit_of
from campaignkit.harmonise.unify import PARENTS, SUM, UNKNOWN, Source, Unifier, remainder
from campaignkit.tables import literal

VERSION = 1  # of the schema; another one makes all anew
CHECKED = ("spend", "impressions_paid", "clicks_platform")
_UNKNOWN_ACCOUNT = "no table gives the account of some rows: ingest the histories of their ads"
_EVENT = ("event_own", "click_days", "view_days", "time_basis")
_IDS = ", ".join(f"{name} VARCHAR" for name in (*IDS, "report_tz", "currency", *BREAKDOWNS))
_SPAN = (
    "CASE upper({0}) WHEN 'DAY' THEN 1 WHEN 'WEEK' THEN 7 WHEN 'MONTH' THEN 28 "
    "ELSE TRY_CAST({0} AS INTEGER) END"
)
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS place (place_id UBIGINT, place_key VARCHAR, level VARCHAR,
    platform VARCHAR, {_IDS}, in_account UBIGINT, in_campaign UBIGINT, in_ad_group UBIGINT,
    up_campaign UBIGINT, up_ad_group UBIGINT);
CREATE TABLE IF NOT EXISTS performance_fact (place_id UBIGINT, date_local DATE,
    spend DECIMAL(18,6), {", ".join(f"{name} BIGINT" for name in ADDITIVE[1:])});
CREATE TABLE IF NOT EXISTS conversion_fact (place_id UBIGINT, date_local DATE, event_own VARCHAR,
    click_days INTEGER, view_days INTEGER, time_basis VARCHAR,
    {", ".join(f"{name} DECIMAL(18,6)" for name in CONVERSION_AMOUNTS)});
CREATE TABLE IF NOT EXISTS reach_fact (place_id UBIGINT, date_local DATE, reach BIGINT);
CREATE TABLE IF NOT EXISTS covered (platform VARCHAR, level VARCHAR, in_account UBIGINT,
    date_local DATE);
CREATE TABLE IF NOT EXISTS described (platform VARCHAR, kind VARCHAR, id VARCHAR,
    in_group VARCHAR, creative_id VARCHAR, {", ".join(f"{name} VARCHAR" for name in DESCRIBING)});
CREATE TABLE IF NOT EXISTS events (platform VARCHAR, event_own VARCHAR, event VARCHAR,
    rank INTEGER);
CREATE TABLE IF NOT EXISTS click_kinds (platform VARCHAR, click_kind VARCHAR);
CREATE TABLE IF NOT EXISTS closing (platform VARCHAR, level VARCHAR, day DATE, measure VARCHAR,
    source {SUM}, harmonised {SUM}, uncovered {SUM});
CREATE TABLE IF NOT EXISTS notes (platform VARCHAR, about VARCHAR, note VARCHAR);
CREATE TABLE IF NOT EXISTS state (platform VARCHAR PRIMARY KEY, digest VARCHAR);
"""


class Unified:
    """Keeps the unified tables of a client up to date, one platform at a time.

    Parameters
    ----------
    con : DuckDB connection
        Of the client's file, inside a transaction.
    """

    def __init__(self, con: Any) -> None:
        self.con = con
        for statement in _SCHEMA.split(";"):
            if statement.strip():
                con.execute(statement)

    def make(self, known: Platform, found: Found, currencies: Mapping[str, str]) -> None:
        """Make a platform's rows anew: of days that changed, or of all if its parents did."""
        self.known, self.found, self.key = known, found, literal(known.key)
        self.unifier = Unifier(self.con, known, found, currencies)
        self.unifier.read_entities()
        digest = self._digest(currencies)
        self.is_whole = self._rows(f"SELECT digest FROM state WHERE platform = {self.key}") != [
            (digest,)
        ]
        changed = self._rows(f"SELECT count(*) FROM touched WHERE platform = {self.key}")[0][0]
        if not self.is_whole and not changed:
            self._describe()
            self._replace("notes", [*self.unifier.notes, *self._notes()])
            return
        # A local day has hours of its neighbours in UTC.
        for name, of in (("days", "touched"), ("read_days", "days")):
            where = f" WHERE platform = {self.key}" if of == "touched" else ""
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS "
                f"SELECT DISTINCT CAST(day + n AS DATE) AS day "
                f"FROM (SELECT day FROM {of}{where}), (SELECT unnest([-1, 0, 1]) AS n)"
            )
        if not self.is_whole:
            self.unifier.days = "CAST(moment AS DATE) IN (SELECT day FROM read_days)"
        for part in (self._make_facts, self._describe, self._close):
            part()
        self._replace("notes", [*self.unifier.notes, *self._notes()])
        self.con.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", [known.key, digest])
        self.con.execute(f"DELETE FROM touched WHERE platform = {self.key}")

    def _digest(self, currencies: Mapping[str, str]) -> str:
        """Of everything but the reports that decides what becomes of a report's row."""
        parts = [
            str(VERSION),
            repr(self.known),
            repr(sorted(currencies.items())),
            repr(self.found.used),
        ]
        row = f"md5(concat_ws('|', {', '.join(f'coalesce({name}, chr(1))' for name in PARENTS)}))"
        for kind in self.found.entities:
            rows = f"SELECT {row} AS r FROM e_{kind}"
            parts.append(
                repr(self._rows(f"SELECT md5(string_agg(r, '' ORDER BY r)) FROM ({rows})"))
            )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _make_facts(self) -> None:
        con = self.con
        con.execute("CREATE OR REPLACE TEMP TABLE new_covered AS SELECT * FROM covered LIMIT 0")
        if self.is_whole:
            self._forget()
        for table in ("performance", "conversion", "reach"):
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE new_{table} AS SELECT * FROM {table}_fact LIMIT 0"
            )
        for level in LEVELS:
            beside = [(c, t) for c, t in self.found.conversions if c.level == level]
            inside: list[Conversions] = []
            if level in self.found.reports:
                report = self.found.reports[level]
                inside = [c for c, t in beside if t is report and not c.list]
                self._make_level(level, inside)
            else:
                self.con.execute(
                    "CREATE OR REPLACE TEMP TABLE now_covered AS "
                    "SELECT in_account, date_local FROM covered LIMIT 0"
                )
            parts = [self._inside(number, c, level) for number, c in enumerate(inside)]
            parts += [
                sql for number, (c, t) in enumerate(beside) if c not in inside
                for sql in self._beside(number, c, t)
            ]  # fmt: skip
            if parts:
                only = "true" if len(inside) < len(beside) else _any_of(inside)
                self._add_conversions(level, " UNION ALL ".join(parts), only)
        self._forget()
        for table in ("performance", "conversion", "reach"):
            con.execute(f"INSERT INTO {table}_fact SELECT * FROM new_{table}")
        con.execute("INSERT INTO covered SELECT * FROM new_covered")
        repeats = self._rows(
            "SELECT count(*) - count(DISTINCT place_id) FROM place UNION ALL "
            "SELECT count(*) - count(DISTINCT (place_id, date_local)) FROM new_performance"
        )
        if any(count for (count,) in repeats):
            raise HarmoniseError(
                "two rows share a key; expected one row for each place and day",
                hint="this is a fault of the platform's definition: please report it",
            )

    def _forget(self) -> None:
        """Delete what is made anew: the platform's rows of the days, or all it ever had."""
        same = "" if self.is_whole else " AND date_local IN (SELECT day FROM days)"
        of_platform = f"SELECT place_id FROM place WHERE platform = {self.key}"
        for table in ("performance", "conversion", "reach"):
            self.con.execute(f"DELETE FROM {table}_fact WHERE place_id IN ({of_platform}){same}")
        self.con.execute(f"DELETE FROM covered WHERE platform = {self.key}{same}")
        if self.is_whole and not self._rows("SELECT count(*) FROM new_covered")[0][0]:
            self.con.execute(f"DELETE FROM place WHERE platform = {self.key}")

    def _make_level(self, level: str, inside: list[Conversions]) -> None:
        """One pass over a level's report: its measures, and the conversions among its columns."""
        source = self.unifier.report_source(level)
        table, measures = source.table, list(source.amounts)
        amounts = dict(source.amounts)
        for number, counted in enumerate(inside):
            for spans in self.unifier.conversion_spans(counted, table)[:1]:
                amounts |= {f"c{number}_{name}": terms for name, terms in spans[0].items()}
        self.unifier.facts(
            f"f_{level}",
            replace(source, amounts=amounts),
            level,
        )  # fmt: skip
        self._keep_days(f"f_{level}")
        sums = [name for name in measures if name != "reach"]
        self._cover(level)
        finer = LEVELS[: LEVELS.index(level)]
        if not any(name in self.found.reports for name in finer):
            rows = f"SELECT place_id, date_local, {', '.join(sums)} FROM f_{level}"
        else:
            bare = f"(SELECT bare_id AS place_id, * EXCLUDE (place_id, bare_id) FROM f_{level})"
            left = remainder(bare, "new_performance", level, (), sums)
            rows = f"SELECT place_id, date_local, {', '.join(sums)} FROM ({left})"
        self.con.execute(f"INSERT INTO new_performance BY NAME {rows}")
        if "reach" in measures:
            self.con.execute(
                f"INSERT INTO new_reach SELECT place_id, date_local, reach FROM f_{level} "
                f"WHERE reach IS NOT NULL"
            )

    def _cover(self, level: str) -> None:
        """Note which accounts and days a level's report covers; rows of no account among them."""
        own = (
            f"SELECT DISTINCT p.in_account, date_local FROM f_{level} "
            f"JOIN place p USING (place_id)"
        )
        nobody = (
            f"SELECT DISTINCT in_account FROM place WHERE platform = {self.key} "
            f"AND account_id = '{UNKNOWN}'"
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE now_covered AS {own} UNION "
            f"SELECT u.in_account, o.date_local FROM ({own}) o, ({nobody}) u"
        )
        self.con.execute(
            f"INSERT INTO new_covered SELECT {self.key}, '{level}', * FROM now_covered"
        )

    def _inside(self, number: int, counted: Conversions, level: str) -> str:
        """SQL of conversions that are columns of the report, from the one pass over it."""
        names = {name: f"c{number}_{name}" for name in CONVERSION_AMOUNTS}
        there = {row[0] for row in self._rows(f"DESCRIBE f_{level}")}
        amounts = [f"{c if c in there else 'NULL'} AS {n}" for n, c in names.items()]
        return _counted(f"f_{level}", counted, literal(counted.event_is), amounts,
                        click=counted.click_days, view=counted.view_days)  # fmt: skip

    def _beside(self, number: int, counted: Conversions, table: Landed) -> list[str]:
        """SQL of conversions in a table of their own, or in lists; one for each window."""
        report = self.known.reports[counted.level]
        read = self.unifier.conversion_table(counted, table)
        own = f"{counted.level}_id"
        ids = counted.ids if read.readable(counted.ids.get(own, ())) else report.ids
        date, hour = (
            (counted.date, ()) if read.readable(counted.date) else (report.date, report.hour)
        )
        made = []
        for span, (amounts, click, view) in enumerate(
            self.unifier.conversion_spans(counted, read)
        ):
            source = Source(
                read, ids, amounts, date, hour, report.currency, {}, counted.event, beside=True,
                days_as_moments=report.days_as_moments,
            )  # fmt: skip
            name = f"c_{counted.level}_{number}_{span}"
            self.unifier.facts(name, source, counted.level)
            self._keep_days(name)
            event = (
                "coalesce(event_own, 'unknown')" if counted.event else literal(counted.event_is)
            )
            told = [f"{n if n in amounts else 'NULL'} AS {n}" for n in CONVERSION_AMOUNTS]
            made.append(_counted(name, counted, event, told, click=click, view=view))
        return made

    def _add_conversions(self, level: str, parts: str, only: str) -> None:
        key = ", ".join(("place_id", "date_local", *_EVENT))
        sums = ", ".join(f"sum({name}) AS {name}" for name in CONVERSION_AMOUNTS)
        some = " OR ".join(f"{name} IS NOT NULL" for name in CONVERSION_AMOUNTS)
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE counted AS SELECT {key}, {sums} FROM ({parts}) "
            f"GROUP BY {key}"
        )
        rows = f"SELECT * FROM counted WHERE {some}"
        if level != "ad":
            left = remainder(
                "counted", "new_conversion", level, _EVENT, CONVERSION_AMOUNTS, only=only
            )
            rows = f"SELECT {key}, {', '.join(CONVERSION_AMOUNTS)} FROM ({left})"
        self.con.execute(f"INSERT INTO new_conversion BY NAME {rows}")

    def _keep_days(self, table: str) -> None:
        if not self.is_whole:
            self.con.execute(f"DELETE FROM {table} WHERE date_local NOT IN (SELECT day FROM days)")

    def _describe(self) -> None:
        """Keep what entities are called, and what the platform's events and clicks are."""
        self.con.execute(f"DELETE FROM described WHERE platform = {self.key}")
        for kind in self.found.entities:
            in_group = (
                "ad_group_id"
                if kind == "ad" and "ad_group_id" in self.unifier.key(kind)
                else "NULL"
            )
            self.con.execute(
                f"INSERT INTO described SELECT {self.key}, '{kind}', {kind}_id, {in_group}, "
                f"creative_id, {', '.join(DESCRIBING)} FROM e_{kind}"
            )
        events = [
            (own, canonical, rank)
            for canonical, overlapping in self.known.events.items()
            for rank, own in enumerate(overlapping)
        ]
        self._replace("events", events)
        self._replace("click_kinds", [(self.known.click_kind,)])

    def _notes(self) -> list[tuple[str, str]]:
        unknown = self._rows(
            f"SELECT DISTINCT account_id FROM place JOIN performance_fact USING (place_id) "
            f"WHERE platform = {self.key} AND currency = 'XXX' ORDER BY 1"
        )
        notes = [("table", f"{name} is not read") for name in self.found.unused]
        return notes + [
            (f"account {account}", _UNKNOWN_ACCOUNT if account == UNKNOWN
             else "its currency is not known: "
             f'harmonise(currencies={{"{account}": ...}}) states it')
            for (account,) in unknown
        ]  # fmt: skip

    def _close(self) -> None:
        """Put the landed reports' own totals, read without a join, next to the unified ones."""
        self.con.execute(f"DELETE FROM closing WHERE platform = {self.key}")
        for number, level in enumerate(LEVELS):
            if level not in self.found.reports:
                continue
            source = self.unifier.report_source(level)
            is_moment = self.unifier.has_hours(source)
            table = source.table
            checked = [name for name in CHECKED if name in source.amounts]
            day = table.day(self.unifier.day(source))
            day, local = ("CAST(NULL AS DATE)",) * 2 if is_moment else (day, "f.date_local")
            own = ", ".join(
                f"CAST(sum({table.amount(source.amounts[n])}) AS {SUM})"
                + (
                    " * CAST(0.000001 AS DECIMAL(6,6))"
                    if unit_of(source.amounts[n]) == "micro"
                    else ""
                )
                + f" AS {n}"
                for n in checked
            )
            sums = ", ".join(f"sum({n}) AS {n}" for n in checked)
            rest = ", ".join(
                f"sum({n}) FILTER (WHERE c.date_local IS NULL) AS out_{n}" for n in checked
            )
            levels = ", ".join(f"'{name}'" for name in LEVELS[: number + 1])
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE compared AS WITH "
                f"s AS (SELECT {day} AS day, {own} FROM {table.relation} GROUP BY 1), "
                f"h AS (SELECT {local} AS day, {sums}, {rest} FROM performance_fact f "
                f"JOIN place p USING (place_id) LEFT JOIN covered c ON c.platform = {self.key} "
                f"AND c.level = '{level}' AND c.in_account = p.in_account "
                f"AND c.date_local = f.date_local "
                f"WHERE p.platform = {self.key} AND p.level IN ({levels}) GROUP BY 1) "
                f"SELECT coalesce(s.day, h.day) AS day, s.*, h.* FROM s "
                f"FULL JOIN h ON s.day IS NOT DISTINCT FROM h.day"
            )
            for n in checked:
                self.con.execute(
                    f"INSERT INTO closing SELECT {self.key}, '{level}', day, '{n}', {n}, {n}_1, "
                    f"coalesce(out_{n}, 0) FROM compared"
                )

    def _replace(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        self.con.execute(f"DELETE FROM {table} WHERE platform = {self.key}")
        for row in rows:
            marks = ", ".join("?" * (len(row) + 1))
            self.con.execute(f"INSERT INTO {table} VALUES ({marks})", [self.known.key, *row])

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.con.execute(sql).fetchall()
        return rows


def _any_of(inside: list[Conversions]) -> str:
    """SQL of whether finer conversions are of a kind that these columns count."""
    kinds = []
    for c in inside:
        days = "NULL" if c.click_days is None else str(c.click_days)
        kinds.append(
            f"(f.event_own = {literal(c.event_is)} AND f.click_days IS NOT DISTINCT FROM {days} "
            f"AND f.time_basis IS NOT DISTINCT FROM {literal(c.basis or None)})"
        )
    return f"({' OR '.join(kinds)})"


def _counted(
    table: str, counted: Conversions, event: str, amounts: list[str],
    *, click: int | None, view: int | None,
) -> str:  # fmt: skip
    spans = [
        _SPAN.format(f"{kind}_days") if days is None else f"CAST({days} AS INTEGER)"
        for kind, days in (("click", click), ("view", view))
    ]
    basis = f"CAST({literal(counted.basis or None)} AS VARCHAR)"
    return (
        f"SELECT bare_id AS place_id, date_local, {event} AS event_own, {spans[0]} AS click_days, "
        f"{spans[1]} AS view_days, {basis} AS time_basis, {', '.join(amounts)} FROM {table}"
    )


def view(table: str, client: str) -> str:
    """SQL of a unified table as its readers see it: keys, names and amounts, in order.

    Parameters
    ----------
    table : {"performance", "conversions", "reach"}
    client : str
        A checked name.
    """
    facts = {
        "performance": "performance_fact",
        "conversions": "conversion_fact",
        "reach": "reach_fact",
    }
    placed = ", ".join(f"p.{name}" for name in ("level", "platform", *IDS))
    broken = ", ".join(f"p.{name}" for name in BREAKDOWNS)
    events = (
        ", ".join(f"coalesce(CAST(f.{name} AS VARCHAR), chr(1))" for name in _EVENT)
        if table == "conversions" else "''"
    )  # fmt: skip
    key = f"md5(concat_ws(chr(31), p.place_key, CAST(f.date_local AS VARCHAR), {events}))"
    names = ", ".join(
        f"coalesce({', '.join(f'd_{kind}.{name}' for kind in ENTITIES)}) AS {name}"
        for name in DESCRIBING
    )
    # Of types that overlap one is counted, by place and day: the preferred, in the account's own
    # window or else the longest.
    best = (
        "rank() OVER (PARTITION BY f.place_id, f.date_local, coalesce(v.event, f.event_own) "
        "ORDER BY coalesce(v.rank, 0), f.click_days DESC NULLS FIRST, "
        "f.view_days DESC NULLS FIRST, f.time_basis NULLS FIRST) = 1"
    )
    amounts = {
        "performance": f"{broken}, k.click_kind, {', '.join(f'f.{name}' for name in ADDITIVE)}",
        "reach": f"{broken}, f.reach",
        "conversions": f"coalesce(v.event, 'other:' || f.event_own) AS event, "
        f"{', '.join(f'f.{name}' for name in _EVENT)}, {best} AS is_primary, "
        f"f.count AS conversions, f.value AS conversion_value, "
        f"f.view_through AS conversions_view_through",
    }[table]  # fmt: skip
    joins = " ".join(_described_as(kind) for kind in ENTITIES)
    return (
        f"SELECT {literal(client)} AS client_id, {placed}, f.date_local, p.report_tz, p.currency, "
        f"{amounts}, {names}, {key} AS row_key FROM {facts[table]} f "
        f"JOIN place p USING (place_id) JOIN click_kinds k ON k.platform = p.platform "
        + ("LEFT JOIN events v ON v.platform = p.platform AND v.event_own = f.event_own "
           if table == "conversions" else "")
        + f"{joins} ORDER BY p.platform, p.level, f.date_local, row_key"
    )  # fmt: skip


def _described_as(kind: str) -> str:
    own = "d_ad.creative_id" if kind == "creative" else f"p.{kind}_id"
    only = " AND (d_ad.in_group IS NULL OR d_ad.in_group = p.ad_group_id)" if kind == "ad" else ""
    return (
        f"LEFT JOIN (SELECT * FROM described WHERE kind = '{kind}') d_{kind} "
        f"ON d_{kind}.platform = p.platform AND d_{kind}.id = {own}{only}"
    )
