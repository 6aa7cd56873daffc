"""The work of one job, which ends itself by SIGKILL at a named point."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaignkit.dataset import writer
from campaignkit.sample import chunks
from campaignkit.service import Home, worker

LEASE_S = 0.2
POINTS = {
    "at the second chunk": (chunks.Checkpoint, "keep", 2),
    "between the last chunk and the manifest": (writer.Manifest, "write", 1),
    "between the files and their names": (worker, "_write", 1),
    "before finish": (None, "", 0),
}


def die_in(place: Any, name: str, call: int) -> None:
    """Let the call of this number never begin."""
    original: Callable[..., object] = getattr(place, name)
    calls = []

    def dying(*args: object, **settings: object) -> object:
        calls.append(1)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **settings)

    setattr(place, name, dying)


def main(place: Path, id: str, point: str) -> None:
    """Claim the job, work and die."""
    home = Home(place)
    claim = home.queue.claim("doomed", LEASE_S, id)
    assert claim
    where, name, call = POINTS[point]
    if where is not None:
        die_in(where, name, call)
    folder = home.work_folder(id)
    worker.do_work(home.artifacts, claim.job, folder, claim.fence, lambda done, all: None)
    os.kill(os.getpid(), signal.SIGKILL)
