"""Log-loss and calibration error: are the probabilities to be believed?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaignkit.evaluation.confusion import Counts, Floats
from campaignkit.evaluation.judged_rows import JudgedRows
from campaignkit.evaluation.resampling import resample_rows

NUM_BINS = 15  # of confidence, equally wide; as Guo et al. 2017
_LEAST = 1e-15  # a probability of 0 counts as this, else one row would make the mean infinite


def row_losses(truth: Counts, probabilities: Floats) -> Floats:
    """float64[rows], minus the natural logarithm of the true label's probability.

    Examples
    --------
    >>> row_losses(np.array([1]), np.array([[0.5, 0.5]])).round(3).tolist()
    [0.693]
    """
    told = probabilities[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.maximum(told, _LEAST)))


def mean_loss(rows: JudgedRows) -> float:
    """The log-loss of rows; NaN without probabilities.

    Examples
    --------
    >>> from campaignkit.evaluation.judged_rows import judge_rows
    >>> round(mean_loss(judge_rows(["neg"], [[0.5, 0.25, 0.25]])), 3)
    0.693
    """
    if rows.probabilities is None:
        return float("nan")
    return float(row_losses(rows.truth, rows.probabilities).mean())


def expected_calibration_error(truth: Counts, probabilities: Floats) -> float:
    """The mean gap of confidence and accuracy over 15 equal bins of confidence, in [0, 1].

    Confidence is the largest probability of a row; a bin weighs as many rows as it holds.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger 2017, On calibration of modern neural networks.

    Examples
    --------
    >>> expected_calibration_error(np.array([0, 1]), np.array([[0.75, 0.25], [0.75, 0.25]]))
    0.25
    """
    bins, gaps = _bins_and_gaps(truth, probabilities)
    sums = np.bincount(bins, weights=gaps, minlength=NUM_BINS)
    return float(np.abs(sums).sum() / max(len(truth), 1))


def resample_probability_scores(
    truth: Counts, probabilities: Floats, num_resamples: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Mean losses and calibration errors of rows drawn with replacement; one entry a resample."""
    losses = row_losses(truth, probabilities)
    bins, gaps = _bins_and_gaps(truth, probabilities)
    mean_losses, errors = [], []
    for rows in resample_rows(len(truth), num_resamples, rng):
        mean_losses.append(losses[rows].mean(axis=1))
        slots = bins[rows] + np.arange(len(rows))[:, np.newaxis] * NUM_BINS
        sums = np.bincount(slots.ravel(), gaps[rows].ravel(), minlength=len(rows) * NUM_BINS)
        errors.append(np.abs(sums.reshape(-1, NUM_BINS)).sum(axis=1) / len(truth))
    return np.concatenate(mean_losses), np.concatenate(errors)


def _bins_and_gaps(truth: Counts, probabilities: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Each row's bin, and its confidence minus whether it was right."""
    confidence = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == truth
    # Bins are closed above, as in the reference: a confidence of exactly 0.8 lies below 0.8.
    bins = np.clip(np.ceil(confidence * NUM_BINS).astype(np.int64) - 1, 0, NUM_BINS - 1)
    return bins, np.asarray(confidence - is_right)
