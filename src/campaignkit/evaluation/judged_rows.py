"""Truth and predictions as arrays, checked: all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify import LABELS, PUBLISHED_WORDS, label_codes
from campaignkit.errors import ClassifierError, EvaluationError, Fault
from campaignkit.metrics import Counts, Floats, count_confusion

_SLACK = 1e-3  # of a row's sum: half-precision softmaxes are off by some 1e-4
_SHOWN = 5


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """Rows with a true and a predicted label.

    Attributes
    ----------
    labels : tuple of str
        What the codes stand for.
    truth, predicted : int64[rows]
        Codes of labels.
    probabilities : float64[rows, labels] or None
        Rows add up to 1.

    Examples
    --------
    >>> judge_rows(["neg", "pos"], ["neg", "avg"]).predicted.tolist()
    [0, 1]
    """

    labels: tuple[str, ...]
    truth: Counts
    predicted: Counts
    probabilities: Floats | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def confusion(self) -> Counts:
        """int64[labels, labels], true labels in rows."""
        return count_confusion(self.truth, self.predicted, num_labels=len(self.labels))


def judge_rows(
    y_true: Any,
    y_pred: Any = None,
    *,
    probabilities: Any = None,
    labels: Sequence[str] | None = None,
) -> JudgedRows:
    """Read labels and probabilities, or say all that is wrong with them.

    Parameters
    ----------
    y_true : sequence
        True labels.
    y_pred : sequence or float[rows, labels], optional
        Predicted labels; a table of numbers is taken as `probabilities`.
    probabilities : float[rows, labels], optional
        As `predict_proba` gives them: without `labels` the columns are avg, neg, pos, sorted.
        Those of a data frame are read by name. Without `y_pred` the most probable label is
        predicted.
    labels : sequence of str, optional
        Other labels than neg, avg and pos; then each must be written exactly so.

    Raises
    ------
    EvaluationError
        If labels are unknown, numbers of rows differ, or probabilities are no probabilities.

    Examples
    --------
    >>> judge_rows(["neg", "pos"], ["neg"])
    Traceback (most recent call last):
        ...
    campaignkit.errors.EvaluationError: predictions that cannot be scored
      y_pred: has 1 row; expected 2, as y_true
    """
    if probabilities is None and y_pred is not None and _is_table(y_pred):
        y_pred, probabilities = None, y_pred
    if y_pred is None and probabilities is None:
        raise EvaluationError("there are no predictions", hint="give y_pred or probabilities=")
    names = checked_labels(labels)
    faults: list[Fault] = []
    truth = read_codes(y_true, labels, "y_true", faults)
    told = None if y_pred is None else read_codes(y_pred, labels, "y_pred", faults)
    shares = None
    if probabilities is not None:
        shares = read_shares(probabilities, labels, faults, spelling=_spelling(truth, y_true))
    if truth is not None:
        for name, part in (("y_pred", told), ("probabilities", shares)):
            if part is not None and len(part) != len(truth):
                rows = f"has {len(part):,} row{'s' if len(part) != 1 else ''}"
                faults.append(Fault(name, f"{rows}; expected {len(truth):,}, as y_true"))
        if not len(truth) and not faults:
            faults.append(Fault("y_true", "has no rows", "score one row or more"))
    if faults:
        raise EvaluationError("predictions that cannot be scored", faults=faults)
    assert truth is not None
    if told is None:
        assert shares is not None
        told = shares.argmax(axis=1).astype(np.int64)
    return JudgedRows(names, truth, told, shares)


def checked_labels(labels: Sequence[str] | None) -> tuple[str, ...]:
    """The labels as a tuple; neg, avg, pos for None.

    Raises
    ------
    EvaluationError
        If there are fewer than two, or one comes twice or is no text.
    """
    if labels is None:
        return LABELS
    names = tuple(labels)
    if isinstance(labels, str) or len(names) < 2 or len(set(names)) < len(names):
        raise EvaluationError(f"labels are {labels!r}; expected two or more different texts")
    if not all(isinstance(name, str) for name in names):
        raise EvaluationError(f"labels are {names!r}; expected texts")
    return names


def read_codes(
    values: Any,
    labels: Sequence[str] | None,
    where: str,
    faults: list[Fault],
    *,
    names: Sequence[str] | None = None,
) -> Counts | None:
    """int64[rows] of label codes; None where `faults` got what is wrong.

    `names` are told instead of row numbers where rows have ids.
    """
    if labels is None:
        try:
            return label_codes(values)
        except ClassifierError as err:
            inner = err.faults[:_SHOWN] or (Fault("", err.message, err.hint),)
            for fault in inner:
                place = fault.where.removeprefix("labels")
                if names is not None and place[1:-1].isdigit():
                    place = f" of id {names[int(place[1:-1])]!r}"
                faults.append(Fault(where + place, fault.found, fault.fix or err.hint))
            return None
    code_of = {name: code for code, name in enumerate(labels)}
    try:
        listed = np.asarray(values, object).tolist()
        codes = [code_of.get(value, -1) for value in listed]
    except TypeError:
        faults.append(Fault(where, "is not a list of labels", f"labels are {', '.join(labels)}"))
        return None
    wrong = [i for i, code in enumerate(codes) if code < 0]
    for row in wrong[:_SHOWN]:
        found = f"{ascii(listed[row])[:60]} is no label"
        place = f"[{row}]" if names is None else f" of id {names[row]!r}"
        faults.append(Fault(where + place, found, f"labels are {', '.join(labels)}"))
    if len(wrong) > _SHOWN:
        faults.append(Fault(where, f"{len(wrong) - _SHOWN:,} more rows with other values"))
    return None if wrong else np.array(codes, np.int64)


def read_shares(
    given: Any,
    labels: Sequence[str] | None,
    faults: list[Fault],
    *,
    names: Sequence[str] | None = None,
    spelling: Sequence[str] = LABELS,
) -> Floats | None:
    """float64[rows, labels] that add up to 1; None where `faults` got what is wrong.

    Columns of an array are in the order of `labels`; of None sorted, as in `predict_proba`, where
    neg, avg, pos are written as in `spelling`. Those that come back are in the order of `labels`;
    of None neg, avg, pos.
    """
    name = "probabilities"
    wanted = checked_labels(labels)
    given_order = list(wanted)
    if labels is None:
        given_order = [wanted[code] for code in np.argsort(np.array(spelling)).tolist()]
    if hasattr(given, "columns"):
        given_order = [str(column) for column in given.columns]
        if sorted(given_order) != sorted(wanted):
            found = f"has the columns {', '.join(given_order)}"
            faults.append(Fault(name, found, f"one for each of {', '.join(wanted)}"))
            return None
        given = given.to_numpy()
    num_labels = len(wanted)
    try:
        shares: NDArray[np.float64] = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        faults.append(Fault(name, "are not a table of numbers", "float[rows, labels]"))
        return None
    if shares.ndim != 2 or shares.shape[1] != num_labels:
        found = f"have shape {shares.shape}; expected (rows, {num_labels}), a column a label"
        faults.append(Fault(name, found))
        return None
    sums = shares.sum(axis=1)
    checks = {
        "hold NaN or infinity": ~np.isfinite(shares).all(axis=1),
        "are not between 0 and 1": ((shares < -_SLACK) | (shares > 1 + _SLACK)).any(axis=1),
        "do not add up to 1": np.abs(sums - 1) > _SLACK,
    }
    unfit = np.zeros(len(shares), bool)
    for problem, is_wrong in checks.items():
        new = is_wrong & ~unfit
        unfit |= is_wrong
        if new.any():
            row = int(np.argmax(new))
            told = ", ".join(f"{share:.4g}" for share in shares[row])
            found = f"{problem} in {int(new.sum()):,} of {len(shares):,} rows, first: {told}"
            place = f"[{row}]" if names is None else f" of id {names[row]!r}"
            faults.append(Fault(name + place, found, "give what predict_proba gave"))
    if unfit.any():
        return None
    shares = np.clip(shares[:, [given_order.index(label) for label in wanted]], 0, 1)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _spelling(truth: Counts | None, y_true: Any) -> Sequence[str]:
    """How neg, avg, pos are written: it decides the order of columns that are sorted."""
    found = set() if truth is None else {str(value) for value in y_true}
    every = LABELS, PUBLISHED_WORDS, ("0", "1", "2")
    return next((known for known in every if found <= {*known}), LABELS)


def _is_table(values: Any) -> bool:
    if isinstance(values, str | bytes):
        return False
    if hasattr(values, "columns"):
        return True
    if hasattr(values, "ndim"):
        return int(values.ndim) == 2
    first = next(iter(values), None) if isinstance(values, Sequence) else None
    return isinstance(first, Sequence | np.ndarray) and not isinstance(first, str)
