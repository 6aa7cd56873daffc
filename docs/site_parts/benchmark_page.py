"""The page of benchmarks, from the files that they leave in benchmarks/results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent.parent / "benchmarks" / "results"
_MOST_ROWS = 60


def write_benchmarks(path: Path, results: Path = RESULTS) -> None:
    """Write a section for each result file: what was measured, where, and the figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sections = [benchmark_section(json.loads(file.read_text(encoding="utf-8")))
                for file in sorted(results.glob("*.json"))]  # fmt: skip
    path.write_text("\n".join(sections), encoding="utf-8")


def benchmark_section(told: dict[str, Any]) -> str:
    """One benchmark as Markdown.

    Examples
    --------
    >>> told = {"benchmark": "b", "about": "A.", "date": "2026-01-01", "commit": "c",
    ...         "machine": {"cpu": "x"}, "figures": {"one": {"cpu_s": 1.5}}}
    >>> print(benchmark_section(told).split("|")[-2].strip())
    1.5
    """
    machine = ", ".join(f"{name} {value}" for name, value in told.get("machine", {}).items())
    lines = [
        f"## {told.get('benchmark', 'benchmark').replace('_', ' ')}",
        "",
        _plain(str(told.get("about", ""))),
        "",
        f"Read on {told.get('date', '?')} at commit `{told.get('commit', '?')}`; "
        f"{_plain(machine)}.",
        "",
    ]
    for title, table in _tables(told.get("figures", {}), ""):
        if title:
            lines += [f"**{_plain(title)}**", ""]
        lines += [*table, ""]
    return "\n".join(lines)


def _tables(figures: Any, title: str) -> Iterator[tuple[str, list[str]]]:
    """Tables of rows with like columns; what is nested deeper becomes a table of its own."""
    if not isinstance(figures, dict) or not figures:
        return
    rows = {name: value for name, value in figures.items() if isinstance(value, dict)}
    flat = {name: value for name, value in figures.items() if not isinstance(value, dict)}
    if flat:
        yield title, _table(["", "value"], [[name, value] for name, value in flat.items()])
    simple = {n: v for n, v in rows.items() if not any(isinstance(x, dict) for x in v.values())}
    if simple:
        heads = list(dict.fromkeys(key for value in simple.values() for key in value))
        cells = [
            [name, *(value.get(head, "") for head in heads)] for name, value in simple.items()
        ]
        yield title, _table(["", *heads], cells)
    for name, value in rows.items():
        if name not in simple:
            yield from _tables(value, f"{title}: {name}" if title else name)


def _table(heads: list[str], rows: list[list[Any]]) -> list[str]:
    lines = [f"| {' | '.join(map(_plain, heads))} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows[:_MOST_ROWS]]
    if len(rows) > _MOST_ROWS:
        lines += ["", f"and {len(rows) - _MOST_ROWS:,} more rows in the file"]
    return lines


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e5 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
    return _plain(text if len(text) <= 120 else text[:119] + "…")


def _plain(text: str) -> str:
    for mark in "\\|*_`<>[]$":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", " ")
