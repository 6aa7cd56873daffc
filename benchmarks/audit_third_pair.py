"""A third generator and injector, written without a look at the audit, scored once.

``python -m benchmarks audit_third_pair``: one to eleven published kinds stacked on tables of
``audit_third_world``, with history and pack, pack only and a dirty history; and clean tables.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pandas as pd

import campaignkit as ck
from benchmarks.audit_third_world import (
    BRANDS,
    KINDS,
    PLATFORMS,
    RATES,
    Truth,
    accounts,
    check,
    check_truth,
    inject,
    table,
)
from benchmarks.record import record


def score(report: Any, frame: pd.DataFrame, truth: Truth) -> dict[str, dict[str, Any]]:
    """For each published kind: hits, false alarms, misses as a kind and in rows (or columns)."""
    found: dict[str, list[Any]] = defaultdict(list)
    for finding in report.findings:
        if finding.severity == "error":
            found[finding.kind].append(finding)
    told = {}
    for kind in KINDS:
        findings, shapes = found[kind], Counter[str]()
        if kind == "dropped_columns":
            named = {c for f in findings for c in f.columns}
            hit, there = len(named & truth.dropped), len(truth.dropped)
            alarm = len(named) - hit
        else:
            flagged = np.zeros(len(frame), dtype=bool)
            for finding in findings:
                flagged[finding.rows] = True
            rows = truth.rows.get(kind, np.zeros(0, np.int64))
            there = len(rows)
            if kind == "duplicate_rows":
                size, copies = np.bincount(truth.groups), np.zeros(truth.groups.max() + 1, int)
                np.add.at(copies, truth.groups[rows], 1)
                marked = np.bincount(truth.groups[flagged], minlength=len(size))
                hit = int(np.minimum(marked, copies).sum())
                alarm = int(marked[size == 1].sum())
            else:
                hit = int(flagged[rows].sum())
                shapes.update(truth.shapes[kind][~flagged[rows]] if there else [])
                flagged[rows] = False
                flagged[truth.implied[kind]] = False
                alarm = int(flagged.sum())
        as_kind = [
            int(hit > 0),
            int(alarm > 0 and not (there and hit)),
            int(there > 0 and not hit),
        ]
        wrong = [f"{'+'.join(f.columns[:4])}: {f.message}"[:160] for f in findings if alarm]
        told[kind] = {"kind": as_kind, "rows": [hit, alarm, there - hit],
                      "missed_shapes": dict(shapes), "said": wrong}  # fmt: skip
    others = {k: len(v) for k, v in found.items() if k not in KINDS and v}
    return {**told, "others": others}


def f1(counts: Any) -> float:
    """Harmonic mean of precision and recall, to four digits."""
    hit, alarm, miss = (int(x) for x in counts)
    whole = 2 * hit + alarm + miss
    return round(2 * hit / whole, 4) if whole else 1.0


def sweep(
    clean: pd.DataFrame, rates: tuple[float, ...], *, history: Any, seed: int
) -> dict[str, Any]:
    """Eleven tables at each rate, one to eleven kinds on top of each other."""
    told: dict[str, Any] = {}
    for r, rate in enumerate(rates):
        as_kind, rows = np.zeros(3, int), {kind: np.zeros(3, int) for kind in KINDS}
        shapes: dict[str, Counter[str]] = defaultdict(Counter)
        others: Counter[str] = Counter()
        short, num_perfect = [], 0
        for i in range(1, len(KINDS) + 1):
            dirty, truth = inject(clean, KINDS[:i], rate, seed=seed + 100 * r + i)
            scored = score(ck.audit(dirty, history=history), dirty, truth)
            others.update(scored.pop("others"))
            is_perfect = True
            for kind, counts in scored.items():
                as_kind += counts["kind"]
                rows[kind] += counts["rows"]
                shapes[kind].update(counts["missed_shapes"])
                if counts["kind"][1] or counts["kind"][2]:
                    is_perfect = False
                if any(counts["rows"][1:]):
                    short.append([i, kind, *counts["rows"], counts["said"][:2]])
            num_perfect += is_perfect
        told[f"{rate:g}"] = {
            "table_f1": f1(as_kind), "table_hits_alarms_misses": as_kind.tolist(),
            "num_perfect": num_perfect, "row_f1": {k: f1(c) for k, c in rows.items()},
            "row_hits_alarms_misses": {k: c.tolist() for k, c in rows.items()},
            "missed_shapes": {k: dict(c) for k, c in shapes.items() if c},
            "errors_of_other_kinds": dict(others), "fell_short": short,
        }  # fmt: skip
        worst = sorted(told[f"{rate:g}"]["row_f1"].items(), key=lambda pair: pair[1])[:3]
        print(
            f"    {rate:g}: table F1 {f1(as_kind)}, {num_perfect} perfect, rows {worst}",
            flush=True,
        )
    return told


def clean_tables(made: dict[str, pd.DataFrame], history: pd.DataFrame) -> dict[str, Any]:
    """Errors and warnings on tables without a fault."""
    told = {}
    for name, frame in made.items():
        for mode, past in (("history and pack", history), ("pack only", None)):
            findings = [f for f in ck.audit(frame, history=past).findings if f.severity != "info"]
            kinds = Counter(f"{f.severity}: {f.kind}" for f in findings)
            said = [
                f"{f.severity} {f.kind} {'+'.join(f.columns[:4])}: {f.message}"[:200]
                for f in findings
            ]
            count = Counter(f.severity for f in findings)
            told[f"{name}, {mode}"] = {"errors": count["error"], "warnings": count["warning"],
                                       "kinds": dict(kinds), "said": said}  # fmt: skip
            print(f"    {name}, {mode}: {dict(count)} {dict(kinds)}", flush=True)
    return told


def worlds() -> tuple[pd.DataFrame, pd.DataFrame, dict[str, pd.DataFrame]]:
    """History, the table to spoil, and clean tables of other kinds."""
    known = [p for p in PLATFORMS if p != "Spotify"]
    desk = accounts(BRANDS, known, seed=41)
    newcomer = [c | {"first": 95} for c in accounts(("Mirabel Toys",), known, seed=42)[:4]]
    audio = [c | {"first": 95} for c in accounts(BRANDS[2:3], ["Spotify"], seed=43)[:4]]
    history = table(desk, first=60, days=42, seed=410)
    now = table(desk, first=102, days=42, seed=411)
    made = {f"seed {s}": table(desk, first=102, days=42, seed=s) for s in (412, 413, 414)}
    made["new brand"] = table(desk + newcomer, first=102, days=42, seed=415)
    made["season shift"] = table(desk, first=305, days=42, seed=416)
    made["new platform"] = table(desk + audio, first=102, days=42, seed=417)
    return history, now, made


def main() -> None:
    """Score once; write the figures and print them."""
    history, now, made = worlds()
    for frame in (history, now, *made.values()):
        check(frame)
    for rate in (RATES[0], RATES[-1]):
        check_truth(now, rate)
    print(f"    rows: history {len(history)}, spoiled table {len(now)}", flush=True)
    rowwise = tuple(kind for kind in KINDS if kind != "dropped_columns")
    figures: dict[str, Any] = {"num_rows": len(now), "num_rows_history": len(history)}
    figures["clean"] = clean_tables(made, history)
    for name, past, rates in (
        ("history and pack", history, RATES),
        ("pack only", None, RATES),
        ("history 1% dirty", inject(history, rowwise, 0.01, seed=7)[0], (0.1,)),
        ("history 3% dirty", inject(history, rowwise, 0.03, seed=8)[0], (0.1,)),
    ):
        print(f"    {name}", flush=True)
        figures[name] = sweep(now, rates, history=past, seed=9_000)
    about = (
        "A third generator and injector, made without a look at the audit and scored once: F1 of "
        "the published kinds among errors, as kinds and in rows. A dirty history carries each of "
        "ten kinds at 1% or 3%."
    )
    record("audit_third_pair", figures, about=about)


if __name__ == "__main__":
    main()
