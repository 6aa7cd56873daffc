"""Keeps a benchmark's figures with the machine and the commit they were read on."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
# What may tell a library how many threads to start. A user's notebook sets none of them.
THREAD_VARIABLES = (
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_told_until = [0.0]  # CPU minutes that belong to results before the next one
_LIBRARIES = ("numpy", "scipy", "numba", "networkx", "pyarrow", "polars", "dask")


def record(name: str, figures: Mapping[str, Any], *, about: str, cpu: float | None = None) -> Path:
    """Write ``results/<name>.json``; an older one is replaced, its history lies in git.

    Parameters
    ----------
    name : str
        The benchmark's name.
    figures : mapping
        What was measured, as JSON values; say units in the names.
    about : str
        What was compared, on what, in a sentence or two.
    cpu : float, optional
        CPU minutes of all of it, where the figures come from several runs.
    """
    told = {
        "benchmark": name,
        "about": about,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "machine": machine(),
        "environment": threads_set(os.environ) or "plain",
        "cpu_min": round(cpu_min() - _told_until[0] if cpu is None else cpu, 1),
        "figures": dict(figures),
    }
    _told_until[:] = [cpu_min()]
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{name}: written to {path.relative_to(RESULTS.parent.parent)}")
    return path


def threads_set(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables among these that set a number of threads."""
    return {name: environment[name] for name in THREAD_VARIABLES if name in environment}


def plain(environment: Mapping[str, str]) -> dict[str, str]:
    """The same variables without those that set a number of threads."""
    return {name: value for name, value in environment.items() if name not in THREAD_VARIABLES}


def machine() -> dict[str, str | int]:
    """The processor, its cores and the versions that matter; no names of machines."""
    libraries = {}
    for library in _LIBRARIES:
        try:
            libraries[library] = version(library)
        except PackageNotFoundError:
            continue
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "system": platform.system(),
        "python": platform.python_version(),
        **libraries,
    }


def commit() -> str:
    """The commit that was measured, with ``+`` where the tree differs from it."""
    here = Path(__file__).parent
    try:
        head = _git(here, "rev-parse", "--short=12", "HEAD")
        changed = _git(here, "status", "--porcelain", "--", "../src")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")


def cpu_min() -> float:
    """CPU minutes that this process and its children have taken so far."""
    return sum(os.times()[:4]) / 60


def cpu_s(call: Callable[[], object], *, repeats: int = 5) -> float:
    """The least CPU seconds that a call takes, all its threads together."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def peak_memory_mb() -> int:
    """The most memory this process has held so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: that counts what the parent held before it started this process.
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


def show_table(rows: Mapping[str, Mapping[str, object]]) -> None:
    """Print figures by name, one line each."""
    for name, figures in rows.items():
        told = ", ".join(f"{key} {_short(value)}" for key, value in figures.items())
        print(f"  {name}: {told}")


def _short(value: object) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.3g}" if isinstance(value, float) and abs(value) < 1000 else f"{value:,}"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    if sys.platform == "darwin":
        done = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout.strip()
    return platform.processor() or platform.machine()


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
