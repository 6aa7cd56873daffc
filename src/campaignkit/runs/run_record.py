"""One run: what was fitted or evaluated, on which rows, how well, for how much."""

from __future__ import annotations

import os
import platform
import uuid
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    NonNegativeFloat,
    NonNegativeInt,
    model_validator,
)


def _plain(value: Any) -> Any:  # Any: whatever callers count with, arrays and their scalars too
    """The value with arrays as lists and array scalars as Python's own numbers."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return value.tolist()
    return value


def _inside(path: str | None) -> str | None:
    """The path, where it stays inside the log's own folder."""
    if path is None:
        return None
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise ValueError(f"{path!r} leaves the log's folder; expected a relative path")
    return path


def _utc(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; expected UTC, as 2026-01-31T12:00:00Z")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now() -> str:
    return _utc(datetime.now(UTC).isoformat())


def _new_id() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}"


Facts = Annotated[dict[str, JsonValue], BeforeValidator(_plain)]
Numbers = Annotated[dict[str, FiniteFloat], BeforeValidator(_plain)]
Ranges = Annotated[dict[str, tuple[FiniteFloat, FiniteFloat]], BeforeValidator(_plain)]
Table = Annotated[list[list[NonNegativeInt]], BeforeValidator(_plain)]


class _Told(BaseModel):
    """A part of a record: frozen, and a key it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RunDataset(_Told):
    """The rows a run was scored on.

    Attributes
    ----------
    name : str
    digest : str or None
        What identifies the content; runs are comparable where it is the same.
    num_rows : int or None

    Examples
    --------
    >>> RunDataset(name="campaigns/test", num_rows=3900).num_rows
    3900
    """

    name: str
    digest: str | None = None
    num_rows: NonNegativeInt | None = None


class RunModel(_Told):
    """The model of a run.

    Attributes
    ----------
    name : str
        Unique among the models of a table: ``"pairwise ordinal, rank 8"``.
    family : str
        What it is compared as: ``"pairwise"``, ``"baseline"``, ``"llm"``.

    Examples
    --------
    >>> RunModel(name="majority", family="baseline").name
    'majority'
    """

    name: str
    family: str = ""


class RunCost(_Told):
    """What a run cost in calls to paid services.

    Examples
    --------
    >>> RunCost(calls=54, tokens=120_000).money is None
    True
    """

    money: NonNegativeFloat | None = None
    currency: str = "USD"
    calls: NonNegativeInt | None = None
    tokens: NonNegativeInt | None = None


class RunTime(_Told):
    """How long a run took, in seconds of CPU time of the process unless its notes say otherwise.

    Examples
    --------
    >>> RunTime(fit_s=4.2, predict_s=0.1).fit_s
    4.2
    """

    fit_s: NonNegativeFloat | None = None
    predict_s: NonNegativeFloat | None = None


class RunRecord(_Told):
    """One fit or evaluation, as it stands in a run log.

    Parameters
    ----------
    kind : {"fit", "evaluation", "published"}
        A published result was measured by others on rows of their own.
    task : str
        What is predicted: ``"outcome"``.
    dataset, model : RunDataset, RunModel
        Also as dicts.
    parameters : dict
        The model's settings, JSON values; arrays become lists.
    seed : int or None
    scores : dict of str to float
        ``macro_f1``, ``f1_neg``, ``f1_avg``, ``f1_pos``, ``log_loss``, ``accuracy`` and others;
        finite.
    intervals : dict of str to (float, float)
        Low and high end by score.
    confusion : list of list of int
        Rows are the true labels, columns the predicted ones, both in the order of `labels`.
    labels : list of str
        The order of `confusion`.
    cost, time : RunCost, RunTime, optional
    machine : dict
        See :func:`machine_facts`.
    lineage : dict of str to str
        Digests of what the run was made from, by name: a graph, a manifest, a parent run.
    predictions : str or None
        Path of a prediction file, relative to the log's folder and inside it.
    notes : str
        What a reader must know.
    run_id : str
        Unique; made if not given.
    started_at : str
        ISO 8601 with a time zone, kept in UTC; now if not given.

    Examples
    --------
    >>> record = RunRecord(
    ...     kind="evaluation", task="outcome", dataset={"name": "test"},
    ...     model={"name": "majority"}, scores={"macro_f1": 0.302},
    ...     started_at="2026-01-31T12:00:00+01:00")
    >>> record.started_at, record.scores["macro_f1"]
    ('2026-01-31T11:00:00.000Z', 0.302)
    >>> RunRecord.model_validate_json(record.model_dump_json()) == record
    True
    """

    kind: Literal["fit", "evaluation", "published"]
    task: str
    dataset: RunDataset
    model: RunModel
    parameters: Facts = {}
    seed: int | None = None
    scores: Numbers = {}
    intervals: Ranges = {}
    confusion: Table = []
    labels: list[str] = []
    cost: RunCost | None = None
    time: RunTime | None = None
    machine: Facts = {}
    lineage: dict[str, str] = {}
    predictions: Annotated[str | None, AfterValidator(_inside)] = None
    notes: str = ""
    run_id: Annotated[str, Field(min_length=1, pattern=r"^[\w.\-]+$")] = Field(
        default_factory=_new_id
    )
    started_at: Annotated[str, AfterValidator(_utc)] = Field(default_factory=_now)

    @model_validator(mode="after")
    def _check_shapes(self) -> RunRecord:
        size = len(self.confusion)
        if any(len(row) != size for row in self.confusion):
            raise ValueError("confusion is not a square table of counts")
        if self.labels and self.confusion and len(self.labels) != size:
            raise ValueError(f"{len(self.labels)} labels for a confusion of {size} rows")
        crossed = [name for name, (low, high) in self.intervals.items() if low > high]
        if crossed:
            raise ValueError(f"interval of {', '.join(crossed)}: its low end above its high")
        return self


def machine_facts() -> dict[str, str | int]:
    """The Python, system and processors a run had; no machine or user name.

    Examples
    --------
    >>> sorted(machine_facts())
    ['num_cpus', 'processor', 'python', 'system']
    """
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "num_cpus": os.cpu_count() or 1,
    }
