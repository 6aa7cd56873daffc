"""The parts of one table go into its landed tables, in place of the rows that they replace.

Each role of a table has a landed table, whose rows say which part they came in. A cell that would
be read wrongly refuses all: nothing of the call is kept then.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence, Set
from itertools import compress
from typing import Any

from campaignkit.errors import Fault, HarmoniseError
from campaignkit.harmonise.definition import ENTITIES, LEVELS, Platform
from campaignkit.harmonise.exports import Part
from campaignkit.harmonise.finding import find, kept, landed_as
from campaignkit.harmonise.landing import (
    BATCH_SECONDS,
    PART,
    Kept,
    Landed,
    Reading,
    needed,
    plain,
    readings,
)
from campaignkit.harmonise.unify import Unifier
from campaignkit.tables import literal, quoted

_OWN = "{0}_id IN (SELECT id FROM own WHERE kind = '{0}')"


def refuse_other_form(con: Any, client: str) -> None:
    """Refuse a store of an earlier version, whose landed tables are as their loaders wrote them.

    Raises
    ------
    HarmoniseError
    """
    if "call" not in _types(con, "ingested"):
        raise HarmoniseError(
            f"the store of {client} was written by an earlier version and cannot be read",
            hint=f'purge it (campaignkit purge, or ClientFolder(folder).purge("{client}")) and '
            "ingest its exports anew",
        )


def num_landed(con: Any, known: Platform) -> list[tuple[str, int]]:
    """Each table of a platform with the number of its rows."""
    made = []
    for name, own in kept(con, known).items():
        num = "sum(num_rows) FROM ingested WHERE platform = ? AND relation = ?"
        main = next((own[role].relation for role in sorted(own)), "")
        asked = f"count(*) FROM {main}" if main else num
        values = [] if main else [known.key, plain(name)]
        made.append((name, int(con.execute(f"SELECT {asked}", values).fetchall()[0][0])))
    return made


def note_own(con: Any, known: Platform, account: str, *, alone: bool = False) -> None:
    """Make ``own``: identifiers of an account, and of what lies in no other, by kind."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE own AS SELECT 'account' AS kind, $1::VARCHAR AS id",
        [account],
    )
    kinds = ("account", *reversed(LEVELS), "creative")  # each lies in those before it
    for at, kind in enumerate(() if alone else kinds[1:], start=1):
        told = []
        for table in _all(con, known):
            inside = [f"CASE WHEN {of}_id IS NOT NULL THEN {_OWN.format(of)} END"
                      for of in kinds[:at] if f"{of}_id" in table.columns]  # fmt: skip
            if f"{kind}_id" in table.columns:
                told.append(f"SELECT {kind}_id AS id, coalesce({', '.join([*inside, 'NULL'])}) "
                            f"AS is_own FROM {table.relation}")  # fmt: skip
        if told:
            con.execute(
                f"INSERT INTO own SELECT '{kind}', id FROM ({' UNION ALL '.join(told)}) "
                f"WHERE id IS NOT NULL GROUP BY id HAVING bool_and(is_own)"
            )


def forget(con: Any, known: Platform, *days: datetime.date) -> int:
    """Delete rows of reports that ``own`` has, of some days; how many there were."""
    gone = 0
    for table in _all(con, known):
        owners = [kind for kind in ("account", *LEVELS) if f"{kind}_id" in table.columns]
        if "day" in table.columns:
            rows = f"FROM {table.relation} WHERE {_OWN.format(owners[0])} AND day BETWEEN ? AND ?"
            gone += _delete(con, known, rows, days, 0)  # no call's: nothing took their place
    return gone


def forget_names(con: Any, known: Platform) -> int:
    """Delete what tables tell of what ``own`` has; how many rows there were."""
    return sum(
        con.execute(f"DELETE FROM {table.relation} WHERE {_OWN.format(kind)}").fetchall()[0][0]
        for own in kept(con, known).values()
        for kind, table in own.items() if kind in ENTITIES
    )  # fmt: skip


def _all(con: Any, known: Platform) -> list[Kept]:
    return [table for own in kept(con, known).values() for table in own.values()]


def next_number(con: Any) -> int:
    """The number of the next part."""
    asked = "SELECT 1 + coalesce(max(number), 0) FROM ingested"
    return int(con.execute(asked).fetchall()[0][0])


def _delete(con: Any, known: Platform, rows: str, values: Sequence[Any], call: int) -> int:
    """Delete landed rows, and note their days and the parts that lost some; how many."""
    con.execute(
        f"INSERT OR IGNORE INTO touched SELECT DISTINCT {literal(known.key)}, day {rows}", values
    )
    con.execute(
        f"UPDATE ingested SET replaced_by = {call} WHERE number IN (SELECT number {rows})", values
    )
    return int(con.execute(f"DELETE {rows}", values).fetchall()[0][0])


class Intake:
    """Lands what a call has of one table, inside a transaction of a client's connection.

    New parts are put together in ``landing``; what is read of it takes the place of rows that
    were landed before.

    Parameters
    ----------
    con : DuckDB connection
    known : Platform
    relation, name : str
        The table's plain name, and its own.
    """

    def __init__(self, con: Any, known: Platform, relation: str, name: str) -> None:
        self.con, self.known, self.relation, self.name = con, known, relation, name
        of = f"platform = {literal(known.key)} AND relation = {literal(relation)}"
        self._ingested = f"ingested WHERE {of}"
        self.call = 0

    def take(self, reader: Any, parts: Sequence[Part]) -> int:
        """Land the parts that are new, and those whose days they share; the number of new rows.

        Raises
        ------
        HarmoniseError
            If a cell cannot be read, or parts have the same rows.
        """
        # Of parts whose rows were replaced those are new whose successors are not here.
        seen = self._rows(
            f"SELECT sha256, replaced_by FROM {self._ingested} AND (replaced_by IS NULL OR "
            f"replaced_by IN (SELECT call FROM {self._ingested} AND list_contains(?, sha256)))",
            [[part.digest for part in parts]],
        )
        new = [part for part in parts if part.digest not in dict(seen)]
        if not new:
            return 0
        self.call = next_number(self.con)
        num_rows = self._stage(reader, new)
        there = [digest for digest, replaced_by in seen if replaced_by is None]
        shared = [part for part in parts if part.digest in there and self._is_shared(part)]
        if shared:
            self._stage(reader, [*new, *shared])
        table, read = self._read()
        if not read:
            return num_rows
        if (rows := _of_days(read)) is not None:
            when = [rows.columns[name] for name in ("moment", "day") if name in rows.columns]
            of_row = ", ".join([*when, *rows.identity])
            if table.batch:
                of_row = self._drop_superseded(table, of_row, ", ".join(rows.identity))
            if len(new) + len(shared) > 1:
                self._refuse_overlaps(of_row)
        for reading in read:
            self._refuse_wrong(reader, [*new, *shared], reading)
            self._land(reading)
        return num_rows

    def _read(self) -> tuple[Landed, list[Reading]]:
        table = Landed(self.name, "landing", _types(self.con, "landing"), self.known.strip)
        parents = find(self.con, self.known, need_report=False).reports
        return table, list(readings(self.known, table, parents))

    def _stage(self, reader: Any, parts: Sequence[Part]) -> int:
        """Put parts into ``landing`` and list them as ingested; the number of rows."""
        self.con.register("incoming", reader.sql(self._together(parts)).to_arrow_reader(65_536))
        self.con.execute("CREATE OR REPLACE TEMP TABLE landing AS SELECT * FROM incoming")
        self.con.unregister("incoming")
        rows = _of_days(self._read()[1])
        day = "CAST(NULL AS DATE)" if rows is None else rows.columns["day"]
        counted = {
            number: told
            for number, *told in self._rows(
                f"SELECT {PART}, count(*), min({day}), max({day}) FROM landing GROUP BY {PART}"
            )
        }
        for number, part in enumerate(parts, start=self.call):
            values = [self.known.key, self.relation, part.name, part.digest,
                      *counted.get(number, (0, None, None)), number, self.call,
                      list(part.notes), list(part.open_totals), None]  # fmt: skip
            marks = ", ".join("?" * len(values))
            self.con.execute(f"INSERT OR REPLACE INTO ingested VALUES ({marks})", values)
        return sum(told[0] for told in counted.values())

    def _together(self, parts: Sequence[Part], more: str = "") -> str:
        """SQL of all rows of parts, with the number of each part."""
        return " UNION ALL BY NAME ".join(
            f"(SELECT *, {number} AS {PART}{more} FROM ({part.select}))"
            for number, part in enumerate(parts, start=self.call)
        )

    def _is_shared(self, part: Part) -> bool:
        """Whether a part that was landed before has days that new parts have too."""
        return bool(
            self._rows(
                f"SELECT 1 FROM {self._ingested} AND sha256 = ? AND EXISTS (SELECT 1 FROM "
                f"ingested j WHERE j.call = ? AND j.relation = ingested.relation AND "
                f"j.first_day <= ingested.last_day AND j.last_day >= ingested.first_day)",
                [part.digest, self.call],
            )
        )

    def _drop_superseded(self, table: Landed, of_row: str, of_rows: str) -> str:
        """Of a row that a loader appended again keep the newest, and count the others.

        Returns SQL of what a row is. Words that are not read belong to it, unless they describe
        whom a row is of: rows of one owner (``of_rows``) that one run landed all have the same.
        """
        read = needed(self.known, table)
        unread = [quoted(c) for c, kind in table.types.items() if kind == "VARCHAR"
                  and c not in read and not c.startswith("_")]  # fmt: skip
        asked = ", ".join(
            f"bool_and(words[{n}]) AND (bool_or(several[{n}]) OR NOT bool_or(num > 1))"
            for n in range(1, len(unread) + 1)
        )
        several = ", ".join(f"min({c}) <> max({c})" for c in unread)
        words = ", ".join(f"bool_and(regexp_matches({c}, '^\\p{{L}}'))" for c in unread)
        told = self._rows(
            f"SELECT {asked or 'count(*)'} FROM (SELECT [{several}] AS several, "
            f"[{words}] AS words, count(*) AS num FROM landing "
            f"GROUP BY {of_rows}, floor({table.batch} / {BATCH_SECONDS}))"
        )[0]
        of_row = ", ".join([of_row, *compress(unread, told)])
        gone = self._rows(
            f"DELETE FROM landing WHERE rowid IN (SELECT r FROM (SELECT rowid AS r, "
            f"{table.batch} AS batch, max(batch) OVER (PARTITION BY {of_row}) AS newest "
            f"FROM landing) WHERE batch < newest - {BATCH_SECONDS})"
        )[0][0]
        if gone:
            self._note(f"{gone:,} rows were landed again later; the newest are read")
        return of_row

    def _refuse_overlaps(self, of_row: str) -> None:
        """Refuse files of one call that have the same row of a report: which one is newer?"""
        twice = self._rows(
            f"SELECT count(*) FROM (SELECT 1 FROM landing GROUP BY {of_row} "
            f"HAVING count(DISTINCT {PART}) > 1)"
        )[0][0]
        if twice:
            raise HarmoniseError(
                f"{twice:,} rows of {self.name} are in more than one file",
                hint="ingest exports that overlap one after the other, the newest last",
            )

    def _refuse_wrong(self, reader: Any, parts: Sequence[Part], reading: Reading) -> None:
        """Name the cells that would put an amount in a wrong place, or a wrong amount anywhere."""
        if not reading.checks:
            return
        asked = ", ".join(
            f"count(*) FILTER (WHERE {wrong}), any_value({shown}) FILTER (WHERE {wrong})"
            for _, shown, wrong, _ in reading.checks
        )
        told = self._rows(f"SELECT {asked} FROM {reading.relation}")[0]
        if not any(told[::2]):
            return
        rows: Sequence[Any] = [None] * len(reading.checks)
        if reading.relation == "landing":
            numbered = self._together(parts, ", row_number() OVER () AS _campaignkit_row")
            first = ", ".join(f"min(_campaignkit_row) FILTER (WHERE {wrong})"
                              for _, _, wrong, _ in reading.checks)  # fmt: skip
            rows = reader.sql(f"SELECT {first} FROM ({numbered})").fetchall()[0]
        faults = [
            Fault(
                f"{self.name}, {column}",
                f"{count:,} cells, such as {example!r:.40}; expected {expected}"
                + (f"; the first is in row {row}" if row else ""),
            )
            for (column, _, _, expected), count, example, row in zip(
                reading.checks, told[::2], told[1::2], rows, strict=True
            )
            if count
        ]
        raise HarmoniseError(
            f"cells of {self.name} cannot be read", faults=faults,
            hint="correct those cells and ingest again; an empty amount is unknown and not 0",
        )  # fmt: skip

    def _land(self, reading: Reading) -> None:
        """Put what was read into its landed table, in place of what it replaces."""
        con, target = self.con, landed_as(self.known, self.relation, reading.role)
        con.execute(f"CREATE OR REPLACE TEMP VIEW fresh AS {reading.select}")
        con.execute(f"CREATE TABLE IF NOT EXISTS {target} AS SELECT * FROM fresh LIMIT 0")
        fresh, before = _types(con, "fresh"), _types(con, target)
        for column in fresh.keys() - before.keys():
            con.execute(f"ALTER TABLE {target} ADD COLUMN {column} {fresh[column]}")
        if reading.level:
            self._make_room(reading.level, target, fresh.keys(), before.keys())
        else:
            same = " AND ".join(f"t.{c} IS NOT DISTINCT FROM f.{c}"
                                for c in fresh if c != "number")  # fmt: skip
            con.execute(
                f"DELETE FROM {target} t WHERE EXISTS (SELECT 1 FROM fresh f WHERE {same})"
            )
        con.execute(f"INSERT INTO {target} BY NAME SELECT * FROM fresh")

    def _make_room(self, level: str, target: str, fresh: Set[str], before: Set[str]) -> None:
        """Delete what new rows of a level replace, and note the days that change."""
        at, own = "moment" if "moment" in fresh else "day", f"{level}_id"
        if self.relation.startswith("export_"):
            same = self._same_download(target, fresh, before)
        else:
            owner = new = "account_id"
            if "account_id" not in fresh & before:
                self._resolve_owners(level, target)
                known = f"(SELECT own_account FROM owners WHERE own_id = {own}), {own}"
                new, owner = (
                    f"coalesce({'account_id, ' * ('account_id' in columns)}{known})"
                    for columns in (fresh, before)
                )
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE slices AS "
                f"SELECT DISTINCT {at} AS slice_at, {new} AS slice_owner FROM fresh"
            )
            same = f"s.slice_owner IS NOT DISTINCT FROM {owner}"
        replaced = (
            f"FROM {target} WHERE EXISTS (SELECT 1 FROM slices s WHERE s.slice_at = {at} "
            f"AND {same})"
        )
        if self.relation.startswith("export_") and "campaign_id" in fresh & before:
            self._note_left_out(replaced)
        _delete(self.con, self.known, replaced, [], self.call)
        self.con.execute(
            "INSERT OR IGNORE INTO touched SELECT DISTINCT ?, CAST(slice_at AS DATE) FROM slices",
            [self.known.key],
        )

    def _same_download(self, target: str, fresh: Set[str], before: Set[str]) -> str:
        """SQL of whether a row is of the account that a download is of: of any, if none is told.

        A download is a whole report: what it lacks is no more, such as a campaign's old name.
        """
        account, new = ("account_id" if "account_id" in columns else "NULL"
                        for columns in (before, fresh))  # fmt: skip
        name = "account_name" if "account_name" in _types(self.con, "landing") else "NULL"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE slices AS SELECT DISTINCT CAST(date AS DATE) AS "
            f"slice_at, {new} AS slice_owner, {name} AS own_name FROM landing"
        )
        several = self._rows(
            f"SELECT DISTINCT {account} FROM {target} JOIN slices s "
            f"ON s.slice_at = day AND s.slice_owner IS NULL "
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

    def _note_left_out(self, replaced: str) -> None:
        """Note the campaigns whose rows a download replaces without having any of them."""
        gone = self._rows(
            f"SELECT DISTINCT campaign_id {replaced} AND campaign_id NOT IN "
            f"(SELECT campaign_id FROM fresh WHERE campaign_id IS NOT NULL) ORDER BY 1"
        )
        if gone:
            listed = ", ".join(name for (name,) in gone[:5])
            self._note(
                f"{len(gone):,} campaigns that it lacks were replaced on its days: {listed}"
            )

    def _note(self, note: str) -> None:
        self.con.execute(
            "UPDATE ingested SET notes = list_append(notes, ?) WHERE call = ?", [note, self.call]
        )

    def _resolve_owners(self, level: str, target: str) -> None:
        """Make ``owners``: the account of each identifier, of reports that do not name it."""
        unifier = Unifier(self.con, self.known, find(self.con, self.known, need_report=False))
        unifier.read_entities()
        ids = " UNION ".join(f"SELECT {level}_id FROM {rows}" for rows in ("fresh", target))
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE owners AS {unifier.accounts(level, ids)}")

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        rows: list[Any] = self.con.execute(sql, list(values)).fetchall()
        return rows


def _of_days(read: Sequence[Reading]) -> Reading | None:
    """Of readings the one whose rows are the table's own, each of a day."""
    return next((reading for reading in read if reading.identity and not reading.role), None)


def _types(con: Any, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE {relation}").fetchall()}
