"""What was submitted: an append-only log whose lines hold each other fast."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from campaignkit.errors import ArtifactError, Fault
from campaignkit.runs.appending import Appender, appending
from campaignkit.store import digest_bytes

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
        self.now = now or (lambda: datetime.now(UTC))
        self._lock = Lock()
        self._memory = _Memory()

    def add(
        self, decide: Callable[[tuple[LoggedSubmission, ...]], Mapping[str, Any]]
    ) -> LoggedSubmission:
        """Let `decide` see the past and say what to log, while nobody else can add a line.

        Raises
        ------
        ArtifactError
            If the log is not what was written, or cannot be written.
        """
        with self._lock, self._opened() as file:
            past, previous = self._read(file)
            at = self.now().astimezone(UTC).isoformat(timespec="milliseconds")
            entry = LoggedSubmission(number=len(past) + 1, at=at, **decide(past))
            file.add(json.dumps({**asdict(entry), "previous": previous}).encode())
            return entry

    def read(self) -> tuple[LoggedSubmission, ...]:
        """All submissions so far.

        Raises
        ------
        ArtifactError
            If a line was changed, taken out or broken since it was written.
        """
        if self.path is not None and not self.path.exists():
            return ()
        with self._lock, self._opened() as file:
            return self._read(file)[0]

    def _opened(self) -> AbstractContextManager[Appender | _Memory]:
        return nullcontext(self._memory) if self.path is None else appending(self.path)

    def _read(self, file: Appender | _Memory) -> tuple[tuple[LoggedSubmission, ...], str]:
        """The lines so far, and the digest of the last one."""
        entries: list[LoggedSubmission] = []
        previous, name = _START, self.path.name if self.path else "log"
        for number, line in enumerate(filter(bytes.strip, file.read().split(b"\n")), start=1):
            try:
                told = json.loads(line)
                holds = told.pop("previous") == previous
                entries.append(LoggedSubmission(**told))
            except (ValueError, TypeError, KeyError, AttributeError):
                holds = False
            if not holds or entries[-1].number != number:
                found = "is not the line that was written, or one before it is not"
                raise ArtifactError(
                    f"{name} was changed since it was written",
                    hint="restore it from a copy, or start a new log",
                    faults=[Fault(f"{name}:{number}", found)],
                )
            previous = digest_bytes(line)
        return tuple(entries), previous


@dataclass(slots=True)
class _Memory:
    """Stands for the file where there is none."""

    data: bytes = b""

    def read(self) -> bytes:
        return self.data

    def add(self, line: bytes) -> None:
        self.data += line + b"\n"
