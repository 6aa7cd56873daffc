"""Run logs as they grow: read again only when a file has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from threading import Lock

from campaignkit.errors import ArtifactError, Fault
from campaignkit.runs import RunLog, RunRecord
from campaignkit.store import checked_path, digest_json

Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class FollowedRead:
    """What several run logs contain at one moment.

    Attributes
    ----------
    records : tuple of RunRecord
        Each run id once, in the order of logs, files and lines.
    faults : tuple of Fault
        Lines that are no record, run ids met again, logs that cannot be read.
    logs : mapping of str to RunLog
        The log that a run id came from: its predictions are in the same folder.

    Examples
    --------
    >>> FollowedRead((), ()).records
    ()
    """

    records: tuple[RunRecord, ...]
    faults: tuple[Fault, ...]
    logs: Mapping[str, RunLog] = field(default_factory=dict)

    def record(self, run_id: str) -> RunRecord:
        """The run of this id.

        Raises
        ------
        ArtifactError
            If there is none.
        """
        if run_id not in self.by_id:
            raise ArtifactError(f"no run has the id {run_id!r}", hint="read the logs again")
        return self.by_id[run_id]

    @cached_property
    def by_id(self) -> dict[str, RunRecord]:
        """Each run by its id."""
        return {record.run_id: record for record in self.records}


class FollowedRuns:
    """Run logs that are read together, and again as they grow.

    Parameters
    ----------
    paths : iterable of path
        ``.jsonl`` files, and folders of which every ``*.jsonl`` is read. One that is not there yet
        is waited for.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     runs = FollowedRuns([folder])
    ...     empty = len(runs.read().records)
    ...     RunLog(folder).append(RunRecord(
    ...         kind="fit", task="outcome", dataset={"name": "d"}, model={"name": "m"}))
    ...     empty, runs.has_changed(), len(runs.read().records)
    (0, True, 1)
    """

    def __init__(self, paths: Iterable[str | PathLike[str]]) -> None:
        self.paths = tuple(checked_path(path) for path in paths)
        self._signature: Signature | None = None
        self._read = FollowedRead((), ())
        self._lock = Lock()

    @property
    def version(self) -> str:
        """What names the logs' state on the disk now: it changes when a file does."""
        return digest_json(self._files())

    def has_changed(self) -> bool:
        """Whether a file has come, gone or grown since the last :meth:`read`."""
        return self._signature != self._files()

    def read(self) -> FollowedRead:
        """What the logs contain now; what was read before if no file has changed."""
        with self._lock:  # visitors share one reading
            # Taken before reading: a line that comes in between is a change of the next look.
            signature = self._files()
            if signature != self._signature:
                self._read = self._read_all()
                self._signature = signature
            return self._read

    def _files(self) -> Signature:
        found = []
        for path in self.paths:
            files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
            for file in files:
                try:
                    held = file.stat()
                except OSError:
                    continue  # not there yet, or gone between the two calls
                found.append((str(file), held.st_size, held.st_mtime_ns))
        return tuple(found)

    def _read_all(self) -> FollowedRead:
        records: list[RunRecord] = []
        faults: list[Fault] = []
        logs: dict[str, RunLog] = {}
        for path in self.paths:
            if not path.exists():
                continue
            try:
                log = RunLog(path)
                read = log.read()
            except ArtifactError as err:
                faults.append(Fault(path.name, err.message, err.hint))
                continue
            faults += read.faults
            for record in read.records:
                if record.run_id in logs:
                    where = f"{path.name}, run {record.run_id}"
                    faults.append(Fault(where, "is in another log too", "keep one of the two"))
                    continue
                logs[record.run_id] = log
                records.append(record)
        return FollowedRead(tuple(records), tuple(faults), logs)
