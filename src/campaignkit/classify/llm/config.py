"""How a language model is fine-tuned: every setting, checked when it is written down."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import check_all, is_count
from campaignkit.errors import ClassifierError

Schedule = Callable[[int, int], float]
_SCHEDULES: dict[str, Schedule] = {
    "linear": lambda step, num_steps: 1 - step / num_steps,
    "cosine": lambda step, num_steps: (1 + math.cos(math.pi * step / num_steps)) / 2,
    "constant": lambda step, num_steps: 1.0,
}
_CHOICES: dict[str, tuple[object, ...]] = {
    "cache_place": ("memory", "disk", "device"),
    "cache_dtype": (None, "float32", "bfloat16", "float16"),
    "precision": ("fp32", "bf16", "fp16"),
    "schedule": tuple(_SCHEDULES),
    "optimizer": ("adamw", "adafactor", "sgd"),
    "class_weight": (None, "balanced"),
    "merge": (None, True, False),
}
_LEAST = {"freeze_layers": 0, "epochs": 1, "batch_size": 1, "accumulate": 1, "patience": 1,
          "rank": 1, "alpha": 1}  # fmt: skip
_RANGES = {"weight_decay": (0, math.inf), "max_grad_norm": (0, math.inf), "warmup_frac": (0, 1),
           "dropout": (0, 1)}  # fmt: skip
_MAY_BE_NONE = ("alpha", "patience")
_PLACES = ("cache_folder",)  # say where a run keeps things, not what it computes


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What full fine-tuning and LoRA have in common.

    Parameters
    ----------
    freeze_layers : int
        How many layers, from the bottom, are left as they are; the embeddings too, as soon as one
        layer is (a trained embedding would send the backward pass through all of them).
    epochs : int
    learning_rate : float
    batch_size : int
        Rows at a time, on each device.
    accumulate : int
        Batches to a step of the optimiser; a step's gradient is the mean over all its rows.
    optimizer : {"adamw", "adafactor", "sgd"} or callable
        A callable takes the list of weights and gives a `torch.optim.Optimizer`, whose own
        learning rates the schedule scales.
    schedule : {"linear", "cosine", "constant"} or callable
        What the learning rate does after the warm-up: falls to 0, or stays. A callable takes
        ``(step, num_steps)``, both after the warm-up, and gives a factor.
    warmup_frac : float in [0, 1)
        Share of all steps over which the learning rate rises.
    weight_decay, max_grad_norm : float
        Of the optimiser; the norm to which gradients are clipped, 0 for no clipping.
    class_weight : mapping (or pairs) of label to float, or "balanced", optional
        What a row of each label counts; ``"balanced"`` lets all labels count the same.
    precision : {"fp32", "bf16", "fp16"}
        Of the arithmetic; trained weights are kept in fp32 meanwhile. ``"fp16"`` needs a GPU.
    gradient_checkpointing : bool
        Whether layers are computed again in the backward pass instead of kept: less memory, a
        third more time.
    share_prompt : bool
        Whether what all prompts begin with is run once a step, not once a row.
    bucket_lengths : bool
        Whether rows of similar length share a batch. Each epoch makes and shuffles new batches.
    cache_frozen : bool
        Whether the frozen layers' output is computed once and kept for all epochs.
    cache_place : {"memory", "disk", "device"}
    cache_folder : path, optional
        Where to keep the cache on disk for later runs; a temporary folder by default.
    cache_dtype : {"float32", "bfloat16", "float16"}, optional
        By default what the layers give, which loses nothing.
    patience : int, optional
        Epochs without a better macro F1 on validation rows before training ends. The best epoch's
        weights are kept whenever there are validation rows.
    seed : int
        Decides order, dropout and adapters.
    """

    freeze_layers: int = 0
    epochs: int = 8
    learning_rate: float = 2e-4
    batch_size: int = 16
    accumulate: int = 1
    optimizer: str | Callable[[list[Any]], Any] = "adamw"
    schedule: str | Schedule = "linear"
    warmup_frac: float = 0.0
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    class_weight: Mapping[Any, float] | list[Any] | Literal["balanced"] | None = None
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    gradient_checkpointing: bool = False
    share_prompt: bool = True
    bucket_lengths: bool = True
    cache_frozen: bool = True
    cache_place: Literal["memory", "disk", "device"] = "memory"
    cache_folder: str | PathLike[str] | None = None
    cache_dtype: str | None = None
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        settings = {field.name: self._checked(field.name) for field in fields(self)}
        if self.cache_folder is not None and self.cache_place != "disk":
            found = (self.cache_place, False, "'disk' where a cache_folder is given")
            settings["cache_place"] = found
        check_all(f"{type(self).__name__} has faults", settings, error=ClassifierError)

    def _checked(self, name: str) -> tuple[object, bool, str]:
        value = getattr(self, name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_right, expected = True, ""
        if name in _LEAST:
            is_right = is_count(value, least=_LEAST[name])
            is_right = is_right or (value is None and name in _MAY_BE_NONE)
            expected = f"an integer of at least {_LEAST[name]}"
        elif name in _RANGES:
            low, high = _RANGES[name]
            is_right = is_number and low <= value < high
            expected = f"a number in [{low}, {high})"
        elif name == "learning_rate":
            is_right, expected = is_number and value > 0, "a number above 0"
        elif name == "seed":
            is_right, expected = is_number and isinstance(value, int), "an integer"
        elif name == "class_weight" and isinstance(value, Mapping | list):
            weights = list(dict(value).values())
            is_right = bool(weights) and all(isinstance(one, int | float) for one in weights)
            is_right = is_right and min(weights) >= 0 < max(weights)
            expected = "a number of at least 0 for each label"
        elif name in _CHOICES and not callable(value):
            is_right, expected = value in _CHOICES[name], f"one of {_CHOICES[name]}"
        return value, is_right, expected

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, without what only says where things are kept."""
        told: dict[str, Any] = {"kind": type(self).__name__}
        for name, value in asdict(self).items():
            if name in _PLACES:
                continue
            told[name] = value
            if callable(value):
                told[name] = f"{value.__module__}.{value.__qualname__}"
            elif isinstance(value, Mapping):
                told[name] = list(value.items())
        written: dict[str, Any] = json.loads(json.dumps(told))  # as a reader will find it
        return written

    def row_weights(self, classes: NDArray[Any], codes: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[rows], what each row counts for its label, given its position in `classes`.

        Raises
        ------
        ClassifierError
            If a label has no weight.
        """
        counts, given = np.bincount(codes, minlength=len(classes)), self.class_weight
        weights = (
            len(codes) / (len(classes) * counts) if given == "balanced" else np.ones(len(counts))
        )
        if isinstance(given, Mapping | list):
            given = dict(given)
            if absent := [label for label in classes.tolist() if label not in given]:
                raise ClassifierError(
                    f"class_weight has none for {', '.join(map(repr, absent))}",
                    hint='give one for each label, or class_weight="balanced"',
                )
            weights = np.array([given[label] for label in classes.tolist()], np.float64)
        told: NDArray[np.float64] = weights[codes]
        return told

    def rate(self, step: int, num_steps: int) -> float:
        """The share of the learning rate that a step, counted from 0, is taken with."""
        warmup = self.warmup_frac * num_steps
        if step < warmup:
            return (step + 1) / (warmup + 1)
        schedule = self.schedule if callable(self.schedule) else _SCHEDULES[self.schedule]
        start = math.ceil(warmup)
        return schedule(step - start, max(num_steps - start, 1))


@dataclass(frozen=True, kw_only=True)
class FullFineTune(TrainingConfig):
    """Trains all weights above the frozen layers.

    See `TrainingConfig` for the settings. With no frozen layer the embeddings are trained too.

    Examples
    --------
    >>> FullFineTune(freeze_layers=14, epochs=8, learning_rate=2e-4) == FullFineTune.published()
    True
    >>> FullFineTune(epochs=0)
    Traceback (most recent call last):
        ...
    campaignkit.errors.ClassifierError: FullFineTune has faults
      epochs: is 0; expected an integer of at least 1
    """

    @classmethod
    def published(cls, **changes: Any) -> Self:
        """As Gemma-3-1b-it was tuned: 8 epochs, 2e-4, the bottom 14 layers frozen; prompt style 3.

        Parameters
        ----------
        **changes
            Settings that the publication leaves open, such as ``batch_size``.
        """
        return cls(**{"epochs": 8, "learning_rate": 2e-4, "freeze_layers": 14, **changes})


@dataclass(frozen=True, kw_only=True)
class LoRA(TrainingConfig):
    """Trains low-rank additions to the linear layers, and the labels' rows of the head.

    See `TrainingConfig` for the other settings; with frozen layers there are additions above them
    only, so that their output can be cached.

    Parameters
    ----------
    rank : int
    alpha : int, optional
        Scale of the additions, times `rank`; twice the rank by default.
    dropout : float in [0, 1)
    target_modules : sequence of str, optional
        Names of linear layers; by default those of attention and MLP in Gemma 3, Qwen 3 and Llama.
    four_bit : bool
        Whether the model's weights are loaded in 4 bits through bitsandbytes.
    merge : bool, optional
        Whether the additions become part of the weights at the end, or stay separate and are
        saved alone. By default they are merged where the weights are whole, and kept where they
        are quantised: rounding to 4 bits would change the predictions.

    Examples
    --------
    >>> LoRA(rank=16).scale
    32
    >>> LoRA.published().four_bit
    True
    """

    rank: int = 16
    alpha: int | None = None
    dropout: float = 0.0
    target_modules: Sequence[str] = (
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    )  # fmt: skip
    four_bit: bool = False
    merge: bool | None = None

    @classmethod
    def published(cls, **changes: Any) -> Self:
        """As Qwen3-4B-Base was tuned: weights in 4 bits, 1 epoch, with the head trimmed.

        Parameters
        ----------
        **changes
            Settings that the publication leaves open, such as ``rank``.
        """
        return cls(**{"epochs": 1, "four_bit": True, **changes})

    @property
    def scale(self) -> int:
        """What `alpha` is, given or not."""
        return 2 * self.rank if self.alpha is None else self.alpha

    def _checked(self, name: str) -> tuple[object, bool, str]:
        value = getattr(self, name)
        if name == "target_modules":
            return value, isinstance(value, list | tuple) and bool(value), "names of layers"
        return super()._checked(name)


@dataclass(frozen=True, slots=True)
class EpochFigures:
    """One epoch of a fine-tuning.

    Attributes
    ----------
    epoch : int
        From 1.
    loss : float
        Mean cross-entropy of the training rows as they were passed, in nats.
    validation_macro_f1, validation_log_loss : float or None
        On the validation rows after the epoch; None where there are none.

    Examples
    --------
    >>> EpochFigures(1, 0.9).validation_macro_f1 is None
    True
    """

    epoch: int
    loss: float
    validation_macro_f1: float | None = None
    validation_log_loss: float | None = None


@dataclass(slots=True)
class TrainerState:
    """How far a training has come; changes as it goes.

    Attributes
    ----------
    epoch : int
        Epochs that are done.
    step : int
        Steps done in the epoch under way.
    losses : list of float
        Of its steps, in this process.
    num_steps : int
        Steps done in all.
    learning_rate : float
        That of the last step.
    epochs : list of EpochFigures
    best_epoch : int
        0 before there is one.
    is_stopped : bool
        Whether a callback has ended the training.
    """

    epoch: int = 0
    step: int = 0
    losses: list[float] = field(default_factory=list)
    num_steps: int = 0
    learning_rate: float = 0.0
    epochs: list[EpochFigures] = field(default_factory=list)
    best_epoch: int = 0
    is_stopped: bool = False


class TrainerCallback:
    """What is reported of a training in progress; a subclass has the methods it needs.

    In several processes each gets the reports.

    Examples
    --------
    >>> class Watch(TrainerCallback):
    ...     def on_epoch_end(self, state: TrainerState) -> bool:
    ...         return state.epochs[-1].loss < 0.1  # enough: the training ends
    """

    def on_step_end(self, state: TrainerState) -> bool | None:
        """After each step of the optimiser; true ends the epoch here, and the training."""

    def on_epoch_end(self, state: TrainerState) -> bool | None:
        """After each epoch, with its figures; true ends the training."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a fine-tuning did.

    Attributes
    ----------
    epochs : tuple of EpochFigures
        Those that were run, resumed ones included.
    best_epoch : int
        Whose weights were kept: the best on validation rows, else the last.
    stopped_early : bool
    steps : int
        Steps of the optimiser.
    num_trained, num_frozen : int
        Weights that were trained, and that were left as they were.
    cache_bytes : int
        What the cached output of the frozen layers took; 0 without a cache.

    Examples
    --------
    >>> TrainingReport((EpochFigures(1, 0.9),), 1, False, 10, 100, 0, 0).best_epoch
    1
    """

    epochs: tuple[EpochFigures, ...]
    best_epoch: int
    stopped_early: bool
    steps: int
    num_trained: int
    num_frozen: int
    cache_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)
