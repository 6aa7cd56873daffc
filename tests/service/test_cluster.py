"""Jobs as tasks of a cluster: the same bytes, on Dask's own workers on this computer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from campaignkit.service import Home, run_job
from postgres_server import postgres_server

distributed = pytest.importorskip("distributed", reason="needs the extra distributed")
pytest.importorskip("procrastinate", reason="needs the extra service-postgres")


def work(place: str, queue: str, id: str) -> str:
    return run_job(Home(place, queue=queue), id).state


@pytest.mark.slow
def test_jobs_on_dask_have_the_bytes_of_a_job_here(office: Any, tmp_path: Path) -> None:
    here = office.content(office.run("dataset", **office.dataset(seed=5)))
    with postgres_server() as address:
        office.home = Home(tmp_path / "shared", queue=address)
        office.key = office.home.keys.add("ana", scopes=["all"])[0]
        jobs = [office.submit("dataset", **office.dataset(seed=seed)) for seed in (5, 6)]
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            tasks = [
                client.submit(work, str(office.home.path), address, job.id, retries=0, pure=False)
                for job in jobs
            ]
            assert client.gather(tasks) == ["done", "done"]

        ended = office.home.queue.get(jobs[0].id, office.key.id)
        assert office.content(ended) == here
        del office.home
