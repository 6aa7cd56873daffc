"""Answers about pairs on disk: what was judged once is never asked again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from campaignkit.catalogue import Catalogue, Key
from campaignkit.edges.scorers.protocols import Judgement, Vote as RuleVote
from campaignkit.errors import ArtifactError

FILE_NAME = "answers.sqlite"
_FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS attributes (
    id INTEGER PRIMARY KEY, modality TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (modality, value)
);
CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS asked (
    build INTEGER NOT NULL, call TEXT NOT NULL, PRIMARY KEY (build, call)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS builds (name TEXT PRIMARY KEY, spent TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
    scorer INTEGER NOT NULL, one INTEGER NOT NULL, other INTEGER NOT NULL, vote INTEGER NOT NULL,
    build INTEGER NOT NULL, shown TEXT NOT NULL, sign INTEGER NOT NULL, decided_by TEXT NOT NULL,
    probability REAL, strength REAL, reason TEXT NOT NULL, context TEXT NOT NULL,
    place REAL, votes TEXT NOT NULL,
    PRIMARY KEY (scorer, one, other, vote, shown)
) WITHOUT ROWID;
"""


class Vote(IntEnum):
    """Which answer about a pair it is.

    Examples
    --------
    >>> Vote.REPEAT.name
    'REPEAT'
    """

    FIRST = 0
    SECOND = 1
    THIRD = 2
    REPEAT = 3
    """Asked a second time to measure how often answers flip; decides nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer about one pair.

    Attributes
    ----------
    pair : (Key, Key)
        The identities of its attributes, in any order.
    judgement : Judgement
    vote : Vote
    shown : str
        A digest of what the scorer was shown of the two beyond their names; an answer to other
        descriptions or facts is another answer.
    place : float or None
        Where in its call the pair stood, in [0, 1].
    build : int
        The number of the build that asked; set by the store.

    Examples
    --------
    >>> Answer((("brand", "Nike"), ("geo", "Peru")), Judgement(1)).vote.name
    'FIRST'
    """

    pair: tuple[Key, Key]
    judgement: Judgement
    vote: Vote = Vote.FIRST
    shown: str = ""
    place: float | None = None
    build: int = -1


class AnswerStore:
    """The answers of one or more builds: a file in a folder, or in memory.

    Every write is one transaction and is on disk before it returns.

    Parameters
    ----------
    folder : Path or None
        Where the file ``answers.sqlite`` is, or is made; None keeps everything in memory.

    Raises
    ------
    ArtifactError
        If the folder cannot be written, or the file is no store of answers.

    Examples
    --------
    >>> store = AnswerStore(None)
    >>> pair = ("brand", "Nike"), ("geo", "Peru")
    >>> store.keep([Answer(pair, Judgement(1))], scorer="mine", build=store.number("a build"))
    >>> [answer.judgement.sign for answer in store.answers("mine")]
    [1]
    """

    def __init__(self, folder: Path | None) -> None:
        self.path = None if folder is None else folder / FILE_NAME
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            where = self.path or ":memory:"
            self._rows = sqlite3.connect(where, timeout=1.0, isolation_level=None)
            self._rows.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._rows.execute("PRAGMA journal_mode = WAL")
            self._rows.execute("PRAGMA synchronous = FULL")  # a paid answer survives a power cut
            version = self._rows.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _FORMAT):
                raise ArtifactError(
                    f"{self.path} is of format {version}; this version reads {_FORMAT}",
                    hint="give another folder",
                )
            self._rows.executescript(_SCHEMA)
            self._rows.execute(f"PRAGMA user_version = {_FORMAT}")
        except (OSError, sqlite3.Error) as err:
            if "locked" in str(err):
                raise ArtifactError(
                    f"{folder} is in use by another build",
                    hint="wait for it to end, or give this one a folder of its own",
                ) from err
            raise ArtifactError(
                f"{folder} cannot hold a build's answers: {err}",
                hint="give a folder that can be written, or a new one",
            ) from err
        self._ids = self._attributes()

    def number(self, name: str) -> int:
        """The number under which a scorer or a build is kept; a new one at the first call."""
        with self._transaction():
            self._rows.execute("INSERT OR IGNORE INTO names (name) VALUES (?)", (name,))
        found = self._rows.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()
        return int(found[0])

    def spent_before(self, build: str, spent: str) -> str:
        """What the store had cost when this build first began, noted then; any text."""
        with self._transaction():
            self._rows.execute("INSERT OR IGNORE INTO builds VALUES (?, ?)", (build, spent))
        found = self._rows.execute("SELECT spent FROM builds WHERE name = ?", (build,))
        return str(found.fetchone()[0])

    def note_calls(self, build: int, calls: Iterable[str]) -> None:
        """Put on disk which calls a build is about to make, by any text that tells them apart."""
        with self._transaction():
            self._rows.executemany(
                "INSERT OR IGNORE INTO asked VALUES (?, ?)", [(build, call) for call in calls]
            )

    def noted_calls(self, build: int) -> set[str]:
        """The calls that a build has noted."""
        found = self._rows.execute("SELECT call FROM asked WHERE build = ?", (build,))
        return {call for (call,) in found}

    def keep(self, answers: Iterable[Answer], *, scorer: str, build: int) -> None:
        """Put some answers on disk, all or none."""
        number = self.number(scorer)
        with self._transaction():
            rows = [self._row(answer, number, build) for answer in answers]
            self._rows.executemany(
                f"INSERT OR REPLACE INTO answers VALUES ({', '.join('?' * 14)})",  # noqa: S608  # only question marks
                rows,
            )

    def answers(self, scorer: str, *, among: Catalogue | None = None) -> Iterator[Answer]:
        """All answers of a scorer about pairs of some attributes, in no particular order."""
        keys = {number: key for key, number in self._ids.items() if among is None or key in among}
        found = self._rows.execute(
            "SELECT one, other, vote, build, shown, sign, decided_by, probability, strength, "
            "reason, context, place, votes FROM answers WHERE scorer = ?",
            (self.number(scorer),),
        )
        for one, other, vote, build, shown, *said, place, votes in found:
            if one in keys and other in keys:
                sign, decided_by, probability, strength, reason, context = said
                cast = tuple((name, RuleVote(*vote)) for name, *vote in json.loads(votes or "[]"))
                yield Answer(
                    (keys[one], keys[other]),
                    Judgement(sign, reason, decided_by, strength, probability, cast, context),
                    Vote(vote),
                    shown,
                    place,
                    build,
                )

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()

    def _row(self, answer: Answer, scorer: int, build: int) -> Sequence[object]:
        one, other = sorted(self._attribute(key) for key in answer.pair)
        said = answer.judgement
        votes = [[name, vote.weight, vote.reason, vote.veto] for name, vote in said.votes]
        return (
            scorer, one, other, int(answer.vote), build, answer.shown, int(said.sign),
            said.decided_by, said.probability, said.strength, said.reason, said.context,
            answer.place, json.dumps(votes) if votes else "",
        )  # fmt: skip

    def _attributes(self) -> dict[Key, int]:
        rows = self._rows.execute("SELECT modality, value, id FROM attributes")
        return {(modality, value): number for modality, value, number in rows}

    def _attribute(self, key: Key) -> int:
        found = self._ids.get(key)
        if found is None:
            row = self._rows.execute("INSERT INTO attributes (modality, value) VALUES (?, ?)", key)
            found = self._ids[key] = int(row.lastrowid or 0)
        return found

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._rows.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._rows.execute("ROLLBACK")
            self._ids = self._attributes()  # those added in it are gone
            raise
        self._rows.execute("COMMIT")
