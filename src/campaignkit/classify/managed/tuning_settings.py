"""What a tuning job is asked for, checked before anything is sent."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from campaignkit.errors import ClassifierError, Fault

# What the service knows them as; any other value is only warned about by its client.
ADAPTER_SIZES = {
    1: "ADAPTER_SIZE_ONE",
    2: "ADAPTER_SIZE_TWO",
    4: "ADAPTER_SIZE_FOUR",
    8: "ADAPTER_SIZE_EIGHT",
    16: "ADAPTER_SIZE_SIXTEEN",
    32: "ADAPTER_SIZE_THIRTY_TWO",
}


@dataclass(frozen=True)
class TuningSettings:
    """Base model and hyperparameters of a supervised tuning job.

    Parameters
    ----------
    base_model : str
        A Gemini model that can be tuned.
    epochs : int
        Passes over the training rows. The service chooses the batch size, so it alone knows how
        many steps that makes: see :class:`TuningStatus`.
    learning_rate_multiplier : float
        Of the service's own learning rate for the model.
    adapter_size : int
        Rank of the adapter: 1, 2, 4, 8, 16 or 32.
    keeps_checkpoints : bool
        Whether each epoch's model can be asked, or the last one alone.

    Raises
    ------
    ClassifierError
        With all that is wrong; what the service would ignore without a word is wrong here.

    Examples
    --------
    >>> TuningSettings(epochs=5, adapter_size=4).learning_rate_multiplier
    1.0
    >>> TuningSettings(adapter_size=3)
    Traceback (most recent call last):
        ...
    campaignkit.errors.ClassifierError: tuning settings that would be ignored or refused
      adapter_size: is 3; expected 1, 2, 4, 8, 16, 32
    """

    base_model: str = "gemini-2.5-flash"
    epochs: int = 5
    learning_rate_multiplier: float = 1.0
    adapter_size: int = 4
    keeps_checkpoints: bool = True

    def __post_init__(self) -> None:
        multiplier = self.learning_rate_multiplier
        is_number = isinstance(multiplier, int | float) and not isinstance(multiplier, bool)
        checks = (
            ("base_model", _is_gemini(self.base_model), "the name of a Gemini model"),
            ("epochs", _is_count(self.epochs), "a whole number, 1 or more"),
            (
                "learning_rate_multiplier",
                is_number and math.isfinite(multiplier) and multiplier > 0,
                "a number above 0",
            ),
            (
                "adapter_size",
                _is_count(self.adapter_size) and self.adapter_size in ADAPTER_SIZES,
                ", ".join(map(str, ADAPTER_SIZES)),
            ),
        )
        faults = [
            Fault(name, f"is {getattr(self, name)!r}; expected {wanted}")
            for name, is_right, wanted in checks
            if not is_right
        ]
        if faults:
            raise ClassifierError(
                "tuning settings that would be ignored or refused", faults=faults
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def _is_gemini(name: object) -> bool:
    # An earlier tuned model is given by its resource name.
    return isinstance(name, str) and (
        name.startswith("gemini-") or (name.startswith("projects/") and "/models/" in name)
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


# The published runs name the family ("flash"), epochs, multiplier and adapter; macro F1 in docs.
PUBLISHED_RUNS = {
    "v15": TuningSettings(epochs=5, learning_rate_multiplier=1.0, adapter_size=4),
    "v25": TuningSettings(epochs=10, learning_rate_multiplier=2.0, adapter_size=16),
    "v26": TuningSettings(epochs=10, learning_rate_multiplier=2.0, adapter_size=16),
    "v15-lite": TuningSettings("gemini-2.5-flash-lite", 5, 1.0, 4),
}
