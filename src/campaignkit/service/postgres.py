"""The queue for several computers: jobs in PostgreSQL, handed out by procrastinate.

The tables are those of the embedded queue. Procrastinate decides which job is next and which
worker is dead: each job waits under a queue name of its own, its id, and each claim is a worker of
the engine. One transaction writes the job, takes its quota and gives the job to the engine. The
clock of the database decides which worker is dead, so clocks of computers may differ.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal
from weakref import finalize

from campaignkit.errors import ServiceError
from campaignkit.extras import require
from campaignkit.service.jobs import Clock, Job
from campaignkit.service.table import ATTEMPTS, TABLES, QueueTable

_SCHEMA = "campaignkit"
_LOCK = 0x63616D706B6974  # one writer at a time, as in the embedded queue
_PATIENCE_S = 10  # a computer that vanishes in a transaction holds the lock no longer
_TASK = "job"
_NUMBERED = ("INTEGER PRIMARY KEY", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")


class PostgresQueue(QueueTable):
    """Jobs of several computers; see :class:`campaignkit.service.JobQueue` for each method.

    Parameters
    ----------
    address : str
        ``postgres://user@host/database``. The password is best left to ``PGPASSWORD`` or
        ``~/.pgpass``. Tables are made in the schema ``campaignkit``.
    clock : callable
        Seconds since 1970, for the times that jobs show.
    attempts : int
        Claims in a row without progress after which a job fails.

    Raises
    ------
    MissingExtra
        If procrastinate or psycopg is not installed.
    ServiceError
        If the database cannot be used.

    Examples
    --------
    >>> PostgresQueue("postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
    Traceback (most recent call last):
        ...
    campaignkit.errors.ServiceError: the Postgres queue does not answer: OperationalError
      hint: check its address, its account and that it runs; then try again
    """

    def __init__(
        self, address: str, *, clock: Clock = time.time, attempts: int = ATTEMPTS
    ) -> None:
        self._psycopg = require("psycopg", extra="service-postgres", user="the Postgres queue")
        engine = require("procrastinate", extra="service-postgres", user="the Postgres queue")
        require("procrastinate.sql", extra="service-postgres", user="the Postgres queue")
        self._address, self._clock, self._attempts = address, clock, attempts
        self._errors = (self._psycopg.Error, engine.exceptions.ConnectorException)
        self._here = threading.local()
        self._statements: Mapping[str, str] = engine.sql.queries
        self._connector = engine.SyncPsycopgConnector()
        self._jobs_of_engine = engine.manager.JobManager(self._connector)
        self._new_job = engine.jobs.Job
        with self._writing() as db:
            if db.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()[0] is None:
                db.connection.execute(engine.schema.SchemaManager.get_schema())
                db.connection.execute(TABLES.replace(*_NUMBERED))

    def beat(self, id: str, fence: int, done: int, all: int) -> Literal["go", "cancel", "lost"]:
        with self._writing():  # around both: nobody ends the job between them
            told = super().beat(id, fence, done, all)
            if told != "lost":
                self._engine("update_heartbeat", worker_id=self._row(id)["worker_id"])
        return told

    def _next(self, id: str | None, lease: float) -> Job | None:
        stalled = self._engine(
            "select_stalled_jobs_by_heartbeat",
            queue=id, task_name=_TASK, seconds_since_heartbeat=lease,
        )  # fmt: skip
        dead = min(stalled, key=lambda row: row["id"], default=None)
        found = self._fetch(id)
        if dead is not None and (found is None or dead["id"] < found["id"]):
            for row in (dead, *([found] if found else ())):
                self._give_back(row)
            found = self._fetch(dead["queue_name"])
        return None if found is None else self.get(found["queue_name"], None)

    def _is_dead(self, job: Job) -> bool:
        asked = "SELECT lease FROM jobs WHERE id = ?"
        (lease,) = self._db.execute(asked, (job.id,)).fetchone()
        return bool(
            self._engine(
                "select_stalled_jobs_by_heartbeat",
                queue=job.id, task_name=_TASK, seconds_since_heartbeat=lease,
            )
        )  # fmt: skip

    def _save(self, job: Job, *, told: str | None = None) -> Job:
        if told == "queued":
            waiting = self._new_job(
                id=None, queue=job.id, lock=None, queueing_lock=None, task_name=_TASK,
            )  # fmt: skip
            self._jobs_of_engine.defer_job(waiting, connection=self._db.connection)
        elif told == "given back":
            self._give_back(self._row(job.id))
        elif job.has_ended:
            row = self._row(job.id)
            self._engine("finish_job", job_id=row["id"], status="succeeded", delete_job=True)
            self._engine("unregister_worker", worker_id=row["worker_id"])
        return super()._save(job, told=told)

    def _row(self, id: str) -> Any:
        """The engine's row of a job that has not ended."""
        any_of = ("id", "task_name", "status", "lock", "queueing_lock", "worker_id")
        return self._engine("list_jobs", **dict.fromkeys(any_of), queue_name=id)[0]

    def _fetch(self, id: str | None) -> Any:
        """The engine's next job for a worker of its own, or None."""
        (worker,) = self._engine("register_worker")
        queues = None if id is None else [id]
        (row,) = self._engine("fetch_job", queues=queues, worker_id=worker["worker_id"])
        if row["id"] is None:
            self._engine("unregister_worker", worker_id=worker["worker_id"])
            return None
        return row

    def _give_back(self, row: Any) -> None:
        same = dict.fromkeys(("retry_at", "new_priority", "new_queue_name", "new_lock"))
        self._engine("retry_job", job_id=row["id"], **same)
        self._engine("unregister_worker", worker_id=row["worker_id"])

    def _engine(self, name: str, **values: object) -> list[Any]:
        """One of the engine's own statements, in the transaction of this thread."""
        found: list[Any] = self._connector.execute_query_all_with_connection(
            self._db.connection, self._statements[name], **values
        )
        return found

    @property
    def _db(self) -> _Connection:
        here = getattr(self._here, "db", None)
        if here is None or here.connection.closed or here.process != os.getpid():
            with _telling(self._errors):
                made = self._psycopg.connect(self._address, autocommit=True)
                here = self._here.db = _Connection(made, self._errors)
                made.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
                made.execute(f"SET search_path TO {_SCHEMA}")
                made.execute(f"SET idle_in_transaction_session_timeout TO '{_PATIENCE_S}s'")
        found: _Connection = here
        return found

    @contextmanager
    def _writing(self) -> Iterator[_Connection]:
        db = self._db
        with _telling(self._errors), db.connection.transaction():
            db.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            yield db


class _Connection:
    """A connection that takes the statements of the table."""

    def __init__(self, connection: Any, errors: tuple[type[Exception], ...]) -> None:
        self.connection, self._errors = connection, errors
        self.process = os.getpid()
        finalize(self, _close, connection, self.process)

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> Any:
        """Run a statement with ? for values."""
        told = statement.replace("max(idle", "greatest(idle").replace("?", "%s")
        with _telling(self._errors):
            return self.connection.execute(told, values)


def _close(connection: Any, process: int) -> None:
    if process == os.getpid():  # a fork leaves the connection to the process that made it
        connection.close()


@contextmanager
def _telling(errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """Errors of the database in words; without its address, which may have a password."""
    try:
        yield
    except errors as err:
        raise ServiceError(
            f"the Postgres queue does not answer: {type(err.__cause__ or err).__name__}",
            hint="check its address, its account and that it runs; then try again",
        ) from err
