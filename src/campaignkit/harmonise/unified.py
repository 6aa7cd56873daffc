"""The unified tables of one client, and how days that change are made anew.

Amounts lie by place and day in ``performance_fact``, ``conversion_fact`` and ``reach_fact``; the
views ``performance``, ``conversions`` and ``reach`` put the places' identifiers and names next to
them. A campaign's or ad group's row is what the finer levels do not explain. ``closing`` has the
totals of the landed reports beside those of the unified rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise.definition import (
    BREAKDOWNS,
    CONVERSION_AMOUNTS,
    DESCRIBING,
    ENTITIES,
    IDS,
    LEVELS,
    PARENTS,
    Conversions,
    Platform,
    platforms,
)
from campaignkit.harmonise.finding import Found
from campaignkit.harmonise.landing import Kept
from campaignkit.harmonise.outcomes import question
from campaignkit.harmonise.unify import (
    CHECKED,
    SUM,
    UNKNOWN,
    UNKNOWN_CURRENCY,
    Unifier,
    currencies,
    remainder,
    withdrawn,
)
from campaignkit.tables import literal

VERSION = 2  # of the schema; another one makes all anew
_UNKNOWN_ACCOUNT = (
    "no table gives the account of some rows: ingest the histories of their ads; until then a "
    "later export replaces days ad by ad, and ads that it lacks keep their rows"
)
_EVENT = ("event_own", "click_days", "view_days", "time_basis")
_SPAN = (
    "CASE upper({0}) WHEN 'DAY' THEN 1 WHEN 'WEEK' THEN 7 WHEN 'MONTH' THEN 28 "
    "ELSE TRY_CAST({0} AS INTEGER) END"
)


class Unified:
    """Keeps the unified tables of a client up to date, one platform at a time.

    Parameters
    ----------
    con : DuckDB connection
        Of the client's file, inside a transaction.
    stated : mapping
        Account, or ``"platform:account"`` -> code of its currency, or None to take back what
        was stated before. What is stated is kept, and overrules what the tables give.

    Raises
    ------
    HarmoniseError
        If a stated code is none of ISO 4217.
    """

    def __init__(self, con: Any, stated: Mapping[str, str | None]) -> None:
        self.con = con
        con.execute(question("unified"))
        for account, code in stated.items():
            platform, _, own = account.partition(":")
            if platform not in platforms():
                platform, own = "", account
            if code is not None and str(code).upper() not in currencies():
                raise HarmoniseError(
                    f"the currency of account {own} is {code!r:.40}; expected a code of ISO 4217",
                    hint="give three letters, such as EUR",
                )
            con.execute(
                "DELETE FROM stated WHERE (platform, account_id) = (?, ?)", [platform, own]
            )
            if code is not None:
                con.execute("INSERT INTO stated VALUES (?, ?, ?)", [platform, own, code.upper()])

    def make(self, known: Platform, found: Found) -> None:
        """Make a platform's rows anew: of days that changed, or of all if its parents did."""
        self.known, self.found, self.key = known, found, literal(known.key)
        self.unifier = Unifier(self.con, known, found)
        self.unifier.read_entities()
        digest, is_same_tree = self._digest(), self._keep_parents()
        self.is_whole = not is_same_tree or self._rows(
            f"SELECT digest FROM state WHERE platform = {self.key}"
        ) != [(digest,)]
        changed = self._rows(f"SELECT count(*) FROM touched WHERE platform = {self.key}")[0][0]
        if self.is_whole or changed:
            before = [] if self.is_whole else self._agreed()
            self._make_facts()
            if before and not set(before) <= set(self._agreed()):
                # What all rows of a campaign or account say is no longer what it was.
                self.is_whole = True
                self._make_facts()
        self._describe()
        self._replace("notes", [*self.unifier.notes, *self._notes()])
        self.con.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", [known.key, digest])
        self.con.execute(f"DELETE FROM touched WHERE platform = {self.key}")

    def _digest(self) -> str:
        """Of everything but reports and entities that decides what becomes of a report's row."""
        stated = self._rows(
            f"SELECT * FROM stated WHERE platform IN ('', {self.key}) ORDER BY ALL"
        )
        parts = [VERSION, self.known, stated, self.found]
        return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()

    def _keep_parents(self) -> bool:
        """Keep the parents of every entity; whether they are the same wherever rows have them."""
        kinds = [kind for kind in self.found.entities if kind != "creative"]
        cells = ", ".join(f"coalesce({name}, chr(1))" for name in PARENTS)
        parts = [
            f"SELECT '{kind}' AS kind, {kind}_id AS id, md5(concat_ws('|', {cells})) AS digest "
            f"FROM e_{kind}"
            for kind in kinds
        ]
        now = " UNION ALL ".join(parts) or "SELECT '' AS kind, '' AS id, '' AS digest LIMIT 0"
        kept = f"SELECT kind, id, digest FROM parents WHERE platform = {self.key}"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE now_parents AS {now}")
        ids = " ".join(f"WHEN '{kind}' THEN p.{kind}_id" for kind in kinds) or "WHEN '' THEN ''"
        moved = self._rows(
            f"SELECT count(*) FROM ((FROM now_parents EXCEPT {kept}) UNION ALL "
            f"({kept} EXCEPT FROM now_parents)) c JOIN place p "
            f"ON p.platform = {self.key} AND c.id = CASE c.kind {ids} END"
        )[0][0]
        self.con.execute(f"DELETE FROM parents WHERE platform = {self.key}")
        self.con.execute(f"INSERT INTO parents SELECT {self.key}, * FROM now_parents")
        return not moved

    def _agreed(self) -> list[tuple[Any, ...]]:
        """What all rows of an account, a campaign or an ad agree on: other days depend on it."""
        asked = [(LEVELS[:n], IDS[:m]) for n in (1, 2) for m in (1, 2)]
        asked += [((level,), (f"{level}_id",)) for level in LEVELS]
        asked += [(LEVELS[:n], (f"{LEVELS[n]}_id",)) for n in (1, 2)]
        sql = [self.unifier.settled(levels, by) for levels, by in asked]
        sql += [self.unifier.only_account(LEVELS[:n]) for n in (1, 2)]
        return [(number, *row) for number, one in enumerate(sql) for row in self._rows(one)]

    def _make_facts(self) -> None:
        con, own_days = self.con, f"SELECT day FROM touched WHERE platform = {self.key}"
        # A local day has hours of its neighbours in UTC.
        spread = "[-1, 0, 1]" if any(r.hour for r in self.known.reports.values()) else "[0]"
        for name, of in (("days", own_days), ("read_days", "SELECT day FROM days")):
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT CAST(day + n AS DATE) "
                f"AS day FROM ({of}), (SELECT unnest({spread}) AS n)"
            )
        read = self._rows("SELECT day FROM read_days ORDER BY 1")
        days = ", ".join(f"DATE '{day}'" for (day,) in read)
        self.unifier.days = "" if self.is_whole else days
        had_rows = self._forget()
        for level in LEVELS:
            beside = [(c, t) for c, t in self.found.conversions if c.level == level]
            inside: list[Conversions] = []
            parts: list[str] = []
            con.execute(
                "CREATE OR REPLACE TEMP TABLE now_covered AS "
                "SELECT in_account, date_local, extracted_at FROM covered LIMIT 0"
            )
            report = self.found.reports.get(level)
            if report is not None:
                inside = [c for c, table in beside if table is report]
                parts = self._make_level(level, inside)
            for counted, table in beside:
                if table is not report:
                    self.unifier.facts(f"c_{level}_{len(parts)}", table, level)
                    parts.append(_counted(f"c_{level}_{len(parts)}", counted, table))
            if parts:
                only = "true" if len(inside) < len(beside) else _any_of(inside)
                self._add_conversions(level, " UNION ALL ".join(parts), only)
        repeats = self._rows(
            f"SELECT count(*) - count(DISTINCT place_id) FROM place UNION ALL SELECT "
            f"count(*) - count(DISTINCT (place_id, date_local)) FROM {self._now('performance')}"
        )
        if any(count for (count,) in repeats):
            raise HarmoniseError(
                "two rows share a key; expected one row for each place and day",
                hint="this is a fault of the platform's definition: please report it",
            )
        if had_rows:
            self._forget_places()

    def _now(self, table: str) -> str:
        """SQL of the rows of the days that are made anew, which were deleted before."""
        only = "" if self.is_whole else " WHERE date_local IN (SELECT day FROM days)"
        return f"(SELECT * FROM {table}_fact{only})"

    def _forget(self) -> bool:
        """Delete what is made anew; whether there was any: the days, or all there ever was."""
        same = "" if self.is_whole else " AND date_local IN (SELECT day FROM days)"
        of_platform = f"SELECT place_id FROM place WHERE platform = {self.key}"
        gone = 0
        for table in ("performance", "conversion", "reach"):
            gone += self._rows(
                f"DELETE FROM {table}_fact WHERE place_id IN ({of_platform}){same}"
            )[0][0]
        self.con.execute(f"DELETE FROM covered WHERE platform = {self.key}{same}")
        same = same.replace("date_local", "day")
        self.con.execute(f"DELETE FROM totals WHERE platform = {self.key}{same}")
        if self.is_whole:
            self.con.execute(f"DELETE FROM place WHERE platform = {self.key}")
        return bool(gone) or self.is_whole

    def _forget_places(self) -> None:
        """Delete the places that no row has any more, and that no row lies in."""
        has_row = " UNION ".join(
            f"SELECT place_id FROM {table}_fact"
            for table in ("performance", "conversion", "reach")
        )
        self.con.execute(
            f"DELETE FROM place WHERE platform = {self.key} AND place_id NOT IN (SELECT id FROM "
            f"(SELECT unnest([place_id, up_ad_group, up_campaign]) AS id FROM place p "
            f"SEMI JOIN ({has_row}) USING (place_id)) WHERE id IS NOT NULL)"
        )

    def _make_level(self, level: str, inside: list[Conversions]) -> list[str]:
        """One pass over a level's report: its measures, and SQL of conversions in its columns."""
        table = self.found.reports[level]
        measures = [name for name in self.known.reports[level].measures if name in table.columns]
        self.unifier.facts(f"f_{level}", table, level)
        own_totals = self.unifier.totals(table)
        self._cover(level)
        sums = ", ".join(name for name in measures if name != "reach")
        rows = f"SELECT place_id, date_local, {sums} FROM f_{level}"
        if any(name in self.found.reports for name in LEVELS[: LEVELS.index(level)]):
            bare = f"(SELECT bare_id AS place_id, * EXCLUDE (place_id, bare_id) FROM f_{level})"
            left = remainder(bare, self._now("performance"), level, (), sums.split(", "))
            rows = f"SELECT place_id, date_local, {sums} FROM ({left})"
        self.con.execute(f"INSERT INTO performance_fact BY NAME {rows}")
        if "reach" in measures:
            self.con.execute(
                f"INSERT INTO reach_fact SELECT place_id, date_local, reach FROM f_{level} "
                f"WHERE reach IS NOT NULL"
            )
        self._close(level, table, own_totals)
        return [_counted(f"f_{level}", counted, table, inside=True) for counted in inside]

    def _cover(self, level: str) -> None:
        """Note which accounts and days a level's report covers; rows of no account among them."""
        own = (
            f"SELECT p.in_account, date_local, extracted_at FROM f_{level} "
            f"JOIN place p USING (place_id)"
        )
        nobody = f"md5_number_lower(concat_ws(chr(31), 'account', {self.key}, '{UNKNOWN}'))"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE now_covered AS SELECT in_account, date_local, "
            f"max(extracted_at) AS extracted_at FROM ({own} UNION ALL "
            f"SELECT {nobody}, date_local, extracted_at FROM f_{level}) "
            f"GROUP BY in_account, date_local"
        )
        self.con.execute(f"INSERT INTO covered SELECT {self.key}, '{level}', * FROM now_covered")

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
                "counted", self._now("conversion"), level, _EVENT, CONVERSION_AMOUNTS, only=only
            )
            rows = f"SELECT {key}, {', '.join(CONVERSION_AMOUNTS)} FROM ({left})"
        self.con.execute(f"INSERT INTO conversion_fact BY NAME {rows}")

    def _describe(self) -> None:
        """Keep what entities are called, and what the platform's events and clicks are."""
        self.con.execute(f"DELETE FROM described WHERE platform = {self.key}")
        for kind in self.found.entities:
            has_group = kind == "ad" and "ad_group_id" in self.unifier.key(kind)
            self.con.execute(
                f"INSERT INTO described SELECT {self.key}, '{kind}', {kind}_id, "
                f"{'ad_group_id' if has_group else 'NULL'}, creative_id, {', '.join(DESCRIBING)} "
                f"FROM e_{kind}"
            )
        events = [
            (own, canonical, rank)
            for canonical, overlapping in self.known.events.items()
            for rank, own in enumerate(overlapping)
        ]
        self._replace("events", events)
        self._replace("click_kinds", [(self.known.click_kind,)])
        tables = [(level, "performance", t.name) for level, t in self.found.reports.items()]
        tables += [(c.level, "conversions", t.name) for c, t in self.found.conversions]
        self._replace("sources", sorted(set(tables)))

    def _notes(self) -> list[tuple[str, str]]:
        notes = [("table", f"{name} is not read") for name in self.found.unused]
        old = withdrawn()
        for account, code in self._rows(
            f"SELECT DISTINCT account_id, currency FROM place WHERE platform = {self.key} "
            f"ORDER BY ALL"
        ):
            if code in old:
                last = self._rows(
                    f"SELECT max(date_local) FROM performance_fact JOIN place USING (place_id) "
                    f"WHERE platform = {self.key} AND account_id = {literal(account)} "
                    f"AND currency = '{code}'"
                )[0][0]
                if last is not None and last >= old[code]:
                    said = f"{code} was withdrawn on {old[code]}; it has rows until {last}"
                    notes.append((f"account {account}", said))
            elif code == UNKNOWN_CURRENCY:
                said = (
                    f"its currency is not known: "
                    f'harmonise(currencies={{"{account}": ...}}) or --currency {account}=... '
                    f"states it"
                )
                notes.append(
                    (f"account {account}", _UNKNOWN_ACCOUNT if account == UNKNOWN else said)
                )
        return notes

    def _close(self, level: str, table: Kept, own: str) -> None:
        """Put a landed report's own totals next to those of the unified rows of its level."""
        levels = ", ".join(f"'{name}'" for name in LEVELS[: LEVELS.index(level) + 1])
        measures = [name for name in CHECKED if name in table.columns]
        sums = ", ".join(f"CAST(sum({n}) AS {SUM}) AS {n}" for n in measures)
        made = (
            f"SELECT f.date_local AS day, p.currency, c.date_local IS NULL AS is_uncovered, "
            f"{sums} FROM {self._now('performance')} f JOIN place p USING (place_id) "
            f"LEFT JOIN now_covered c ON c.in_account = p.in_account "
            f"AND c.date_local = f.date_local "
            f"WHERE p.platform = {self.key} AND p.level IN ({levels}) GROUP BY ALL"
        )
        own_side = "total AS source, num_rounded"
        made_side = "total AS harmonised, CASE WHEN is_uncovered THEN total END AS uncovered"
        kept = "true" if self.is_whole else "day IN (SELECT day FROM days)"
        for totals, side in ((own, own_side), (made, made_side)) if measures else ():
            self.con.execute(
                f"INSERT INTO totals BY NAME SELECT {self.key} AS platform, '{level}' AS level, "
                f"day, {'moment' in table.columns} AS has_hours, currency, measure, {side} "
                f"FROM (UNPIVOT ({totals}) ON {', '.join(measures)} "
                f"INTO NAME measure VALUE total) WHERE {kept}"
            )

    def _replace(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        self.con.execute(f"DELETE FROM {table} WHERE platform = {self.key}")
        if rows:
            marks = ", ".join("?" * (len(rows[0]) + 1))
            values = [[self.known.key, *row] for row in rows]
            self.con.executemany(f"INSERT INTO {table} VALUES ({marks})", values)

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


def _counted(facts: str, counted: Conversions, table: Kept, *, inside: bool = False) -> str:
    """SQL of conversions in a table of facts, of a table of their own or `inside` the report."""
    windows = (("click", counted.click_days), ("view", counted.view_days))
    spans = ", ".join(
        (
            _SPAN.format(f"{kind}_days")
            if days is None or not inside
            else f"CAST({days} AS INTEGER)"
        )
        + f" AS {kind}_days"
        for kind, days in windows
    )
    event = literal(counted.event_is) if inside else "event_own"
    columns = {n: counted.column(n) if inside else n for n in CONVERSION_AMOUNTS}
    amounts = ", ".join(
        f"{own if own in table.columns else 'NULL'} AS {n}" for n, own in columns.items()
    )
    return (
        f"SELECT bare_id AS place_id, date_local, {event} AS event_own, {spans}, "
        f"CAST({literal(counted.basis or None)} AS VARCHAR) AS time_basis, {amounts} FROM {facts}"
    )


def view(table: str, client: str) -> str:
    """SQL of a unified table as its readers see it: keys, names and amounts, in order.

    Parameters
    ----------
    table : {"performance", "conversions", "reach"}
    client : str
        A checked name.
    """
    amounts = "f.* EXCLUDE (place_id, date_local, more)"
    made = "conversions" if table == "conversions" else "performance"
    if made == "performance":
        kind = "k.click_kind, " if table == made else ""
        amounts = f"{', '.join(f'p.{name}' for name in BREAKDOWNS)}, {kind}{amounts}"
    described = ", ".join(
        f"coalesce({', '.join(f'd_{kind}.{name}' for kind in ENTITIES)}) AS {name}"
        for name in DESCRIBING
    )
    return question(
        "shown", client=literal(client), facts=table[0], made=made, amounts=amounts,
        names=", ".join(DESCRIBING), described=described, version=VERSION,
    )  # fmt: skip
