"""What was submitted: an append-only log whose lines hold each other fast."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from campaignkit.errors import ArtifactError, Fault
from campaignkit.runs.appending import appending

_START = "sha256:" + "0" * 64


@dataclass(frozen=True)
class LoggedSubmission:
    """One line: what a user submitted, and what became of it.

    Attributes
    ----------
    number : int
        From 1, of all lines.
    at : str
        ISO 8601, UTC.
    user, name : str
        Who, and what they called it.
    digest : str
        Of the predictions.
    is_accepted : bool
    reason : str
        Why it was refused.
    public, private : dict of str to float
        Scores; empty where refused. The public ones are as the user saw them.

    Examples
    --------
    >>> LoggedSubmission(1, "2026-01-31T12:00:00+00:00", "ana", "first", "", True).user
    'ana'
    """

    number: int
    at: str
    user: str
    name: str
    digest: str
    is_accepted: bool
    reason: str = ""
    public: Mapping[str, float] = field(default_factory=dict)
    private: Mapping[str, float] = field(default_factory=dict)


class SubmissionLog:
    """Keeps submissions in a file, or in memory where there is none.

    Each line carries the digest of the line before it, so a line that was changed or taken out
    later is noticed when the log is read.

    Parameters
    ----------
    path : Path or None

    Examples
    --------
    >>> log = SubmissionLog(None)
    >>> entry = log.add(lambda past: {
    ...     "user": "ana", "name": "", "digest": "", "is_accepted": True})
    >>> entry.number, len(log.read())
    (1, 1)
    """

    def __init__(self, path: Path | None, *, now: Callable[[], datetime] | None = None) -> None:
        self.path = path
        self._now = now or (lambda: datetime.now(UTC))
        self._lines: list[bytes] = []
        self._lock = Lock()

    def now(self) -> datetime:
        """The time that the next line would carry."""
        return self._now()

    def add(
        self, decide: Callable[[tuple[LoggedSubmission, ...]], Mapping[str, Any]]
    ) -> LoggedSubmission:
        """Let `decide` see the past and say what to log, while nobody else can add a line.

        Raises
        ------
        ArtifactError
            If the log is not what was written, or cannot be written.
        """
        with self._lock:
            if self.path is None:
                entry, line = self._next(self._lines, decide)
                self._lines.append(line)
                return entry
            with appending(self.path) as file:
                entry, line = self._next(_split(file.read()), decide)
                file.add(line)
                return entry

    def read(self) -> tuple[LoggedSubmission, ...]:
        """All submissions so far.

        Raises
        ------
        ArtifactError
            If a line was changed, taken out or broken since it was written.
        """
        with self._lock:
            if self.path is None:
                return self._entries(self._lines)
            if not self.path.exists():
                return ()
            with appending(self.path) as file:
                return self._entries(_split(file.read()))

    def _next(
        self,
        lines: list[bytes],
        decide: Callable[[tuple[LoggedSubmission, ...]], Mapping[str, Any]],
    ) -> tuple[LoggedSubmission, bytes]:
        past = self._entries(lines)
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        entry = LoggedSubmission(number=len(past) + 1, at=at, **decide(past))
        told = {**asdict(entry), "previous": _digest(lines[-1]) if lines else _START}
        return entry, json.dumps(told, ensure_ascii=True).encode()

    def _entries(self, lines: list[bytes]) -> tuple[LoggedSubmission, ...]:
        entries, previous = [], _START
        name = self.path.name if self.path else "log"
        for number, line in enumerate(lines, start=1):
            try:
                told = json.loads(line)
                holds = told.pop("previous") == previous
                entry = LoggedSubmission(**told)
            except (ValueError, TypeError, KeyError, AttributeError):
                entry, holds = None, False
            if entry is None or not holds or entry.number != number:
                found = "is not the line that was written, or one before it is not"
                raise ArtifactError(
                    f"{name} was changed since it was written",
                    hint="restore it from a copy, or start a new log",
                    faults=[Fault(f"{name}:{number}", found)],
                )
            entries.append(entry)
            previous = _digest(line)
        return tuple(entries)


def _split(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if line.strip()]


def _digest(line: bytes) -> str:
    return "sha256:" + hashlib.sha256(line).hexdigest()
