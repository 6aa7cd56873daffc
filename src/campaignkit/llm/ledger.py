"""The ledger: every call reserved before it is sent, every reply on disk before it is used.

One sqlite file holds three tables: the requests (what was asked), the attempts (each call, with
its state and cost) and the replies (by request). An attempt is written as ``open`` before the call
and settled after it; a file that is opened with open attempts in it belonged to a run that was
killed, and they become ``unconfirmed``.

sqlite holds the file for one connection alone (``locking_mode = EXCLUSIVE``): a second process is
told so, and a killed one lets go by itself.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from campaignkit.errors import ArtifactError
from campaignkit.llm.budget import Budget
from campaignkit.llm.prompt import Request
from campaignkit.llm.reply import Usage
from campaignkit.llm.spent import Spent, UnconfirmedCall
from campaignkit.llm.tally import Tally

FILE_NAME = "calls.sqlite"
_LAYOUT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    key TEXT PRIMARY KEY, model TEXT NOT NULL, prompt TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, stage TEXT NOT NULL, state TEXT NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, money REAL, repeats INTEGER,
    reason TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '', sent_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_key ON attempts (key);
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, attempt INTEGER NOT NULL, text TEXT NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, estimated INTEGER NOT NULL
) WITHOUT ROWID;
"""


class Ledger:
    """What was asked, what came back and what it cost, in one sqlite file.

    Parameters
    ----------
    folder : Path or None
        Where ``calls.sqlite`` lies or is made; None keeps it in memory.

    Raises
    ------
    ArtifactError
        If the folder cannot be used, the file is no ledger, or another process holds it.

    Examples
    --------
    >>> ledger = Ledger(None)
    >>> from campaignkit.llm import Prompt
    >>> ask, most, one = Request(Prompt("?"), list[str]), (Usage(9, 9), None), Budget(calls=1)
    >>> call = ledger.reserve("k", ask, "m", most, one)
    >>> ledger.reserve("k2", ask, "m", most, one)
    >>> ledger.settle_answer(call, "[]", Usage(3, 1), None)
    >>> ledger.spent.answered, ledger.reply("k")
    (1, ('[]', Usage(tokens_in=3, tokens_out=1, estimated=False)))
    """

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.RLock()
        self._where = "the ledger in memory" if folder is None else str(folder / FILE_NAME)
        self._open_calls: dict[int, tuple[str, Usage, float | None]] = {}
        self._db = self._opened(folder)
        self._tally = self._read_tally()

    @property
    def spent(self) -> Spent:
        """What all runs on this file have cost."""
        with self._lock:
            return self._tally.spent

    def reply(self, key: str) -> tuple[str, Usage] | None:
        """The stored reply to a request, if there is one."""
        with self._told():
            row = self._db.execute(
                "SELECT text, tokens_in, tokens_out, estimated FROM replies WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else (row[0], Usage(row[1], row[2], bool(row[3])))

    def affords(self, most: tuple[Usage, float | None], budget: Budget) -> bool:
        """Whether one more call, at the most it can cost, is within the budget."""
        with self._lock:
            return not self._tally.over(budget, *most)

    def reserve(
        self,
        key: str,
        request: Request,
        model: str,
        most: tuple[Usage, float | None],
        budget: Budget,
    ) -> int | None:
        """Book a call before it is sent, at the most it can cost; None if that is too much.

        Parameters
        ----------
        key : str
            Of the request.
        request : Request
            Its prompt is kept with the key, so that the file shows what was asked.
        model : str
            Who is asked.
        most : tuple of Usage and float or None
            The most tokens and money that the call can cost; None without a price.
        budget : Budget
            The limit over everything in the file.
        """
        usage, money = most
        with self._writing():
            if self._tally.over(budget, usage, money):
                return None
            lost = self._db.execute(
                "SELECT max(id) FROM attempts WHERE key = ? AND state = 'unconfirmed' AND id NOT "
                "IN (SELECT repeats FROM attempts WHERE key = ? AND repeats IS NOT NULL)",
                (key, key),
            ).fetchone()[0]
            self._db.execute(
                "INSERT OR IGNORE INTO requests VALUES (?, ?, ?)",
                (key, model, json.dumps(asdict(request.prompt), ensure_ascii=False)),
            )
            row = self._db.execute(
                "INSERT INTO attempts (key, stage, state, tokens_in, tokens_out, money, repeats,"
                " sent_at) VALUES (?, ?, 'open', ?, ?, ?, ?, ?)",
                (key, request.stage, usage.tokens_in, usage.tokens_out, money, lost, time.time()),
            )
            attempt = row.lastrowid
            assert attempt is not None
        self._open_calls[attempt] = (key, usage, money)
        self._tally.add(request.stage, "open", usage, money)
        self._tally.repeats += lost is not None
        return attempt

    def settle_answer(self, attempt: int, text: str, usage: Usage, money: float | None) -> None:
        """Store a complete reply and what it really cost."""
        with self._writing():
            key = self._open_calls[attempt][0]
            self._db.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?)",
                (key, attempt, text, usage.tokens_in, usage.tokens_out, usage.estimated),
            )
            self._close_call(attempt, "answered", usage, money)

    def settle_failure(
        self,
        attempt: int,
        state: str,
        *,
        reason: str,
        cost: tuple[Usage, float | None] | None = None,
        text: str = "",
    ) -> None:
        """Close a call that brought no good reply.

        Parameters
        ----------
        attempt : int
            From `reserve`.
        state : str
            ``"malformed"``, ``"rejected"``, ``"unconfirmed"`` or ``"unsent"``.
        reason : str
            One word.
        cost : tuple or None
            What it cost; None leaves it at the most it can have cost.
        text : str
            The reply, where there was one.
        """
        with self._writing():
            usage, money = cost or self._open_calls[attempt][1:]
            self._close_call(attempt, state, usage, money, reason=reason, text=text)

    def unconfirmed(self) -> list[UnconfirmedCall]:
        """Every call whose reply never arrived, oldest first."""
        with self._told():
            rows = self._db.execute(
                "SELECT a.stage, r.prompt, a.reason, EXISTS (SELECT 1 FROM attempts b"
                " WHERE b.repeats = a.id) FROM attempts a JOIN requests r ON r.key = a.key"
                " WHERE a.state = 'unconfirmed' ORDER BY a.id"
            ).fetchall()
        return [
            UnconfirmedCall(stage, json.loads(prompt)["user"], why, sent_again=bool(again))
            for stage, prompt, why, again in rows
        ]

    def close(self) -> None:
        """Let go of the file; another process may open it then."""
        with self._lock, suppress(sqlite3.Error):
            self._db.close()

    def _close_call(
        self,
        attempt: int,
        state: str,
        usage: Usage,
        money: float | None,
        *,
        reason: str = "",
        text: str = "",
    ) -> None:
        self._db.execute(
            "UPDATE attempts SET state = ?, tokens_in = ?, tokens_out = ?, money = ?, reason = ?,"
            " text = ? WHERE id = ?",
            (state, usage.tokens_in, usage.tokens_out, money, reason, text, attempt),
        )
        stage = self._db.execute("SELECT stage FROM attempts WHERE id = ?", (attempt,)).fetchone()
        _, held, held_money = self._open_calls.pop(attempt)
        self._tally.remove(stage[0], "open", held, held_money)
        self._tally.add(stage[0], state, usage, money)

    def _opened(self, folder: Path | None) -> sqlite3.Connection:
        if folder is not None:
            if folder.exists() and not folder.is_dir():
                raise ArtifactError(
                    f"{folder} is a file; expected a folder", hint="give another name"
                )
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as err:
                raise ArtifactError(f"cannot make the folder {folder}: {err.strerror}") from err
        path = ":memory:" if folder is None else str(folder / FILE_NAME)
        try:
            # Calls are settled by the loop's thread and read by the caller's, under one lock.
            db = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as err:
            raise ArtifactError(f"{self._where} cannot be opened: {err}") from err
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")  # a paid reply survives a power cut
            db.execute("BEGIN IMMEDIATE")
            layout = db.execute("PRAGMA user_version").fetchone()[0]
            if layout > _LAYOUT:
                raise ArtifactError(
                    f"{self._where} has layout {layout}; this version reads up to {_LAYOUT}",
                    hint="upgrade campaignkit",
                )
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_LAYOUT}")
            db.execute(
                "UPDATE attempts SET state = 'unconfirmed', reason = 'killed' WHERE state = 'open'"
            )
            db.execute("COMMIT")
        except sqlite3.Error as err:
            db.close()
            raise _as_artifact_error(err, self._where) from err
        except ArtifactError:
            db.close()
            raise
        return db

    def _read_tally(self) -> Tally:
        tally = Tally()
        with self._told():
            rows = self._db.execute(
                "SELECT stage, state, count(*), sum(tokens_in), sum(tokens_out), sum(money),"
                " count(money), count(repeats) FROM attempts GROUP BY stage, state"
                " ORDER BY min(id)"
            ).fetchall()
        for stage, state, calls, tokens_in, tokens_out, money, priced, repeats in rows:
            cost = money if priced == calls else None
            tally.add(stage, state, Usage(tokens_in, tokens_out), cost, calls=calls)
            tally.repeats += repeats
        return tally

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as err:
                raise _as_artifact_error(err, self._where) from err


def _as_artifact_error(err: sqlite3.Error, where: str) -> ArtifactError:
    told = str(err)
    if "locked" in told or "busy" in told:
        return ArtifactError(
            f"{where} is in use by another run",
            hint="wait for it to end, or give this run a store of its own",
        )
    if "not a database" in told or "malformed" in told:
        return ArtifactError(
            f"{where} is not a ledger of calls", hint="give another folder, or restore the file"
        )
    if "closed" in told:
        return ArtifactError(f"{where} is closed", hint="open the account again")
    return ArtifactError(f"{where} cannot be written: {told}")
