"""The first compile is announced once a process, and never where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging, sys
if "quiet" in sys.argv:
    logging.getLogger("campaignkit").setLevel("ERROR")
import numpy as np
from campaignkit.classify.kernels.row_pairs import add_pairs, sum_pairs
nodes, offsets, table = np.array([0, 1], np.int32), np.array([0, 2]), np.ones(4)
sum_pairs(nodes, offsets, table, 2, np.zeros(1))
add_pairs(nodes, offsets, np.ones(1), 2, table)
"""


def told(cache: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stderr


def test_the_first_compile_is_announced_from_python_too(tmp_path: Path) -> None:
    first, again = told(tmp_path), told(tmp_path)

    assert first == "campaignkit compiles kernels for this machine, once (a few seconds) ...\n"
    assert again == ""


def test_it_is_not_announced_to_who_wants_no_words(tmp_path: Path) -> None:
    assert told(tmp_path, "quiet") == ""
