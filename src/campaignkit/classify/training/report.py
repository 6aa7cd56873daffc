"""What a fine-tuning did, epoch by epoch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


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
