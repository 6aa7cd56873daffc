"""A fine-tuning as a line of the run log."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from campaignkit.classify.training.labelled_rows import LabelledRows
from campaignkit.classify.training.recipe import TrainingRecipe
from campaignkit.classify.training.report import TrainingReport
from campaignkit.runs import RunDataset, RunModel, RunRecord, RunTime, machine_facts
from campaignkit.store import digest_json


def fit_record(
    report: TrainingReport,
    recipe: TrainingRecipe,
    *,
    name: str,
    data: LabelledRows,
    shared_prompt: str | None,
    fit_s: float,
) -> RunRecord:
    """What was trained, on what, how well by its validation rows, and for how long.

    Parameters
    ----------
    name : str
        The model's.
    data : LabelledRows
        The training rows; they enter as a digest only.
    fit_s : float
        CPU seconds.
    """
    best = report.epochs[report.best_epoch - 1]
    told = {
        "loss": best.loss,
        "macro_f1": best.validation_macro_f1,
        "log_loss": best.validation_log_loss,
    }
    settings: dict[str, Any] = {"recipe": type(recipe).__name__, **asdict(recipe)}
    prompt = None if shared_prompt is None else digest_json(shared_prompt)
    return RunRecord(
        kind="fit",
        task="outcome",
        dataset=RunDataset(name="training texts", digest=data.digest(), num_rows=len(data.codes)),
        model=RunModel(name=name, family="ConstrainedClassifier"),
        parameters=settings | {"shared_prompt": prompt, "epochs_run": len(report.epochs)},
        seed=settings.get("seed"),
        scores={score: value for score, value in told.items() if value is not None},
        time=RunTime(fit_s=fit_s),
        machine=machine_facts(),
        notes="macro_f1 and log_loss are of the validation rows, where there are any",
    )
