"""How often a class comes true where a model says it with some probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_count
from campaignkit.classify.decision import judged
from campaignkit.errors import ClassifierError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """Bins of rows by the probability of one label.

    Attributes
    ----------
    label : str or int
    predicted, observed : float64[bins]
        Mean predicted probability, and the share of rows with the label.
    rows : int64[bins]
        Rows in each bin; they add up to all.

    Examples
    --------
    >>> curve = CalibrationCurve("pos", np.array([0.9]), np.array([0.6]), np.array([10]))
    >>> round(curve.error, 2)
    0.3
    """

    label: Any
    predicted: Floats
    observed: Floats
    rows: NDArray[np.int64]

    @property
    def error(self) -> float:
        """The mean gap of both, each bin by its rows: this label's expected calibration error."""
        return float(np.average(np.abs(self.predicted - self.observed), weights=self.rows))


def calibration_curve(
    proba: Any, labels: Any, *, label: Any = "pos", classes: Any = None, num_bins: int = 10
) -> CalibrationCurve:
    """The calibration of one label, in bins of about equally many rows.

    Parameters
    ----------
    proba : float[rows, classes] or data frame
        What `predict_proba` gives: the columns of an array are the labels, sorted.
    labels : sequence
        The true labels.
    label : str or int
        The one to look at.
    classes : sequence, optional
        What the columns of an array stand for; the sorted labels by default.
    num_bins : int
        At most so many; rows of one probability stay together.

    Raises
    ------
    ClassifierError
        If these are no probabilities, numbers of rows differ, or there is no such label.

    Examples
    --------
    >>> proba = [[0.1, 0.1, 0.8]] * 4 + [[0.3, 0.6, 0.1]] * 6  # avg, neg, pos
    >>> curve = calibration_curve(proba, ["pos"] * 3 + ["avg"] + ["neg"] * 6)
    >>> curve.predicted.round(2).tolist(), curve.observed.round(2).tolist()
    ([0.1, 0.8], [0.0, 0.75])
    >>> curve.rows.tolist()
    [6, 4]
    """
    given, codes, known = judged(proba, labels, classes)
    if label not in known.tolist():
        told = ", ".join(map(str, known.tolist()))
        raise ClassifierError(f"label is {label!r}; expected one of {told}")
    num_bins = checked_count(num_bins, "num_bins", error=ClassifierError)
    column = known.tolist().index(label)
    said, came = given[:, column], codes == column
    edges = np.unique(np.quantile(said, np.linspace(0, 1, num_bins + 1)[1:-1]))
    _, bins = np.unique(np.searchsorted(edges, said), return_inverse=True)
    rows = np.bincount(bins)
    return CalibrationCurve(
        label, np.bincount(bins, said) / rows, np.bincount(bins, came) / rows, rows
    )
