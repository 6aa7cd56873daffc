"""F1, log-loss and calibration error: one definition each, the values of scikit-learn.

Scores of confusion tables take any number of tables at once, as resampling makes them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

NUM_BINS = 15  # of confidence, equally wide; as Guo et al. 2017
_LEAST = 1e-15  # a probability of 0 counts as this, else one row would make the mean infinite


def count_confusion(truth: Counts, predicted: Counts, *, num_labels: int) -> Counts:
    """int64[labels, labels]: rows of true label i that were predicted as label j.

    Examples
    --------
    >>> count_confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), num_labels=2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = np.bincount(truth * num_labels + predicted, minlength=num_labels**2)
    return cells.reshape(num_labels, num_labels).astype(np.int64)


def accuracy_of(confusion: Counts) -> Floats:
    """float64[...], share of rows predicted correctly, of confusions int64[..., labels, labels].

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
    """float64[..., labels], share of a label's predictions that are right; NaN for none."""
    return _share(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-2))


def recall_of(confusion: Counts) -> Floats:
    """float64[..., labels], share of a label's rows that were predicted; NaN for none."""
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


def macro_f1(truth: Counts, predicted: Counts) -> float:
    """The macro F1 of label codes; of labels that are there or were predicted.

    Examples
    --------
    >>> round(macro_f1(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])), 4)
    0.7333
    """
    num = int(max(truth.max(initial=0), predicted.max(initial=0))) + 1
    return float(macro_f1_of(count_confusion(truth, predicted, num_labels=num)))


def row_losses(truth: Counts, probabilities: Floats) -> Floats:
    """float64[rows], minus the natural logarithm of the true label's probability.

    Examples
    --------
    >>> row_losses(np.array([1]), np.array([[0.5, 0.5]])).round(3).tolist()
    [0.693]
    """
    told = probabilities[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.maximum(told, _LEAST)))


def log_loss(truth: Counts, probabilities: Floats, weights: Floats | None = None) -> float:
    """The weighted mean of :func:`row_losses`.

    Examples
    --------
    >>> round(log_loss(np.array([1, 0]), np.array([[0.5, 0.5], [1, 0]])), 3)
    0.347
    """
    return float(np.average(row_losses(truth, probabilities), weights=weights))


def confidence_bins(
    truth: Counts, probabilities: Floats
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """int64[rows], float64[rows]: each row's bin, and its confidence minus whether it is right.

    Examples
    --------
    >>> bins, gaps = confidence_bins(np.array([0]), np.array([[0.75, 0.25]]))
    >>> bins.tolist(), gaps.tolist()
    ([11], [-0.25])
    """
    confidence = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == truth
    # Bins are closed above, as in the reference: a confidence of exactly 0.8 lies below 0.8.
    bins = np.clip(np.ceil(confidence * NUM_BINS).astype(np.int64) - 1, 0, NUM_BINS - 1)
    return bins, np.asarray(confidence - is_right)


def expected_calibration_error(truth: Counts, probabilities: Floats) -> float:
    """The mean gap of confidence and accuracy over 15 equal bins of confidence, in [0, 1].

    Confidence is the largest probability of a row; a bin weighs as many rows as it contains.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger 2017, On calibration of modern neural networks.

    Examples
    --------
    >>> expected_calibration_error(np.array([0, 1]), np.array([[0.75, 0.25], [0.75, 0.25]]))
    0.25
    """
    bins, gaps = confidence_bins(truth, probabilities)
    sums = np.bincount(bins, weights=gaps, minlength=NUM_BINS)
    return float(np.abs(sums).sum() / max(len(truth), 1))


def wilson_interval(hits: float, num: int, *, z: float = 1.96) -> tuple[float, float]:
    """95% interval of a share seen as `hits` of `num` (at least 1).

    References
    ----------
    Wilson 1927, Probable inference, the law of succession, and statistical inference.

    Examples
    --------
    >>> low, high = wilson_interval(7, 100)
    >>> round(low, 3), round(high, 3)
    (0.034, 0.137)
    """
    share, squared = hits / num, z**2 / num
    middle = (share + squared / 2) / (1 + squared)
    half = z / (1 + squared) * math.sqrt(share * (1 - share) / num + squared / (4 * num))
    return max(0.0, middle - half), min(1.0, middle + half)


def _share(part: NDArray[np.number], whole: NDArray[np.number]) -> Floats:
    part = np.asarray(part, np.float64)
    whole = np.asarray(whole, np.float64)
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))
