"""Workers under kills, cancellations and stops; results are those of an undisturbed run."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import killed_work
import pytest
from killed_work import LEASE_S, POINTS

from campaignkit.errors import ServiceError
from campaignkit.service import Job, Outcome, Workers, run_job
from campaignkit.service.worker import _context, do_work

ROWS = 12_000  # a label: two chunks each


@pytest.fixture(scope="module")
def undisturbed(desk: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The digests of the files of ``large``."""
    from campaignkit import AnnealingSampler, SamplingSpec, SignedGraph
    from campaignkit.store import digest_file

    spec = SamplingSpec.model_validate(json.loads(large(desk)))
    sampler = AnnealingSampler(SignedGraph.read_csv(desk / "edges.csv"), spec, seed=5)
    out = sampler.write(tmp_path_factory.mktemp("undisturbed") / "out")
    return {path.name: digest_file(path) for path in out.iterdir()}


def large(desk: Path, rows: int = ROWS) -> str:
    spec = json.loads((desk / "spec.json").read_text())
    for box in spec["label_params"].values():
        box["num_samples"] = rows
    return json.dumps(spec)


def submitted(office: Any, rows: int = ROWS) -> Job:
    digest, _ = office.home.upload(office.key, [large(office.desk, rows).encode()])
    spec = {"digest": digest, "name": "spec.json"}
    return office.submit("dataset", **office.dataset(seed=5) | {"spec": spec})


def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        time.sleep(0.01)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("point", POINTS)
def test_work_that_is_killed_at_a_named_point_ends_in_the_same_files_once(
    office: Any, undisturbed: dict[str, str], point: str
) -> None:
    job = submitted(office)
    doomed = _context().Process(target=killed_work.main, args=(office.home.path, job.id, point))
    doomed.start()
    doomed.join()
    assert doomed.exitcode != 0  # of SIGKILL
    kept = [*office.home.work_folder(job.id).glob("kept/chunk-*")]
    expected = {"at the second chunk": 1, "between the last chunk and the manifest": 4}
    assert len(kept) == expected.get(point, 0)
    time.sleep(LEASE_S)
    done = run_job(office.home, job.id)

    assert done.state == "done", done.error
    assert {file["name"]: file["digest"] for file in done.result["files"]} == undisturbed
    ends = [event.what for event in office.home.queue.events(job.id, None)]
    assert ends.count("done") == 1
    assert office.home.keys.list()[0].used.rows == 2 * ROWS


def test_jobs_finish_though_their_processes_are_killed_at_random(
    office: Any, undisturbed: dict[str, str]
) -> None:
    job = submitted(office)
    with Workers(office.home, 2):
        for pause in (0.1, 0.3):
            until(lambda: office.home.queue.get(job.id, None).state != "queued")
            time.sleep(pause)
            for process in job_processes():
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        until(lambda: office.home.queue.get(job.id, None).has_ended)

    done = office.home.queue.get(job.id, None)
    assert done.state == "done", done.error
    assert {file["name"]: file["digest"] for file in done.result["files"]} == undisturbed
    assert [*office.home.work_folder("").iterdir()] == []


def job_processes() -> list[int]:
    """The processes forked for jobs: children of children of this one."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    return [pid for pid, parent in parents.items() if parents.get(parent) == os.getpid()]


def test_a_running_job_is_cancelled_and_its_rows_return(office: Any) -> None:
    with Workers(office.home, 1):
        job = submitted(office, rows=3_000_000)
        until(lambda: office.home.queue.get(job.id, None).state == "running")
        assert office.home.keys.list()[0].used.rows == 6_000_000
        office.home.queue.cancel(job.id, office.key.id)
        until(lambda: office.home.queue.get(job.id, None).has_ended)

    assert office.home.queue.get(job.id, None).state == "cancelled"
    assert office.home.keys.list()[0].used.rows == 0
    assert [*office.home.work_folder("").iterdir()] == []


def test_workers_that_stop_give_their_jobs_back(office: Any, undisturbed: dict[str, str]) -> None:
    with Workers(office.home, 1):
        job = submitted(office)
        until(lambda: office.home.queue.get(job.id, None).state == "running")

    assert office.home.queue.get(job.id, None).state in ("queued", "done")
    done = run_job(office.home, job.id)
    assert {file["name"]: file["digest"] for file in done.result["files"]} == undisturbed


def test_a_job_that_another_worker_runs_is_not_run_here(office: Any) -> None:
    job = submitted(office)
    office.home.queue.claim("other", 60)

    with pytest.raises(ServiceError, match="is run by the worker other"):
        run_job(office.home, job.id)


def test_a_job_that_fails_as_it_is_claimed_is_told_as_it_ended(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, queue = submitted(office, rows=10), office.home.queue
    for _ in range(3):
        died = Outcome("queued", error={"message": "the process of the work died"})
        queue.finish(job.id, queue.claim("w", 9, job.id).fence, died)
    monkeypatch.setattr("campaignkit.service.worker._context", lambda: None)  # no work is begun

    failed = run_job(office.home, job.id)
    assert failed.state == "failed"
    assert "3 times without progress" in failed.error["message"]


def test_an_artifact_that_was_deleted_fails_the_job_in_words(office: Any) -> None:
    job = submitted(office)
    office.home.artifacts.path(job.request["graph"]["digest"]).unlink()

    failed = run_job(office.home, job.id)
    assert failed.state == "failed"
    assert "there is no artifact" in failed.error["message"]
    assert failed.error["type"] == "urn:campaignkit:NotThere"
    assert office.home.keys.list()[0].used.rows == 0


def test_a_full_disk_fails_the_job_in_words_and_no_path_is_told(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(office, rows=10)
    folder = office.home.work_folder(job.id)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device", str(folder / "secret"))

    with monkeypatch.context() as broken:
        broken.setattr("campaignkit.service.artifacts.os.fsync", full)
        before = office.home.keys.list()[0].used
        with pytest.raises(ServiceError, match="disk of the service is full"):
            office.home.upload(office.key, [b"abc"])
        assert office.home.keys.list()[0].used == before
        broken.setattr("campaignkit.store.atomic._flush", lambda file: None)
        do_work(office.home.artifacts, job, folder, 1, lambda done, all: None)

    told = json.loads((folder / "run-1" / "outcome.json").read_text())
    assert told["state"] == "failed"
    assert "disk of the service is full" in told["error"]["message"]
    assert str(folder) not in json.dumps(told)


def test_an_error_of_the_system_without_words_is_told_by_its_class(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def corrupt(*given: object) -> None:
        raise OSError("corrupt page")  # as of Parquet files: no number, so no words of the system

    monkeypatch.setattr("campaignkit.service.kinds.dataset.DatasetKind.run", corrupt)
    job = submitted(office, rows=10)
    folder = office.home.work_folder(job.id)
    do_work(office.home.artifacts, job, folder, 1, lambda done, all: None)

    told = json.loads((folder / "run-1" / "outcome.json").read_text())
    assert told["error"]["message"] == "the work ended in OSError"
