"""The embedded queue keeps its contract, and what only threads, files and clocks can show."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.errors import ArtifactError
from campaignkit.service import (
    Cost,
    Job,
    Key,
    Keys,
    NotThere,
    Outcome,
    Plan,
    Quota,
    QuotaExceeded,
    SqliteQueue,
    UnknownKey,
    table,
)
from campaignkit.service.keys import reserved
from campaignkit.testing import check_queue


@given(st.data())
@settings(max_examples=12, deadline=None)
def test_the_embedded_queue_does_what_a_model_in_memory_does(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        check_queue(
            lambda clock: SqliteQueue(Path(folder, "q.sqlite"), clock=clock),
            walks=1,
            steps=40,
            choose=lambda n: data.draw(st.integers(0, n - 1)),
        )


def test_the_contract_holds_on_long_walks(tmp_path: Path) -> None:
    check_queue(lambda clock: SqliteQueue(tmp_path / "q.sqlite", clock=clock), walks=3, steps=80)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1e6

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> SqliteQueue:
    return SqliteQueue(tmp_path / "q.sqlite", clock=clock)


def owner_of(queue: SqliteQueue, clock: Clock, **quota: int) -> str:
    return Keys(queue, clock).add("ana", scopes=["all"], quota=Quota(**quota))[0].id


def submitted(queue: SqliteQueue, owner: str, spec: int = 0, cost: Cost | None = None) -> Job:
    return queue.submit("dataset", {"seed": spec}, owner, Plan(cost=cost or Cost()))[0]


@pytest.mark.parametrize(
    ("quota", "cost"),
    [
        ({"rows": 50}, Cost(rows=10)),
        ({"calls": 5}, Cost(calls=1)),
        ({"micros": 5}, Cost(micros=1)),
        ({"bytes": 500}, Cost(bytes=100)),
        ({"queued": 5}, Cost()),
    ],
)
def test_of_twenty_racers_on_a_quota_for_five_exactly_five_get_in(
    tmp_path: Path,
    queue: SqliteQueue,
    clock: Clock,
    quota: dict[str, int],
    cost: Cost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner, line = owner_of(queue, clock, **quota), Barrier(20)

    def race(spec: int) -> bool:
        mine = SqliteQueue(tmp_path / "q.sqlite", clock=clock)  # as another process has it
        line.wait()
        try:
            return bool(submitted(mine, owner, spec, cost))
        except QuotaExceeded:
            return False

    def unhurried(*given: Any, **jobs: Any) -> Key:
        sleep(0.002)  # others' turn, between what was read and what is written
        return reserved(*given, **jobs)

    monkeypatch.setattr(table, "reserved", unhurried)
    with ThreadPoolExecutor(20) as racers:
        won = list(racers.map(race, range(20)))

    assert sum(won) == len(queue.list(owner)) == 5


def test_a_spec_that_32_threads_submit_is_one_job(
    tmp_path: Path, queue: SqliteQueue, clock: Clock
) -> None:
    owner = owner_of(queue, clock, rows=10)
    cost, others = Cost(rows=10), SqliteQueue(tmp_path / "q.sqlite", clock=clock)

    with ThreadPoolExecutor(32) as threads:
        jobs = list(
            threads.map(lambda n: submitted((queue, others)[n % 2], owner, cost=cost), range(32))
        )

    assert len({job.id for job in jobs}) == len(queue.list(owner)) == 1
    assert queue.keys()[0].used.rows == 10


def test_two_workers_never_hold_one_job(queue: SqliteQueue, clock: Clock) -> None:
    owner = owner_of(queue, clock)
    for spec in range(20):
        submitted(queue, owner, spec)

    with ThreadPoolExecutor(8) as workers:
        claims = list(workers.map(lambda n: queue.claim(str(n), 9), range(30)))

    held = [claim.job.id for claim in claims if claim]
    assert len(held) == len({*held}) == 20


def test_a_worker_that_stalled_beyond_its_lease_is_told_and_cannot_finish(
    queue: SqliteQueue, clock: Clock
) -> None:
    job = submitted(queue, owner_of(queue, clock))
    stalled = queue.claim("a", 10)
    clock.now += 10
    other = queue.claim("b", 10)
    assert stalled and other and other.job.id == job.id

    assert queue.beat(job.id, stalled.fence, 1, 9) == "lost"
    assert not queue.finish(job.id, stalled.fence, Outcome("done", result={"summary": "old"}))
    assert queue.finish(job.id, other.fence, Outcome("done", result={"summary": "new"}))
    assert not queue.finish(job.id, other.fence, Outcome("failed"))
    assert queue.get(job.id, None).result == {"summary": "new"}


def test_a_clock_that_is_set_back_keeps_no_dead_workers_job(
    queue: SqliteQueue, clock: Clock
) -> None:
    submitted(queue, owner_of(queue, clock))
    queue.claim("dead", 10)
    clock.now -= 86_400

    assert queue.claim("living", 10)


def test_a_job_that_kills_its_workers_fails_after_three_without_progress(
    queue: SqliteQueue, clock: Clock
) -> None:
    job = submitted(queue, owner_of(queue, clock))
    for attempt in range(6):
        claim = queue.claim("w", 1)
        assert claim
        if attempt == 2:
            queue.beat(job.id, claim.fence, 5, 9)  # progress: three more
        clock.now += 1

    assert queue.claim("w", 1) is None
    ended = queue.get(job.id, None)
    assert (ended.state, ended.attempts, ended.done) == ("failed", 6, 5)
    assert ended.error and "3 times without progress" in ended.error["message"]


def test_unspent_rows_return_and_calls_that_may_have_been_made_do_not(
    queue: SqliteQueue, clock: Clock
) -> None:
    owner = owner_of(queue, clock, rows=100, calls=100)
    cost = Cost(rows=60, calls=60)

    failed = submitted(queue, owner, 1, cost)
    claim = queue.claim("w", 10)
    assert claim
    queue.finish(failed.id, claim.fence, Outcome("failed", used=Cost(calls=7)))
    assert queue.keys()[0].used == Cost(calls=7)

    untouched = submitted(queue, owner, 2, cost)
    queue.cancel(untouched.id, owner)
    assert queue.keys()[0].used == Cost(calls=7)

    lost = submitted(queue, owner, 3, cost)
    queue.claim("w", 10)
    clock.now += 10
    queue.cancel(lost.id, owner)
    assert queue.keys()[0].used == Cost(calls=67)


@pytest.mark.parametrize("error", [None, {"message": "the process of the work died"}])
def test_a_cancelled_job_that_is_given_back_keeps_the_calls_that_may_have_been_made(
    queue: SqliteQueue, clock: Clock, error: dict[str, str] | None
) -> None:
    owner = owner_of(queue, clock, rows=100, calls=100)
    job = submitted(queue, owner, cost=Cost(rows=60, calls=60))
    claim = queue.claim("w", 10)
    assert claim
    queue.cancel(job.id, owner)
    queue.finish(job.id, claim.fence, Outcome("queued", error=error))

    ended = queue.get(job.id, owner)
    assert (ended.state, ended.error) == ("cancelled", None)
    assert queue.keys()[0].used == ended.used == Cost(calls=60)


def test_bytes_of_a_result_count_once_and_can_be_read_by_their_owner_alone(
    queue: SqliteQueue, clock: Clock
) -> None:
    owner, other = owner_of(queue, clock), owner_of(queue, clock)
    file = {"name": "a", "digest": "sha256:a", "bytes": 30}
    for spec in range(2):
        job = submitted(queue, owner, spec, Cost(bytes=100))
        claim = queue.claim("w", 10)
        assert claim
        queue.finish(job.id, claim.fence, Outcome("done", result={"files": [file]}))

    assert queue.keys()[0].used == Cost(bytes=30)
    assert queue.holds(owner, "sha256:a") and not queue.holds(other, "sha256:a")


def test_a_revoked_key_ends_its_jobs_and_an_expired_one_submits_none(
    queue: SqliteQueue, clock: Clock
) -> None:
    keys = Keys(queue, clock)
    key, secret = keys.add("ana", scopes=["all"], expires_s=60)
    waiting, running = (submitted(queue, key.id, spec) for spec in (1, 2))
    queue.claim("w", 10, running.id)

    keys.revoke(key.id)
    assert queue.get(waiting.id, None).state == "cancelled"
    assert queue.beat(running.id, 1, 0, 9) == "cancel"
    brief, other = keys.add("ben", scopes=["all"], expires_s=60)
    clock.now += 60
    for dead in (secret, other, "ck_", "", "ck_\udc80"):
        with pytest.raises(UnknownKey, match="unknown, revoked or expired"):
            keys.check(dead)
    with pytest.raises(UnknownKey):
        submitted(queue, brief.id)
    with pytest.raises(NotThere):
        keys.revoke("key_0")


def test_a_secret_is_in_no_file(tmp_path: Path, queue: SqliteQueue, clock: Clock) -> None:
    _, secret = Keys(queue, clock).add("ana", scopes=["all"])

    assert len(secret) == 3 + 64
    assert all(secret.encode() not in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_the_table_is_its_users_alone(tmp_path: Path, queue: SqliteQueue) -> None:
    queue.counts()

    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {0o600}


def test_a_network_disk_and_a_file_of_something_else_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "q").write_bytes(b"not a table" * 1000)
    with pytest.raises(ArtifactError, match="is no table of a service"):
        SqliteQueue(tmp_path / "q")

    mounts = f"disk / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n"
    (tmp_path / "mounts").write_text(mounts)
    monkeypatch.setattr(table, "_MOUNTS", tmp_path / "mounts")
    with pytest.raises(ArtifactError, match=r"network disk \(nfs4\)"):
        SqliteQueue(tmp_path / "other")


def test_what_is_acknowledged_is_on_the_disk_and_one_flush_serves_many(
    queue: SqliteQueue, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes, owner, flush = [], owner_of(queue, clock), os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (flushes.append(file), flush(file)))

    submitted(queue, owner, spec=1)
    assert len(flushes) == 1
    queue._flush(1)  # an earlier commit: the flush before was later
    assert len(flushes) == 1
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: submitted(queue, owner, spec=n), range(2, 42)))

    assert 2 <= len(flushes) <= 41
    assert queue._flushed >= 41  # no commit is waited for in vain
