"""Says in a file which chunk was drawn where: a worker process has to be able to import it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from campaignkit.sample.arrays import Rows
from campaignkit.sample.chunks import Chunk


def draw_and_tell(draw: Callable[[Chunk], Rows], log: str, chunk: Chunk) -> Rows:
    """Draw, and append the process, the label and the first row to the log."""
    rows = draw(chunk)
    told = f"{os.getpid()} {chunk.job.label} {chunk.first}\n".encode()
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(handle, told)  # one write: lines of several processes do not mix
    finally:
        os.close(handle)
    return rows


class ToldDraws:
    """An executor that keeps a log of what its workers draw."""

    def __init__(self, inner: Executor, log: Path) -> None:
        self._inner = inner
        self._log = log

    def submit(self, draw: Callable[[Chunk], Rows], chunk: Chunk) -> Future[Rows]:
        return self._inner.submit(draw_and_tell, draw, str(self._log), chunk)

    def drawn(self) -> list[tuple[int, str, int]]:
        """(process, label, first row) of every chunk drawn so far."""
        lines: list[list[Any]] = [line.split() for line in self._log.read_text().splitlines()]
        return [(int(process), label, int(first)) for process, label, first in lines]
