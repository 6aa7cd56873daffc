"""How a language model is fine-tuned: every setting, checked when it is written down."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from os import PathLike, fspath
from typing import Any, Literal

from campaignkit.errors import ClassifierError, Fault

CachePlace = Literal["memory", "disk", "device"]
Precision = Literal["fp32", "bf16", "fp16"]
Schedule = Literal["linear", "constant"]

_CHOICES: dict[str, tuple[str | None, ...]] = {
    "cache_place": ("memory", "disk", "device"),
    "cache_dtype": (None, "float32", "bfloat16", "float16"),
    "precision": ("fp32", "bf16", "fp16"),
    "schedule": ("linear", "constant"),
}
_WHOLE = {
    "freeze_layers": 0,
    "epochs": 1,
    "batch_size": 1,
    "accumulate": 1,
    "patience": 1,
    "rank": 1,
    "alpha": 1,
}
_NOT_NEGATIVE = ("weight_decay", "max_grad_norm")
_SHARES = ("warmup_frac", "dropout")
_MAY_BE_NONE = ("alpha", "patience")
_PLACES = ("cache_folder",)  # say where a run keeps things, not what it computes


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe:
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
    schedule : {"linear", "constant"}
        What the learning rate does after the warm-up: falls to 0, or stays.
    warmup_frac : float in [0, 1)
        Share of all steps over which the learning rate rises.
    weight_decay, max_grad_norm : float
        Of AdamW; the norm to which gradients are clipped, 0 for no clipping.
    precision : {"fp32", "bf16", "fp16"}
        Of the arithmetic; trained weights are kept in fp32 meanwhile. ``"fp16"`` needs a GPU.
    bucket_lengths : bool
        Whether rows of like length share a batch. Batches are made anew, and shuffled, each epoch.
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
    schedule: Schedule = "linear"
    warmup_frac: float = 0.0
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    precision: Precision = "fp32"
    bucket_lengths: bool = True
    cache_frozen: bool = True
    cache_place: CachePlace = "memory"
    cache_folder: str | PathLike[str] | None = None
    cache_dtype: str | None = None
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        faults = [fault for field in fields(self) for fault in self._faults(field.name)]
        if self.cache_folder is not None and self.cache_place != "disk":
            faults.append(
                Fault("cache_folder", "is given, but the cache is not on disk",
                      'cache_place="disk"')
            )  # fmt: skip
        if faults:
            raise ClassifierError(f"{type(self).__name__} has faults", faults=faults)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, without what only says where things are kept."""
        told = {name: value for name, value in asdict(self).items() if name not in _PLACES}
        return {"kind": type(self).__name__, **told}

    def cache_path(self) -> str | None:
        """Where the cache is to stay, if it is."""
        return None if self.cache_folder is None else fspath(self.cache_folder)

    def rate(self, step: int, num_steps: int) -> float:
        """The learning rate of a step, counted from 0."""
        warmup = self.warmup_frac * num_steps
        if step < warmup:
            return self.learning_rate * (step + 1) / (warmup + 1)
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * (num_steps - step) / max(num_steps - warmup, 1)

    def _faults(self, name: str) -> list[Fault]:
        value = getattr(self, name)
        if name in _CHOICES:
            expected, fits = f"one of {_CHOICES[name]}", value in _CHOICES[name]
        elif name in _WHOLE:
            least = _WHOLE[name]
            expected, fits = f"an integer of at least {least}", _is_int(value, least=least)
            fits = fits or (value is None and name in _MAY_BE_NONE)
        elif name in _NOT_NEGATIVE:
            expected, fits = "a number of at least 0", _is_number(value) and value >= 0
        elif name in _SHARES:
            expected, fits = "a number in [0, 1)", _is_number(value) and 0 <= value < 1
        elif name == "learning_rate":
            expected, fits = "a number above 0", _is_number(value) and value > 0
        elif name == "seed":
            expected, fits = "an integer", _is_int(value, least=None)
        else:
            return []
        return [] if fits else [Fault(name, f"is {value!r}; expected {expected}")]


@dataclass(frozen=True, kw_only=True)
class FullFineTune(TrainingRecipe):
    """Trains all weights above the frozen layers.

    See `TrainingRecipe` for the settings. With no frozen layer the embeddings are trained too.

    Examples
    --------
    >>> FullFineTune(freeze_layers=14, epochs=8, learning_rate=2e-4).batch_size
    16
    >>> FullFineTune(epochs=0)
    Traceback (most recent call last):
        ...
    campaignkit.errors.ClassifierError: FullFineTune has faults
      epochs: is 0; expected an integer of at least 1
    """


@dataclass(frozen=True, kw_only=True)
class LoRA(TrainingRecipe):
    """Trains low-rank additions to the linear layers, and the labels' rows of the head.

    The additions are merged into the weights at the end. See `TrainingRecipe` for the other
    settings; with frozen layers there are additions above them only, so that their output can be
    cached.

    Parameters
    ----------
    rank : int
    alpha : int, optional
        Scale of the additions, times `rank`; twice the rank by default.
    dropout : float in [0, 1)
    target_modules : tuple of str, optional
        Names of linear layers; by default those of attention and MLP in Gemma 3, Qwen 3 and Llama.

    Examples
    --------
    >>> LoRA(rank=16).scale
    32
    """

    rank: int = 16
    alpha: int | None = None
    dropout: float = 0.0
    target_modules: tuple[str, ...] = (
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    )  # fmt: skip

    @property
    def scale(self) -> int:
        """What `alpha` is, given or not."""
        return 2 * self.rank if self.alpha is None else self.alpha

    def _faults(self, name: str) -> list[Fault]:
        value = getattr(self, name)
        if name == "target_modules" and (isinstance(value, str) or not value):
            return [Fault(name, f"is {value!r}; expected names of layers")]
        return super()._faults(name)


def _is_int(value: object, *, least: int | None) -> bool:
    is_int = isinstance(value, int) and not isinstance(value, bool)
    return is_int and (least is None or value >= least)  # type: ignore[operator]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
