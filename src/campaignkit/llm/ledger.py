"""The ledger: every call reserved before it is sent, every reply on disk before it is used.

One sqlite file holds three tables: the requests (what was asked), the attempts (each call, with
its state and cost) and the replies (by request); whoever builds on it adds tables of its own. An
attempt is written as ``open`` before the call and settled after it; a file that is opened with
open attempts in it belonged to a run that was killed, and they become ``unconfirmed``.

sqlite holds the file for one connection alone (``locking_mode = EXCLUSIVE``): a second process is
told so, and a killed one lets go by itself.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, ClassVar

from campaignkit.errors import ArtifactError
from campaignkit.llm.budget import Budget
from campaignkit.llm.chat_model import Request, Usage
from campaignkit.llm.spent import Spent, StageSpent, UnconfirmedCall

Cost = tuple[Usage, float | None]  # tokens, and money where there is a price
FILE_NAME = "calls.sqlite"
_LAYOUT = 2


@dataclass
class _Sum:
    """What calls of one stage that ended alike have cost."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    unpriced: int = 0

    def add(self, calls: int, cost: Cost) -> None:
        """Book a call, or take it back with -1."""
        usage, money = cost
        self.calls += calls
        self.tokens_in += calls * usage.tokens_in
        self.tokens_out += calls * usage.tokens_out
        self.money += calls * (money or 0.0)
        self.unpriced += calls if money is None else 0


class Ledger:
    """What was asked, what came back and what it cost, in one sqlite file.

    Parameters
    ----------
    folder : Path or None
        Where ``calls.sqlite`` lies or is made; None keeps it in memory.

    Attributes
    ----------
    changed : threading.Condition
        Its lock guards the ledger; whoever waits on it is woken when a call is settled.

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

    tables: ClassVar[str] = """
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
        ) WITHOUT ROWID
    """

    def __init__(self, folder: Path | None) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._where = "the ledger in memory" if folder is None else str(folder / FILE_NAME)
        self._open_calls: dict[int, tuple[str, str, Cost]] = {}
        self._sums: defaultdict[tuple[str, str], _Sum] = defaultdict(_Sum)
        self._repeats = 0
        self._open(folder)
        rows = self.rows(
            "SELECT stage, state, count(*), sum(tokens_in), sum(tokens_out), total(money),"
            " count(*) - count(money), count(repeats) FROM attempts GROUP BY stage, state"
            " ORDER BY min(id)"
        )
        for stage, state, *numbers, repeats in rows:
            self._sums[stage, state] = _Sum(*numbers)
            self._repeats += repeats

    @property
    def spent(self) -> Spent:
        """What all runs on this file have cost; a request that never left is not a call."""
        with self.changed:
            sent = {where: held for where, held in self._sums.items() if where[1] != "unsent"}
            states = {
                state: _total(held for (_, other), held in sent.items() if other == state)
                for state in ("answered", "malformed", "rejected", "unconfirmed", "open")
            }
            stages = {
                stage: _total(held for (other, _), held in sent.items() if other == stage)
                for stage, _ in sent
            }
            lost = states["unconfirmed"]
            return Spent(
                **asdict(_total(sent.values())),
                repeats=self._repeats,
                unconfirmed=lost.calls,
                answered=states["answered"].calls,
                malformed=states["malformed"].calls,
                rejected=states["rejected"].calls,
                in_flight=states["open"].calls,
                tokens_unconfirmed=lost.tokens_in + lost.tokens_out,
                by_stage=stages,
            )

    @property
    def in_flight(self) -> int:
        """Calls reserved and not settled."""
        return len(self._open_calls)

    def reply(self, key: str) -> tuple[str, Usage] | None:
        """The stored reply to a request, if there is one."""
        row = self.rows(
            "SELECT text, tokens_in, tokens_out, estimated FROM replies WHERE key = ?", key
        )
        return (row[0][0], Usage(row[0][1], row[0][2], bool(row[0][3]))) if row else None

    def affords(self, most: Cost, budget: Budget) -> bool:
        """Whether one more call, at the most it can cost, is within the budget."""
        usage, money = most
        with self.changed:
            spent = _total(s for (_, state), s in self._sums.items() if state != "unsent")
        if budget.calls is not None and spent.calls + 1 > budget.calls:
            return False
        tokens = spent.tokens_in + spent.tokens_out + usage.tokens
        if budget.tokens is not None and tokens > budget.tokens:
            return False
        if budget.money is None:
            return True
        # No price, no promise: an account with a money budget always has one.
        return money is not None and (spent.money or 0.0) + money <= budget.money

    def reserve(
        self, key: str, request: Request, model: str, most: Cost, budget: Budget
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
        with self.writing() as db:
            if not self.affords(most, budget):
                return None
            lost = db.execute(
                "SELECT max(id) FROM attempts WHERE key = ? AND state = 'unconfirmed' AND id NOT "
                "IN (SELECT repeats FROM attempts WHERE key = ? AND repeats IS NOT NULL)",
                (key, key),
            ).fetchone()[0]
            db.execute(
                "INSERT OR IGNORE INTO requests VALUES (?, ?, ?)",
                (key, model, json.dumps(asdict(request.prompt), ensure_ascii=False)),
            )
            row = db.execute(
                "INSERT INTO attempts (key, stage, state, tokens_in, tokens_out, money, repeats,"
                " sent_at) VALUES (?, ?, 'open', ?, ?, ?, ?, ?)",
                (key, request.stage, usage.tokens_in, usage.tokens_out, money, lost, time.time()),
            )
            attempt = row.lastrowid
            assert attempt is not None
            self._open_calls[attempt] = (key, request.stage, most)
            self._sums[request.stage, "open"].add(1, most)
            self._repeats += lost is not None
        return attempt

    def settle_answer(self, attempt: int, text: str, usage: Usage, money: float | None) -> None:
        """Store a complete reply and what it really cost."""
        with self.writing() as db:
            key = self._open_calls[attempt][0]
            db.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?)",
                (key, attempt, text, usage.tokens_in, usage.tokens_out, usage.estimated),
            )
            self._close_call(attempt, "answered", (usage, money))

    def settle_failure(
        self, attempt: int, state: str, *, reason: str, cost: Cost | None = None, text: str = ""
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
        with self.writing():
            self._close_call(attempt, state, cost or self._open_calls[attempt][2], reason, text)

    def unconfirmed(self) -> list[UnconfirmedCall]:
        """Every call whose reply never arrived, oldest first."""
        rows = self.rows(
            "SELECT a.stage, r.prompt, a.reason, EXISTS (SELECT 1 FROM attempts b"
            " WHERE b.repeats = a.id) FROM attempts a JOIN requests r ON r.key = a.key"
            " WHERE a.state = 'unconfirmed' ORDER BY a.id"
        )
        return [
            UnconfirmedCall(stage, json.loads(prompt)["user"], why, sent_again=bool(again))
            for stage, prompt, why, again in rows
        ]

    def close(self) -> None:
        """Let go of the file; another process may open it then."""
        with self.changed, suppress(sqlite3.Error):
            self._db.close()

    def rows(self, query: str, *values: object) -> list[Any]:  # Any: columns of sqlite
        """The rows of a query."""
        with self._told():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk when it ends; taken back if it does not."""
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    def _close_call(
        self, attempt: int, state: str, cost: Cost, reason: str = "", text: str = ""
    ) -> None:
        usage, money = cost
        self._db.execute(
            "UPDATE attempts SET state = ?, tokens_in = ?, tokens_out = ?, money = ?, reason = ?,"
            " text = ? WHERE id = ?",
            (state, usage.tokens_in, usage.tokens_out, money, reason, text, attempt),
        )
        _, stage, most = self._open_calls.pop(attempt)
        self._sums[stage, "open"].add(-1, most)
        self._sums[stage, state].add(1, cost)
        self.changed.notify_all()

    def _open(self, folder: Path | None) -> None:
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except (OSError, ValueError) as err:  # a file, a name too long or with a NUL, ...
                why = "it is a file" if isinstance(err, FileExistsError) else str(err)
                raise ArtifactError(
                    f"cannot use {str(folder)[:200]!r} as a folder: {why}",
                    hint="give another name",
                ) from err
        path = ":memory:" if folder is None else str(folder / FILE_NAME)
        try:
            # Any thread may settle a call, under one lock.
            self._db = sqlite3.connect(
                path, timeout=1.0, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as err:
            raise ArtifactError(f"{self._where} cannot be opened: {err}") from err
        try:
            self.rows("PRAGMA locking_mode = EXCLUSIVE")
            self.rows("PRAGMA journal_mode = WAL")
            self.rows("PRAGMA synchronous = FULL")  # a paid reply survives a power cut
            with self.writing() as db:
                layout = db.execute("PRAGMA user_version").fetchone()[0]
                (held,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
                if layout != _LAYOUT and (layout or held):
                    told = f"is of layout {layout}; this version reads layout {_LAYOUT}"
                    raise ArtifactError(
                        f"{self._where} {told}",
                        hint="give another folder, or go on with the version that made it",
                    )
                for statement in self.tables.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {_LAYOUT}")
                db.execute(
                    "UPDATE attempts SET state = 'unconfirmed', reason = 'killed'"
                    " WHERE state = 'open'"
                )
        except ArtifactError:
            self._db.close()
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        with self.changed:
            try:
                yield
            except sqlite3.Error as err:
                raise _as_artifact_error(err, self._where) from err


def _total(sums: Iterable[_Sum]) -> StageSpent:
    columns = zip(astuple(_Sum()), *map(astuple, sums), strict=True)
    calls, tokens_in, tokens_out, money, unpriced = map(sum, columns)
    return StageSpent(calls, tokens_in, tokens_out, None if unpriced or not calls else money)


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
