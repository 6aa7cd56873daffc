"""One fine-tuning from its first step, or from a checkpoint, to its end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import accelerate
import numpy as np
import torch
from accelerate.utils import gather_object, parse_flag_from_env
from numpy.typing import NDArray

from campaignkit.classify.llm.config import (
    EpochFigures,
    FullFineTune,
    LoRA,
    TrainerCallback,
    TrainerState,
    TrainingConfig,
    TrainingReport,
)
from campaignkit.classify.llm.forward import LabelModel, Rows
from campaignkit.classify.llm.hf import quiet
from campaignkit.classify.llm.labels import TokenRows
from campaignkit.classify.llm.states import FrozenStates, autocast
from campaignkit.errors import ClassifierError, Fault
from campaignkit.extras import require
from campaignkit.metrics import log_loss, macro_f1
from campaignkit.progress import Progress
from campaignkit.seeds import key64, stream

if TYPE_CHECKING:
    from campaignkit.classify.llm.checkpoint import CheckpointPlan

_BUCKET_BATCHES = 32  # rows sorted among each other; more saves little padding and mixes less
_OPTIMIZERS: dict[str, Any] = {
    "adamw": torch.optim.AdamW,
    "adafactor": torch.optim.Adafactor,
    "sgd": torch.optim.SGD,
}


@dataclass(frozen=True, eq=False, slots=True)
class LabelledRows:
    """Prompts and the labels that follow them.

    Attributes
    ----------
    rows : TokenRows
    codes : int64[rows]
        The number of each label's word.
    weights : float64[rows]
        What each row counts.
    """

    rows: TokenRows
    codes: NDArray[np.int64]
    weights: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64]) -> LabelledRows:
        """Some of the rows, in the order given."""
        return LabelledRows(self.rows.take(rows), self.codes[rows], self.weights[rows])

    def digest(self) -> str:
        """``"sha256:..."`` of own tokens, labels and weights."""
        hasher = hashlib.sha256(self.rows.digests()["rows"].encode())
        hasher.update(self.codes.tobytes() + self.weights.tobytes())
        return "sha256:" + hasher.hexdigest()


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Rows that are run at once.

    Attributes
    ----------
    rows : int64[num]
        Positions among the process's rows.
    scale : float
        What a row's weight is multiplied with: one over the weights of the whole step, over all
        processes; 0 for a batch that only keeps a process in step with the others.

    Examples
    --------
    >>> Batch(np.array([4, 2]), 0.5).scale
    0.5
    """

    rows: NDArray[np.int64]
    scale: float


def rows_of(num_rows: int, *, rank: int, size: int) -> NDArray[np.int64]:
    """The rows of one of several processes, in all epochs.

    Examples
    --------
    >>> rows_of(5, rank=1, size=2).tolist()
    [1, 3]
    """
    return np.arange(rank, num_rows, size, dtype=np.int64)


def plan_epoch(
    lengths: NDArray[np.int64],
    config: TrainingConfig,
    *,
    epoch: int,
    weights: NDArray[np.float64] | None = None,
    rank: int = 0,
    size: int = 1,
) -> list[list[Batch]]:
    """The steps of an epoch for one process, each a list of batches.

    The same for a seed, whichever process computes it.

    Parameters
    ----------
    lengths : int64[rows]
        Own tokens of all rows, those of other processes included.
    weights : float64[rows], optional
        What each row counts; 1 by default.

    Examples
    --------
    >>> config = FullFineTune(batch_size=2)
    >>> steps = plan_epoch(np.array([5, 9, 5, 9]), config, epoch=0)
    >>> sorted(tuple(sorted(batch.rows.tolist())) for (batch,) in steps)
    [(0, 2), (1, 3)]
    """
    batch_size, accumulate, bucket = config.batch_size, config.accumulate, config.bucket_lengths
    weights = np.ones(len(lengths)) if weights is None else weights
    everyone, totals = [], []
    for one in range(size):
        theirs = rows_of(len(lengths), rank=one, size=size)
        rng = stream(config.seed, "train", "order", epoch, one)
        span = batch_size * _BUCKET_BATCHES if bucket else batch_size
        order = rng.permutation(len(theirs))
        batches = []
        for start in range(0, len(order), span):
            near = order[start : start + span]
            if bucket:
                near = near[np.argsort(lengths[theirs][near], kind="stable")]
            batches += [near[at : at + batch_size] for at in range(0, len(near), batch_size)]
        if bucket:
            batches = [batches[place] for place in rng.permutation(len(batches))]
        everyone.append(batches)
        totals.append([weights[theirs][batch].sum() for batch in batches])
    num_batches = max(map(len, everyone))
    steps = []
    for start in range(0, num_batches, accumulate):
        stop = min(start + accumulate, num_batches)
        total = sum(sum(theirs[start:stop]) for theirs in totals)
        step = [Batch(rows, 1 / max(total, 1e-30)) for rows in everyone[rank][start:stop]]
        idle = Batch(np.zeros(1, dtype=np.int64), 0.0)
        steps.append(step + [idle] * (stop - start - len(step)))
    return steps


@dataclass(eq=False)
class Trainer:
    """Trains what lies above the cut, and the labels' rows.

    Where accelerate's launcher (or torchrun) has started several processes, each takes its share
    of the rows, and a step's gradient is the mean over all of them.

    Parameters
    ----------
    model : LabelModel
        Trained in place.
    config : TrainingConfig
    data, validation : LabelledRows
    plan : CheckpointPlan, optional
    callbacks : sequence of TrainerCallback
    """

    model: LabelModel
    config: TrainingConfig
    data: LabelledRows
    validation: LabelledRows | None = None
    plan: CheckpointPlan | None = None
    callbacks: Sequence[TrainerCallback] = ()
    progress: Progress | None = None

    def train(self) -> tuple[TrainingReport, Any]:
        """Train; the model is ready to predict afterwards.

        Returns
        -------
        TrainingReport, peft.PeftModel or None
            The adapters that stay separate from the weights, if there are any.

        Raises
        ------
        ClassifierError
            If the config does not suit the model or the machine, a cache does not fit, or the
            loss is no number.
        ArtifactError
            If a checkpoint or a cache is of something else.
        """
        model, merges = self.model, getattr(self.config, "merge", True)
        merges = not model.is_quantised if merges is None else merges
        self._check(merges=merges)
        devices = [model.device] if model.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            adapters = _adapters(model, self.config) if isinstance(self.config, LoRA) else None
            try:
                report = self._trained()
            except BaseException:
                if adapters:
                    adapters.unload()
                raise
        if adapters and merges:
            adapters.merge_and_unload()
            adapters = None
        model.eval()
        return report, adapters

    def _trained(self) -> TrainingReport:
        with ExitStack() as stack:
            self._begin(stack)
            state, config = self._state, self.config
            if self.plan and self.plan.resume and self.plan.holds_something:
                state = self._restore(self.plan)
            rows, tested = self._rows(self._own, "train", stack), None
            if self.validation:
                tested = self._rows(self._share_of(self.validation), "validation", stack)
            while state.epoch < config.epochs and not self._is_over():
                self._train_epoch(rows)
                self._end_epoch(tested)
                self._write_checkpoint()
            with torch.no_grad():  # the best weights, or the last
                for name, value in self._best.items():
                    self._weights[name].copy_(value)
            self.model.is_between_states = False
        num_all = sum(weight.numel() for weight in self.model.parameters())
        num_trained = sum(weight.numel() for weight in self._weights.values())
        kept = [one.num_bytes for one in (rows, tested) if isinstance(one, FrozenStates)]
        return TrainingReport(
            epochs=tuple(state.epochs),
            best_epoch=state.best_epoch,
            stopped_early=state.epoch < config.epochs,
            steps=state.num_steps,
            num_trained=num_trained,
            num_frozen=num_all - num_trained,
            cache_bytes=sum(kept),
        )

    def _begin(self, stack: ExitStack) -> None:
        """Join the other processes, decide what is trained, and make the optimiser."""
        # Not an Accelerator: it keeps one precision for the whole process, so that a second fit,
        # or a Trainer of the caller's own, could not choose another.
        is_one = int(os.environ.get("WORLD_SIZE", "1")) == 1
        has_device = torch.cuda.is_available() and not parse_flag_from_env("ACCELERATE_USE_CPU")
        processes = accelerate.PartialState(cpu=not (is_one or has_device))
        self._rank, self._size = processes.process_index, processes.num_processes
        model, config = self.model, self.config
        if self._size > 1:
            model.to(processes.device)
        stack.callback(self._restore_model)
        self._prepare()
        self._module: Any = model
        if self._size > 1:
            on = [model.device] if model.device.type == "cuda" else None
            self._module = torch.nn.parallel.DistributedDataParallel(model, device_ids=on)
        self._own = self._share_of(self.data)
        weights = list(self._weights.values())
        if callable(config.optimizer):
            self._optimizer = config.optimizer(weights)
        else:
            options = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
            options |= {"momentum": 0.9} if config.optimizer == "sgd" else {}
            self._optimizer = _OPTIMIZERS[config.optimizer](weights, **options)
        self._rates = [group["lr"] for group in self._optimizer.param_groups]
        fp16 = config.precision == "fp16"
        self._scaler = torch.amp.GradScaler(model.device.type, enabled=fp16)
        self._best: dict[str, Any] = {}
        self._state = TrainerState()

    def _prepare(self) -> None:
        """Decide what is trained, and hold it in fp32: steps would be lost in halves' rounding."""
        model, config = self.model, self.config
        model.cut = config.freeze_layers
        model.checkpoints_gradients = config.gradient_checkpointing
        is_full = isinstance(config, FullFineTune)
        for name, weight in model.named_parameters():
            weight.requires_grad_("lora_" in name)
        if is_full:
            if not model.cut:
                model.decoder.embed_tokens.requires_grad_(True)
            for part in (*list(model.decoder.layers)[model.cut :], model.decoder.norm):
                part.requires_grad_(True)
        if model.is_trimmed:
            model.head.requires_grad_(True)
        elif not model.is_tied:  # tied rows cannot be trained apart from the table they lie in
            model.rows = torch.nn.Parameter(model.label_rows()[0].detach().clone())
        model.is_widened = is_full
        named = model.named_parameters()
        self._weights = {name: weight for name, weight in named if weight.requires_grad}
        self._types = {name: weight.dtype for name, weight in self._weights.items()}
        for weight in self._weights.values():
            weight.data = weight.data.float()

    def _train_epoch(self, rows: Rows) -> None:
        state = self._state
        steps = plan_epoch(
            self.data.rows.lengths, self.config, epoch=state.epoch, weights=self.data.weights,
            rank=self._rank, size=self._size,
        )  # fmt: skip
        total = self.config.epochs * len(steps)
        for number in range(state.step, len(steps)):
            at = state.epoch * len(steps) + number
            factor = self.config.rate(at, total)
            for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
                group["lr"] = rate * factor
            state.learning_rate = self._rates[0] * factor
            state.losses.append(self._train_step(steps[number], rows, at))
            state.step, state.num_steps = number + 1, state.num_steps + 1
            if self.progress:
                self.progress.update("training", at + 1, total)
            self._tell([one.on_step_end(state) for one in self.callbacks])
            if state.is_stopped:
                break
            every = self.plan.every if self.plan else None
            if every and (at + 1) % every == 0 and number + 1 < len(steps):
                self._write_checkpoint()

    def _train_step(self, batches: list[Batch], rows: Rows, at: int) -> float:
        """Take a step; its loss, this process's part of the mean over the step's rows."""
        config, module = self.config, self._module
        module.train()
        # Dropout depends on the step alone: a resumed run draws what the first one would have.
        name = ("train", "dropout", at, self._rank)
        torch.manual_seed(key64(config.seed, *name) % 2**63)
        loss = 0.0
        for number, batch in enumerate(batches):
            is_last = module is self.model or number + 1 == len(batches)
            with nullcontext() if is_last else module.no_sync():
                loss += self._add_gradient(batch, rows)
        if not np.isfinite(loss):
            raise ClassifierError(
                f"the loss is {loss} at step {at + 1:,}",
                hint="lower learning_rate, or take precision 'bf16' or 'fp32' instead of 'fp16'",
            )
        self._scaler.unscale_(self._optimizer)
        if config.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(self._weights.values(), config.max_grad_norm)
        # Additions are taken out again where a training is cut short; weights are not.
        self.model.is_between_states = isinstance(config, FullFineTune)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)
        return loss

    def _add_gradient(self, batch: Batch, rows: Rows) -> float:
        own, lengths, prompt = rows.batch(batch.rows)
        with autocast(self.model.device, self.config.precision):
            logits = self._module(own, lengths, prompt)
        truth = torch.from_numpy(self._own.codes[batch.rows]).to(logits.device)
        counts = torch.from_numpy(self._own.weights[batch.rows] * batch.scale).to(logits)
        loss = (torch.nn.functional.cross_entropy(logits, truth, reduction="none") * counts).sum()
        # Scales add up to 1 over all processes, whose gradients are averaged, not summed.
        self._scaler.scale(loss * self._size).backward()
        return float(loss.detach())

    def _end_epoch(self, tested: Rows | None) -> None:
        state = self._state
        loss = float(np.sum(gather_object([float(np.mean(state.losses))])))
        f1, nats = self._scores(tested) if tested else (None, None)
        earlier = [figures.validation_macro_f1 or 0.0 for figures in state.epochs]
        state.epoch += 1
        state.step, state.losses = 0, []
        state.epochs.append(EpochFigures(state.epoch, loss, f1, nats))
        if f1 is None or not earlier or f1 > max(earlier):
            state.best_epoch = state.epoch
            if f1 is not None:
                kept = self._weights.items()
                self._best = {name: one.detach().cpu().clone() for name, one in kept}
        self._tell([one.on_epoch_end(state) for one in self.callbacks])

    def _scores(self, tested: Rows) -> tuple[float, float]:
        """Macro F1 and log-loss of all validation rows."""
        assert self.validation is not None
        self._module.eval()
        truth = self.validation.codes
        mine = rows_of(len(truth), rank=self._rank, size=self._size).tolist()
        with autocast(self.model.device, self.config.precision):
            found = self.model.proba(tested, batch_size=self.config.batch_size)
        everyone = dict(gather_object(list(zip(mine, found.tolist(), strict=True))))
        proba = np.array([everyone[row] for row in range(len(truth))])
        return macro_f1(truth, proba.argmax(1)), log_loss(truth, proba)

    def _is_over(self) -> bool:
        patience, state = self.config.patience, self._state
        is_late = patience is not None and state.epoch - state.best_epoch >= patience
        return state.is_stopped or is_late

    def _tell(self, answers: list[bool | None]) -> None:
        if answers and any(gather_object([any(answers)])):
            self._state.is_stopped = True

    def _share_of(self, data: LabelledRows) -> LabelledRows:
        """This process's rows of all."""
        if self._size == 1:
            return data
        return data.take(rows_of(len(data.codes), rank=self._rank, size=self._size))

    def _rows(self, data: LabelledRows, name: str, stack: ExitStack) -> Rows:
        """Rows as batches are made of them: tokens, or the frozen layers' output."""
        if not (self.config.cache_frozen and self.model.cut):
            return data.rows
        if self._size > 1:
            name += f"-{self._rank}-of-{self._size}"
        return FrozenStates(
            self.model, data.rows, self.config, name=name, stack=stack, progress=self.progress
        )

    def _write_checkpoint(self) -> None:
        losses = gather_object([self._state.losses])
        if self.plan and not self._rank:
            tensors = {f"best/{name}": value for name, value in self._best.items()}
            for name, weight in self._weights.items():
                tensors[f"now/{name}"] = weight.detach()
                for key, value in self._optimizer.state[weight].items():
                    if value is not None:
                        tensors[f"{key}/{name}"] = torch.as_tensor(value)
            scale = self._scaler.state_dict()
            self.plan.write(tensors, self._state, losses=losses, scale=scale)

    def _restore(self, plan: CheckpointPlan) -> TrainerState:
        tensors, self._state, scale = plan.read(rank=self._rank)
        self.model.is_between_states = isinstance(self.config, FullFineTune)
        for key, value in tensors.items():
            part, _, name = key.partition("/")
            weight = self._weights[name]
            if part == "now":
                weight.data.copy_(value)
            elif part == "best":
                self._best[name] = value
            else:
                on = "cpu" if part == "step" else weight.device
                self._optimizer.state[weight][part] = value.to(on)
        if scale:
            self._scaler.load_state_dict(scale)
        return self._state

    def _check(self, *, merges: bool) -> None:
        model, config, faults = self.model, self.config, []
        if config.freeze_layers >= model.num_layers:
            told = f"is {config.freeze_layers}; the model has {model.num_layers} layers"
            fix = f"at most {model.num_layers - 1} can be frozen"
            faults.append(Fault("freeze_layers", told, fix))
        if model.is_quantised and isinstance(config, FullFineTune):
            told = "quantised weights cannot be trained themselves"
            faults.append(Fault("training", told, "LoRA"))
        elif model.is_quantised and merges:
            told = "is set, but the weights are quantised: rounding would change the predictions"
            faults.append(Fault("merge", told, "merge=False keeps the adapters separate"))
        if config.precision == "fp16" and model.device.type == "cpu":
            told = "is 'fp16'; a processor computes in fp32 or bf16"
            faults.append(Fault("precision", told))
        if config.patience is not None and self.validation is None:
            told = "is set, but there are no validation rows"
            faults.append(Fault("patience", told, "fit(..., validation=(X, y))"))
        if faults:
            raise ClassifierError("this training cannot begin", faults=faults)

    def _restore_model(self) -> None:
        """Give weights the types back that they came with, and the head its rows."""
        model = self.model
        for name, weight in self._weights.items():
            weight.data = weight.data.to(self._types[name])
        if model.rows is not None:
            model.put_label_rows(model.rows.detach())
            model.rows = None
        for weight in model.parameters():
            weight.requires_grad_(weight.is_floating_point())
        model.cut, model.is_widened, model.checkpoints_gradients = 0, False, False
        model.eval()


def _adapters(model: LabelModel, config: LoRA) -> Any:
    """Low-rank additions in the layers above the frozen ones, put into the model by peft."""
    peft = require("peft", extra="train", user="LoRA")
    settings = peft.LoraConfig(
        r=config.rank,
        lora_alpha=config.scale,
        lora_dropout=config.dropout,
        target_modules=list(config.target_modules),
        layers_to_transform=list(range(config.freeze_layers, model.num_layers)),
        layers_pattern="layers",
    )
    torch.manual_seed(key64(config.seed, "train", "adapters") % 2**63)
    try:
        with quiet():
            adapters = peft.get_peft_model(model.model, settings)
    except ValueError as err:
        raise ClassifierError(
            f"no layer for adapters is called {' or '.join(config.target_modules)}",
            hint="give the names of the model's linear layers as target_modules",
        ) from err
    below = list(model.decoder.layers)[: config.freeze_layers]
    names = [name for layer in below for name, _ in layer.named_parameters()]
    assert not any("lora_" in name for name in names), "an addition below the cut: no cache"
    return adapters
