"""Run logs as a project has them: several data sets, families, tasks, predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from campaignkit.runs import RunLog, RunRecord
from campaignkit.seeds import stream

LABELS = ["neg", "avg", "pos"]
FAMILIES = ("baseline", "pairwise", "llm")


def a_run(number: int, **changed: object) -> RunRecord:
    """Run `number` of a series: each of its figures follows from the number."""
    family = FAMILIES[number % 3]
    f1 = round(0.3 + 0.6 * ((number * 37) % 101) / 101, 4)
    told: dict[str, object] = {
        "kind": "evaluation",
        "task": "outcome" if number % 5 else "roi",
        "run_id": f"run-{number:05d}",
        "started_at": f"2026-01-{1 + number % 28:02d}T12:00:00Z",
        "dataset": {
            "name": f"set {number % 2}",
            "digest": f"sha256:{number % 4}{'0' * 63}",
            "num_rows": 900,
        },
        "model": {"name": f"{family} {number}", "family": family},
        "parameters": {"rank": number},
        "scores": {
            "macro_f1": f1, "f1_neg": f1 - 0.1, "f1_avg": f1, "f1_pos": f1 + 0.05,
            "log_loss": 1.2 - f1, "one_hot_macro_f1": 0.4 + (number % 4) / 10,
        },
        "intervals": {"macro_f1": (f1 - 0.02, f1 + 0.02)},
        "confusion": [[80, 15, 5], [10, 200, 20], [1, 9, 60]],
        "labels": LABELS,
        "time": {"fit_s": 1.0 + number, "predict_s": 0.1},
        "cost": {"money": number / 100, "currency": "USD", "calls": number},
    }  # fmt: skip
    return RunRecord.model_validate(told | changed)


def log_with_predictions(folder: Path) -> RunLog:
    """Three runs on the same 300 rows: `good` is better than `fair`, `bare` keeps none."""
    log = RunLog(folder)
    rng = stream(4, "run logs")
    truth = rng.integers(0, 3, 300)
    for name, share in (("good", 0.9), ("fair", 0.6)):
        told = np.where(rng.random(300) < share, truth, (truth + 1) % 3)
        path = log.write_predictions(
            name,
            [f"row {i}" for i in range(300)],
            [LABELS[i] for i in truth],
            predicted=[LABELS[i] for i in told],
        )
        f1 = float((told == truth).mean())
        scores = {"macro_f1": f1, "f1_neg": f1, "f1_avg": f1, "f1_pos": f1}
        log.append(a_run(2, run_id=name, predictions=path, scores=scores,
                         model={"name": name, "family": "pairwise"}))  # fmt: skip
    log.append(a_run(2, run_id="bare", model={"name": "bare", "family": "llm"}))
    return log
