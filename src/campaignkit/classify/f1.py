"""Macro F1 of the three labels, from codes or from many confusion tables at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def macro_f1(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """The mean F1 of neg, avg, pos; a class that is neither there nor predicted counts 0.

    Examples
    --------
    >>> macro_f1(np.array([0, 1, 2]), np.array([0, 1, 2]))
    1.0
    """
    table = np.bincount(truth * 3 + predicted, minlength=9).reshape(3, 3)
    return float(f1_of_confusions(table[np.newaxis])[0])


def f1_of_confusions(tables: NDArray[np.integer]) -> NDArray[np.float64]:
    """float64[m], the macro F1 of confusion tables int[m, truth, predicted].

    Examples
    --------
    >>> f1_of_confusions(np.array([[[1, 0, 0], [0, 0, 1], [0, 0, 1]]])).round(3).tolist()
    [0.556]
    """
    hits = np.einsum("mkk->mk", tables)
    both = tables.sum(axis=1) + tables.sum(axis=2)
    means: NDArray[np.float64] = (2 * hits / np.maximum(both, 1)).mean(axis=1)
    return means
