"""``python -m benchmarks [name ...]``: all benchmarks, or those named; ``--list`` tells them."""

from __future__ import annotations

import ast
import importlib
import json
import os
import sys
from pathlib import Path

from benchmarks.record import RESULTS, cpu_min, threads_set

# What a run takes, roughly, where no result file tells what the last one took.
_CPU_MIN = {
    "audit_detection": 3, "audit_speed": 4, "audit_third_pair": 6, "audit_thresholds": 3,
    "classifiers": 15, "clean_clients": 2, "edge_outcomes": 6, "end_to_end": 5,
    "evaluation": 2, "feasibility": 2, "graph_building": 25,
    "graph_large": 4, "graph_scale": 25, "growth": 6, "leaderboard": 2,
    "llm_faults": 5, "llm_training": 15, "mutants": 30, "outcome_labels": 1, "paths": 1,
    "plain_environment": 2, "prefilter": 5, "priorities": 2, "recommender": 5, "sampler": 5,
    "small_lm": 11, "writers": 2,
}  # fmt: skip


def names() -> list[str]:
    """Every module here that has a ``main``."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if "\ndef main(" in path.read_text(encoding="utf-8"):
            found.append(path.stem)
    return found


def listed() -> str:
    """A line for each benchmark: its name, the CPU minutes to expect, what it measures."""
    lines = []
    for name in names():
        source = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        about = (ast.get_docstring(ast.parse(source)) or "").split("\n", maxsplit=1)[0]
        lines.append(f"{name:<18} {_expected(name):>8}  {about}")
    return "\n".join(lines)


def run(wanted: list[str]) -> int:
    """Run the benchmarks of these names; all where none is given."""
    if "--list" in wanted:
        print(listed())
        return 0
    unknown = sorted({*wanted} - {*names()})
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; there are:\n{listed()}")
        return 2
    if held := threads_set(os.environ):
        told = ", ".join(f"{name}={value}" for name, value in held.items())
        print(
            f"{told}: unset what sets numbers of threads; figures are those of a plain environment"
        )
        return 2
    for name in wanted or names():
        start = cpu_min()
        print(f"{name} ({_expected(name)}) ...", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
        print(f"{name}: {cpu_min() - start:.1f} CPU minutes", flush=True)
    return 0


def _expected(name: str) -> str:
    path = RESULTS / f"{name}.json"
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    minutes = told.get("cpu_min", _CPU_MIN.get(name))
    return "?" if minutes is None else f"{minutes:.0f} min"


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
