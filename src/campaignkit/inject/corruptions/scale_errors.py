"""A metric in another unit for part of the table: cents for euros, or half as much again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from campaignkit.errors import TableError
from campaignkit.inject.cells import Floats, Rows
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class ScaleErrors(Corruption):
    """One metric multiplied by one factor; rate is the share of rows.

    Parameters
    ----------
    column : str
        The metric.
    factor : float
        100 is cents for euros; 1.5 stays plausible.
    where : Where
        Where the rows fall; `ByValue` makes it one platform's mistake, `FromDay` a unit that
        changed (kind `unit_change`).

    Examples
    --------
    >>> ScaleErrors(factor=1.5).kind
    'scale_errors'
    """

    column: str = "spend"
    factor: float = 100.0
    where: Where = AT_RANDOM
    kind: str = "scale_errors"
    implies = ("scale_drift", "scale_errors", "unit_change")

    def check(self, bench: Workbench) -> None:
        """Need the metric and a factor that changes it."""
        if not 0 < self.factor < float("inf") or self.factor == 1:
            raise TableError(
                f"{self.kind} has factor {self.factor}; expected a positive one other than 1"
            )
        bench.clean_numbers(bench.own(self.column, user=self.kind))

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Multiply the metric."""
        rows = np.flatnonzero(np.nan_to_num(bench.clean_numbers(self.column)) > 0)
        chosen = self.choose(bench, rows, how_many(rate, bench.num_rows), rng)
        amounts = bench.numbers(self.column)[chosen] * self.factor
        held = np.isfinite(amounts)
        self.written(bench, chosen[held], amounts[held])

    def written(self, bench: Workbench, rows: Rows, amounts: Floats) -> None:
        """The amounts in the other unit."""
        bench.write_numbers(self.kind, self.column, rows, amounts)
