"""Jobs: what somebody asked for, what became of the work, and the protocol of a queue of jobs.

A queue keeps three promises. A job that was acknowledged is not lost, whatever is killed. Work may
run more than once, but one run alone finishes a job: each claim has a number, the *fence*, and
a queue refuses what comes with an older one. What a job may cost is reserved from the quota of its
key in the transaction that writes the job, and settled in the transaction that ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from campaignkit import __version__
from campaignkit.errors import ServiceError
from campaignkit.store import digest_json

if TYPE_CHECKING:
    from campaignkit.service.keys import Key

State = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled")
LIVE = ("queued", "running")
MOST = 2**53 - 1  # the largest integer that every reader of JSON keeps
Clock = Callable[[], float]


class UnknownKey(ServiceError):
    """No key was given, or one that is unknown, revoked or expired."""

    status: ClassVar[int] = 401


class NotAllowed(ServiceError):
    """The key lacks a scope."""

    status: ClassVar[int] = 403


class NotThere(ServiceError):
    """There is no such job, artifact or kind for the owner of this key."""

    status: ClassVar[int] = 404


class Cancelled(ServiceError):
    """The job that somebody waits for was cancelled."""


class WrongDigest(ServiceError):
    """The content of an upload has another digest than the one announced."""

    status: ClassVar[int] = 409


class TooLarge(ServiceError):
    """An upload is longer than the limit."""

    status: ClassVar[int] = 413


class QuotaExceeded(ServiceError):
    """The quota of the key does not cover what was asked for."""

    status: ClassVar[int] = 429


class OutOfSpace(ServiceError):
    """The disk of the service is full."""

    status: ClassVar[int] = 507


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job needs or used.

    Attributes
    ----------
    rows : int
        Campaigns drawn, or rows of a table read.
    calls : int
        Requests to a language model.
    micros : int
        Money in millionths of the currency of the price table, so that sums are exact.
    bytes : int
        Bytes of the result.
    """

    rows: int = 0
    calls: int = 0
    micros: int = 0
    bytes: int = 0


_NOTHING = Cost()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job would do, known before the work begins; what cannot be done raises instead.

    Attributes
    ----------
    notes : tuple of str
        How the work would be done, in the library's words.
    cost : Cost
    all : int
        Length of the work, in `unit`; 0 where nobody knows.
    unit : str
        What progress counts: ``"campaigns"``, ``"pairs"``, ``"rows"``.
    """

    notes: tuple[str, ...] = ()
    cost: Cost = _NOTHING
    all: int = 0
    unit: str = "steps"


@dataclass(frozen=True, slots=True)
class Job:
    """One job as a queue keeps it.

    Attributes
    ----------
    id, kind, owner : str
        The owner is the id of a key.
    state : {"queued", "running", "done", "failed", "cancelled"}
    request : mapping
        Validated, JSON.
    digest : str
        Identity of the work: kind, request and version. See :func:`job_digest`.
    cost : Cost
        Reserved.
    used : Cost or None
        Settled, once the job has ended.
    done, all : int
        Progress in `unit`.
    attempts : int
        Claims so far.
    created, started, ended : float or None
        Seconds since 1970. `started` is the time of the last claim.
    worker : str
        Of the last claim.
    result : mapping or None
        ``{"files": [{"name", "digest", "bytes"}], "summary": {...}}`` of a job that is done.
    error : mapping or None
        ``{"type", "message", "hint", "faults"}`` of a job that failed; ``type`` names the class.
    """

    id: str
    kind: str
    owner: str
    state: State
    request: Mapping[str, Any]
    digest: str
    cost: Cost
    created: float
    used: Cost | None = None
    done: int = 0
    all: int = 0
    unit: str = "steps"
    attempts: int = 0
    started: float | None = None
    ended: float | None = None
    worker: str = ""
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state not in LIVE

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Job:
        """The job of what ``dataclasses.asdict`` gave."""
        used = told["used"] and Cost(**told["used"])
        return cls(**{**told, "cost": Cost(**told["cost"]), "used": used})


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker may run, and the number that proves it."""

    job: Job
    fence: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job; numbers ascend within a job.

    Attributes
    ----------
    number : int
    at : float
        Seconds since 1970.
    what : str
        ``"queued"``, ``"running"``, ``"cancel asked"``, ``"given back"``, or a last state.
    """

    number: int
    at: float
    what: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of a job ended.

    Attributes
    ----------
    state : {"done", "failed", "cancelled", "queued"}
        ``"queued"`` gives the job back, so that another worker may have it at once. With an
        error, the run counts as one without progress.
    result, error : mapping or None
        As in :class:`Job`.
    used : Cost
        What was used in all; the rest of the reservation returns to the quota.
    """

    state: State
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    used: Cost = _NOTHING


class JobQueue(Protocol):
    """Jobs, keys and what keys have used, in one place with transactions.

    ``campaignkit.testing.check_queue`` tests whether a queue keeps the promises of this module.
    """

    def submit(
        self, kind: str, request: Mapping[str, Any], owner: str, plan: Plan
    ) -> tuple[Job, bool]:
        """Write a job, or find the owner's one of the same digest that has not gone wrong.

        In one transaction: the digest is unique per owner among jobs that are queued, running or
        done; the plan's cost is reserved; the job is written. The second value is True for a new
        job.

        Raises
        ------
        QuotaExceeded
            If the key's quota does not cover the cost or another job. Nothing is written.
        UnknownKey
            If there is no such key, or it is revoked or expired.
        """
        ...

    def find(self, kind: str, request: Mapping[str, Any], owner: str) -> Job | None:
        """The owner's job of the same digest that is queued, running or done."""
        ...

    def claim(self, worker: str, lease: float, id: str | None = None) -> Claim | None:
        """The oldest job that waits, or whose worker has not beaten for its lease of seconds.

        With `id`, that job or None. A job that was claimed too often without progress fails here.
        A worker that is lost after a cancellation was asked leaves a cancelled job.
        """
        ...

    def beat(self, id: str, fence: int, done: int, all: int) -> Literal["go", "cancel", "lost"]:
        """Say that the work lives, and how far it is; ``"lost"`` if another claim has the job."""
        ...

    def finish(self, id: str, fence: int, outcome: Outcome) -> bool:
        """End a run; False, and nothing changes, if another claim has the job or it has ended."""
        ...

    def cancel(self, id: str, owner: str | None) -> Job:
        """Cancel a job that waits, and ask the worker of one that runs; no change if it ended."""
        ...

    def get(self, id: str, owner: str | None) -> Job:
        """A job of this owner, or of anybody with None.

        Raises
        ------
        NotThere
            If there is none, or it is another owner's.
        """
        ...

    def list(
        self, owner: str | None, after: str | None = None, limit: int = 50
    ) -> tuple[Job, ...]:
        """Jobs, the newest first; `after` is the id of the last job of the page before."""
        ...

    def events(self, id: str, owner: str | None, after: int = 0) -> tuple[Event, ...]:
        """What happened to a job, from the event after number `after` on."""
        ...

    def counts(self) -> Mapping[State, int]:
        """Jobs by state."""
        ...

    def hold(self, owner: str, digest: str, size: int) -> bool:
        """Write down that an owner has an artifact; its bytes count once. True: it is new.

        Raises
        ------
        QuotaExceeded
            If the key's quota of bytes does not cover the artifact.
        """
        ...

    def holds(self, owner: str, digest: str) -> bool:
        """Whether an owner has an artifact, by an upload or by a job that is done."""
        ...

    def add_key(self, key: Key) -> None:
        """Write a new key."""
        ...

    def find_key(self, digest: str) -> Key | None:
        """The key whose secret has this digest."""
        ...

    def keys(self) -> tuple[Key, ...]:
        """All keys, the oldest first, with what they have used."""
        ...

    def revoke_key(self, id: str) -> Key:
        """Revoke a key at once; its jobs that wait are cancelled."""
        ...


def job_digest(kind: str, request: Mapping[str, Any]) -> str:
    """The identity of a piece of work: its kind, its validated request and this version.

    Input files are in the request by their digests.

    Examples
    --------
    >>> job_digest("dataset", {"seed": 7}) == job_digest("dataset", {"seed": 8})
    False
    """
    return digest_json({"kind": kind, "request": request, "made_by": __version__})
