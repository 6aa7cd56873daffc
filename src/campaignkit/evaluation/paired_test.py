"""Is one model better than another on the same rows, or is it luck?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from campaignkit.evaluation.resampling import (
    Interval,
    interval_of,
    resample_counts,
    resample_rows,
)
from campaignkit.evaluation.rows import JudgedRows, judge_rows, names_of
from campaignkit.evaluation.scores import check_resampling
from campaignkit.metrics import Counts, Floats, accuracy_of, macro_f1_of, row_losses
from campaignkit.seeds import stream


@dataclass(frozen=True)
class PairedTest:
    """The first model's scores minus the second's, on the same rows.

    Attributes
    ----------
    num_rows : int
    first_macro_f1, second_macro_f1 : float
    difference : float
        Of macro F1, first minus second.
    interval : (float, float)
        Of the difference, by a paired bootstrap over rows.
    p_value : float
        Of a difference in macro F1 at least so large, where it makes no matter which model gave
        which answer: approximate randomisation, two-sided, never 0.
    accuracy_difference : float
    num_only_first, num_only_second : int
        Rows that only one model predicted correctly.
    mcnemar_p : float
        Exact two-sided McNemar test of these two numbers.
    log_loss_difference : float or None
        First minus second, so below 0 where the first is better; None without probabilities.
    log_loss_interval : (float, float) or None
    level : float
        Of the intervals.

    Examples
    --------
    >>> truth = ["neg", "avg", "pos"] * 40
    >>> found = compare_predictions(truth, truth, ["avg"] * 120)
    >>> found.num_only_first, found.is_significant
    (80, True)
    """

    num_rows: int
    first_macro_f1: float
    second_macro_f1: float
    difference: float
    interval: Interval
    p_value: float
    accuracy_difference: float
    num_only_first: int
    num_only_second: int
    mcnemar_p: float
    log_loss_difference: float | None = None
    log_loss_interval: Interval | None = None
    level: float = 0.95

    @property
    def is_significant(self) -> bool:
        """Whether the difference in macro F1 is beyond luck at this level."""
        return self.p_value < 1 - self.level

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"macro F1 {self.first_macro_f1:.4f} against {self.second_macro_f1:.4f}: difference "
            f"{self.difference:+.4f} [{low:+.4f}, {high:+.4f}], p {self.p_value:.4g}; "
            f"{self.num_only_first:,} rows right by the first alone, {self.num_only_second:,} by "
            f"the second alone, McNemar p {self.mcnemar_p:.4g}"
        )


def compare_predictions(
    y_true: Any,
    first: Any,
    second: Any,
    *,
    labels: Sequence[Any] | None = None,
    level: float = 0.95,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> PairedTest:
    """Test whether two models' predictions of the same rows differ by more than luck.

    Parameters
    ----------
    y_true : sequence
        True labels.
    first, second : sequence or float[rows, labels]
        Predicted labels, or probabilities; in the order of `y_true`.
    labels : sequence, optional
        All labels; those that are there by default.
    level : float
        Of the intervals, between 0 and 1.
    num_resamples : int
        Of the bootstrap and of the randomisation, each.
    seed : int

    Raises
    ------
    EvaluationError
        If predictions cannot be scored, or lengths differ.

    Notes
    -----
    Rows with the same truth and the same two answers are alike to both tests, so rows are drawn
    and answers exchanged as counts: exact, whatever the number of rows.

    References
    ----------
    Noreen 1989, Computer-intensive methods for testing hypotheses; McNemar 1947.

    Examples
    --------
    >>> truth = ["neg", "avg", "pos"] * 20
    >>> found = compare_predictions(truth, truth, truth)
    >>> found.difference, found.p_value, found.mcnemar_p
    (0.0, 1.0, 1.0)
    """
    names = names_of(y_true, first, second, labels=labels)
    one, two = (judge_rows(y_true, told, names=names) for told in (first, second))
    return paired_test(one, two, level=level, num_resamples=num_resamples, seed=seed)


def paired_test(
    one: JudgedRows,
    two: JudgedRows,
    *,
    level: float = 0.95,
    num_resamples: int = 10_000,
    seed: int = 0,
    with_losses: bool = True,
) -> PairedTest:
    """The same of rows that are checked already, whose labels are numbered alike.

    Examples
    --------
    >>> rows = judge_rows(["neg", "pos"], ["neg", "pos"])
    >>> paired_test(rows, rows).difference
    0.0
    """
    check_resampling(level, num_resamples)
    num = len(one.labels)
    joint = np.bincount((one.truth * num + one.predicted) * num + two.predicted, minlength=num**3)
    cells = joint.reshape(num, num, num).astype(np.int64)  # truth, first, second
    drawn = resample_counts(cells, num_resamples, stream(seed, "compare", "rows"))
    interval = interval_of(_difference(drawn), level)
    assert interval is not None
    swapped = _exchange(cells, num_resamples, stream(seed, "compare", "exchange"))
    difference = float(_difference(cells))
    # What is equal but for rounding counts as at least so large.
    as_large = int((np.abs(_difference(swapped)) >= abs(difference) - 1e-12).sum())
    right = one.truth == one.predicted, two.truth == two.predicted
    only_first, only_second = (int((a & ~b).sum()) for a, b in (right, right[::-1]))
    loss = loss_interval = None
    if with_losses:
        loss, loss_interval = _loss_difference(one, two, level, num_resamples, seed)
    return PairedTest(
        num_rows=len(one),
        first_macro_f1=float(macro_f1_of(cells.sum(axis=2))),
        second_macro_f1=float(macro_f1_of(cells.sum(axis=1))),
        difference=difference,
        interval=interval,
        p_value=(as_large + 1) / (num_resamples + 1),
        accuracy_difference=float(accuracy_of(cells.sum(axis=2)) - accuracy_of(cells.sum(axis=1))),
        num_only_first=only_first,
        num_only_second=only_second,
        mcnemar_p=_mcnemar(only_first, only_second),
        log_loss_difference=loss,
        log_loss_interval=loss_interval,
        level=level,
    )


def _difference(cells: Counts) -> Floats:
    """float64[...], macro F1 of the first minus the second, of counts [..., truth, one, two]."""
    return np.asarray(macro_f1_of(cells.sum(axis=-1)) - macro_f1_of(cells.sum(axis=-2)))


def _exchange(cells: Counts, num_resamples: int, rng: np.random.Generator) -> Counts:
    """The counts after each row's two answers have changed places with a chance of one half."""
    moved = rng.binomial(cells, 0.5, size=(num_resamples, *cells.shape))
    return np.asarray(cells - moved + moved.swapaxes(-1, -2), np.int64)


def _mcnemar(only_first: int, only_second: int) -> float:
    from scipy.stats import binomtest

    apart = only_first + only_second
    return float(binomtest(only_first, apart).pvalue) if apart else 1.0


def _loss_difference(
    one: JudgedRows, two: JudgedRows, level: float, num_resamples: int, seed: int
) -> tuple[float | None, Interval | None]:
    if one.probabilities is None or two.probabilities is None:
        return None, None
    gaps = row_losses(one.truth, one.probabilities) - row_losses(two.truth, two.probabilities)
    rng = stream(seed, "compare", "losses")
    means = [gaps[rows].mean(axis=1) for rows in resample_rows(len(gaps), num_resamples, rng)]
    return float(gaps.mean()), interval_of(np.concatenate(means), level)
