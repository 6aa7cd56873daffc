"""Log-loss and calibration error: are the probabilities to be believed?"""

from __future__ import annotations

import numpy as np

from campaignkit.evaluation.judged_rows import JudgedRows
from campaignkit.evaluation.resampling import resample_rows
from campaignkit.metrics import NUM_BINS, Counts, Floats, confidence_bins, row_losses


def mean_loss(rows: JudgedRows) -> float:
    """The log-loss of rows; NaN without probabilities.

    Examples
    --------
    >>> from campaignkit.evaluation.judged_rows import judge_rows
    >>> round(mean_loss(judge_rows(["avg"], [[0.5, 0.25, 0.25]])), 3)
    0.693
    """
    if rows.probabilities is None:
        return float("nan")
    return float(row_losses(rows.truth, rows.probabilities).mean())


def resample_probability_scores(
    truth: Counts, probabilities: Floats, num_resamples: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Mean losses and calibration errors of rows drawn with replacement; one entry a resample."""
    losses = row_losses(truth, probabilities)
    bins, gaps = confidence_bins(truth, probabilities)
    mean_losses, errors = [], []
    for rows in resample_rows(len(truth), num_resamples, rng):
        mean_losses.append(losses[rows].mean(axis=1))
        slots = bins[rows] + np.arange(len(rows))[:, np.newaxis] * NUM_BINS
        sums = np.bincount(slots.ravel(), gaps[rows].ravel(), minlength=len(rows) * NUM_BINS)
        errors.append(np.abs(sums.reshape(-1, NUM_BINS)).sum(axis=1) / len(truth))
    return np.concatenate(mean_losses), np.concatenate(errors)
