"""How often a class comes true where a model says it with some probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.decision import checked_probabilities
from campaignkit.classify.labels import LABELS, label_codes
from campaignkit.errors import ClassifierError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """Bins of rows by the probability of one label.

    Attributes
    ----------
    label : str
    said, came : float64[bins]
        Mean probability given, and the share of rows with the label.
    rows : int64[bins]
        Rows in each bin; they add up to all.

    Examples
    --------
    >>> curve = CalibrationCurve("pos", np.array([0.9]), np.array([0.6]), np.array([10]))
    >>> round(curve.error, 2)
    0.3
    """

    label: str
    said: Floats
    came: Floats
    rows: NDArray[np.int64]

    @property
    def error(self) -> float:
        """The mean gap of both, each bin by its rows: this label's expected calibration error."""
        return float(np.average(np.abs(self.said - self.came), weights=self.rows))


def calibration_curve(
    proba: Any, labels: Any, *, label: str = "pos", num_bins: int = 10
) -> CalibrationCurve:
    """The calibration of one label, in bins of about equally many rows.

    Parameters
    ----------
    proba : float[rows, 3]
        What `predict_proba` gives.
    labels : sequence
        The true labels.
    label : {"neg", "avg", "pos"}
    num_bins : int
        At most so many; rows of one probability stay together.

    Raises
    ------
    ClassifierError
        If these are no probabilities, numbers of rows differ, or there is no such label.

    Examples
    --------
    >>> proba = [[0.1, 0.1, 0.8]] * 4 + [[0.6, 0.3, 0.1]] * 6
    >>> curve = calibration_curve(proba, ["pos"] * 3 + ["avg"] + ["neg"] * 6)
    >>> curve.said.round(2).tolist(), curve.came.round(2).tolist(), curve.rows.tolist()
    ([0.1, 0.8], [0.0, 0.75], [6, 4])
    """
    given = checked_probabilities(proba)
    codes = label_codes(labels)
    if len(codes) != len(given):
        raise ClassifierError(
            f"{len(given):,} rows of probabilities and {len(codes):,} labels; "
            "expected as many of each"
        )
    if label not in LABELS:
        raise ClassifierError(f"label is {label!r}; expected one of {', '.join(LABELS)}")
    if isinstance(num_bins, bool) or not isinstance(num_bins, int) or num_bins < 1:
        raise ClassifierError(f"num_bins is {num_bins!r}; expected an integer from 1 on")
    column = LABELS.index(label)
    said, came = given[:, column], codes == column
    edges = np.unique(np.quantile(said, np.linspace(0, 1, num_bins + 1)[1:-1]))
    _, bins = np.unique(np.searchsorted(edges, said), return_inverse=True)
    rows = np.bincount(bins)
    return CalibrationCurve(
        label, np.bincount(bins, said) / rows, np.bincount(bins, came) / rows, rows
    )
