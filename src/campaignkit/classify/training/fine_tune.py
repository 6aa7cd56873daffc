"""The door of fine-tuning: everything that could go wrong is asked first, then it begins."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from campaignkit.classify.constrained.label_model import LabelModel
from campaignkit.classify.labels import LABELS
from campaignkit.classify.training.adapters import Adapters
from campaignkit.classify.training.checkpoint import holds_something
from campaignkit.classify.training.course import CheckpointPlan, Course
from campaignkit.classify.training.labelled_rows import LabelledRows
from campaignkit.classify.training.processes import processes_here
from campaignkit.classify.training.recipe import FullFineTune, LoRA, TrainingRecipe
from campaignkit.classify.training.report import TrainingReport
from campaignkit.classify.training.weights_digest import digest_weights
from campaignkit.errors import ArtifactError, ClassifierError, Fault
from campaignkit.progress import Progress, Silent


def fine_tune(
    model: LabelModel,
    data: LabelledRows,
    recipe: TrainingRecipe,
    *,
    validation: LabelledRows | None = None,
    checkpoint: CheckpointPlan | None = None,
    progress: Progress | None = None,
) -> TrainingReport:
    """Train a model in place to give its labels' tokens the right probabilities.

    Raises
    ------
    ClassifierError
        If labels lack a class, the recipe does not suit the model or the machine, a cache does
        not fit, or the loss is no number.
    ArtifactError
        If a checkpoint or a cache is of something else, or would be overwritten.
    """
    _check(model, data, recipe, validation)
    _check_place(checkpoint)
    # Read before anything changes: it is of the model as it came.
    identity = _identity(model, data, recipe, validation) if checkpoint else {}
    devices = [model.trunk.device] if model.trunk.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        adapters = Adapters(model, recipe) if isinstance(recipe, LoRA) else None
        try:
            report = Course(
                model,
                data,
                recipe,
                validation=validation,
                plan=checkpoint,
                identity=identity,
                processes=processes_here(),
                progress=progress or Silent(),
            ).run()
        except BaseException:
            if adapters:
                adapters.remove()
            raise
        if adapters:
            adapters.merge()
    model.model.eval()
    return report


def _check(
    model: LabelModel,
    data: LabelledRows,
    recipe: TrainingRecipe,
    validation: LabelledRows | None,
) -> None:
    faults = []
    if not isinstance(recipe, FullFineTune | LoRA):
        raise ClassifierError(
            f"training is {recipe!r}; expected a recipe",
            hint="training=ck.FullFineTune(...) or training=ck.LoRA(...)",
        )
    for name, given in (("training", data), ("validation", validation)):
        counts = np.bincount(given.codes, minlength=3) if given else np.ones(3)
        if (counts == 0).any():
            told = ", ".join(f"{num} {label}" for label, num in zip(LABELS, counts, strict=True))
            faults.append(Fault(name, f"lacks a class: {told}", "give rows of all three"))
    num = len(model.trunk)
    if recipe.freeze_layers >= num:
        faults.append(
            Fault("freeze_layers", f"is {recipe.freeze_layers}; the model has {num} layers",
                  f"at most {num - 1} can be frozen")
        )  # fmt: skip
    if model.is_quantised and isinstance(recipe, FullFineTune):
        faults.append(Fault("training", "4-bit weights cannot be trained themselves", "ck.LoRA"))
    if recipe.precision == "fp16" and model.trunk.device.type == "cpu":
        faults.append(Fault("precision", "is 'fp16'; a processor computes in fp32 or bf16"))
    if recipe.patience is not None and validation is None:
        faults.append(
            Fault("patience", "is set, but there are no validation rows",
                  "fit(..., validation=(texts, labels))")
        )  # fmt: skip
    if faults:
        raise ClassifierError("this training cannot begin", faults=faults)


def _check_place(checkpoint: CheckpointPlan | None) -> None:
    if checkpoint and holds_something(checkpoint.folder) and not checkpoint.resume:
        raise ArtifactError(
            f"{checkpoint.folder} already holds something",
            hint="pass resume=True to go on from a checkpoint there, or give another folder",
        )


def _identity(
    model: LabelModel,
    data: LabelledRows,
    recipe: TrainingRecipe,
    validation: LabelledRows | None,
) -> dict[str, Any]:
    told = {
        "model": digest_weights(model.model.named_parameters()),
        "labels": {"words": model.labels.words, "method": model.method},
        "prompt": data.rows.digests()["prompt"],
        "rows": data.digest(),
        "validation": validation.digest() if validation else None,
        "recipe": recipe.to_dict(),
    }
    identity: dict[str, Any] = json.loads(json.dumps(told))  # tuples as a reader will find them
    return identity
