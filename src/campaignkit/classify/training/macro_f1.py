"""Macro F1 and log-loss of validation rows, which decide when training ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SMALLEST = 1e-15  # a probability of exactly 0 would make the log-loss infinite


def macro_f1(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """The mean F1 of the three classes; a class that neither has counts as 0.

    Examples
    --------
    >>> macro_f1(np.array([0, 1, 2]), np.array([0, 1, 1]))
    0.5555555555555555
    """
    table = np.zeros((3, 3))
    np.add.at(table, (truth, predicted), 1)
    asked = table.sum(0) + table.sum(1)
    return float(np.mean(2 * np.diag(table) / np.maximum(asked, 1)))


def log_loss(truth: NDArray[np.int64], proba: NDArray[np.float64]) -> float:
    """The mean of minus the log of the truth's probability, in nats.

    Examples
    --------
    >>> log_loss(np.array([1]), np.array([[0.0, 1.0, 0.0]]))
    -0.0
    """
    told = proba[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(told, _SMALLEST)).mean())
