"""A run's predictions as a CSV: id, truth, predicted, and a probability a label."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

from campaignkit.errors import ArtifactError, Fault
from campaignkit.store import atomic_file, csv_text, escape_cell, read_bytes, read_cell

_HEAD = ["id", "truth", "predicted"]


@dataclass(frozen=True)
class Predictions:
    """Row ids with true and predicted labels.

    Attributes
    ----------
    ids, truth, predicted : tuple of str
        Of one length; ids are unique.
    labels : tuple of str
        The order of `probabilities`; empty where there are none.
    probabilities : tuple of tuple of float, or None

    Examples
    --------
    >>> Predictions(("a",), ("pos",), ("avg",)).predicted
    ('avg',)
    """

    ids: tuple[str, ...]
    truth: tuple[str, ...]
    predicted: tuple[str, ...]
    labels: tuple[str, ...] = ()
    probabilities: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self) -> None:
        sizes = {"ids": len(self.ids), "truth": len(self.truth), "predicted": len(self.predicted)}
        if self.probabilities is not None:
            sizes["probabilities"] = len(self.probabilities)
        if len(set(sizes.values())) > 1:
            told = ", ".join(f"{num} {name}" for name, num in sizes.items())
            raise ArtifactError(f"predictions of different lengths: {told}")
        if len(set(self.ids)) < len(self.ids):
            raise ArtifactError("row ids are repeated; expected each once")
        if self.probabilities and {len(row) for row in self.probabilities} != {len(self.labels)}:
            raise ArtifactError(f"probabilities need a column for each label of {self.labels}")


def write_predictions(path: Path, table: Predictions) -> None:
    """Write the file whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> table = Predictions(("a",), ("pos",), ("avg",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_predictions(Path(folder, "one.csv"), table)
    ...     read_predictions(Path(folder, "one.csv")) == table
    True
    """
    head = [*_HEAD, *(f"p_{label}" for label in table.labels)]
    texts = zip(table.ids, table.truth, table.predicted, strict=True)
    shares = table.probabilities or ((),) * len(table.ids)
    rows = (
        [*map(escape_cell, row), *map(repr, more)] for row, more in zip(texts, shares, strict=True)
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ArtifactError(f"cannot write {path}: {err.strerror or err}") from err
    with atomic_file(path) as partial:
        partial.write_bytes(csv_text([head, *rows]).encode())


def read_predictions(path: Path) -> Predictions:
    """Read a prediction file.

    Raises
    ------
    ArtifactError
        If it is missing, not UTF-8, or has faulty lines: all of them.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except (UnicodeDecodeError, csv.Error) as err:
        raise ArtifactError(f"{path} cannot be read as predictions: {err}") from err
    head = rows[0] if rows else []
    extra = head[len(_HEAD) :]
    if head[: len(_HEAD)] != _HEAD or not all(name.startswith("p_") for name in extra):
        raise ArtifactError(
            f"{path} starts with {','.join(head)[:80]!r}; expected {','.join(_HEAD)}, p_..."
        )
    faults = [
        Fault(f"{path.name}:{number}", problem)
        for number, row in enumerate(rows[1:], start=2)
        if (problem := _problem(row, len(head)))
    ]
    if faults:
        raise ArtifactError(f"{path} has faulty lines", faults=faults)
    ids, truth, predicted = (
        tuple(read_cell(row[i]) for row in rows[1:]) for i in range(len(_HEAD))
    )
    labels = tuple(name.removeprefix("p_") for name in extra)
    shares = tuple(tuple(map(float, row[len(_HEAD) :])) for row in rows[1:]) if labels else None
    return Predictions(ids, truth, predicted, labels, shares)


def _problem(row: list[str], width: int) -> str:
    if len(row) != width:
        return f"{len(row)} cells; expected {width}"
    for cell in row[len(_HEAD) :]:
        try:
            share = float(cell)
        except ValueError:
            return f"probability {cell[:20]!r} is not a number"
        if not (math.isfinite(share) and 0 <= share <= 1):
            return f"probability {cell[:20]!r} is not between 0 and 1"
    return ""
