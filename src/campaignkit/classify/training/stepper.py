"""One step of the optimiser, and what it carries from step to step."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from campaignkit.classify.constrained.label_model import LabelModel
from campaignkit.classify.training.batches import MicroBatch
from campaignkit.classify.training.checkpoint import TrainingState
from campaignkit.classify.training.processes import Processes
from campaignkit.classify.training.recipe import FullFineTune, TrainingRecipe
from campaignkit.classify.training.row_states import RowStates
from campaignkit.classify.training.trainee import Trainee
from campaignkit.errors import ClassifierError
from campaignkit.seeds import key64

_HALVES = {"bf16": "bfloat16", "fp16": "float16"}


class Stepper:
    """Takes steps, and says what the model thinks of rows in between.

    Parameters
    ----------
    model : LabelModel
    recipe : TrainingRecipe
    codes : int64[rows]
        The labels of this process's rows.
    processes : Processes
    """

    def __init__(
        self,
        model: LabelModel,
        recipe: TrainingRecipe,
        codes: NDArray[np.int64],
        processes: Processes,
    ) -> None:
        if processes.device is not None:
            model.model.to(processes.device)
        self.device = model.trunk.device
        self.trainee = Trainee(model, recipe)
        self.best: dict[str, Any] = {}
        self._model, self._recipe = model, recipe
        self._codes, self._processes = codes, processes
        self._module = processes.wrap(self.trainee)
        self._weights = self.trainee.trained()
        self._optimiser = torch.optim.AdamW(
            [weight for _, weight in self._weights],
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
        )
        self._scaler = torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")

    def step(self, batches: list[MicroBatch], states: RowStates, *, at: int, rate: float) -> float:
        """Take one step; its loss, this process's part of the mean over the step's rows.

        Parameters
        ----------
        at : int
            Which step of the training this is.
        rate : float
            The learning rate.
        """
        self._module.train()
        self.trainee.train()
        # Dropout depends on the step alone: a resumed run draws what the first one would have.
        name = ("train", "dropout", at, self._processes.rank)
        torch.manual_seed(key64(self._recipe.seed, *name) % 2**63)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        told = 0.0
        for batch in batches[:-1]:
            with self._processes.apart(self._module):
                told += self._add_gradient(batch, states)
        told += self._add_gradient(batches[-1], states)
        if not np.isfinite(told):
            raise ClassifierError(
                f"the loss is {told} at step {at + 1:,}",
                hint="lower learning_rate, or take precision 'bf16' or 'fp32' instead of 'fp16'",
            )
        self._scaler.unscale_(self._optimiser)
        if self._recipe.max_grad_norm:
            weights = [weight for _, weight in self._weights]
            torch.nn.utils.clip_grad_norm_(weights, self._recipe.max_grad_norm)
        # Additions are taken out again where a training is cut short; weights are not.
        self._model.is_between_states = isinstance(self._recipe, FullFineTune)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._optimiser.zero_grad(set_to_none=True)
        return told

    def proba(self, states: RowStates, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[rows, 3] of all rows that `states` holds."""
        self._module.eval()
        self.trainee.eval()
        out = np.empty((len(lengths), 3))
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), self._recipe.batch_size):
            rows = order[start : start + self._recipe.batch_size]
            with torch.no_grad(), self.autocast():
                logits = self.trainee(*self._placed(states.batch(rows)))
            out[rows] = logits.double().softmax(-1).cpu().numpy()
        return out

    def autocast(self) -> AbstractContextManager[Any]:
        """The arithmetic of the recipe's precision."""
        if self._recipe.precision == "fp32":
            return nullcontext()
        half = getattr(torch, _HALVES[self._recipe.precision])
        context: AbstractContextManager[Any] = torch.autocast(self.device.type, dtype=half)
        return context

    def keep_best(self) -> None:
        """Remember the weights as they are now."""
        self.best = {name: weight.detach().cpu().clone() for name, weight in self._weights}

    def finish(self) -> int:
        """Put the best weights back, or leave the last; how many weights were trained."""
        with torch.no_grad():
            for name, weight in self._weights:
                if name in self.best:
                    weight.copy_(self.best[name])
        self.trainee.finish()
        self._model.is_between_states = False
        return sum(weight.numel() for _, weight in self._weights)

    def state(self) -> TrainingState:
        """All that a checkpoint keeps of it."""
        optimiser = {
            f"{name}/{key}": value
            for name, weight in self._weights
            for key, value in self._optimiser.state[weight].items()
        }
        now = {name: weight.detach() for name, weight in self._weights}
        return TrainingState(now, self.best, optimiser)

    def restore(self, state: TrainingState, scale: dict[str, Any]) -> None:
        """Go back to what a checkpoint kept."""
        weights = dict(self._weights)
        self._model.is_between_states = isinstance(self._recipe, FullFineTune)
        with torch.no_grad():
            for name, value in state.weights.items():
                weights[name].copy_(value)
        for key, value in state.optimiser.items():
            name, _, part = key.rpartition("/")
            on = value if part == "step" else value.to(weights[name].device)
            self._optimiser.state[weights[name]][part] = on
        self.best = state.best
        if scale:
            self._scaler.load_state_dict(scale)

    def scale(self) -> dict[str, Any]:
        """State of the gradient scaler, as JSON values."""
        told: dict[str, Any] = self._scaler.state_dict()
        return told

    def _add_gradient(self, batch: MicroBatch, states: RowStates) -> float:
        with self.autocast():
            logits = self._module(*self._placed(states.batch(batch.rows)))
        truth = torch.from_numpy(self._codes[batch.rows]).to(logits.device)
        loss = torch.nn.functional.cross_entropy(logits, truth) * batch.share
        # Shares add up to 1 over all processes, whose gradients are averaged, not summed.
        self._scaler.scale(loss * self._processes.size).backward()
        return float(loss.detach())

    def _placed(self, batch: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        own, lengths, prompt = batch
        on = None if prompt is None else prompt.to(self.device)
        return own.to(self.device), lengths.to(self.device), on
