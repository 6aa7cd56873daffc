"""The ledger: every call reserved before it is sent, every reply on disk before it is used.

One sqlite file contains a table of calls: what was asked, how it ended, what it cost, what came;
code that builds on it adds its own tables. A call is written as ``open`` before it is sent and
settled after it; a file that is opened with open calls in it belonged to a run that was killed,
and they become ``unconfirmed``.

sqlite holds the file for one connection alone (``locking_mode = EXCLUSIVE``): a second process is
told so, and a killed one lets go by itself.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, astuple, replace
from math import inf
from pathlib import Path
from typing import Any, ClassVar

from campaignkit.errors import ArtifactError, SettingError
from campaignkit.llm.chat_model import Request, Usage
from campaignkit.llm.spending import Budget, Spent, UnconfirmedCall

Cost = tuple[Usage, float | None]  # tokens, and money where there is a price
FILE_NAME = "calls.sqlite"
_LAYOUT = 3
# In the order of Spent's fields. A request that never left is not a call; one that goes out after
# a call whose reply never came repeats that call.
_SPENT = """
    SELECT stage, sum(state != 'unsent'), sum(tokens_in), sum(tokens_out),
        CASE WHEN sum(state != 'unsent' AND money IS NULL) THEN NULL ELSE total(money) END,
        sum(before = 'unconfirmed'), sum(state = 'unconfirmed'), sum(state = 'answered'),
        sum(state = 'malformed'), sum(state = 'rejected'), sum(state = 'open'),
        sum((state = 'unconfirmed') * (tokens_in + tokens_out))
    FROM (SELECT *, lag(state, 1, '') OVER (PARTITION BY key ORDER BY id) AS before FROM calls)
    WHERE id > ? GROUP BY stage ORDER BY min(id)
"""
_UNCONFIRMED = """
    SELECT stage, prompt, reason, again FROM
        (SELECT *, lead(id) OVER (PARTITION BY key ORDER BY id) AS again FROM calls)
    WHERE state = 'unconfirmed' ORDER BY id
"""
_TOLD = (
    ("locked|busy", "is in use by another run",
     "wait for it to end, or give this run another store"),
    ("not a database|malformed", "is not a ledger of calls",
     "give another folder, or restore the file"),
    ("closed", "is closed", "open the account again"),
)  # fmt: skip


class Ledger:
    """What was asked, what came back and what it cost, in one sqlite file.

    Parameters
    ----------
    folder : Path or None
        Where ``calls.sqlite`` lies or is made; None keeps it in memory.

    Attributes
    ----------
    changed : threading.Condition
        Its lock guards the ledger; a thread that waits on it is woken when a call is settled.
    num_unconfirmed : int
        Calls whose reply never arrived, in all runs on this file.

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
    >>> ledger.settle(call, "answered", (Usage(3, 1), None), text="[]")
    >>> ledger.spent.answered, ledger.reply("k")
    (1, ('[]', Usage(tokens_in=3, tokens_out=1, estimated=False)))
    """

    tables: ClassVar[str] = """
        CREATE TABLE IF NOT EXISTS calls (
            id INTEGER PRIMARY KEY, key TEXT NOT NULL, stage TEXT NOT NULL, state TEXT NOT NULL,
            tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, estimated INTEGER NOT NULL,
            money REAL, sent_at REAL NOT NULL, reason TEXT NOT NULL DEFAULT '',
            model TEXT NOT NULL, prompt TEXT NOT NULL, text TEXT NOT NULL DEFAULT ''
        );
        CREATE INDEX IF NOT EXISTS calls_key ON calls (key)
    """

    def __init__(self, folder: Path | None) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._where = "the ledger in memory" if folder is None else str(folder / FILE_NAME)
        self._open_calls: dict[int, Cost] = {}
        self._last_spent: Spent | None = None
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except (OSError, ValueError) as err:  # a file, a name too long or with a NUL, ...
                why = "it is a file" if isinstance(err, FileExistsError) else str(err)
                raise ArtifactError(
                    f"cannot use {str(folder)[:200]!r} as a folder: {why}",
                    hint="give another name",
                ) from err
        with self._told():
            # Any thread may settle a call, under one lock.
            self._db = sqlite3.connect(
                ":memory:" if folder is None else folder / FILE_NAME,
                timeout=1.0,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            # The last: a paid reply survives a power cut.
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
                self.rows(f"PRAGMA {pragma}")
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
                    "UPDATE calls SET state = 'unconfirmed', reason = 'killed'"
                    " WHERE state = 'open'"
                )
        except ArtifactError:
            self._db.close()
            raise
        # Calls, tokens and money of all runs: what a budget is compared with.
        *held, self.num_unconfirmed = self.rows(
            "SELECT count(*), total(tokens_in + tokens_out), total(money),"
            " coalesce(sum(state = 'unconfirmed'), 0) FROM calls WHERE state != 'unsent'"
        )[0]
        self._held: list[float] = held

    @property
    def spent(self) -> Spent:
        """What all runs on this file have cost; a closed ledger knows what it knew."""
        return self._last_spent or self.spent_since(0)

    def spent_since(self, call: int) -> Spent:
        """What the calls after this one have cost."""
        rows = self.rows(_SPENT, call)
        columns: Any = zip(*(sums for _, *sums in rows), strict=True)  # Any: numbers of sqlite
        total: Any = [None if None in column else sum(column) for column in columns]
        stages = {stage: Spent(*sums) for stage, *sums in rows if sums[0]}
        return replace(Spent(*total), by_stage=stages)

    @property
    def num_calls(self) -> int:
        """Requests sent in all runs on this file."""
        return int(self._held[0])

    @property
    def in_flight(self) -> int:
        """Calls reserved and not settled."""
        return len(self._open_calls)

    def reply(self, key: str) -> tuple[str, Usage] | None:
        """The stored reply to a request, if there is one."""
        found = self.rows(
            "SELECT text, tokens_in, tokens_out, estimated FROM calls"
            " WHERE key = ? AND state = 'answered' ORDER BY id DESC LIMIT 1",
            key,
        )
        for text, tokens_in, tokens_out, estimated in found:
            return text, Usage(tokens_in, tokens_out, bool(estimated))
        return None

    def affords(self, most: Cost, budget: Budget) -> bool:
        """Whether one more call, at the most it can cost, is within the budget."""
        usage, money = most
        # No price, no promise: an account with a money budget always has one.
        more = (1, usage.tokens, inf if money is None else money)
        return all(
            limit is None or held + one <= limit
            for held, one, limit in zip(self._held, more, astuple(budget), strict=True)
        )

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
            row = db.execute(
                "INSERT INTO calls (key, stage, state, tokens_in, tokens_out, estimated, money,"
                " sent_at, model, prompt) VALUES (?, ?, 'open', ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(key, request.stage, *astuple(usage), money, time.time(), model),
                    json.dumps(asdict(request.prompt), ensure_ascii=False),
                ),
            )
            call = int(row.lastrowid or 0)
            self._open_calls[call] = most
            self._book(1, most)
        return call

    def settle(
        self,
        call: int,
        state: str,
        cost: Cost | None = None,
        *,
        text: str = "",
        reason: str = "",
    ) -> None:
        """Book how a call ended; a complete reply is on disk then.

        Parameters
        ----------
        call : int
            From `reserve`.
        state : str
            ``"answered"``, ``"malformed"``, ``"rejected"``, ``"unconfirmed"`` or ``"unsent"``.
        cost : tuple or None
            What it cost; None leaves it at the most it can have cost.
        text : str
            The reply, where there was one.
        reason : str
            Of a call that brought no good reply, in one word.
        """
        with self.writing() as db:
            most = self._open_calls.pop(call)
            usage, money = cost = cost or most
            plain = text.encode("utf-8", "replace").decode()  # no file takes half a character
            db.execute(
                "UPDATE calls SET state = ?, tokens_in = ?, tokens_out = ?, estimated = ?,"
                " money = ?, reason = ?, text = ? WHERE id = ?",
                (state, *astuple(usage), money, reason, plain, call),
            )
            self._book(-1, most)
            self.num_unconfirmed += state == "unconfirmed"
            if state != "unsent":
                self._book(1, cost)
            self.changed.notify_all()

    def unconfirmed(self) -> list[UnconfirmedCall]:
        """Every call whose reply never arrived, oldest first."""
        return [
            UnconfirmedCall(stage, json.loads(prompt)["user"], why, sent_again=again is not None)
            for stage, prompt, why, again in self.rows(_UNCONFIRMED)
        ]

    def close(self) -> None:
        """Let go of the file; another process may open it then."""
        with self.changed:
            with suppress(ArtifactError):
                self._last_spent = self.spent
            with suppress(sqlite3.Error):
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

    def _book(self, times: int, cost: Cost) -> None:
        """Count a call and what it costs; take it back with -1."""
        usage, money = cost
        more = (1, usage.tokens, money or 0.0)
        self._held = [held + times * one for held, one in zip(self._held, more, strict=True)]

    @contextmanager
    def _told(self) -> Iterator[None]:
        with self.changed:
            try:
                yield
            except UnicodeEncodeError as err:
                told = f"{err.object!r:.60} contains half a character (a lone surrogate)"
                raise SettingError(told, hint="give text that can be written as UTF-8") from err
            except sqlite3.Error as err:
                other = f"cannot be used: {err}", ""
                known = ((what, hint) for words, what, hint in _TOLD if re.search(words, str(err)))
                what, hint = next(known, other)
                raise ArtifactError(f"{self._where} {what}", hint=hint) from err
