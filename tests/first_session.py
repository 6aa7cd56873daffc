"""The quickstart at its full size, as a new user runs it: once for all tests and all workers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

# The main job needs the core alone and no network: what is optional is kept out of the way.
WITHOUT_EXTRAS = """
import socket, sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    names = {
        "pandas", "polars", "pyarrow", "duckdb", "yaml", "dask", "distributed", "torch", "sklearn",
        "lightgbm", "transformers", "google", "openai", "tokenizers", "safetensors", "altair",
        "fastapi", "uvicorn", "umap", "hdbscan", "peft", "sqlglot", "psycopg",
    }

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    def invalidate_caches(self):
        pass

def connect(*address):
    raise AssertionError("went to the network")

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: (
    None if name.partition(".")[0] in Absent.names else found(name, *rest))
sys.meta_path.insert(0, Absent())
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
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, *words],
        cwd=place, capture_output=True, text=True, check=False, timeout=1000,
    )  # fmt: skip


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
