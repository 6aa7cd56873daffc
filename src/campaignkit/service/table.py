"""The embedded queue: jobs, keys and what keys have used in one sqlite file.

Every change is one immediate transaction; each thread has a connection of its own. The number of
attempts is the fence: each claim raises it, and a run with an older number changes nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any, Literal

from campaignkit.errors import ArtifactError, CampaignkitError, ServiceError
from campaignkit.service.jobs import (
    STATES,
    Claim,
    Clock,
    Cost,
    Event,
    Job,
    NotThere,
    Outcome,
    OutOfSpace,
    Plan,
    State,
    job_digest,
)  # fmt: skip
from campaignkit.service.keys import Key, charged, reserved

FILE_NAME = "service.sqlite"
ATTEMPTS = 3  # claims in a row that bring a job no further
_LAYOUT = 1
TABLES = """
    CREATE TABLE keys (number INTEGER PRIMARY KEY, id TEXT UNIQUE, digest TEXT UNIQUE, doc TEXT);
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY, id TEXT UNIQUE, owner TEXT, digest TEXT, state TEXT, doc TEXT,
        beaten DOUBLE PRECISION DEFAULT 0, lease DOUBLE PRECISION DEFAULT 0,
        idle INTEGER DEFAULT 0, cancel INTEGER DEFAULT 0);
    CREATE UNIQUE INDEX one_of_a_digest ON jobs (owner, digest)
        WHERE state IN ('queued', 'running', 'done');
    CREATE INDEX live ON jobs (state, number) WHERE state IN ('queued', 'running');
    CREATE INDEX of_an_owner ON jobs (owner, number);
    CREATE TABLE held (owner TEXT, digest TEXT, bytes BIGINT, PRIMARY KEY (owner, digest));
    CREATE TABLE events (
        job TEXT, number INTEGER, at DOUBLE PRECISION, what TEXT, PRIMARY KEY (job, number))
"""
_MOUNTS = Path("/proc/mounts")
_SHARED_DISKS = ("nfs", "cifs", "smb", "afs", "fuse.")  # their locks do not hold


class QueueTable(ABC):
    """Jobs, keys and quotas in SQL; see :class:`campaignkit.service.JobQueue` for each method.

    A database adds its connection and its transaction. A database with an engine of its own also
    says which job is next and whose worker is dead, and follows each state that is saved.
    """

    _clock: Clock
    _attempts: int

    @property
    @abstractmethod
    def _db(self) -> Any:  # a connection of any driver, whose execute() takes ? for values
        """The connection of this thread."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Any]:
        """One transaction that no other can come between; undone on an error."""

    def submit(
        self, kind: str, request: Mapping[str, Any], owner: str, plan: Plan
    ) -> tuple[Job, bool]:
        with self._writing() as db:
            if known := self.find(kind, request, owner):
                return known, False
            now, id = self._clock(), f"job_{uuid.uuid4().hex}"
            live = "SELECT count(*) FROM jobs WHERE owner = ? AND state IN ('queued', 'running')"
            (num_live,) = db.execute(live, (owner,)).fetchone()
            self._save_key(reserved(self._key(owner), plan.cost, now, jobs=num_live))
            job = Job(
                id, kind, owner, "queued", request, job_digest(kind, request), plan.cost, now,
                all=plan.all, unit=plan.unit,
            )  # fmt: skip
            db.execute("INSERT INTO jobs (id, owner) VALUES (?, ?)", (id, owner))
            return self._save(job, told="queued"), True

    def find(self, kind: str, request: Mapping[str, Any], owner: str) -> Job | None:
        where = "owner = ? AND digest = ? AND state IN ('queued', 'running', 'done')"
        return next(iter(self._jobs(where, owner, job_digest(kind, request))), None)

    def claim(self, worker: str, lease: float, id: str | None = None) -> Claim | None:
        with self._writing() as db:
            while job := self._next(id, lease):
                asked = "SELECT cancel, idle FROM jobs WHERE id = ?"
                is_cancelled, idle = db.execute(asked, (job.id,)).fetchone()
                if is_cancelled:
                    self._end(job, _lost(job, "cancelled"))
                elif idle >= self._attempts:
                    told = f"the work was lost {idle} times without progress"
                    hint = "ask the operator whether the process needs more memory"
                    error = {"message": told, "hint": hint, "faults": []}
                    self._end(job, replace(_lost(job, "failed"), error=error))
                else:
                    now = self._clock()
                    beats = "UPDATE jobs SET beaten = ?, lease = ?, idle = idle + 1 WHERE id = ?"
                    db.execute(beats, (now, lease, job.id))
                    fence = job.attempts + 1
                    job = replace(job, state="running", attempts=fence, started=now, worker=worker)
                    return Claim(self._save(job, told="running"), fence)
        return None

    def beat(self, id: str, fence: int, done: int, all: int) -> Literal["go", "cancel", "lost"]:
        with self._writing() as db:
            job = self._running(id, fence)
            if job is None:
                return "lost"
            idle = "CASE WHEN ? THEN 0 ELSE idle END"
            beats = f"UPDATE jobs SET beaten = ?, idle = {idle} WHERE id = ?"
            db.execute(beats, (self._clock(), done > job.done, id))
            if done > job.done or all > job.all:
                self._save(replace(job, done=max(done, job.done), all=max(all, job.all)))
            return "cancel" if self._is_cancelled(id) else "go"

    def finish(self, id: str, fence: int, outcome: Outcome) -> bool:
        with self._writing() as db:
            job = self._running(id, fence)
            if job is None:
                return False
            if outcome.state != "queued":
                self._end(job, outcome)
            elif self._is_cancelled(id):
                self._end(job, _lost(job, "cancelled"))
            else:
                is_polite = int(outcome.error is None)  # a crash counts as an attempt
                change = "UPDATE jobs SET idle = max(idle - ?, 0) WHERE id = ?"
                db.execute(change, (is_polite, id))
                self._save(replace(job, state="queued"), told="given back")
            return True

    def cancel(self, id: str, owner: str | None) -> Job:
        with self._writing():
            return self._cancel(self.get(id, owner))

    def get(self, id: str, owner: str | None) -> Job:
        found = self._jobs("id = ? AND owner = coalesce(?, owner)", id, owner)
        if not found:
            raise NotThere(f"there is no job {id!r:.60}", hint="list the jobs of this key")
        return found[0]

    def list(
        self, owner: str | None, after: str | None = None, limit: int = 50
    ) -> tuple[Job, ...]:
        where = (
            "owner = coalesce(?, owner) AND number < coalesce((SELECT number FROM jobs WHERE "
            "id = ?), 9e18) ORDER BY number DESC LIMIT ?"
        )
        return self._jobs(where, owner, after, limit)

    def events(self, id: str, owner: str | None, after: int = 0) -> tuple[Event, ...]:
        self.get(id, owner)
        asked = "SELECT number, at, what FROM events WHERE job = ? AND number > ? ORDER BY number"
        return tuple(Event(*row) for row in self._db.execute(asked, (id, after)))

    def counts(self) -> Mapping[State, int]:
        found = dict(self._db.execute("SELECT state, count(*) FROM jobs GROUP BY state"))
        return {state: found.get(state, 0) for state in STATES}

    def hold(self, owner: str, digest: str, size: int) -> bool:
        with self._writing() as db:
            if self.holds(owner, digest):
                return False
            self._save_key(reserved(self._key(owner), Cost(bytes=size), self._clock()))
            db.execute("INSERT INTO held VALUES (?, ?, ?)", (owner, digest, size))
            return True

    def holds(self, owner: str, digest: str) -> bool:
        asked = "SELECT 1 FROM held WHERE owner = ? AND digest = ?"
        return self._db.execute(asked, (owner, digest)).fetchone() is not None

    def add_key(self, key: Key) -> None:
        with self._writing() as db:
            db.execute("INSERT INTO keys (id, digest) VALUES (?, ?)", (key.id, key.digest))
            self._save_key(key)

    def find_key(self, digest: str) -> Key | None:
        found = self._db.execute("SELECT doc FROM keys WHERE digest = ?", (digest,)).fetchone()
        return None if found is None else Key.of(json.loads(found[0]))

    def keys(self) -> tuple[Key, ...]:
        rows = self._db.execute("SELECT doc FROM keys ORDER BY number")
        return tuple(Key.of(json.loads(doc)) for (doc,) in rows)

    def revoke_key(self, id: str) -> Key:
        with self._writing():
            key = self._key(id)
            self._save_key(replace(key, revoked=key.revoked or self._clock()))
            for job in self._jobs("owner = ? AND state IN ('queued', 'running')", id):
                self._cancel(job)
            return self._key(id)

    # What follows is part of the caller's transaction.

    def _next(self, id: str | None, lease: float) -> Job | None:
        """The job that a worker may have now: one that waits, or whose worker is dead."""
        # abs: a clock that was set back keeps no dead lease alive.
        where = (
            "id = coalesce(?, id) AND (state = 'queued' OR state = 'running' "
            "AND abs(? - beaten) >= lease) ORDER BY number LIMIT 1"
        )
        return next(iter(self._jobs(where, id, self._clock())), None)

    def _is_dead(self, job: Job) -> bool:
        """Whether the worker of a running job has not beaten for its lease."""
        asked = "SELECT abs(? - beaten) >= lease FROM jobs WHERE id = ?"
        return bool(self._db.execute(asked, (self._clock(), job.id)).fetchone()[0])

    def _cancel(self, job: Job) -> Job:
        if job.state == "queued" or (job.state == "running" and self._is_dead(job)):
            return self._end(job, _lost(job, "cancelled"))
        if job.state == "running" and not self._is_cancelled(job.id):
            self._db.execute("UPDATE jobs SET cancel = 1 WHERE id = ?", (job.id,))
            self._save(job, told="cancel asked")
        return job

    def _end(self, job: Job, outcome: Outcome) -> Job:
        """Settle the quota and write the last state."""
        new = 0
        hold = "INSERT INTO held VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        for file in (outcome.result or {}).get("files", ()):
            held = (job.owner, file["digest"], file["bytes"])
            wrote = self._db.execute(hold, held)
            new += wrote.rowcount * file["bytes"]
        used = replace(outcome.used, bytes=new)
        self._save_key(charged(self._key(job.owner), used, job.cost))
        ended = replace(
            job, state=outcome.state, used=used, result=outcome.result, error=outcome.error,
            ended=self._clock(),
        )  # fmt: skip
        return self._save(ended, told=outcome.state)

    def _save(self, job: Job, *, told: str | None = None) -> Job:
        change = "UPDATE jobs SET digest = ?, state = ?, doc = ? WHERE id = ?"
        self._db.execute(change, (job.digest, job.state, _text(job), job.id))
        if told is not None:
            event = "INSERT INTO events SELECT ?, count(*) + 1, ?, ? FROM events WHERE job = ?"
            self._db.execute(event, (job.id, self._clock(), told, job.id))
        return job

    def _jobs(self, where: str, *values: object) -> tuple[Job, ...]:
        rows = self._db.execute(f"SELECT doc FROM jobs WHERE {where}", values)
        return tuple(Job.of(json.loads(doc)) for (doc,) in rows)

    def _running(self, id: str, fence: int) -> Job | None:
        found = self._jobs("id = ? AND state = 'running'", id)
        return found[0] if found and found[0].attempts == fence else None

    def _is_cancelled(self, id: str) -> bool:
        asked = self._db.execute("SELECT cancel FROM jobs WHERE id = ?", (id,))
        return bool(asked.fetchone()[0])

    def _key(self, id: str) -> Key:
        found = self._db.execute("SELECT doc FROM keys WHERE id = ?", (id,)).fetchone()
        if found is None:
            raise NotThere(f"there is no key {id!r:.60}", hint="campaignkit keys list")
        return Key.of(json.loads(found[0]))

    def _save_key(self, key: Key) -> None:
        self._db.execute("UPDATE keys SET doc = ? WHERE id = ?", (_text(key), key.id))


class SqliteQueue(QueueTable):
    """Jobs of one computer; see :class:`campaignkit.service.JobQueue` for what each method does.

    Parameters
    ----------
    path : Path
        The file; it is made for this user alone.
    clock : callable
        Seconds since 1970.
    attempts : int
        Claims in a row without progress after which a job fails.

    Raises
    ------
    ArtifactError
        If the file is none of this layout, or lies on a network disk.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     SqliteQueue(Path(place, "service.sqlite")).counts()["queued"]
    0
    """

    def __init__(self, path: Path, *, clock: Clock = time.time, attempts: int = ATTEMPTS) -> None:
        _refuse_shared_disk(path)
        self._path, self._clock, self._attempts = path, clock, attempts
        self._here = threading.local()
        self._turn, self._flushing = threading.Lock(), threading.Lock()
        self._commits, self._flushed = count(1), 0
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with self._writing() as db:
            layout = db.execute("PRAGMA user_version").fetchone()[0]
            if layout not in (0, _LAYOUT):
                raise ArtifactError(
                    f"{path} is of layout {layout}; this version reads layout {_LAYOUT}",
                    hint="go on with the version that made it, or give another home",
                )
            for statement in TABLES.split(";") if not layout else ():
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_LAYOUT}")

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection of this thread."""
        if not hasattr(self._here, "db"):
            db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")  # _flush does the rest, for several at once
            self._here.db = db
        found: sqlite3.Connection = self._here.db
        return found

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that no other can come between; undone on an error, else on the disk."""
        try:
            db = self._db
            with self._turn:
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    db.execute("COMMIT")
                finally:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
        except sqlite3.DatabaseError as err:
            raise _told(err, self._path) from err
        self._flush(next(self._commits))

    def _flush(self, commit: int) -> None:
        """Return when a commit survives a power cut: one flush serves all who wait for one."""
        with self._flushing:
            if self._flushed < commit:
                upto = next(self._commits)
                log = os.open(f"{self._path}-wal", os.O_RDWR)
                try:
                    os.fsync(log)
                finally:
                    os.close(log)
                self._flushed = upto


def _text(value: Job | Key) -> str:
    return json.dumps(asdict(value), separators=(",", ":"), allow_nan=False)


def _lost(job: Job, state: State) -> Outcome:
    """The outcome of a job whose last run did not tell what it used: calls may have been made."""
    kept = Cost(calls=job.cost.calls, micros=job.cost.micros) if job.attempts else Cost()
    return Outcome(state, used=kept)


def _told(err: sqlite3.DatabaseError, path: Path) -> CampaignkitError:
    if err.sqlite_errorcode == sqlite3.SQLITE_FULL:
        return OutOfSpace(f"{path} cannot grow: the disk is full", hint="make room on the disk")
    if isinstance(err, sqlite3.OperationalError):
        return ServiceError(f"{path}: {err}", hint="try again")
    return ArtifactError(f"{path} is no table of a service: {err}", hint="give another home")


def _refuse_shared_disk(path: Path) -> None:
    """Locks of network disks do not hold, and sqlite on such a disk loses jobs."""
    place = path.parent.resolve()
    try:
        mounts = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:  # no Linux: nobody tells
        return
    there = [(at, kind) for _, at, kind, *_ in map(str.split, mounts) if place.is_relative_to(at)]
    kind = max(there, key=lambda found: len(found[0]), default=("/", ""))[1]
    if kind.startswith(_SHARED_DISKS):
        raise ArtifactError(
            f"{place} lies on a network disk ({kind}), where the locks of sqlite do not hold",
            hint="give a home on a disk of this computer, or use the Postgres queue",
        )
