"""The one store of a build: replies, answers and spending, in one sqlite file.

It is the ledger of calls with three tables more: the answers about pairs, the calls that a build
has made, and after which call each build began. What was judged once is never asked
again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue, Key
from campaignkit.edges.pairs import PairTable
from campaignkit.edges.scorers.protocols import Answer, Asking, Judgement, Pair, Vote, settled
from campaignkit.llm import Ledger


class BuildStore(Ledger):
    """The ledger of one or more builds with their answers: a file in a folder, or in memory.

    Every write is one transaction and is on disk before it returns.

    Parameters
    ----------
    folder : Path or None
        Where the file ``calls.sqlite`` is, or is made; None keeps everything in memory.

    Raises
    ------
    ArtifactError
        If the folder cannot be used, another build has it open, or the file is no such store.

    Examples
    --------
    >>> store = BuildStore(None)
    >>> pair = ("brand", "Nike"), ("geo", "Peru")
    >>> store.keep([Answer(pair, Judgement(1))], scorer="mine", build=store.number("a build"))
    >>> [answer.judgement.sign for answer in store.answers("mine")]
    [1]
    """

    tables = f"""{Ledger.tables};
        CREATE TABLE IF NOT EXISTS attributes (
            id INTEGER PRIMARY KEY, modality TEXT NOT NULL, value TEXT NOT NULL,
            UNIQUE (modality, value)
        );
        CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE IF NOT EXISTS asked (
            build INTEGER NOT NULL, call TEXT NOT NULL, PRIMARY KEY (build, call)
        ) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS builds (name TEXT PRIMARY KEY, after INTEGER NOT NULL)
        WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS answers (
            scorer INTEGER NOT NULL, one INTEGER NOT NULL, other INTEGER NOT NULL,
            vote INTEGER NOT NULL, build INTEGER NOT NULL, shown TEXT NOT NULL,
            sign INTEGER NOT NULL, decided_by TEXT NOT NULL, probability REAL, strength REAL,
            reason TEXT NOT NULL, context TEXT NOT NULL, place REAL, votes TEXT NOT NULL,
            PRIMARY KEY (scorer, one, other, vote, shown)
        ) WITHOUT ROWID
    """

    def __init__(self, folder: Path | None) -> None:
        super().__init__(folder)
        self._ids = self._attributes()

    def number(self, name: str) -> int:
        """The number under which a scorer or a build is kept; a new one at the first call."""
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO names (name) VALUES (?)", (name,))
        return int(self.rows("SELECT id FROM names WHERE name = ?", name)[0][0])

    def began(self, build: str) -> int:
        """After which call in the store this build first began; noted at the first time."""
        with self.writing() as db:
            last = "SELECT ?, coalesce(max(id), 0) FROM calls"
            db.execute(f"INSERT OR IGNORE INTO builds {last}", (build,))
        return int(self.rows("SELECT after FROM builds WHERE name = ?", build)[0][0])

    def note_calls(self, build: int, calls: Iterable[str]) -> None:
        """Put on disk which calls a build is about to make, by any text that tells them apart."""
        with self.writing() as db:
            db.executemany(
                "INSERT OR IGNORE INTO asked VALUES (?, ?)", [(build, call) for call in calls]
            )

    def noted_calls(self, build: int) -> set[str]:
        """The calls that a build has noted."""
        return {call for (call,) in self.rows("SELECT call FROM asked WHERE build = ?", build)}

    def keep(self, answers: Iterable[Answer], *, scorer: str, build: int) -> None:
        """Put some answers on disk, all or none."""
        number = self.number(scorer)
        try:
            with self.writing() as db:
                rows = [self._row(db, answer, number, build) for answer in answers]
                db.executemany(
                    f"INSERT OR REPLACE INTO answers VALUES ({', '.join('?' * 14)})",  # noqa: S608  # only question marks
                    rows,
                )
        except BaseException:
            self._ids = self._attributes()  # those added in it are gone
            raise

    def answers(self, scorer: str, *, among: Catalogue | None = None) -> Iterator[Answer]:
        """All answers of a scorer about pairs of some attributes, in no particular order."""
        keys = {number: key for key, number in self._ids.items() if among is None or key in among}
        found = self.rows(
            "SELECT one, other, vote, build, shown, sign, decided_by, probability, strength, "
            "reason, context, place, votes FROM answers WHERE scorer = ?",
            self.number(scorer),
        )
        for one, other, asking, build, shown, *said, place, votes in found:
            if one in keys and other in keys:
                sign, decided_by, probability, strength, reason, context = said
                cast = tuple((name, Vote(*vote)) for name, *vote in json.loads(votes or "[]"))
                yield Answer(
                    (keys[one], keys[other]),
                    Judgement(sign, reason, decided_by, strength, probability, cast, context),
                    Asking(asking),
                    shown,
                    place,
                    build,
                )

    def recall(
        self,
        pairs: PairTable,
        *,
        scorer: str,
        build: int,
        shown: Callable[[Pair], str] | None,
    ) -> tuple[NDArray[np.bool_], dict[int, Judgement]]:
        """Find what a store has of a scorer's answers about these pairs.

        Parameters
        ----------
        scorer : str
            What its answers are kept under.
        build : int
            The number of this build.
        shown : function, optional
            What the scorer is shown of a pair now; an answer to something else is none.

        Returns
        -------
        known : bool[P]
            Pairs that another build in the store has judged.
        said : dict of int to Judgement
            What was said of those, and what earlier runs of this build said, by pair number.
        """
        found = list(self.answers(scorer, among=pairs.catalogue))
        index = pairs.catalogue.index
        ends = np.array([[index(key) for key in a.pair] for a in found], dtype=np.int64)
        ends = ends.reshape(-1, 2)
        numbers = pairs.indices(ends[:, 0], ends[:, 1])
        known = np.zeros(len(pairs), dtype=np.bool_)
        valid: list[Answer] = []
        number_of = {}
        for number, answer in zip(numbers.tolist(), found, strict=True):
            if answer.shown == ("" if shown is None else shown(pairs.pair(number))):
                valid.append(answer)
                number_of[answer.pair] = number
                known[number] |= answer.build != build
        return known, {number_of[pair]: judged for pair, judged in settled(valid).items()}

    def _row(self, db: Connection, answer: Answer, scorer: int, build: int) -> Sequence[object]:
        for key in answer.pair:
            if key not in self._ids:
                row = db.execute("INSERT INTO attributes (modality, value) VALUES (?, ?)", key)
                self._ids[key] = int(row.lastrowid or 0)
        one, other = sorted(self._ids[key] for key in answer.pair)
        said = answer.judgement
        votes = [[name, vote.weight, vote.reason, vote.veto] for name, vote in said.votes]
        return (
            scorer, one, other, int(answer.asking), build, answer.shown, int(said.sign),
            said.decided_by, said.probability, said.strength, said.reason, said.context,
            answer.place, json.dumps(votes) if votes else "",
        )  # fmt: skip

    def _attributes(self) -> dict[Key, int]:
        rows = self.rows("SELECT modality, value, id FROM attributes")
        return {(modality, value): number for modality, value, number in rows}
