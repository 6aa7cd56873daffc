"""What a language model said of each row, as labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import ClassifierError, Fault

_SHOWN = 10

Said = tuple[str | None, list[float] | None, str]  # label, probabilities, what is wrong


@dataclass(frozen=True, eq=False)
class ModelAnswers:
    """One answer a row.

    Attributes
    ----------
    labels : tuple of str or None
        None where the answer was no label.
    probabilities : float64[rows, labels] or None
        None where the service gave none; a row of NaN where it gave none for a row.
    failures : dict of int to str
        Rows without a label, and what came instead.

    Examples
    --------
    >>> ModelAnswers(("pos", None), failures={1: "said 'maybe'"}).num_failed
    1
    """

    labels: tuple[str | None, ...]
    probabilities: NDArray[np.float64] | None = None
    failures: dict[int, str] = field(default_factory=dict)

    @classmethod
    def gather(cls, said: Sequence[Said], num_labels: int) -> ModelAnswers:
        """The answers of rows that were read one by one."""
        shares = None
        if any(given is not None for _, given, _ in said):
            unknown = [math.nan] * num_labels
            shares = np.array([given or unknown for _, given, _ in said], np.float64)
        failures = {row: why for row, (label, _, why) in enumerate(said) if label is None}
        return cls(tuple(label for label, _, _ in said), shares, failures)

    @property
    def num_failed(self) -> int:
        """Rows without a label."""
        return len(self.failures)

    def complete_labels(self) -> NDArray[np.str_]:
        """str[rows], where every row has one.

        Raises
        ------
        ClassifierError
            With the rows that have none.
        """
        if self.failures:
            rows = sorted(self.failures)
            raise ClassifierError(
                f"{len(rows):,} of {len(self.labels):,} rows got no label",
                hint="ask these again, or take the answers as they are: ask(...)",
                faults=[Fault(f"row {row}", self.failures[row]) for row in rows[:_SHOWN]],
            )
        return np.array(self.labels, dtype=np.str_)

    def complete_probabilities(self) -> NDArray[np.float64]:
        """float64[rows, labels], where every row has them.

        Raises
        ------
        ClassifierError
            If rows failed, or the service gave no probabilities.
        """
        self.complete_labels()
        if self.probabilities is None or not np.isfinite(self.probabilities).all():
            raise ClassifierError(
                "the service gave no log-probabilities for some answers",
                hint="use predict, or a model that supports response_logprobs",
            )
        return self.probabilities
