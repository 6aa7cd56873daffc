"""The parts of one table go into its landed table, in place of the rows that they replace."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from itertools import compress
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise.definition import Platform
from campaignkit.harmonise.exports import Part
from campaignkit.harmonise.landing import (
    BATCH_SECONDS,
    BY_NAME,
    DAY,
    Found,
    Landed,
    Slices,
    needed,
    plain,
    roles,
    slices_of,
)
from campaignkit.harmonise.unify import Unifier
from campaignkit.tables import literal, quoted

_PART = "_campaignkit_part"  # column, while files of one call are put together
_SHORTENED = "regexp_matches(trim({}), '^[0-9]([.][0-9]+)?[eE][+][0-9]+$')"  # by a spreadsheet


def landed_tables(con: Any, known: Platform) -> list[Landed]:
    """The tables of a platform that a client's store has."""
    rows = con.execute(
        "SELECT relation, any_value(name) FROM ingested WHERE platform = ? "
        "GROUP BY relation ORDER BY relation",
        [known.key],
    ).fetchall()
    return [_table(con, known, name, _target(known, relation))[0] for relation, name in rows]


def note_replaced(
    con: Any, known: Platform, relation: str, number: int, *days: datetime.date
) -> None:
    """Note of what was ingested before a number that its rows of some days are gone.

    Parameters
    ----------
    number : int
        Of what replaces them.
    *days : date
        The first and the last.
    """
    con.execute(
        "UPDATE ingested SET replaced_by = $1 WHERE platform = $2 AND relation = $3 "
        "AND last_day >= $4 AND first_day <= $5 AND number < $1",
        [number, known.key, relation, *days],
    )


def next_number(con: Any) -> int:
    """The number of the next call's table."""
    asked = "SELECT 1 + coalesce(max(number), 0) FROM ingested"
    return int(con.execute(asked).fetchall()[0][0])


class Intake:
    """Lands what a call has of one table, inside a transaction of a client's connection.

    New parts are put together in ``landing``, each by way of ``staged``; then rows of the landed
    table make room for them.

    Parameters
    ----------
    con : DuckDB connection
    known : Platform
    relation, name : str
        The table's plain name, and its own.
    """

    def __init__(self, con: Any, known: Platform, relation: str, name: str) -> None:
        self.con, self.known, self.relation, self.name = con, known, relation, name
        self.target = _target(known, relation)
        of = f"platform = {literal(known.key)} AND relation = {literal(relation)}"
        self._ingested = f"ingested WHERE {of}"
        self.number = 0

    def take(self, reader: Any, parts: Sequence[Part]) -> int:
        """Land the parts that are new, and those whose days they share; the number of new rows.

        Raises
        ------
        HarmoniseError
            If parts have the same rows, or an identifier has lost digits.
        """
        # Of parts whose rows were replaced those are new whose successors are not here.
        seen = self._rows(
            f"SELECT sha256, replaced_by FROM {self._ingested} AND (replaced_by IS NULL OR "
            f"replaced_by IN (SELECT number FROM {self._ingested} AND list_contains(?, sha256)))",
            [[part.digest for part in parts]],
        )
        new = [part for part in parts if part.digest not in dict(seen)]
        if not new:
            return 0
        self.con.execute("DROP TABLE IF EXISTS landing")
        self.number = next_number(self.con)
        num_rows = sum(self._stage(reader, part) for part in new)
        there = [digest for digest, replaced_by in seen if replaced_by is None]
        for part in parts:
            if part.digest in there and self._is_shared(part):
                self._stage(reader, part)
        table, slices = self._of("landing")
        if slices is not None:
            of_row = ", ".join([slices.day, *(table.text(terms) for terms in slices.identity)])
            if table.batch:
                of_row = self._drop_superseded(table, of_row)
            self._refuse_overlaps(of_row)
        self.con.execute(f"ALTER TABLE landing DROP COLUMN {_PART}")
        day = f", CAST({slices.day} AS DATE) AS {DAY}" if slices else ""
        self.con.execute(
            f"CREATE TABLE IF NOT EXISTS {self.target} AS SELECT *{day} FROM landing LIMIT 0"
        )
        self._align(self.target, "landing")
        self._make_room()
        self.con.execute(f"INSERT INTO {self.target} BY NAME SELECT *{day} FROM landing")
        return num_rows

    def _is_shared(self, part: Part) -> bool:
        """Whether a part that was landed before has days that new parts have too."""
        return bool(
            self._rows(
                f"SELECT 1 FROM {self._ingested} AND sha256 = ? AND EXISTS (SELECT 1 FROM "
                f"ingested j WHERE j.number = ? AND j.relation = ingested.relation AND "
                f"j.first_day <= ingested.last_day AND j.last_day >= ingested.first_day)",
                [part.digest, self.number],
            )
        )

    def _drop_superseded(self, table: Landed, of_row: str) -> str:
        """Of a row that a loader appended again keep the newest, and count the others.

        Returns SQL of what a row is: words that are not read belong to it where one run of the
        loader has several of them in otherwise equal rows.
        """
        read = needed(self.known, table)
        unread = [quoted(c) for c, kind in table.types.items() if kind == "VARCHAR"
                  and c not in read and not c.startswith("_")]  # fmt: skip
        asked = ", ".join(
            f"bool_or(several[{n}]) AND bool_and(words[{n}])" for n in range(1, len(unread) + 1)
        )
        several = ", ".join(f"min({c}) <> max({c})" for c in unread)
        words = ", ".join(f"bool_and(regexp_matches({c}, '^\\p{{L}}'))" for c in unread)
        told = self._rows(
            f"SELECT {asked or 'count(*)'} FROM (SELECT [{several}] AS several, "
            f"[{words}] AS words FROM landing "
            f"GROUP BY {of_row}, floor({table.batch} / {BATCH_SECONDS}))"
        )[0]
        of_row = ", ".join([of_row, *compress(unread, told)])
        gone = self._rows(
            f"DELETE FROM landing WHERE rowid IN (SELECT r FROM (SELECT rowid AS r, "
            f"{table.batch} AS batch, max(batch) OVER (PARTITION BY {of_row}) AS newest "
            f"FROM landing) WHERE batch < newest - {BATCH_SECONDS})"
        )[0][0]
        if gone:
            self.con.execute(
                "UPDATE ingested SET notes = list_append(notes, ?) WHERE number = ?",
                [f"{gone:,} rows were landed again later; the newest are read", self.number],
            )
        return of_row

    def _refuse_overlaps(self, of_row: str) -> None:
        """Refuse files of one call that have the same row of a report: which one is newer?"""
        twice = self._rows(
            f"SELECT count(*) FROM (SELECT 1 FROM landing GROUP BY {of_row} "
            f"HAVING count(DISTINCT {_PART}) > 1)"
        )[0][0]
        if twice:
            raise HarmoniseError(
                f"{twice:,} rows of {self.name} are in more than one file",
                hint="ingest exports that overlap one after the other, the newest last",
            )

    def _stage(self, reader: Any, part: Part) -> int:
        """Add a part to ``landing``, and to the list of what was ingested; its number of rows."""
        self.con.register("incoming", reader.sql(part.select).to_arrow_reader(65_536))
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE staged AS SELECT *, {literal(part.digest)} AS {_PART} "
            f"FROM incoming"
        )
        self.con.unregister("incoming")
        for column, kind in _types(self.con, "staged").items():
            if plain(column).endswith("id"):
                self._as_identifier(part, column, kind)
            if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
                self._to_text("staged", column, f"to_json({quoted(column)})")
        _, slices = self._of("staged", part.name)
        day = f"CAST({slices.day} AS DATE)" if slices else "CAST(NULL AS DATE)"
        row = self._rows(f"SELECT count(*), min({day}), max({day}) FROM staged")[0]
        if self._rows("FROM duckdb_tables() WHERE temporary AND table_name = 'landing'"):
            self._align("landing", "staged")
            self.con.execute("INSERT INTO landing BY NAME SELECT * FROM staged")
        else:
            self.con.execute("ALTER TABLE staged RENAME TO landing")
        values = [self.known.key, self.relation, part.name, part.digest, *row, self.number,
                  list(part.notes), list(part.open_totals), None]  # fmt: skip
        marks = ", ".join("?" * len(values))
        self.con.execute(f"INSERT OR REPLACE INTO ingested VALUES ({marks})", values)
        return int(row[0])

    def _as_identifier(self, part: Part, column: str, kind: str) -> None:
        """Turn an identifier that went through a float into text; refuse one that lost digits."""
        name, is_float = quoted(column), kind in ("DOUBLE", "FLOAT")
        lost = f"abs({name}) >= 9007199254740992" if is_float else _SHORTENED.format(name)
        if part.name.endswith(BY_NAME) or not (is_float or kind == "VARCHAR"):
            return
        num_lost, cell = self._rows(
            f"SELECT count(*), CAST(min({name}) AS VARCHAR) FROM staged WHERE {lost}"
        )[0]
        if num_lost:
            raise HarmoniseError(
                f"{part.name}, {column}: {num_lost:,} cells, such as {cell!r:.40}; expected an "
                f"identifier with all its digits",
                hint="a float or a spreadsheet has lost them: export identifiers as text",
            )
        if is_float:
            self._to_text("staged", column, f"CAST({name} AS BIGINT)")

    def _to_text(self, table: str, column: str, sql: str) -> None:
        self.con.execute(
            f"ALTER TABLE {table} ALTER {quoted(column)} TYPE VARCHAR USING CAST({sql} AS VARCHAR)"
        )

    def _align(self, target: str, incoming: str) -> None:
        """Make two tables of one form: columns that only one has, and text where types differ."""
        new, old = _types(self.con, incoming), _types(self.con, target)
        lower = {name.lower(): name for name in old}
        for column, kind in new.items():
            own = lower.get(column.lower())
            if own is None:
                self.con.execute(f"ALTER TABLE {target} ADD COLUMN {quoted(column)} {kind}")
            elif old[own] != kind:
                self._to_text(target, own, quoted(own))
                self._to_text(incoming, column, quoted(column))

    def _make_room(self) -> None:
        """Delete what the new rows replace, and note the days that change."""
        # Types of the two may differ: each table's own SQL is asked for its rows.
        (table, slices), (before, there) = self._of("landing"), self._of(self.target)
        if slices is None or there is None:
            same = " AND ".join(
                f"t.{quoted(c)} IS NOT DISTINCT FROM landing.{quoted(c)}" for c in table.types
            )
            self.con.execute(
                f"DELETE FROM landing WHERE EXISTS (SELECT 1 FROM {self.target} t WHERE {same})"
            )
            return
        owner, own = table.text(slices.owner), before.text(there.owner)
        if slices.level:
            self._resolve_owners(slices.level, [(table, slices), (before, there)])
            owner, own = (
                f"coalesce((SELECT own_account FROM owners WHERE own_id = {sql}), {sql})"
                for sql in (owner, own)
            )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE slices AS "
            f"SELECT DISTINCT {slices.day} AS slice_day, {owner} AS slice_owner FROM landing"
        )
        same = f"s.slice_owner IS NOT DISTINCT FROM {own}"
        if self.relation.startswith("export_"):
            same = self._same_download()
        replaced = (
            f"EXISTS (SELECT 1 FROM slices s WHERE s.slice_day IS NOT DISTINCT FROM {there.day} "
            f"AND {same}) OR {there.day} IS NULL"
        )
        if self.relation.startswith("export_"):
            self._note_left_out(before, replaced)
        gone = self._rows(f"DELETE FROM {self.target} WHERE {replaced}")
        if gone[0][0]:
            span = "SELECT CAST(min(slice_day) AS DATE), CAST(max(slice_day) AS DATE) FROM slices"
            note_replaced(self.con, self.known, self.relation, self.number, *self._rows(span)[0])
        self.con.execute(
            "INSERT OR IGNORE INTO touched SELECT DISTINCT ?, CAST(slice_day AS DATE) FROM slices "
            "WHERE slice_day IS NOT NULL",
            [self.known.key],
        )

    def _same_download(self) -> str:
        """SQL of whether a row is of the account that a download is of: of any, if none is told.

        A download is a whole report: what it lacks is no more, such as a campaign's old name.
        """
        account, new = (
            next((f"{of}account_id" for c in _types(self.con, name) if c == "account_id"), "NULL")
            for of, name in ((f"{self.target}.", self.target), ("", "landing"))
        )
        name = "account_name" if "account_name" in _types(self.con, "landing") else "NULL"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE slices AS SELECT DISTINCT CAST(date AS DATE) AS "
            f"slice_day, {new} AS slice_owner, {name} AS own_name FROM landing"
        )
        several = self._rows(
            f"SELECT DISTINCT {account} FROM {self.target} JOIN slices s "
            f"ON s.slice_day = CAST(date AS DATE) AND s.slice_owner IS NULL "
            f"WHERE {account} IS NOT NULL ORDER BY 1 LIMIT 5"
        )
        if len(several) > 1:
            raise HarmoniseError(
                f"{self.name} tells no account, and the store has its days of "
                f"{' and '.join(account for (account,) in several)}",
                hint="state whose report it is: account=",
            )
        return (
            f"(s.slice_owner IS NULL OR {account} IS NULL OR "
            f"{account} IN (s.slice_owner, s.own_name))"
        )

    def _note_left_out(self, before: Landed, replaced: str) -> None:
        """Note the campaigns whose rows a download replaces without having any of them."""
        columns = set(before.types) & _types(self.con, "landing").keys()
        name = "campaign_name" if "campaign_name" in columns else "campaign_id"
        if name not in columns:
            return
        gone = self._rows(
            f"SELECT DISTINCT CAST({name} AS VARCHAR) FROM {self.target} WHERE ({replaced}) "
            f"AND {name} NOT IN (SELECT {name} FROM landing WHERE {name} IS NOT NULL) ORDER BY 1"
        )
        if gone:
            listed = ", ".join(name for (name,) in gone[:5])
            self.con.execute(
                "UPDATE ingested SET notes = list_append(notes, ?) WHERE number = ?",
                [f"{len(gone):,} campaigns that it lacks were replaced on its days: {listed}",
                 self.number],
            )  # fmt: skip

    def _resolve_owners(self, level: str, tables: list[tuple[Landed, Slices]]) -> None:
        """Make ``owners``: the account of each identifier, of reports that do not name it."""
        entities: dict[str, list[Landed]] = {}
        reports: dict[str, Landed] = {}
        for table in landed_tables(self.con, self.known):
            for what, place in roles(self.known, table):
                if what == "entity":
                    entities.setdefault(place, []).append(table)
                elif what == "report":
                    reports[place] = table
        unifier = Unifier(self.con, self.known, Found(entities, reports, [], []))
        unifier.read_entities()
        ids = " UNION ".join(
            f"SELECT {table.text(slices.owner)} AS {level}_id FROM {table.relation}"
            for table, slices in tables
        )
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE owners AS {unifier.accounts(level, ids)}")

    def _of(self, relation: str, name: str = "") -> tuple[Landed, Slices | None]:
        return _table(self.con, self.known, name or self.name, relation)

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        rows: list[Any] = self.con.execute(sql, list(values)).fetchall()
        return rows


def _table(con: Any, known: Platform, name: str, relation: str) -> tuple[Landed, Slices | None]:
    """A table with its columns, and what a later export replaces of it."""
    table = Landed(name, relation, _types(con, relation), known.strip)
    return table, slices_of(known, table)


def _target(known: Platform, relation: str) -> str:
    return f"landed.{quoted(f'{known.key}__{relation}')}"


def _types(con: Any, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE {relation}").fetchall()}
