"""A supervised tuning job: what is asked of the service, and how far it says it is."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

from campaignkit.checks import check_all, is_count, is_share
from campaignkit.errors import ClassifierError

# By rank, what the service knows them as; any other value is only warned about by its client.
_NAMES = ("ONE", "TWO", "FOUR", "EIGHT", "SIXTEEN", "THIRTY_TWO")
ADAPTER_SIZES = {2**power: f"ADAPTER_SIZE_{name}" for power, name in enumerate(_NAMES)}
SUCCEEDED = {"SUCCEEDED", "PARTIALLY_SUCCEEDED"}
ENDED = {*SUCCEEDED, "FAILED", "CANCELLED", "EXPIRED"}


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
        name, rate, size = self.base_model, self.learning_rate_multiplier, self.adapter_size
        # An earlier tuned model is given by its resource name.
        is_gemini = re.match(r"gemini-|projects/.*/models/", str(name)) is not None
        is_rate = is_share(rate, high=sys.float_info.max) and rate > 0
        baseline = "; the untuned baseline is PromptedClassifier(model)" * (self.epochs == 0)
        check_all(
            "tuning settings that would be ignored or refused",
            {
                "base_model": (name, is_gemini, "the name of a Gemini model"),
                "epochs": (self.epochs, is_count(self.epochs), f"1 or more{baseline}"),
                "learning_rate_multiplier": (rate, is_rate, "a number above 0"),
                "adapter_size": (
                    size, is_count(size) and size in ADAPTER_SIZES,
                    ", ".join(map(str, ADAPTER_SIZES)),
                ),
            },
            error=ClassifierError,
        )  # fmt: skip


# Epochs, multiplier, adapter and macro F1 are published, and the family: the table that compares
# the two families names V15; those of V25 and V26 are headed Flash Lite.
_FLASH, _LITE = "gemini-2.5-flash", "gemini-2.5-flash-lite"
PUBLISHED_RUNS = {
    "v15": TuningSettings(_FLASH, epochs=5, learning_rate_multiplier=1.0, adapter_size=4),
    "v15-lite": TuningSettings(_LITE, epochs=5, learning_rate_multiplier=1.0, adapter_size=4),
    "v25": TuningSettings(_LITE, epochs=10, learning_rate_multiplier=2.0, adapter_size=16),
    "v26": TuningSettings(_LITE, epochs=10, learning_rate_multiplier=2.0, adapter_size=16),
}


@dataclass(frozen=True)
class TuningCheckpoint:
    """The model after an epoch.

    Attributes
    ----------
    epoch, step : int
        How many epochs, and the steps they map to.
    endpoint : str
        Where it can be asked.

    Examples
    --------
    >>> TuningCheckpoint(1, 164, "projects/p/locations/l/endpoints/1").step
    164
    """

    epoch: int
    step: int
    endpoint: str


@dataclass(frozen=True)
class TuningStatus:
    """What the service says of a job.

    Attributes
    ----------
    job : str
        Its resource name.
    state : str
        ``"QUEUED"``, ``"PENDING"``, ``"RUNNING"``, ``"SUCCEEDED"``, ``"FAILED"``, ...
    epochs : int or None
    num_steps : int or None
        What the epochs map to; known once the service has read the rows.
    num_examples, num_dropped : int or None
        Rows it read, and rows it left out (too long, mostly).
    num_tokens : int or None
        Billed for one pass over the rows.
    checkpoints : tuple of TuningCheckpoint
    model, endpoint : str
        Of the tuned model; empty until there is one.
    error : str

    Examples
    --------
    >>> TuningStatus("jobs/1", "RUNNING", epochs=5, num_steps=820).steps_per_epoch
    164.0
    """

    job: str
    state: str
    epochs: int | None = None
    num_steps: int | None = None
    num_examples: int | None = None
    num_dropped: int | None = None
    num_tokens: int | None = None
    checkpoints: tuple[TuningCheckpoint, ...] = ()
    model: str = ""
    endpoint: str = ""
    error: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether the job will not change any more."""
        return self.state in ENDED

    @property
    def has_succeeded(self) -> bool:
        """Whether there is a tuned model to ask."""
        return self.state == "SUCCEEDED" and bool(self.endpoint)

    @property
    def steps_per_epoch(self) -> float | None:
        """How many steps an epoch maps to, once the service has reported it."""
        return self.num_steps / self.epochs if self.num_steps and self.epochs else None


def read_job(job: Any) -> TuningStatus:  # Any: the vendor's TuningJob
    """The status in a vendor's job."""
    told: dict[str, Any] = {name: _at(job, path) for name, path in _COUNTS.items()}
    told = {name: None if value is None else int(value) for name, value in told.items()}
    told |= {name: _at(job, path) or "" for name, path in _TEXTS.items()}
    points = tuple(
        TuningCheckpoint(int(point.epoch or 0), int(point.step or 0), point.endpoint or "")
        for point in _at(job, "tuned_model.checkpoints") or ()
    )
    return TuningStatus(state=state_of(job.state), checkpoints=points, **told)


def state_of(state: Any) -> str:  # Any: an enum of the vendor's, or a word it does not know
    """``"RUNNING"`` of ``JOB_STATE_RUNNING``."""
    return str(getattr(state, "value", state) or "UNSPECIFIED").removeprefix("JOB_STATE_")


_STATS = "tuning_data_stats.supervised_tuning_data_stats"
_COUNTS = {
    "epochs": "supervised_tuning_spec.hyper_parameters.epoch_count",
    "num_steps": f"{_STATS}.tuning_step_count",
    "num_examples": f"{_STATS}.tuning_dataset_example_count",
    "num_dropped": f"{_STATS}.total_truncated_example_count",
    "num_tokens": f"{_STATS}.total_billable_token_count",
}
_TEXTS = {
    "job": "name",
    "model": "tuned_model.model",
    "endpoint": "tuned_model.endpoint",
    "error": "error.message",
}


def _at(job: Any, path: str) -> Any:
    for name in path.split("."):
        job = getattr(job, name, None)
    return job
