"""Workers: each claims a job, lets a process of its own do the work, and finishes the job.

The work and its minder are apart. The minder is a thread, which tells the queue four times a lease
that the work lives, and ends the process when the job is cancelled or another worker has the job.
A process that dies, or a computer that stops, costs the part of the work that was not finished.
Files of the result are in place before the job is done, and the fence of the queue lets one run
alone finish.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any

from campaignkit.checks import checked_count
from campaignkit.errors import CampaignkitError, ServiceError
from campaignkit.service.artifacts import Artifacts
from campaignkit.service.home import Home, without_paths
from campaignkit.service.jobs import Claim, Cost, Job, NotThere, Outcome
from campaignkit.service.kinds import Files, Tell, kind_named
from campaignkit.service.kinds.request import checked_request
from campaignkit.store import atomic_file

LEASE_S = 5.0  # a dead worker's job waits so long for another
_BEAT_S = 0.5  # at most: a cancellation is seen as fast
_POLL_S = 0.2  # between two looks for a job
_OUTCOME = "outcome.json"
_PRELOAD = [  # once, in the process that all work is forked from
    "campaignkit.service.worker", "campaignkit.graph.signed_graph", "campaignkit.sample.sampler",
]  # fmt: skip


class Workers:
    """Threads that claim jobs and mind a process each; leaving the block gives jobs back.

    Parameters
    ----------
    home : Home
    num : int
        Jobs at a time.
    lease : float
        Seconds after which the job of a worker that no longer tells is another's.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place, Workers(Home(Path(place, "home")), 2) as two:
    ...     len(two.threads)
    2
    """

    def __init__(self, home: Home, num: int = 1, *, lease: float = LEASE_S) -> None:
        self._home, self._lease = home, lease
        self._stop = threading.Event()
        self.threads = [
            threading.Thread(target=self._work, args=(number,), name=f"worker {number}")
            for number in range(checked_count(num, "the number of workers", least=0))
        ]

    def __enter__(self) -> Workers:
        remove_ended(self._home)
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self.threads:
            thread.join()

    def _work(self, number: int) -> None:
        name = worker_name(number)
        while not self._stop.is_set():
            try:
                _context()
                claim = self._home.queue.claim(name, self._lease)
                if claim is not None:
                    mind(self._home, claim, lease=self._lease, stop=self._stop)
                    continue
            except ServiceError:
                pass  # a queue that is busy or away is asked again
            except Exception:  # a process was killed while it started: the lease ends
                traceback.print_exc()
            self._stop.wait(_POLL_S)


def run_job(home: Home, id: str, *, lease: float = LEASE_S) -> Job:
    """Run one job that waits, and give it back as it ended: what a cluster's task calls.

    Raises
    ------
    ServiceError
        If another worker runs it.
    NotThere
        If there is no such job.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     run_job(Home(place), "job_1")
    Traceback (most recent call last):
        ...
    campaignkit.service.jobs.NotThere: there is no job 'job_1'
      hint: list the jobs of this key
    """
    _context()
    while True:
        job = home.queue.get(id, None)
        if job.has_ended:
            return job
        claim = home.queue.claim(worker_name(0), lease, id)
        if claim is not None:
            mind(home, claim, lease=lease)
        elif not home.queue.get(id, None).has_ended:  # a claim can end a job
            raise ServiceError(
                f"{id} is run by the worker {job.worker}",
                hint="wait for it; a dead worker's job is free after its lease",
            )


def worker_name(number: int) -> str:
    """Where a worker runs."""
    return f"{socket.gethostname()}:{os.getpid()}:{number}"


def remove_ended(home: Home) -> None:
    """Remove the work of jobs that have ended, which a killed worker may have left."""
    for folder in home.work_folder("").glob("job_*"):
        with suppress(NotThere):
            if home.queue.get(folder.name, None).has_ended:
                shutil.rmtree(folder, ignore_errors=True)


def mind(
    home: Home, claim: Claim, *, lease: float = LEASE_S, stop: threading.Event | None = None
) -> bool:
    """See a claimed job through in a process; whether this run finished it.

    A job whose `stop` is set is given back to the queue.
    """
    job, folder = claim.job, home.work_folder(claim.job.id)
    inbox, outbox = multiprocessing.Pipe(duplex=False)
    given = (home.artifacts.folder, job, folder, claim.fence, outbox)
    process = _context().Process(target=_work_alone, args=given, daemon=True)
    process.start()
    outbox.close()
    done, all, verdict, beaten = job.done, job.all, "go", 0.0
    while verdict == "go":
        ready = wait([process.sentinel, inbox], timeout=min(lease / 4, _BEAT_S))
        with suppress(EOFError, OSError):
            while inbox.poll():
                done, all = json.loads(inbox.recv_bytes())
        if process.sentinel in ready:
            break
        if stop is not None and stop.is_set():
            verdict = "stop"
        elif time.monotonic() - beaten >= min(lease / 4, _BEAT_S):
            with suppress(ServiceError):  # a queue that is busy is told next time
                verdict = home.queue.beat(job.id, claim.fence, done, all)
                beaten = time.monotonic()
    process.kill()
    process.join()
    inbox.close()
    if verdict == "lost":
        return False
    outcome = _outcome(verdict, job, folder, claim.fence)
    if done > job.done:  # what was told since the last beat
        with suppress(ServiceError):
            home.queue.beat(job.id, claim.fence, done, all)
    finished = home.queue.finish(job.id, claim.fence, outcome)
    if finished and outcome.state != "queued":
        shutil.rmtree(folder, ignore_errors=True)
    return finished


def _outcome(verdict: str, job: Job, folder: Path, fence: int) -> Outcome:
    """How a run ended, by what its process left."""
    if verdict == "stop":
        return Outcome("queued")
    if verdict == "cancel":
        return Outcome("cancelled", used=kind_named(job.kind).spent(folder / "kept"))
    with suppress(OSError):
        told = json.loads((folder / f"run-{fence}" / _OUTCOME).read_bytes())
        return Outcome(**{**told, "used": Cost(**told["used"])})
    return Outcome("queued", error=_error(ServiceError("the process of the work died")))


@lru_cache(maxsize=1)
def _context() -> SpawnContext | ForkServerContext:
    """How processes are made; before a job is claimed, because the first one takes seconds."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    first = context.Process(target=int)
    first.start()
    first.join()
    return context


def _work_alone(artifacts: Path, job: Job, folder: Path, fence: int, outbox: Connection) -> None:
    """The process of a job; it ends when the process of its minder is gone."""
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(done: int, all: int) -> None:
        outbox.send_bytes(json.dumps([done, all]).encode())

    do_work(Artifacts(artifacts), job, folder, fence, tell)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def do_work(artifacts: Artifacts, job: Job, folder: Path, fence: int, tell: Tell) -> None:
    """Do the work of a job in this process, store its files, and write down how it ended.

    Each run has a folder of its own; finished parts are in one that all runs share. A run that had
    stored its files before it was killed is not repeated.
    """
    here, kept = folder / f"run-{fence}", folder / "kept"
    for made in (here, kept):
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
    (kept / ".in-use").touch()  # a folder that is not empty stays
    for earlier in folder.glob(f"run-*/{_OUTCOME}"):
        told = json.loads(earlier.read_bytes())
        if told["state"] == "done":
            _write(here, told)
            return
    asked = kind_named(job.kind)
    try:
        checked = checked_request(asked.request, job.request)
        files = Files(artifacts, here / "inputs", job)
        summary, used = asked.run(checked, files, here / "out", kept, tell)
        told = {
            "state": "done",
            "result": {"files": _stored(artifacts, here / "out"), "summary": summary},
            "used": asdict(used),
        }
    except Exception as caught:
        err = caught
        if not isinstance(err, CampaignkitError):
            traceback.print_exc()  # for the operator's log alone
            what = (isinstance(err, OSError) and err.strerror) or type(err).__name__
            err = ServiceError(f"the work ended in {what}", hint="ask the operator for the log")
        error = _error(without_paths(err, here / "inputs"))
        told = {"state": "failed", "error": error, "used": asdict(asked.spent(kept))}
    _write(here, told)


def _stored(artifacts: Artifacts, out: Path) -> list[dict[str, Any]]:
    """The files of a result, each stored under its digest."""
    stored = []
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        digest, size = artifacts.put_file(path)
        name = path.relative_to(out).as_posix()
        stored.append({"name": name, "digest": digest, "bytes": size})
    return stored


def _write(here: Path, told: Mapping[str, Any]) -> None:
    with atomic_file(here / _OUTCOME) as partial:
        partial.write_text(json.dumps(told, allow_nan=False), encoding="utf-8")


def _error(err: CampaignkitError) -> dict[str, Any]:
    return {
        "type": f"urn:campaignkit:{type(err).__name__}", "message": err.message, "hint": err.hint,
        "faults": [*map(asdict, err.faults)],
    }  # fmt: skip
