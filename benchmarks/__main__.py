"""``python -m benchmarks [name ...]``: run all benchmarks, or those named."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

_NOT_ONES = {"__init__", "__main__", "record"}


def names() -> list[str]:
    """Every module here that has a ``main``."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in _NOT_ONES and "\ndef main(" in path.read_text(encoding="utf-8"):
            found.append(path.stem)
    return found


def run(wanted: list[str]) -> int:
    """Run the benchmarks of these names; all where none is given."""
    unknown = sorted({*wanted} - {*names()})
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(names())}")
        return 2
    for name in wanted or names():
        print(f"{name} ...", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
