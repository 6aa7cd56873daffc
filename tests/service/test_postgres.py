"""The Postgres queue keeps the contract of queues, on a server on this computer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from campaignkit.errors import ServiceError
from campaignkit.service import Cost, Job, Keys, Outcome, Plan, Quota, QuotaExceeded
from campaignkit.service.postgres import PostgresQueue
from campaignkit.service.table import QueueTable
from campaignkit.testing import check_queue
from postgres_server import postgres_server

pytest.importorskip("procrastinate", reason="needs the extra service-postgres")

_AGES = """
    UPDATE procrastinate_workers w
    SET last_heartbeat = now() - (abs(? - j.beaten) + 0.001) * interval '1 second'
    FROM procrastinate_jobs p JOIN jobs j ON j.id = p.queue_name WHERE p.worker_id = w.id
"""


class ClockedQueue(PostgresQueue):
    """Heartbeats are as old as the clock of the test says, not the database's."""

    def _next(self, id: str | None, lease: float) -> Job | None:
        self._db.execute(_AGES, (self._clock(),))
        return super()._next(id, lease)

    def _is_dead(self, job: Job) -> bool:
        self._db.execute(_AGES, (self._clock(),))
        return super()._is_dead(job)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgres_server() as found:
        PostgresQueue(found)
        yield found


def test_the_postgres_queue_does_what_a_model_in_memory_does(address: str) -> None:
    check_queue(lambda clock: ClockedQueue(address, clock=clock), walks=3, steps=60)


def owner_of(queue: PostgresQueue, quota: Quota) -> str:
    return Keys(queue).add("ana", scopes=["all"], quota=quota)[0].id


def used(queue: PostgresQueue, owner: str) -> Cost:
    return {key.id: key.used for key in Keys(queue).list()}[owner]


def test_a_quota_is_not_exceeded_by_submissions_at_once(address: str) -> None:
    queue = PostgresQueue(address)
    owner = owner_of(queue, Quota(rows=50))

    def submit(seed: int) -> bool:
        try:
            plan = Plan(cost=Cost(rows=10))
            return queue.submit("dataset", {"seed": seed // 2}, owner, plan)[1]
        except QuotaExceeded:
            return False

    with ThreadPoolExecutor(8) as pool:
        accepted = sum(pool.map(submit, range(24)))

    assert accepted == 5
    assert used(queue, owner).rows == 50
    for job in queue.list(owner):
        queue.cancel(job.id, owner)


def test_a_worker_that_beats_keeps_its_job_by_the_clock_of_the_database(address: str) -> None:
    queue = PostgresQueue(address)
    owner = owner_of(queue, Quota())
    job = queue.submit("dataset", {"seed": 1}, owner, Plan(all=9))[0]
    claim = queue.claim("w", 0.5, job.id)
    assert claim
    for _ in range(8):
        time.sleep(0.1)
        assert queue.beat(job.id, claim.fence, 0, 9) == "go"
        assert queue.claim("other", 0.5, job.id) is None
    time.sleep(0.6)

    again = queue.claim("other", 0.5, job.id)
    assert again and again.fence == claim.fence + 1
    assert queue.beat(job.id, claim.fence, 0, 9) == "lost"
    queue.revoke_key(owner)


def test_a_job_may_end_between_a_beat_and_its_heartbeat(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = PostgresQueue(address)
    owner = owner_of(queue, Quota())
    job = queue.submit("dataset", {"seed": 1}, owner, Plan(all=9))[0]
    claim = queue.claim("w", 10, job.id)
    assert claim
    ended, beat = [], QueueTable.beat
    ending = threading.Thread(
        target=lambda: ended.append(queue.finish(job.id, claim.fence, Outcome("done")))
    )

    def between(*told: Any) -> str:
        found = beat(*told)
        ending.start()
        ending.join(timeout=0.5)  # it ended the job, or waits for the beat
        return found

    with monkeypatch.context() as patched:
        patched.setattr(QueueTable, "beat", between)
        assert queue.beat(job.id, claim.fence, 0, 9) == "go"
    ending.join()
    assert ended == [True]
    assert queue.beat(job.id, claim.fence, 0, 9) == "lost"


def test_claims_that_ended_leave_nothing_in_the_engine(address: str) -> None:
    queue = PostgresQueue(address)
    owner = owner_of(queue, Quota())
    engine = "SELECT (SELECT count(*) FROM procrastinate_workers), count(*) FROM "
    before = queue._db.execute(engine + "procrastinate_jobs").fetchone()
    job = queue.submit("dataset", {"seed": 1}, owner, Plan(all=9))[0]
    for end in ("queued", "lost", "done"):
        claim = queue.claim("w", 0.05, job.id)
        assert claim
        if end == "lost":
            time.sleep(0.1)
        else:
            assert queue.finish(job.id, claim.fence, Outcome(end))  # type: ignore[arg-type]

    assert queue._db.execute(engine + "procrastinate_jobs").fetchone() == before


_WORKER = """
import sys, time
from campaignkit.service import Cost, Outcome
from campaignkit.service.postgres import PostgresQueue
from campaignkit.service.table import QueueTable
queue = PostgresQueue(sys.argv[1])
while True:
    claim = queue.claim("w", 0.6)
    if claim is None:
        time.sleep(0.02)
        continue
    for step in range(claim.job.done, 3):
        time.sleep(0.03)
        if queue.beat(claim.job.id, claim.fence, step + 1, 3) != "go":
            break
    else:
        told = {"files": [], "summary": {"seed": claim.job.request["seed"]}}
        queue.finish(claim.job.id, claim.fence, Outcome("done", told, used=Cost(rows=1)))
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_workers_that_are_killed_at_random_lose_and_double_nothing(address: str) -> None:
    queue = PostgresQueue(address)
    owner = owner_of(queue, Quota(rows=100))
    plan = Plan(cost=Cost(rows=1), all=3)
    jobs = [queue.submit("dataset", {"seed": seed}, owner, plan)[0] for seed in range(12)]
    workers = [start(address), start(address)]
    try:
        for kill in range(6):
            before = queue.counts()["done"]
            while queue.counts()["done"] == before and kill < 6:
                time.sleep(0.02)
            workers[kill % 2].send_signal(signal.SIGKILL)
            workers[kill % 2].wait()
            workers[kill % 2] = start(address)
        while not all(queue.get(job.id, owner).has_ended for job in jobs):
            time.sleep(0.05)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()

    ended = [queue.get(job.id, owner) for job in jobs]
    assert [job.state for job in ended] == ["done"] * 12
    assert [job.result["summary"]["seed"] for job in ended] == [*range(12)]
    assert all([e.what for e in queue.events(job.id, owner)].count("done") == 1 for job in jobs)
    assert used(queue, owner).rows == 12


def start(address: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _WORKER, address])


def test_a_database_that_is_gone_is_told_in_words_without_its_address() -> None:
    with postgres_server() as address:
        queue = PostgresQueue(address)
    with pytest.raises(ServiceError, match="the Postgres queue does not answer") as caught:
        queue.claim("w", 10)
    with pytest.raises(ServiceError, match="the Postgres queue does not answer"):
        queue.counts()
    assert address not in str(caught.value)
