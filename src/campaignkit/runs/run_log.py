"""The run log: JSON lines that several writers append to and anybody can read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from campaignkit.errors import ArtifactError, Fault
from campaignkit.runs.appending import appending
from campaignkit.runs.prediction_file import Predictions, read_predictions, write_predictions
from campaignkit.runs.run_record import RunRecord
from campaignkit.store import checked_path, read_bytes

_BOM = b"\xef\xbb\xbf"
_LONGEST = 16 << 20  # bytes of a line; a record is some thousand
_RECORD = TypeAdapter(RunRecord)


@dataclass(frozen=True)
class RunLogRead:
    """The content of a run log.

    Attributes
    ----------
    records : tuple of RunRecord
        In the order of files (by name) and lines.
    faults : tuple of Fault
        Lines that are no record, and run ids met again; each with file and line. Nothing else was
        left out: records + faults + blank lines are all lines.

    Examples
    --------
    >>> RunLogRead((), ()).to_rows()
    []
    """

    records: tuple[RunRecord, ...]
    faults: tuple[Fault, ...]

    def to_rows(self) -> list[dict[str, Any]]:
        """A flat dict a record, for any data frame: ``model.name``, ``scores.macro_f1``, ..."""
        return [dict(_flat(record.model_dump())) for record in self.records]


class RunLog:
    """A run log: one ``.jsonl`` file, or a folder of them.

    Parameters
    ----------
    path : Path or str
        A file name that ends in ``.jsonl``, made at the first append; or a folder, of which every
        ``*.jsonl`` is read and ``runs.jsonl`` is appended to.

    Examples
    --------
    >>> import tempfile
    >>> record = RunRecord(
    ...     kind="evaluation", task="outcome", dataset={"name": "test"},
    ...     model={"name": "majority"}, scores={"macro_f1": 0.302})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = RunLog(Path(folder, "runs.jsonl"))
    ...     log.append(record)
    ...     log.read().records == (record,)
    True
    """

    def __init__(self, path: Path | str) -> None:
        self.path = checked_path(path)
        is_file = self.path.suffix == ".jsonl" and not self.path.is_dir()
        if not is_file and self.path.is_file():
            raise ArtifactError(
                f"{self.path} is a file that does not end in .jsonl; expected a run log",
                hint="give a .jsonl file or a folder",
            )
        self._file = self.path if is_file else self.path / "runs.jsonl"

    @property
    def folder(self) -> Path:
        """What prediction paths are relative to."""
        return self._file.parent

    def append(self, record: RunRecord) -> None:
        """Add one line, whole or not at all; safe with several writers.

        Raises
        ------
        ArtifactError
            If the file cannot be written.
        """
        if not isinstance(record, RunRecord):
            raise ArtifactError(
                f"{record!r:.60} is not a record; nothing was appended", hint="give a RunRecord"
            )
        with appending(self._file) as log:
            log.add(record.model_dump_json().encode())

    def read(self) -> RunLogRead:
        """All records, and all lines that are none.

        Raises
        ------
        ArtifactError
            If there is no log, or it cannot be opened. A broken line is listed in `faults`.
        """
        if self.path.is_dir():
            files = sorted(self.path.glob("*.jsonl"))
        else:
            files = [self._file] if self._file.exists() else []
            if not files:
                raise ArtifactError(
                    f"there is no run log at {self.path}", hint="check the path, or append a run"
                )
        records: list[RunRecord] = []
        faults: list[Fault] = []
        seen: dict[str, str] = {}
        for file in files:
            for where, found in _lines(file):
                if isinstance(found, Fault):
                    faults.append(found)
                elif found.run_id in seen:
                    said = f"run id {found.run_id} is already at {seen[found.run_id]}"
                    faults.append(Fault(where, said, "keep one of the two lines"))
                else:
                    seen[found.run_id] = where
                    records.append(found)
        return RunLogRead(tuple(records), tuple(faults))

    def write_predictions(
        self,
        run_id: str,
        ids: Sequence[str],
        truth: Sequence[str],
        *,
        predicted: Sequence[str],
        probabilities: Sequence[Sequence[float]] | None = None,
        labels: Sequence[str] = (),
    ) -> str:
        """Write a run's predictions into the log's folder; returns the path for the record.

        Parameters
        ----------
        run_id : str
        ids, truth, predicted : sequence of str
            Row ids, true and predicted labels; of one length.
        probabilities : float[rows, labels], optional
            In the order of `labels`.

        Raises
        ------
        ArtifactError
            If lengths differ or the file cannot be written.
        """
        name = f"{self._file.stem}-predictions/{run_id}.csv"
        table = Predictions(
            tuple(ids), tuple(truth), tuple(predicted), tuple(labels),
            None if probabilities is None else tuple(tuple(map(float, p)) for p in probabilities),
        )  # fmt: skip
        write_predictions(self.folder / name, table)
        return name

    def read_predictions(self, record: RunRecord) -> Predictions:
        """The predictions a record points to.

        Raises
        ------
        ArtifactError
            If the record names none, or the file is missing or no prediction file.
        """
        if record.predictions is None:
            raise ArtifactError(
                f"run {record.run_id} kept no predictions", hint="log the run with its predictions"
            )
        return read_predictions(self.folder / record.predictions)


def _lines(file: Path) -> Iterator[tuple[str, RunRecord | Fault]]:
    data = read_bytes(file)
    if b"\x00" in data[:4096]:
        where = f"{file.name}:1"
        yield where, Fault(where, "the file is binary or in UTF-16", "a run log is UTF-8 text")
        return
    for number, line in enumerate(data.removeprefix(_BOM).split(b"\n"), start=1):
        if line.strip():
            where = f"{file.name}:{number}"
            yield where, _record_of(line, where)


def _record_of(line: bytes, where: str) -> RunRecord | Fault:
    if len(line) > _LONGEST:
        return Fault(where, f"a line of {len(line):,} bytes; a record is some thousand")
    try:
        return _RECORD.validate_json(line)
    except ValidationError as err:
        first = err.errors(include_url=False, include_input=False)
        said = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'line'}: {e['msg']}" for e in first[:3]
        )
        more = f" and {len(first) - 3} more" if len(first) > 3 else ""
        return Fault(where, f"is not a run record: {said}{more}", "correct or remove the line")
    except RecursionError:
        return Fault(where, "is nested too deep for a run record", "correct or remove the line")


def _flat(told: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in told.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            plain = json.dumps(value) if isinstance(value, list | tuple) else value
            yield prefix + key, plain
