"""The quickstart at its full size, as a new user runs it: once for all tests and all workers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fresh_core import run_in_core

# The main job needs the core alone and no network.
WITHOUT_NETWORK = """
import socket, sys

def connect(*address):
    raise AssertionError("went to the network")

socket.socket.connect = connect
from campaignkit.apps.cli import main
main(sys.argv[1:])
"""


@dataclass(frozen=True)
class FirstSession:
    """Where ``campaignkit quickstart`` was run, how it ended and what it said."""

    place: Path
    code: int
    out: str
    err: str

    @property
    def folder(self) -> Path:
        """What it made; tests read it and leave it as it is."""
        return self.place / "quickstart"


def run_without_extras(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command where only the core is installed and nothing can be reached."""
    return run_in_core(place, "-c", WITHOUT_NETWORK, *words)


def run_once(temporary: pytest.TempPathFactory, worker: str) -> FirstSession:
    """The first caller runs it, the others wait for that run and read what it left."""
    base = temporary.getbasetemp()
    place = (base if worker == "master" else base.parent) / "first session"
    with _held(place.with_suffix(".lock")):
        said = place / "said.json"
        if not said.exists():
            place.mkdir()
            ended = run_without_extras(place, "quickstart")
            told = {"code": ended.returncode, "out": ended.stdout, "err": ended.stderr}
            said.write_text(json.dumps(told), encoding="utf-8")
        return FirstSession(place, **json.loads(said.read_text(encoding="utf-8")))


@contextmanager
def _held(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # not a POSIX system: there each worker has a folder of its own
        pytest.skip("this system has no lock for files")
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
