"""Accuracy, precision, recall and F1 of any number of confusion tables at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def count_confusion(truth: Counts, predicted: Counts, *, num_labels: int) -> Counts:
    """int64[labels, labels]: rows of true label i that were told as label j.

    Examples
    --------
    >>> count_confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), num_labels=2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = np.bincount(truth * num_labels + predicted, minlength=num_labels**2)
    return cells.reshape(num_labels, num_labels).astype(np.int64)


def accuracy_of(confusion: Counts) -> Floats:
    """float64[...], share of rows told right, of confusions int64[..., labels, labels].

    Examples
    --------
    >>> float(accuracy_of(np.array([[1, 1], [0, 2]])))
    0.75
    """
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    return np.asarray(_share(hits, confusion.sum(axis=(-2, -1))))


def f1_of(confusion: Counts) -> Floats:
    """float64[..., labels], F1 by label; NaN for a label neither there nor predicted.

    Examples
    --------
    >>> f1_of(np.array([[1, 1, 0], [0, 2, 0], [0, 0, 0]])).round(3).tolist()
    [0.667, 0.8, nan]
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _share(2 * hits, confusion.sum(axis=-1) + confusion.sum(axis=-2))


def precision_of(confusion: Counts) -> Floats:
    """float64[..., labels], share of what was told as a label that is; NaN where never told."""
    return _share(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-2))


def recall_of(confusion: Counts) -> Floats:
    """float64[..., labels], share of a label's rows that were told; NaN where there are none."""
    return _share(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-1))


def macro_f1_of(confusion: Counts) -> Floats:
    """float64[...], mean F1 over the labels that are there or were predicted; NaN of no rows.

    Examples
    --------
    >>> round(float(macro_f1_of(np.array([[1, 1], [0, 2]]))), 4)
    0.7333
    """
    scores = f1_of(confusion)
    num = np.isfinite(scores).sum(axis=-1)
    return np.asarray(_share(np.nansum(scores, axis=-1), num))


def _share(part: NDArray[np.number], whole: NDArray[np.number]) -> Floats:
    part = np.asarray(part, np.float64)
    whole = np.asarray(whole, np.float64)
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))
