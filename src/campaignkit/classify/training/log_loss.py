"""Log-loss of validation rows, which stands beside F1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SMALLEST = 1e-15  # a probability of exactly 0 would make the log-loss infinite


def log_loss(truth: NDArray[np.int64], proba: NDArray[np.float64]) -> float:
    """The mean of minus the log of the truth's probability, in nats.

    Examples
    --------
    >>> log_loss(np.array([1]), np.array([[0.0, 1.0, 0.0]]))
    -0.0
    """
    told = proba[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(told, _SMALLEST)).mean())
