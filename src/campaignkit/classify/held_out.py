"""Rows kept out of training, to choose penalties on and to calibrate with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_share
from campaignkit.classify.encoding import TrainingRows
from campaignkit.dataset.split import split_rows
from campaignkit.errors import ClassifierError, DatasetError

MIN_CLASS_ROWS = 10  # of the rarest class; with fewer, what is held out would say nothing


def hold_out(
    rows: TrainingRows, share: float, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Positions of the rows to learn from and of those held out.

    Rows are held out by label; identical node sets stay on one side.

    Returns
    -------
    (int64[k], int64[h]) or None
        None where the share is 0, or the rarest class has too few rows to spare some.

    Raises
    ------
    ClassifierError
        If the share is not between 0 and 0.5.

    Examples
    --------
    >>> from campaignkit.classify.encoding import training_rows
    >>> records = [{"geo": f"{i}"} for i in range(60)]
    >>> rows = training_rows(records, ["pos", "neg", "avg"] * 20)
    >>> [len(part) for part in hold_out(rows, 0.15, seed=0)]
    [51, 9]
    """
    checked_share(share, "held_out", high=0.5, error=ClassifierError)
    if share == 0 or rows.class_counts.min() < MIN_CLASS_ROWS:
        return None
    try:
        parts = split_rows(rows.block, test=share, seed=seed)
    except DatasetError:
        return None  # all rows are alike
    num = len(rows.classes)
    is_whole = all(len(np.unique(rows.codes[part])) == num for part in parts)
    return parts if is_whole else None
