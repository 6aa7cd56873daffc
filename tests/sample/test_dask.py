"""A dask cluster of worker processes, one of them killed: the same campaigns, few drawn again."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from told_draws import ToldDraws
from worlds import SIZES, spec_of, structured_graph

from campaignkit.sample import AnnealingSampler, HeatBath
from campaignkit.sample.chunks import WINDOW

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

BOXES = {"pos": ((0.3, 0.6), (0.0, 0.2)), "tail": ((0.5, 1.0), (0.0, 0.1))}
ROWS, CHUNK = 4_000, 80


@pytest.fixture(scope="module")
def client() -> Iterator[object]:
    with (
        distributed.LocalCluster(
            n_workers=2,
            processes=True,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",  # with None the scheduler still wants port 8787
            host="127.0.0.1",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


class KillOnce:
    """Kills a worker process when it has drawn something and a tenth of the rows is there."""

    def __init__(self, victim: int, told: ToldDraws) -> None:
        self.victim: int | None = victim
        self._told = told

    def update(self, stage: str, done: int, total: int) -> None:
        if stage != "sampling" or done < total // 10 or self.victim is None:
            return
        if any(process == self.victim for process, _, _ in self._told.drawn()):
            os.kill(self.victim, signal.SIGKILL)
            self.victim = None


def sampler(**options: object) -> AnnealingSampler:
    graph = structured_graph(SIZES, pos=38, neg=33)
    return AnnealingSampler(graph, spec_of(BOXES, ROWS), seed=3, strategy=HeatBath(**options))


def test_a_cluster_compiles_no_kernel_twice(client: object) -> None:
    """Arrays that come over the wire may be read-only, which numba takes for another type."""
    sampler().sample(executor=client.get_executor(), chunk_rows=1_000)

    for compiled in client.run(num_signatures).values():
        assert compiled <= 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("chain_block", [1, 8])
def test_a_killed_worker_costs_its_chunks_and_changes_nothing(
    client: object, chain_block: int, tmp_path: Path
) -> None:
    plain = sampler(chain_block=chain_block).sample()
    told = ToldDraws(client.get_executor(), tmp_path / "drawn")
    client.wait_for_workers(2)  # one that was killed before has a successor
    client.run(num_signatures)  # numba is imported before the race begins
    victim, survivor = sorted(client.run(os.getpid).values())
    kill = KillOnce(victim, told)

    run = sampler(chain_block=chain_block)
    dataset = run.sample(executor=told, chunk_rows=CHUNK, progress=kill)

    drawn = told.drawn()
    chunks = {(label, first) for label in BOXES for first in range(0, ROWS, CHUNK)}
    assert dataset == plain
    assert kill.victim is None
    assert {(label, first) for _, label, first in drawn} == chunks
    assert survivor in {process for process, _, _ in drawn}
    # At worst all that was under way lay with the worker that died.
    assert len(drawn) - len(chunks) <= WINDOW


def num_signatures() -> int:
    from campaignkit.sample.kernels.heat_bath import heat_bath

    return len(heat_bath.signatures)
