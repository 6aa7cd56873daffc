"""Rows kept out of training, to choose penalties on and to calibrate with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import TrainingRows
from campaignkit.dataset.split import split_rows
from campaignkit.errors import ClassifierError, DatasetError

MIN_CLASS_ROWS = 10  # of the rarest class; with fewer, what is held out would say nothing


def hold_out(
    rows: TrainingRows, share: float, *, seed: int
) -> tuple[TrainingRows, TrainingRows] | None:
    """Rows to learn from and rows held out: by label, identical node sets on one side.

    Returns
    -------
    (TrainingRows, TrainingRows) or None
        None where the rarest class has too few rows to spare some.

    Raises
    ------
    ClassifierError
        If the share is not between 0 and 0.5.

    Examples
    --------
    >>> from campaignkit.classify.encoding import training_rows
    >>> rows = training_rows([{"geo": "Peru"}] * 3, ["pos", "neg", "avg"])
    >>> hold_out(rows, 0.15, seed=0) is None
    True
    """
    parts = hold_out_rows(rows, share, seed=seed)
    return None if parts is None else (rows.take(parts[0]), rows.take(parts[1]))


def hold_out_rows(
    rows: TrainingRows, share: float, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The positions of both parts; see :func:`hold_out`.

    Examples
    --------
    >>> from campaignkit.classify.encoding import training_rows
    >>> records = [{"geo": f"{i}"} for i in range(60)]
    >>> rows = training_rows(records, ["pos", "neg", "avg"] * 20)
    >>> [len(part) for part in hold_out_rows(rows, 0.15, seed=0)]
    [51, 9]
    """
    is_share = isinstance(share, int | float) and not isinstance(share, bool)
    if not is_share or not 0 < share <= 0.5:
        raise ClassifierError(
            f"held_out is {share!r}; expected a share above 0, up to 0.5", hint="held_out=0.15"
        )
    if rows.class_counts.min() < MIN_CLASS_ROWS:
        return None
    try:
        parts = split_rows(rows.block, test=share, seed=seed)
    except DatasetError:
        return None  # all rows are alike
    return parts if all(_is_whole(rows.take(part)) for part in parts) else None


def _is_whole(rows: TrainingRows) -> bool:
    counts = np.bincount(rows.codes, weights=rows.weights, minlength=len(rows.classes))
    return bool((counts > 0).all())
