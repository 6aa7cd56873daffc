"""The benchmarks' entry point: what is there is found, what is not is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="not a checkout")
def test_the_benchmark_for_a_gpu_runs_at_a_tiny_size_without_one() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("transformers", reason="transformers is not installed")

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_training", "--smoke"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for way in ("full loss", "trimmed", "frozen", "cached", "shared"):
        assert f"{way}: s_per_epoch" in done.stdout


@pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="not a checkout")
@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        (["nonsense"], {}, "no benchmark called nonsense; there are:"),
        (["writers"], {"OMP_NUM_THREADS": "1"}, "OMP_NUM_THREADS=1: unset what sets numbers"),
    ],
)
def test_what_cannot_be_measured_is_said_before_anything_is(
    words: list[str], environment: dict[str, str], told: str
) -> None:
    # What sets numbers of threads around the tests is not what this test sets.
    outside = {name: value for name, value in os.environ.items() if "THREADS" not in name}

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        env={**outside, **environment},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stdout.startswith(told)
