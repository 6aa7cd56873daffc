"""How good predictions are: every score with its interval, and what to read it against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from campaignkit.checks import check_all, is_count
from campaignkit.errors import EvaluationError
from campaignkit.evaluation.resampling import (
    Interval,
    interval_of,
    resample_counts,
    resample_probability_scores,
)
from campaignkit.evaluation.rows import JudgedRows, judge_rows
from campaignkit.evaluation.tabular import Cells, Tabular, figure
from campaignkit.evaluation.yardsticks import Yardsticks
from campaignkit.metrics import (
    Floats,
    accuracy_of,
    expected_calibration_error,
    f1_of,
    log_loss,
    macro_f1_of,
    precision_of,
    recall_of,
)
from campaignkit.runs import RunRecord, machine_facts
from campaignkit.seeds import stream


@dataclass(frozen=True)
class Scores(Tabular):
    """Predictions against truth, in numbers.

    Attributes
    ----------
    labels : tuple of str
    num_rows : int
    confusion : tuple of tuple of int
        True labels in rows, predicted ones in columns, in the order of `labels`.
    accuracy, macro_f1 : float
        In [0, 1]. The macro F1 is the mean over the labels that are there or were predicted.
    f1, precision, recall : dict of str to float or None
        By label; None where there is nothing to divide by.
    log_loss : float or None
        Mean natural logarithm, of the probabilities where they were given; lower is better.
    calibration_error : float or None
        Expected calibration error, in [0, 1].
    majority_macro_f1 : float
        Of always answering with the label that most of these rows have.
    intervals : dict of str to (float, float)
        Bootstrap intervals by score, as :meth:`to_flat` names them.
    level : float
        What share of resamples the intervals hold.
    yardsticks : Yardsticks or None
        The one-hot baseline and the graph oracle on the same rows.
    notes : tuple of str
        What a reader must know.

    Examples
    --------
    >>> scores = evaluate(["neg", "avg", "pos", "pos"], ["neg", "avg", "avg", "pos"])
    >>> round(scores.macro_f1, 3), scores.confusion
    (0.778, ((1, 0, 0), (0, 1, 0), (0, 1, 1)))
    """

    labels: tuple[str, ...]
    num_rows: int
    confusion: tuple[tuple[int, ...], ...]
    accuracy: float
    macro_f1: float
    f1: dict[str, float | None]
    precision: dict[str, float | None]
    recall: dict[str, float | None]
    majority_macro_f1: float
    log_loss: float | None = None
    calibration_error: float | None = None
    intervals: dict[str, Interval] = field(default_factory=dict)
    level: float = 0.95
    yardsticks: Yardsticks | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        told = f"macro F1 {self.macro_f1:.3f}, accuracy {self.accuracy:.3f}"
        return f"Scores({self.num_rows:,} rows, {len(self.labels)} labels: {told})"

    def to_flat(self) -> dict[str, float]:
        """The scores by name, as in a run log; values that are not numbers are left out."""
        named: dict[str, float | None] = {
            "macro_f1": self.macro_f1,
            "accuracy": self.accuracy,
            **{f"f1_{name}": score for name, score in self.f1.items()},
            "log_loss": self.log_loss,
            "calibration_error": self.calibration_error,
            "majority_macro_f1": self.majority_macro_f1,
        }
        beside = self.yardsticks or Yardsticks()
        if beside.one_hot is not None:
            named["one_hot_macro_f1"] = beside.one_hot.macro_f1
        if beside.oracle is not None:
            named["oracle_macro_f1"] = beside.oracle.macro_f1
        return {
            name: score
            for name, score in named.items()
            if score is not None and math.isfinite(score)
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "scores": self.to_flat()}

    def to_record(self, **facts: Any) -> RunRecord:
        """A line for a run log: these scores, with what you say of the run.

        Parameters
        ----------
        **facts
            Fields of a :class:`RunRecord`: ``dataset=`` and ``model=`` at least.

        Examples
        --------
        >>> scores = evaluate(["neg", "avg", "pos"], ["neg", "avg", "avg"])
        >>> record = scores.to_record(dataset={"name": "test"}, model={"name": "mine"})
        >>> record.kind, record.task, round(record.scores["accuracy"], 3)
        ('evaluation', 'outcome', 0.667)
        """
        told: dict[str, Any] = {
            "kind": "evaluation",
            "task": "outcome",
            "scores": self.to_flat(),
            "intervals": self.intervals,
            "confusion": [list(row) for row in self.confusion],
            "labels": list(self.labels),
            "machine": machine_facts(),
            "notes": "; ".join(self.notes),
        }
        return RunRecord(**{**told, **facts})

    def cells(self) -> Cells:
        """A row a score: its value and its interval."""
        rows = []
        named = self.to_flat()
        told = {**named, **dict.fromkeys(_BESIDE - named.keys())}
        for name, score in told.items():
            low, high = self.intervals.get(name, (None, None))
            title = _TITLES.get(name, name.replace("f1_", "F1 "))
            shown = "not measured" if score is None else figure(score, 4)
            rows.append([title, shown, figure(low, 4), figure(high, 4)])
        return ("", "score", "from", "to"), rows

    @property
    def lead(self) -> str:
        """How many rows, and of what level the intervals are."""
        return f"{self.num_rows:,} rows, {self.level:.0%} intervals"

    @property
    def remarks(self) -> Sequence[str]:
        """What a reader must know."""
        return self.notes


_BESIDE = {"one_hot_macro_f1": None, "oracle_macro_f1": None}.keys()
_TITLES = {
    "macro_f1": "macro F1",
    "log_loss": "log-loss",
    "calibration_error": "calibration error",
    "majority_macro_f1": "macro F1, largest label always",
    "one_hot_macro_f1": "macro F1, single attributes alone",
    "oracle_macro_f1": "macro F1, the graph itself",
}


def evaluate(
    y_true: Any,
    y_pred: Any = None,
    *,
    probabilities: Any = None,
    labels: Sequence[Any] | None = None,
    yardsticks: Yardsticks | None = None,
    level: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Scores:
    """Score predictions: F1, accuracy, log-loss, calibration, each with a bootstrap interval.

    Parameters
    ----------
    y_true : sequence
        True labels of any names: texts or whole numbers. Of the published outcomes (neg, avg, pos;
        0, 1, 2; the long words) any spelling may be compared with any other.
    y_pred : sequence or table, optional
        Predicted labels; a table of numbers is taken as `probabilities`.
    probabilities : float[rows, labels] or data frame, optional
        As `predict_proba` gives them: a column a label, sorted as `y_true` writes them (avg, neg,
        pos), or in the order of `labels`; those of a data frame are read by name. Without `y_pred`
        the most probable label is predicted; with it, as after a tuned decision, log-loss and
        calibration are those of the probabilities.
    labels : sequence, optional
        All labels, in the order to show them; those that are there by default.
    yardsticks : Yardsticks, optional
        What to show with the scores: see :meth:`Yardsticks.measure`.
    level : float
        Of the intervals, between 0 and 1.
    num_resamples : int
        1 or more.
    seed : int
        Of the resamples.

    Returns
    -------
    Scores

    Raises
    ------
    EvaluationError
        With everything that is wrong: unknown labels, other lengths, probabilities that are none.

    Notes
    -----
    Intervals are percentiles over resampled rows; they say how far the score would move with other
    test rows of the same kind, not with another training run.

    Examples
    --------
    >>> import campaignkit as ck
    >>> scores = ck.evaluate(["neg", "avg", "pos"] * 30, ["neg", "avg", "avg"] * 30)
    >>> round(scores.macro_f1, 3), scores.f1["pos"]
    (0.556, 0.0)
    >>> low, high = scores.intervals["macro_f1"]
    >>> low < scores.macro_f1 < high
    True
    """
    check_resampling(level, num_resamples)
    rows = judge_rows(y_true, y_pred, probabilities=probabilities, labels=labels)
    return score_rows(
        rows, yardsticks=yardsticks, level=level, num_resamples=num_resamples, seed=seed
    )


def check_resampling(level: float, num_resamples: int) -> None:
    """Refuse a level that is no share, or no resamples.

    Raises
    ------
    EvaluationError
        With what was expected.
    """
    check_all(
        "intervals that cannot be drawn",
        {
            "level": (level, 0 < level < 1, "a share between 0 and 1"),
            "num_resamples": (num_resamples, is_count(num_resamples), "1 or more"),
        },
        error=EvaluationError,
    )


def score_rows(
    rows: JudgedRows,
    *,
    yardsticks: Yardsticks | None = None,
    level: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Scores:
    """The scores of rows that are checked already.

    Examples
    --------
    >>> score_rows(judge_rows(["neg", "pos"], ["neg", "pos"])).accuracy
    1.0
    """
    confusion = rows.confusion
    drawn = resample_counts(confusion, num_resamples, stream(seed, "evaluate", "confusion"))
    samples: dict[str, Floats] = {"macro_f1": macro_f1_of(drawn), "accuracy": accuracy_of(drawn)}
    by_label = f1_of(drawn)
    samples |= {f"f1_{name}": by_label[:, i] for i, name in enumerate(rows.labels)}
    loss = calibration_error = None
    if rows.probabilities is not None:
        loss = log_loss(rows.truth, rows.probabilities)
        calibration_error = expected_calibration_error(rows.truth, rows.probabilities)
        samples["log_loss"], samples["calibration_error"] = resample_probability_scores(
            rows.truth, rows.probabilities, num_resamples, stream(seed, "evaluate", "rows")
        )
    ends = {name: interval_of(values, level) for name, values in samples.items()}
    largest = np.zeros_like(confusion)
    largest[:, confusion.sum(axis=1).argmax()] = confusion.sum(axis=1)
    return Scores(
        labels=rows.labels,
        num_rows=len(rows),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        accuracy=float(accuracy_of(confusion)),
        macro_f1=float(macro_f1_of(confusion)),
        f1=_by_label(rows, f1_of(confusion)),
        precision=_by_label(rows, precision_of(confusion)),
        recall=_by_label(rows, recall_of(confusion)),
        majority_macro_f1=float(macro_f1_of(largest)),
        log_loss=loss,
        calibration_error=calibration_error,
        intervals={name: pair for name, pair in ends.items() if pair is not None},
        level=level,
        yardsticks=yardsticks,
        notes=tuple(_notes(rows)),
    )


def _by_label(rows: JudgedRows, values: Floats) -> dict[str, float | None]:
    return {
        name: value if math.isfinite(value) else None
        for name, value in zip(rows.labels, values.tolist(), strict=True)
    }


def _notes(rows: JudgedRows) -> list[str]:
    there = rows.confusion.sum(axis=1)
    told = rows.confusion.sum(axis=0)
    notes = []
    for i, name in enumerate(rows.labels):
        if not there[i]:
            left_out = "; it is left out of the mean" if not told[i] else "; its F1 is 0"
            notes.append(f"no row is truly {name}{left_out}")
        elif not told[i]:
            notes.append(f"no row was predicted {name}")
    if rows.probabilities is not None:
        sure = rows.probabilities[np.arange(len(rows)), rows.truth] <= 0
        if sure.any():
            notes.append(
                f"{int(sure.sum()):,} rows gave their true label a probability of 0; "
                "the log-loss counts it as 1e-15"
            )
        apart = rows.probabilities.argmax(axis=1) != rows.predicted
        if apart.any():
            notes.append(
                f"{int(apart.sum()):,} rows have another label than the most probable one"
            )
    return notes
