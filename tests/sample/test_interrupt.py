"""Ctrl-C in a real process while it writes: it ends, says so, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX process groups and SIGINT"),
]

PROGRAM = """
import sys, warnings
sys.path.insert(0, {tests!r})
from concurrent.futures import ProcessPoolExecutor
from worlds import spec_of, structured_graph
from campaignkit.sample import Annealing, AnnealingSampler
from campaignkit.sample.moves.defaults import DEFAULT_MOVES

class Say:
    def update(self, stage, done, total):
        print(stage, done, flush=True)

def main(kind, out):
    graph = structured_graph({{"a": 30, "b": 30, "c": 60}}, pos=1500, neg=1500)
    ranges = {{"a": (1, 3), "b": (2, 4), "c": (3, 8)}}
    spec = spec_of({{"pos": ((0.5, 0.9), (0.0, 0.1))}}, 5_000_000, ranges)
    if kind == "threads":
        AnnealingSampler(graph, spec).write(out, progress=Say())
    elif kind == "processes":
        with ProcessPoolExecutor(2) as pool:
            AnnealingSampler(graph, spec).write(out, progress=Say(), executor=pool)
    else:
        warnings.simplefilter("ignore")
        moves = [(move.py_func, share) for move, share in DEFAULT_MOVES]
        AnnealingSampler(graph, spec, strategy=Annealing(moves=moves)).write(out, progress=Say())

if __name__ == "__main__":
    main(*sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("kind", "stage"),
    [("threads", "sampling"), ("processes", "sampling"), ("python moves", "planning 1")],
)
def test_an_interrupt_ends_the_run_and_leaves_nothing(
    kind: str, stage: str, tmp_path: Path
) -> None:
    program, place = tmp_path / "program.py", tmp_path / "place"
    program.write_text(PROGRAM.format(tests=str(Path(__file__).parent)))
    place.mkdir()
    process = subprocess.Popen(
        [sys.executable, str(program), kind, str(place / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal sends Ctrl-C to the whole group: so does this
    )
    try:
        while line := process.stdout.readline():
            if line.startswith(stage):
                break
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in errors
    assert list(place.iterdir()) == []
