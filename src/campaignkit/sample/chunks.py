"""One label's work cut into chunks, kept on disk and run on any executor, in bounded memory.

A chunk carries all it needs, so where and when it runs cannot change its rows; a worker that is
lost costs no more than its chunks. A kept chunk's file is named after everything its rows depend
on. Another graph, spec, seed, version or cut into chunks gives other names: a stale file cannot be
taken for a fresh one.
"""

from __future__ import annotations

import os
import zipfile
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from campaignkit import __version__
from campaignkit.errors import ArtifactError, CampaignkitError, SettingError
from campaignkit.graph.node_tables import GraphLists
from campaignkit.sample.arrays import Box, LabelWorld, Rows
from campaignkit.sample.priorities import improve_rows
from campaignkit.sample.strategies import Strategy
from campaignkit.spec import SamplingSpec
from campaignkit.store import atomic_file, checked_path, digest_json

WINDOW = 32  # chunks under way or waiting to be used: bounds memory, keeps a cluster busy
_TRIES = 3  # times a chunk is handed to the executor before it is done in this process


@dataclass(frozen=True, eq=False)
class LabelJob:
    """All that a worker needs to draw any rows of one label.

    Attributes
    ----------
    label : str
    lists : GraphLists
        The graph; workers expand it once and keep it.
    box : Box
    strategy : Strategy
        Tuned to the label.
    spec : SamplingSpec
    key : int
        The label's 64-bit stream key.
    worth : int64[T, T] or None
        What connected pairs of types are worth, see :mod:`campaignkit.sample.priorities`.
    """

    label: str
    lists: GraphLists
    box: Box
    strategy: Strategy
    spec: SamplingSpec
    key: int
    worth: NDArray[np.int64] | None = None

    def world(self) -> LabelWorld:
        """What one worker draws from, with memory of its own."""
        return LabelWorld.of(self.label, self.spec, self.lists.arrays, self.box, self.key)

    def chunks(self, chunk_rows: int) -> Iterator[Chunk]:
        """The label's rows in chunks, which begin where chains do: no chain's block is cut."""
        step = chunk_rows + -chunk_rows % self.strategy.chain_block
        wanted = self.spec.label_params[self.label].num_samples
        for first in range(0, wanted, step):
            yield Chunk(self, first, min(step, wanted - first))


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows `first` .. `first` + `num_rows` - 1 of a label."""

    job: LabelJob
    first: int
    num_rows: int


def draw_chunk(chunk: Chunk) -> Rows:
    """Draw a chunk's rows; they depend on the label's key and their index only.

    Raises
    ------
    SamplingFailed
        If a row could not be drawn, with how close the search came.
    """
    job = chunk.job
    world = job.world()
    rows = Rows.of(chunk.num_rows, job.box)
    written = job.strategy.draw(world, rows, first=chunk.first, effort=rows.effort)
    if job.worth is not None:
        improve_rows(world, rows, job.worth, first=chunk.first)
    return rows._replace(nodes=rows.nodes[:written].copy())


class Checkpoint:
    """Keeps finished chunks in a folder; with no folder, keeps nothing."""

    def __init__(self, folder: Path | str | None) -> None:
        self._folder = None if folder is None else checked_path(folder)
        self._own: set[str] = set()
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise ArtifactError(
                f"{folder} cannot be used as a checkpoint folder: {err.strerror}",
                hint="give a folder that can be written",
            ) from err

    def find(self, chunk: Chunk) -> Rows | None:
        """The finished chunk, or None. A file that cannot be read counts as not there."""
        if self._folder is None:
            return None
        name = _name(chunk)
        self._own.add(name)
        path = self._folder / name
        try:
            with np.load(path, allow_pickle=False) as stored:
                rows = Rows(*(stored[part] for part in Rows._fields))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return rows if len(rows.sizes) == chunk.num_rows else None

    def keep(self, chunk: Chunk, rows: Rows) -> None:
        """Store a finished chunk, whole or not at all."""
        if self._folder is None:
            return
        with atomic_file(self._folder / _name(chunk)) as partial, partial.open("wb") as file:
            np.savez(file, **rows._asdict())

    def clear(self) -> None:
        """Remove the files of this run's chunks, and the folder if nothing else is in it."""
        if self._folder is None:
            return
        for name in self._own:
            (self._folder / name).unlink(missing_ok=True)
        if not any(self._folder.iterdir()):
            self._folder.rmdir()


def _name(chunk: Chunk) -> str:
    job = chunk.job
    described = {
        "version": __version__,
        "graph": job.lists.digest,
        "spec": job.spec.digest,
        "label": job.label,
        "strategy": job.strategy.identity,
        "key": job.key,
        "first": chunk.first,
        "num_rows": chunk.num_rows,
    }
    return f"chunk-{digest_json(described).removeprefix('sha256:')[:40]}.npz"


def run_chunks(
    chunks: Sequence[Chunk], *, executor: Executor | None, checkpoint: Checkpoint
) -> Generator[Rows, None, None]:
    """Yield the chunks' rows in order.

    Parameters
    ----------
    chunks : sequence of Chunk
    executor : Executor or None
        Any ``concurrent.futures.Executor`` (threads, processes, dask's ``client.get_executor()``,
        ray through its adapter). None runs threads of this process: the kernels hold no lock.
    checkpoint : Checkpoint
        Where finished chunks are kept and looked up.

    Raises
    ------
    SamplingFailed
        If a chunk's rows cannot be drawn. Chunks not begun are cancelled.
    """
    if executor is not None and not hasattr(executor, "submit"):
        raise SettingError(
            f"executor is {executor!r}; expected a concurrent.futures.Executor or None",
            hint="pass ThreadPoolExecutor(4), or client.get_executor() of a dask client",
        )
    if executor is not None:
        yield from _in_order(chunks, executor, checkpoint)
        return
    # Python moves: threads would only take turns, and a Ctrl-C would wait for all of them.
    if len(chunks) == 1 or not all(chunk.job.strategy.is_compiled for chunk in chunks):
        for chunk in chunks:
            yield _finish(chunk, checkpoint)
        return
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        yield from _in_order(chunks, threads, checkpoint)


def _finish(chunk: Chunk, checkpoint: Checkpoint) -> Rows:
    done = checkpoint.find(chunk)
    if done is None:
        done = draw_chunk(chunk)
        checkpoint.keep(chunk, done)
    return done


def _in_order(
    chunks: Sequence[Chunk], executor: Executor, checkpoint: Checkpoint
) -> Iterator[Rows]:
    waiting: deque[tuple[Chunk, Rows | Future[Rows]]] = deque()
    rest = iter(chunks)
    try:
        while True:
            for chunk in islice(rest, WINDOW - len(waiting)):
                waiting.append((chunk, checkpoint.find(chunk) or _submit(chunk, executor)))
            if not waiting:
                return
            chunk, result = waiting.popleft()
            if not isinstance(result, Rows):
                result = _wait(chunk, result, executor)
                checkpoint.keep(chunk, result)
            yield result
    finally:
        for _, pending in waiting:
            if not isinstance(pending, Rows):
                pending.cancel()


def _submit(chunk: Chunk, executor: Executor) -> Future[Rows]:
    try:
        return executor.submit(draw_chunk, chunk)
    except RuntimeError:  # a broken or closed pool takes no more work: this process does
        with ThreadPoolExecutor(1) as here:
            return here.submit(draw_chunk, chunk)


def _wait(chunk: Chunk, future: Future[Rows], executor: Executor) -> Rows:
    for tries_left in reversed(range(_TRIES)):
        try:
            return future.result()
        except CampaignkitError:
            raise
        except (Exception, CancelledError):
            # A worker died, or its connection did: BrokenProcessPool, KilledWorker, CommClosed...
            # every library has its own. The chunk is drawn again, elsewhere and to the same bytes;
            # an error that is not the worker's comes back from this process, below.
            if tries_left:
                future = _submit(chunk, executor)
    return draw_chunk(chunk)
