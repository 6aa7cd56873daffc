"""Run chunks on any executor, in order, in bounded memory, losing no more than a lost worker's.

Chunks are independent and carry all they need, so where and when one runs cannot change its rows.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor

from campaignkit.errors import CampaignkitError, SettingError
from campaignkit.sample.checkpoint import Checkpoint
from campaignkit.sample.job import Chunk, ChunkRows, draw_chunk

WINDOW = 32  # chunks under way or waiting to be used: bounds memory, keeps a cluster busy
_TRIES = 3  # times a chunk is handed to the executor before it is done in this process


def run_chunks(
    chunks: Sequence[Chunk], *, executor: Executor | None, checkpoint: Checkpoint
) -> Generator[ChunkRows, None, None]:
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


def _finish(chunk: Chunk, checkpoint: Checkpoint) -> ChunkRows:
    done = checkpoint.find(chunk)
    if done is None:
        done = draw_chunk(chunk)
        checkpoint.keep(chunk, done)
    return done


def _in_order(
    chunks: Sequence[Chunk], executor: Executor, checkpoint: Checkpoint
) -> Iterator[ChunkRows]:
    waiting: deque[tuple[Chunk, ChunkRows | Future[ChunkRows]]] = deque()
    rest = iter(chunks)
    try:
        while True:
            while len(waiting) < WINDOW and (chunk := next(rest, None)) is not None:
                waiting.append((chunk, checkpoint.find(chunk) or _submit(chunk, executor)))
            if not waiting:
                return
            chunk, result = waiting.popleft()
            if not isinstance(result, ChunkRows):
                result = _wait(chunk, result, executor)
                checkpoint.keep(chunk, result)
            yield result
    finally:
        for _, pending in waiting:
            if not isinstance(pending, ChunkRows):
                pending.cancel()


def _submit(chunk: Chunk, executor: Executor) -> Future[ChunkRows]:
    try:
        return executor.submit(draw_chunk, chunk)
    except RuntimeError:  # a broken or closed pool takes no more work: this process does
        return _here(chunk)


def _here(chunk: Chunk) -> Future[ChunkRows]:
    future: Future[ChunkRows] = Future()
    try:
        future.set_result(draw_chunk(chunk))
    except CampaignkitError as err:
        future.set_exception(err)
    return future


def _wait(chunk: Chunk, future: Future[ChunkRows], executor: Executor) -> ChunkRows:
    for tries in range(1, _TRIES + 1):
        try:
            return future.result()
        except CampaignkitError:
            raise
        except (Exception, CancelledError):
            # A worker died, or its connection did: BrokenProcessPool, KilledWorker, CommClosed...
            # every library has its own. The chunk is drawn again, elsewhere and to the same bytes;
            # an error that is not the worker's comes back from this process, below.
            if tries == _TRIES:
                break
            future = _submit(chunk, executor)
    return draw_chunk(chunk)
