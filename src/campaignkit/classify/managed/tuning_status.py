"""How far a tuning job is: its state, its steps, its models."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

ENDED = {"SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"}


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
        """How many steps an epoch maps to, once the service has said it."""
        return self.num_steps / self.epochs if self.num_steps and self.epochs else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def read_job(job: Any) -> TuningStatus:  # Any: the vendor's TuningJob
    """The status in a vendor's job."""
    tuned = job.tuned_model
    stats = getattr(job.tuning_data_stats, "supervised_tuning_data_stats", None)
    spec = job.supervised_tuning_spec
    hyper = getattr(spec, "hyper_parameters", None)
    return TuningStatus(
        job=job.name or "",
        state=state_of(job.state),
        epochs=_count(getattr(hyper, "epoch_count", None)),
        num_steps=_count(getattr(stats, "tuning_step_count", None)),
        num_examples=_count(getattr(stats, "tuning_dataset_example_count", None)),
        num_dropped=_count(getattr(stats, "total_truncated_example_count", None)),
        num_tokens=_count(getattr(stats, "total_billable_token_count", None)),
        checkpoints=tuple(
            TuningCheckpoint(_count(c.epoch) or 0, _count(c.step) or 0, c.endpoint or "")
            for c in (getattr(tuned, "checkpoints", None) or ())
        ),
        model=getattr(tuned, "model", None) or "",
        endpoint=getattr(tuned, "endpoint", None) or "",
        error=str(getattr(job.error, "message", None) or "") if job.error else "",
    )


def state_of(state: Any) -> str:  # Any: an enum of the vendor's, or a word it does not know
    """``"RUNNING"`` of ``JOB_STATE_RUNNING``."""
    return str(getattr(state, "value", state) or "UNSPECIFIED").removeprefix("JOB_STATE_")


def _count(value: Any) -> int | None:
    return None if value is None else int(value)
