"""Bootstrap intervals: how far a score would move with other rows of the same kind."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from campaignkit.metrics import NUM_BINS, Counts, Floats, confidence_bins, row_losses

Interval = tuple[float, float]

_CHUNK = 4_000_000  # row numbers held at a time
_DRAWS = 50_000_000  # rows drawn in all, for scores that need single rows
_FEWEST = 200  # resamples, however many rows there are


def resample_counts(counts: Counts, num_resamples: int, rng: np.random.Generator) -> Counts:
    """int64[resamples, ...]: the counts of as many rows drawn with replacement.

    Rows that fall into one cell are alike to a score of counts, so a draw of rows is a multinomial
    draw of cells: exact, and as fast for a million rows as for ten.

    Examples
    --------
    >>> rng = np.random.Generator(np.random.PCG64(0))
    >>> resample_counts(np.array([[3, 1], [0, 6]]), 4, rng).sum(axis=(1, 2)).tolist()
    [10, 10, 10, 10]
    """
    num = int(counts.sum())
    drawn = rng.multinomial(num, counts.ravel() / max(num, 1), size=num_resamples)
    return drawn.reshape(num_resamples, *counts.shape).astype(np.int64)


def resample_rows(
    num_rows: int, num_resamples: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Row numbers int64[some, rows] drawn with replacement, in portions.

    Above 50,000 rows there are fewer resamples, 200 at least: their spread is small by then.

    Examples
    --------
    >>> rng = np.random.Generator(np.random.PCG64(0))
    >>> sum(len(part) for part in resample_rows(10, 25, rng))
    25
    """
    wanted = min(num_resamples, max(_FEWEST, _DRAWS // max(num_rows, 1)))
    step = max(1, _CHUNK // max(num_rows, 1))
    for start in range(0, wanted, step):
        yield rng.integers(num_rows, size=(min(step, wanted - start), num_rows))


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


def interval_of(samples: Floats, level: float) -> Interval | None:
    """The middle share `level` of some resampled scores; None if none is a number.

    Examples
    --------
    >>> interval_of(np.arange(9.0), 0.5)
    (2.0, 6.0)
    """
    known = samples[np.isfinite(samples)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
