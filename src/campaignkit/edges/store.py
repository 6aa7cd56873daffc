"""The one store of a build: replies, answers and spending, in one sqlite file.

It is the ledger of calls with four tables more: the answers about pairs, what models said of
attributes, the calls that a build has made, and after which call each build began. What was judged
once is never asked again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Key
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
    >>> from campaignkit.catalogue import Attribute, Catalogue
    >>> store = BuildStore(None)
    >>> nike, peru = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> said = Answer((peru.key, nike.key), Judgement(1))
    >>> store.keep([said], scorer="mine", build=1)
    >>> known, judged = store.recall(PairTable(Catalogue([nike, peru])), scorer="mine", build=0)
    >>> known.tolist(), judged[0].sign
    ([True], 1)
    """

    tables = f"""{Ledger.tables};
        CREATE TABLE IF NOT EXISTS attributes (
            id INTEGER PRIMARY KEY, modality TEXT NOT NULL, value TEXT NOT NULL,
            UNIQUE (modality, value)
        );
        CREATE TABLE IF NOT EXISTS scorers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE IF NOT EXISTS asked (
            build INTEGER NOT NULL, call TEXT NOT NULL, PRIMARY KEY (build, call)
        ) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS builds (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, after INTEGER NOT NULL
        );
        CREATE TABLE IF NOT EXISTS said (
            what TEXT NOT NULL, modality TEXT NOT NULL, value TEXT NOT NULL,
            build INTEGER NOT NULL, said TEXT NOT NULL, PRIMARY KEY (what, modality, value)
        ) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS answers (
            scorer INTEGER NOT NULL, one INTEGER NOT NULL, other INTEGER NOT NULL,
            vote INTEGER NOT NULL, build INTEGER NOT NULL, shown TEXT NOT NULL,
            sign INTEGER NOT NULL, decided_by TEXT NOT NULL, probability REAL, strength REAL,
            reason TEXT NOT NULL, context TEXT NOT NULL, place REAL, votes TEXT NOT NULL,
            PRIMARY KEY (scorer, one, other, vote, shown)
        ) WITHOUT ROWID
    """

    def begin(self, build: str) -> tuple[int, int, set[str]]:
        """Begin a build, or go on with it.

        Returns
        -------
        number : int
            Under which its answers are kept.
        after : int
            The last call in the store before the build first began.
        noted : set of str
            The calls that earlier runs of it have noted.
        """
        with self.writing() as db:
            last = "SELECT ?, coalesce(max(id), 0) FROM calls"
            db.execute(f"INSERT OR IGNORE INTO builds (name, after) {last}", (build,))
        number, after = self.rows("SELECT id, after FROM builds WHERE name = ?", build)[0]
        noted = self.rows("SELECT call FROM asked WHERE build = ?", number)
        return int(number), int(after), {call for (call,) in noted}

    def note_calls(self, build: int, calls: Iterable[str]) -> None:
        """Put on disk which calls a build is about to make, by any text that tells them apart."""
        with self.writing() as db:
            db.executemany(
                "INSERT OR IGNORE INTO asked VALUES (?, ?)", [(build, call) for call in calls]
            )

    def keep(self, answers: Sequence[Answer], *, scorer: str, build: int) -> None:
        """Put some answers on disk, all or none."""
        names = dict.fromkeys(chain.from_iterable(answer.pair for answer in answers))
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO scorers (name) VALUES (?)", (scorer,))
            db.executemany(_NAME, names)
            db.executemany(_KEEP, [_row(answer, scorer, build) for answer in answers])

    def keep_said(self, said: Mapping[Key, object], *, what: str, build: int) -> None:
        """Put what a model said of attributes on disk, as JSON values; earlier values stay."""
        rows = [(what, *key, build, json.dumps(told)) for key, told in said.items()]
        with self.writing() as db:
            db.executemany("INSERT OR IGNORE INTO said VALUES (?, ?, ?, ?, ?)", rows)

    def recall_said(self, *, what: str, build: int) -> dict[Key, Any]:
        """Find what other builds kept of attributes: JSON values."""
        query = "SELECT modality, value, said FROM said WHERE what = ? AND build <> ?"
        rows = self.rows(query, what, build)
        return {(modality, value): json.loads(told) for modality, value, told in rows}

    def recall(
        self,
        pairs: PairTable,
        *,
        scorer: str,
        build: int,
        shown: Callable[[Pair], str] = lambda pair: "",
    ) -> tuple[NDArray[np.bool_], dict[int, Judgement]]:
        """Find what a store has of a scorer's answers about these pairs.

        Parameters
        ----------
        scorer : str
            What its answers are kept under.
        build : int
            The number of this build.
        shown : function
            What the scorer is shown of a pair now; an answer to something else is none.

        Returns
        -------
        known : bool[P]
            Pairs that another build in the store has judged.
        said : dict of int to Judgement
            The answers about those, and those of earlier runs of this build, by pair number.
        """
        rows = self.rows("SELECT modality, value, id FROM attributes")
        named = {(modality, value): number for modality, value, number in rows}
        at = {named[a.key]: i for i, a in enumerate(pairs.catalogue) if a.key in named}
        rows = self.rows(_RECALL, scorer)
        found = [row for row in rows if row[0] in at and row[1] in at]
        numbers = pairs.indices([at[row[0]] for row in found], [at[row[1]] for row in found])
        known = np.zeros(len(pairs), dtype=np.bool_)
        valid = []
        for number, (_, _, asking, by, seen, votes, context, *said) in zip(
            numbers.tolist(), found, strict=True
        ):
            if seen == shown(pairs.pair(number)):
                known[number] |= by != build
                cast = tuple((name, Vote(*vote)) for name, *vote in json.loads(votes or "[]"))
                sign, reason, decider, strength, sure = said
                judged = Judgement(sign, reason, decider, strength, sure, cast, context)
                valid.append((number, Asking(asking), judged))
        return known, settled(valid)


_NAME = "INSERT OR IGNORE INTO attributes (modality, value) VALUES (?, ?)"
_ATTRIBUTE = "(SELECT id FROM attributes WHERE modality = ? AND value = ?)"
_SCORER = "(SELECT id FROM scorers WHERE name = ?)"
_VALUES = ", ".join([_SCORER, _ATTRIBUTE, _ATTRIBUTE, *"?" * 11])
_KEEP = f"INSERT OR REPLACE INTO answers VALUES ({_VALUES})"  # noqa: S608  # only question marks
_RECALL = f"""
    SELECT one, other, vote, build, shown, votes, context,
        sign, reason, decided_by, strength, probability
    FROM answers WHERE scorer = {_SCORER}
"""  # noqa: S608  # as above


def _row(answer: Answer, scorer: str, build: int) -> tuple[object, ...]:
    one, other = sorted(answer.pair)
    said = answer.judgement
    votes = [[name, vote.weight, vote.reason, vote.veto] for name, vote in said.votes]
    return (
        scorer, *one, *other, int(answer.asking), build, answer.shown, said.sign, said.decided_by,
        said.probability, said.strength, said.reason, said.context, answer.place,
        json.dumps(votes) if votes else "",
    )  # fmt: skip
