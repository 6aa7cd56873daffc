"""The published results, as a run log: others measured them, on rows of their own."""

from __future__ import annotations

from importlib.resources import as_file, files

from campaignkit.runs import RunLog, RunRecord


def published_runs() -> tuple[RunRecord, ...]:
    """The results of the published tables, each a record of kind ``"published"``.

    Their data sets are named as published (``"V15"``), without a digest: no run of yours is on the
    same rows.

    Examples
    --------
    >>> best = max(published_runs(), key=lambda run: run.scores["macro_f1"])
    >>> best.dataset.name, best.model.name, best.scores["macro_f1"]
    ('V15', 'internal specialised model', 0.928)
    """
    with as_file(files("campaignkit.recipes") / "published.jsonl") as path:
        return RunLog(path).read().records
