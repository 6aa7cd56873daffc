"""Amounts far beyond what the row can hold: 200,000 clicks for 500."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import Corruption, how_many, one_of
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Outliers(Corruption):
    """One metric of a row multiplied; rate is the share of rows.

    Parameters
    ----------
    columns : tuple of str
        Metrics to corrupt; empty: any.
    factors : (float, float)
        Range of the factor, log-uniform. The default surrounds 200,000 clicks for 500.
    where : Where
        Where the rows fall.

    Examples
    --------
    >>> Outliers(("clicks",)).factors
    (200.0, 800.0)
    """

    columns: tuple[str, ...] = ()
    factors: tuple[float, float] = (200.0, 800.0)
    where: Where = AT_RANDOM
    kind: str = "outliers"

    def check(self, bench: Workbench) -> None:
        """Need a metric."""
        for column in self.columns:
            bench.clean_numbers(bench.own(column, user=self.kind))
        if not bench.metrics():
            raise TableError(f"{self.kind} needs a number column, and the table has none")

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Multiply one metric of each chosen row."""
        pool = [bench.own(c) for c in self.columns] or bench.metrics()
        able = np.stack([np.nan_to_num(bench.clean_numbers(c)) > 0 for c in pool])
        rows = np.flatnonzero(able.any(axis=0))
        chosen = self.choose(bench, rows, how_many(rate, bench.num_rows), rng)
        which = one_of(able[:, chosen], rng)
        low, high = self.factors
        factor = np.exp(rng.uniform(np.log(low), np.log(high), len(chosen)))
        for number, column in enumerate(pool):
            part = which == number
            if part.any():
                values = bench.numbers(column)[chosen[part]] * factor[part]
                bench.write_numbers(self.kind, column, chosen[part], values)
