"""What the audit finds: sweep, dirty history, low rates, clean tables, two real tables.

    python -m benchmarks.audit_detection [FOLDER]    # FOLDER holds hospital/ and beers/

Each figure is printed for the library's own generator and injector, and for the second pair, which
shares no code with them.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

import campaignkit as ck
from benchmarks import audit_second_pair as second
from benchmarks.record import record
from campaignkit.auditing import teach
from campaignkit.evaluation import KindHits, sweep_detection
from campaignkit.inject import LOGICAL, STACK_KINDS, ErrorInjector
from campaignkit.tables import TableWorld

RATES = (0.01, 0.05, 0.1, 0.2, 0.4)
ROWS = 7_637


def f1(hit: int, alarm: int, miss: int) -> float:
    return 2 * hit / max(2 * hit + alarm + miss, 1)


def second_sweep(rules, rate: float) -> tuple[float, float, int, dict[str, float]]:
    total: dict[str, int] = {}
    rows: dict[str, list[int]] = {}
    perfect = 0
    for i in range(11):
        frame, truth = second.spoil(second.panel(ROWS, i), second.KINDS[: i + 1], rate, i)
        with ck.audit(frame, rules) as report:
            scores = second.score(report, frame, truth)
        perfect += not any(s["alarm"] or s["miss"] for s in scores.values())
        for kind, score in scores.items():
            mine = rows.setdefault(kind, [0, 0, 0])
            for at, name in enumerate(("rows_hit", "rows_alarm", "rows_miss")):
                mine[at] += score[name]
            for name, value in score.items():
                total[name] = total.get(name, 0) + value
    table = f1(total["hit"], total["alarm"], total["miss"])
    row = f1(total["rows_hit"], total["rows_alarm"], total["rows_miss"])
    return table, row, perfect, {k: round(f1(*v), 3) for k, v in rows.items()}


def sweeps() -> None:
    history = ck.synthetic_table(ROWS, seed=1001)
    for earlier in (history, None):
        found = sweep_detection(
            lambda i: ck.synthetic_table(ROWS, seed=100 + i),
            history=earlier,
            rates=RATES,
        )
        tell(found.to_markdown())
    rules = ck.mine_rules(second.panel(ROWS, 900))
    for name, given in (("second pair, history and pack", rules), ("second pair, pack", None)):
        for rate in RATES:
            table, row, perfect, kinds = second_sweep(given, rate)
            low = {k: v for k, v in kinds.items() if v < 0.95}
            tell(f"{name} {rate:.0%}: table F1 {table:.3f}, {perfect} of 11 perfect, "
                  f"row F1 {row:.3f}; kinds below .95: {low}")  # fmt: skip


def dirty_history() -> None:
    kinds = [k for k in STACK_KINDS if k != "dropped_columns"]
    for dirt in (0.01, 0.03):
        history, _ = ErrorInjector(kinds, rate=dirt, seed=55).inject(
            ck.synthetic_table(ROWS, seed=1001)
        )
        found = sweep_detection(
            lambda i: ck.synthetic_table(ROWS, seed=100 + i),
            history=history,
            rates=(0.01, 0.05, 0.2),
        )
        own = {r: round(found.scores[r].table.f1, 3) for r in found.rates}
        frame, _ = second.spoil(second.panel(ROWS, 900), [k for k in second.KINDS
                                if k != "dropped_columns"], dirt, 900)  # fmt: skip
        rules = ck.mine_rules(frame)
        other = {r: round(second_sweep(rules, r)[0], 3) for r in (0.01, 0.05, 0.2)}
        tell(f"history {dirt:.0%} dirty: own {own}, second pair {other}")


def low_rate() -> None:
    rules = ck.mine_rules(ck.synthetic_table(ROWS, seed=1001))
    total: dict[str, KindHits] = {}
    for i in range(5):
        clean = ck.synthetic_table(ROWS, seed=300 + i)
        for kind in (*LOGICAL, "outliers"):
            dirty, truth = ErrorInjector([kind], rate=0.001, seed=i).inject(clean)
            with ck.audit(dirty, rules) as report:
                for name, hits in ck.score_findings(report, truth).by_kind.items():
                    total[name] = total.get(name, KindHits()) + hits
    for kind, hits in total.items():
        tell(f"rate .1%, {kind}: row recall {hits.rows.recall:.3f}, tables {hits.table}")


def clean_tables() -> None:
    world = TableWorld()
    worlds = {
        "another seed": world,
        "a new brand": replace(world, brands=(*world.brands, "Lumora")),
        "a season shift": replace(world, level=1.6, first_day=date(2025, 11, 1)),
        "a new platform": replace(
            world, platforms={**world.platforms, "Reddit": (5.0, 0.009, False)}
        ),
    }
    rules = ck.mine_rules(ck.synthetic_table(ROWS, seed=1001))
    for name, drawn in worlds.items():
        counts = []
        for i in range(10):
            table = ck.synthetic_table(ROWS, seed=500 + i, world=drawn)
            for given in (rules, None):
                with ck.audit(table, given) as report:
                    counts.append((len(report.errors), len(report.warnings)))
        tell(f"clean, {name}: most errors {max(c[0] for c in counts)}, "
              f"most warnings {max(c[1] for c in counts)}")  # fmt: skip
    rules = ck.mine_rules(second.panel(ROWS, 900))
    others = {
        "another seed": {}, "a new brand": {"brands": [*second.BRANDS, "Halden"]},
        "a season shift": {"season": 1.6, "start": "2025-01-06"},
        "a new platform": {"platforms": [*second.PLATFORMS, "pinterest"]},
    }  # fmt: skip
    for name, changed in others.items():
        counts = []
        for i in range(5):
            table = second.panel(ROWS, 700 + i, **changed)
            for given in (rules, None):
                with ck.audit(table, given) as report:
                    counts.append((len(report.errors), len(report.warnings), report.kinds))
        tell(f"second pair clean, {name}: {max(counts)}, warnings {max(c[1] for c in counts)}")


def cells_of(report, place) -> set[tuple[int, int]]:
    return {
        (int(row), place[column])
        for finding in report.of_severity("error", "warning")
        for column, rows in finding.cells().items()
        for row in rows
    }


def real_tables(folder: Path) -> None:
    for name in ("hospital", "beers"):
        dirty, clean = (
            pd.read_csv(folder / name / f"{kind}.csv", dtype=str, keep_default_na=False)
            for kind in ("dirty", "clean")
        )
        wrong = dirty.to_numpy() != clean.to_numpy()
        truth = set(zip(*np.nonzero(wrong), strict=True))
        place = {c: i for i, c in enumerate(dirty.columns)}
        path = folder / name / "dirty.csv"
        with ck.audit(path) as report:
            found = cells_of(report, place)
            taught = []
            for seed in range(5):
                rows = np.random.default_rng(seed).choice(len(dirty), 20, replace=False)
                labels = {int(r): list(dirty.columns[wrong[r]]) for r in rows}
                with ck.audit(path, teach(report, labels)) as again:
                    taught.append(f1_cells(cells_of(again, place), truth))
        hits = len(found & truth)
        tell(
            f"{name}: precision {hits / len(found):.3f}, recall {hits / len(truth):.3f}, "
            f"cell F1 {f1_cells(found, truth):.3f}; with 20 labelled rows "
            f"{np.mean(taught):.3f} ({min(taught):.3f} to {max(taught):.3f}, five draws)"
        )


def f1_cells(found: set, truth: set) -> float:
    return 2 * len(found & truth) / (len(found) + len(truth))


FIGURES: list[str] = []


def tell(line: str) -> None:
    """Print a line of results and keep it for the record."""
    FIGURES.append(line)
    print(line, flush=True)


def main(real: Path | None = None) -> None:
    """Measure, print and record; the two real tables where their folder is given or known."""
    sweeps()
    dirty_history()
    low_rate()
    clean_tables()
    data = os.environ.get("CAMPAIGNKIT_TEST_DATA")
    if real is None and data:
        real = Path(data, "dirty")
    if real is not None:
        real_tables(real)
    record("audit_detection", {"lines": FIGURES}, about=__doc__.split("\n", maxsplit=1)[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
