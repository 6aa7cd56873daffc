"""Submissions and labels by row id: complete or refused with the reasons; and the log of them.

The log is append-only, and each line contains the digest of the line before.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from campaignkit.errors import ArtifactError, EvaluationError, Fault
from campaignkit.evaluation.rows import LabelNames
from campaignkit.metrics import Counts, Floats
from campaignkit.runs.appending import Appender, appending
from campaignkit.store import TextFileKind, csv_records, digest_bytes, read_cell, read_text

_SHOWN = 5
_HINT = 'give each row once, as {"id": "pos"} or {"id": [probabilities]}, a label each in order'
_KIND = TextFileKind(EvaluationError, "labels", "start it with id,label")
_START = "sha256:" + "0" * 64


def read_submission(
    pairs: Iterable[tuple[Any, Any]], *, ids: Sequence[str], names: LabelNames
) -> tuple[Counts, Floats | None]:
    """The predicted codes and perhaps probabilities of a submission, in the order of the ids.

    Parameters
    ----------
    pairs : iterable of (id, prediction)
        A prediction is a label, or a probability for each label, in the order of the names'
        columns; one kind for all rows.
    ids : sequence of str
    names : LabelNames

    Raises
    ------
    EvaluationError
        With ids that are missing, doubled or unknown, and predictions that are none.

    Examples
    --------
    >>> names = LabelNames.of(["neg", "avg", "pos"])
    >>> told = [("b", "pos"), ("a", "neg")]
    >>> read_submission(told, ids=["a", "b"], names=names)[0].tolist()
    [0, 2]
    """
    try:
        given = [(str(key), value) for key, value in pairs]
    except (TypeError, ValueError) as err:
        raise EvaluationError(
            f"the submission is {type(pairs).__name__}; expected predictions by id", hint=_HINT
        ) from err
    faults = _id_faults([key for key, _ in given], ids)
    told = dict(given)
    rows = [key for key in ids if key in told]
    values = [told[key] for key in rows]
    is_share = [isinstance(v, Sequence | np.ndarray) and not isinstance(v, str) for v in values]
    shares = codes = None
    if any(is_share) and not all(is_share):
        odd = rows[is_share.index(not is_share[0])]
        faults.append(Fault(f"id {odd!r}", "labels and probabilities are mixed", _HINT))
    elif values and is_share[0]:
        odd_rows = [i for i, value in enumerate(values) if len(value) != len(names)]
        if odd_rows:
            first = odd_rows[0]
            found = f"has {len(values[first])} probabilities; expected {len(names)}"
            more = f" (and {len(odd_rows) - 1:,} more rows)" if len(odd_rows) > 1 else ""
            faults.append(Fault(f"id {rows[first]!r}", found + more))
        else:
            shares = names.shares(values, faults, ids=rows)
    elif values:
        codes = names.codes(values, "predictions", faults, ids=rows)
    if faults:
        raise EvaluationError("a submission that cannot be scored", hint=_HINT, faults=faults)
    if shares is not None:
        codes = shares.argmax(axis=1).astype(np.int64)
    assert codes is not None
    return codes, shares


def parse_submission(text: bytes | str) -> tuple[list[tuple[str, Any]], Any]:
    """The predictions and the name in a JSON text; an id that comes twice stays twice.

    Raises
    ------
    EvaluationError
        If the text is no such JSON.

    Examples
    --------
    >>> parse_submission('{"name": "first", "predictions": {"a": "pos", "a": "neg"}}')
    ([('a', 'pos'), ('a', 'neg')], 'first')
    """
    try:
        told = json.loads(text, object_pairs_hook=list, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        raise EvaluationError(f"the submission is not JSON: {str(err)[:200]}", hint=_HINT) from err
    parts = told if _is_object(told) else []
    named = dict(parts)
    if len(named) != len(parts) or not {"predictions"} <= set(named) <= {"predictions", "name"}:
        raise EvaluationError(
            'the submission is not {"name": ..., "predictions": {...}}', hint=_HINT
        )
    name, predictions = named.get("name", ""), named["predictions"]
    if not _is_object(predictions):
        raise EvaluationError(
            "predictions must be an object with an entry for each id", hint=_HINT
        )
    return predictions, name


def _is_object(value: Any) -> bool:
    # object_pairs_hook gives an object as a list of pairs; a JSON list never holds tuples.
    return isinstance(value, list) and all(isinstance(pair, tuple) for pair in value)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _id_faults(given: list[str], ids: Sequence[str]) -> list[Fault]:
    counts, wanted = Counter(given), set(ids)
    missing = [key for key in ids if key not in counts]
    extra = [key for key in counts if key not in wanted]
    doubled = [key for key, num in counts.items() if num > 1]
    faults = []
    for what, keys, fix in (
        ("missing", missing, "predict every row"),
        ("not asked for", extra, "leave them out"),
        ("given more than once", doubled, "give each id once"),
    ):
        if keys:
            shown = ", ".join(repr(key[:40]) for key in keys[:_SHOWN])
            more = ", ..." if len(keys) > _SHOWN else ""
            faults.append(Fault("ids", f"{len(keys):,} {what}: {shown}{more}", fix))
    return faults


def read_label_file(path: Path) -> dict[str, str]:
    """The label of each row id, in the order of the file; other columns are not read.

    Raises
    ------
    EvaluationError
        If the file cannot be read, lacks a column, or has faulty lines: all of them.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.csv")
    ...     _ = path.write_text("id,label\\na,pos\\nb,neg\\n")
    ...     read_label_file(path)
    {'a': 'pos', 'b': 'neg'}
    """
    rows = csv_records(path.name, read_text(path, _KIND), error=EvaluationError)
    head = [name.strip() for name in next(rows)[1]]
    if not {"id", "label"} <= set(head):
        raise EvaluationError(
            f"{path} has the columns {', '.join(head)[:100]}; expected id and label",
            hint="start it with id,label",
        )
    labels: dict[str, str] = {}
    first: dict[str, int] = {}
    faults = []
    for number, cells in rows:
        where = f"{path.name}:{number}"
        named = dict(zip(head, map(read_cell, cells), strict=False))
        if len(cells) != len(head):
            faults.append(Fault(where, f"{len(cells)} cells; expected {len(head)}"))
        elif named["id"] in labels:
            found = f"id {named['id'][:40]!r} is already on line {first[named['id']]}"
            faults.append(Fault(where, found, "give each id once"))
        else:
            labels[named["id"]], first[named["id"]] = named["label"].strip(), number
    if faults:
        raise EvaluationError(f"{path} cannot be read as labels", faults=faults)
    return labels


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
    once : str
        What tells the submission from the user's others, where the caller said it.

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
    once: str = ""


class SubmissionLog:
    """Keeps submissions in a file, or in memory where there is none.

    Each line carries the digest of the line before it, so a line that was changed or taken out
    is noticed when the log is next opened. An open log reads each line once: what others add later
    is read from where it ended.

    Parameters
    ----------
    path : Path or None

    Raises
    ------
    ArtifactError
        If there is a log that is not what was written.

    Examples
    --------
    >>> log = SubmissionLog(None)
    >>> entry = log.add("ana", lambda past: {"name": "", "digest": "", "is_accepted": True})
    >>> entry.number, len(log.of("ana")), len(log.read())
    (1, 1, 1)
    """

    def __init__(self, path: Path | None, *, now: Callable[[], datetime] | None = None) -> None:
        self.path = path
        self.now = now or (lambda: datetime.now(UTC))
        self._lock = Lock()
        self._memory = _Memory()
        self._end, self._previous = 0, _START  # bytes read so far, digest of the last line
        self._all: list[LoggedSubmission] = []
        self._of: defaultdict[str, list[LoggedSubmission]] = defaultdict(list)
        self.read()  # a log that cannot be trusted is noticed now, not at the first submission

    def add(
        self,
        user: str,
        decide: Callable[[Sequence[LoggedSubmission]], Mapping[str, Any] | LoggedSubmission],
    ) -> LoggedSubmission:
        """Let `decide` see the user's past and say what to log, while nobody else can add a line.

        A line that it returns from the past is not logged again; what it raises passes through.

        Raises
        ------
        ArtifactError
            If the log is not what was written, or cannot be written.
        """
        with self._lock, self._opened() as file:
            self._read(file)
            told = decide(self._of[user])
            if isinstance(told, LoggedSubmission):
                return told
            at = self.now().astimezone(UTC).isoformat(timespec="milliseconds")
            entry = LoggedSubmission(number=len(self._all) + 1, at=at, user=user, **told)
            file.add(json.dumps({**asdict(entry), "previous": self._previous}).encode())
            self._read(file)
            return self._all[-1]

    def of(self, user: str) -> tuple[LoggedSubmission, ...]:
        """The submissions of one user so far."""
        self.read()
        return tuple(self._of.get(user, ()))

    def read(self) -> tuple[LoggedSubmission, ...]:
        """All submissions so far.

        Raises
        ------
        ArtifactError
            If a line that was not read yet is not one that was written, or the log is shorter.
        """
        if self.path is None or self.path.exists() or self._end:
            with self._lock, self._opened() as file:
                self._read(file)
        return tuple(self._all)

    def _opened(self) -> AbstractContextManager[Appender | _Memory]:
        return nullcontext(self._memory) if self.path is None else appending(self.path)

    def _read(self, file: Appender | _Memory) -> None:
        """Take in the lines that were not read yet."""
        if file.size() < self._end:
            raise self._changed("is shorter than what was read before")
        data = file.read(self._end)
        for line in filter(bytes.strip, data.split(b"\n")):
            try:
                told = json.loads(line)
                holds = told.pop("previous") == self._previous
                entry = LoggedSubmission(**told)
                holds &= entry.number == len(self._all) + 1
            except (ValueError, TypeError, KeyError, AttributeError):
                holds = False
            if not holds:
                raise self._changed("is not the line that was written, or one before it is not")
            self._previous = digest_bytes(line)
            self._all.append(entry)
            self._of[entry.user].append(entry)
        self._end += len(data)

    def _changed(self, found: str) -> ArtifactError:
        name = self.path.name if self.path else "log"
        return ArtifactError(
            f"{name} was changed since it was written",
            hint="restore it from a copy, or start a new log",
            faults=[Fault(f"{name}:{len(self._all) + 1}", found)],
        )


@dataclass(slots=True)
class _Memory:
    """Stands for the file where there is none."""

    data: bytes = b""

    def size(self) -> int:
        return len(self.data)

    def read(self, start: int = 0) -> bytes:
        return self.data[start:]

    def add(self, line: bytes) -> None:
        self.data += line + b"\n"
