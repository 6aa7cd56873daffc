"""The course of a fine-tuning: epochs, validation, checkpoints, an end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from campaignkit.classify.constrained.label_model import LabelModel
from campaignkit.classify.constrained.token_rows import TokenRows
from campaignkit.classify.training.batches import MicroBatch, plan_epoch, rows_of
from campaignkit.classify.training.cache_key import CacheKey
from campaignkit.classify.training.checkpoint import (
    Progressed,
    holds_something,
    read_checkpoint,
    write_checkpoint,
)
from campaignkit.classify.training.kept_states import kept_states
from campaignkit.classify.training.labelled_rows import LabelledRows
from campaignkit.classify.training.log_loss import log_loss
from campaignkit.classify.training.processes import Processes
from campaignkit.classify.training.recipe import TrainingRecipe
from campaignkit.classify.training.report import EpochFigures, TrainingReport
from campaignkit.classify.training.row_states import RowStates, Tokens
from campaignkit.classify.training.stepper import Stepper
from campaignkit.classify.training.weights_digest import digest_weights
from campaignkit.errors import ArtifactError
from campaignkit.metrics import macro_f1
from campaignkit.progress import Progress
from campaignkit.store import digest_json

_IDLE_SETTINGS = ("_name_or_path", "architectures", "id2label", "label2id", "dtype")


@dataclass(frozen=True, slots=True)
class CheckpointPlan:
    """Where a training is kept while it runs.

    Attributes
    ----------
    folder : path
    every : int or None
        Steps between checkpoints; there is one after each epoch in any case.
    resume : bool
        Whether to go on from the one that lies there.

    Examples
    --------
    >>> CheckpointPlan("run").resume
    False
    """

    folder: str | PathLike[str]
    every: int | None = None
    resume: bool = False


class Course:
    """One training from its first step, or from a checkpoint, to its end.

    Parameters
    ----------
    model : LabelModel
        Trained in place.
    data, validation : LabelledRows
    plan : CheckpointPlan or None
    identity : mapping
        What a checkpoint to resume from must agree with.
    """

    def __init__(
        self,
        model: LabelModel,
        data: LabelledRows,
        recipe: TrainingRecipe,
        *,
        validation: LabelledRows | None,
        plan: CheckpointPlan | None,
        identity: Mapping[str, Any],
        processes: Processes,
        progress: Progress,
    ) -> None:
        self._model, self._data, self._recipe = model, data, recipe
        self._validation, self._plan = validation, plan
        self._processes, self._progress = processes, progress
        self._identity = {**identity, "processes": processes.size}
        own = rows_of(len(data.codes), rank=processes.rank, size=processes.size)
        self._own_rows = data.rows.take(own) if processes.size > 1 else data.rows
        self._stepper = Stepper(model, recipe, data.codes[own], processes)
        self._steps_per_epoch = len(self._batches(0))
        self._done = Progressed()

    def run(self) -> TrainingReport:
        """Train; the model is ready to predict afterwards."""
        if self._plan and self._plan.resume and holds_something(self._plan.folder):
            state, self._done = read_checkpoint(
                self._plan.folder, self._identity, rank=self._processes.rank
            )
            self._stepper.restore(state, self._done.scale)
        try:
            num_bytes = self._run_epochs()
        except BaseException:
            self._stepper.trainee.restore_types()
            raise
        return self._report(num_bytes)

    def _run_epochs(self) -> int:
        with ExitStack() as stack:
            states = stack.enter_context(self._states(self._own_rows, "train"))
            tested = stack.enter_context(self._states(self._tested_rows(), "validation"))
            while self._done.epoch < self._recipe.epochs and not self._is_over():
                self._run_epoch(states)
                self._end_epoch(tested)
                if self._plan:
                    self._keep(self._plan)
            return states.num_bytes + tested.num_bytes

    def _run_epoch(self, states: RowStates) -> None:
        batches = self._batches(self._done.epoch)
        num_steps = self._recipe.epochs * len(batches)
        for number in range(self._done.step, len(batches)):
            at = self._done.epoch * len(batches) + number
            rate = self._recipe.rate(at, num_steps)
            self._done.losses.append(self._stepper.step(batches[number], states, at=at, rate=rate))
            self._done.step = number + 1
            self._progress.update("training", at + 1, num_steps)
            every = self._plan.every if self._plan else None
            if self._plan and every and (at + 1) % every == 0 and number + 1 < len(batches):
                self._keep(self._plan)

    def _end_epoch(self, tested: RowStates) -> None:
        means = self._processes.gather([float(np.mean(self._done.losses))])
        loss = float(np.sum(means))
        f1, nats = None, None
        if self._validation:
            mine = self._stepper.proba(tested, self._tested_rows().lengths)
            ours = rows_of(
                len(self._validation.codes), rank=self._processes.rank, size=self._processes.size
            )
            proba = np.empty((len(self._validation.codes), 3))
            for row, told in self._processes.gather(
                list(zip(ours.tolist(), mine.tolist(), strict=True))
            ):
                proba[row] = told
            f1 = macro_f1(self._validation.codes, proba.argmax(1))
            nats = log_loss(self._validation.codes, proba)
        earlier = [figures.validation_macro_f1 or 0.0 for figures in self._done.epochs]
        self._done.epoch += 1
        self._done.step, self._done.losses = 0, []
        self._done.epochs.append(EpochFigures(self._done.epoch, loss, f1, nats))
        if f1 is None:
            self._done.best_epoch = self._done.epoch
        elif not earlier or f1 > max(earlier):
            self._done.best_epoch = self._done.epoch
            self._stepper.keep_best()

    def _is_over(self) -> bool:
        patience = self._recipe.patience
        return patience is not None and self._done.epoch - self._done.best_epoch >= patience

    def _keep(self, plan: CheckpointPlan) -> None:
        losses = self._processes.gather([self._done.losses])
        if self._processes.rank == 0:
            self._done.scale = self._stepper.scale()
            told = self._done.to_dict(losses)
            write_checkpoint(plan.folder, self._stepper.state(), told, self._identity)
        self._processes.wait()

    def _report(self, cache_bytes: int) -> TrainingReport:
        num_all = sum(weight.numel() for weight in self._stepper.trainee.parameters())
        num_trained = self._stepper.finish()
        return TrainingReport(
            epochs=tuple(self._done.epochs),
            best_epoch=self._done.best_epoch,
            stopped_early=self._done.epoch < self._recipe.epochs,
            steps=self._done.epoch * self._steps_per_epoch,
            num_trained=num_trained,
            num_frozen=num_all - num_trained,
            cache_bytes=cache_bytes,
        )

    def _batches(self, epoch: int) -> list[list[MicroBatch]]:
        return plan_epoch(
            self._data.rows.lengths,
            epoch=epoch,
            batch_size=self._recipe.batch_size,
            accumulate=self._recipe.accumulate,
            bucket=self._recipe.bucket_lengths,
            seed=self._recipe.seed,
            rank=self._processes.rank,
            size=self._processes.size,
        )

    def _tested_rows(self) -> TokenRows:
        if self._validation is None:
            return self._own_rows.take(np.empty(0, dtype=np.int64))
        num = len(self._validation.codes)
        ours = rows_of(num, rank=self._processes.rank, size=self._processes.size)
        return self._validation.rows.take(ours)

    def _states(self, rows: TokenRows, name: str) -> AbstractContextManager[RowStates]:
        if not (self._recipe.cache_frozen and self._stepper.trainee.cut and len(rows)):
            return nullcontext(Tokens(rows))
        folder = self._recipe.cache_path()
        if folder is not None:
            try:
                Path(folder).mkdir(parents=True, exist_ok=True)
            except OSError as err:
                raise ArtifactError(
                    f"the cache_folder {folder} cannot be made: {err.strerror}",
                    hint="give another folder",
                ) from err
            if self._processes.size > 1:
                name += f"-{self._processes.rank}-of-{self._processes.size}"
        return kept_states(
            self._stepper.trainee,
            rows,
            self._key(rows),
            place=self._recipe.cache_place,
            folder=None if folder is None else Path(folder, name),
            batch_size=self._recipe.batch_size,
            device=self._stepper.device,
            autocast=self._stepper.autocast,
            progress=self._progress,
        )

    def _key(self, rows: TokenRows) -> CacheKey:
        trainee, digests = self._stepper.trainee, rows.digests()
        table = trainee.decoder.embed_tokens.weight
        settings = self._model.model.config.to_dict()
        settings["attention"] = trainee.decoder.config._attn_implementation
        told = {key: repr(settings[key]) for key in settings if key not in _IDLE_SETTINGS}
        return CacheKey(
            weights=digest_weights(trainee.frozen_below()),
            config=digest_json(told),
            cut=trainee.cut,
            prompt=digests["prompt"],
            rows=digests["rows"],
            dtype=self._recipe.cache_dtype or str(table.dtype).removeprefix("torch."),
            precision=self._recipe.precision,
            width=table.shape[1],
        )
