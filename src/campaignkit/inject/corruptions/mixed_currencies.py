"""Amounts of another currency among those of the account's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class MixedCurrencies(Corruption):
    """One column's amounts converted in some rows; rate is the share of rows.

    Parameters
    ----------
    column : str
        The amounts.
    currency : str
        ISO code of the other currency.
    exchange : float
        Units of it for one of the table's own.
    mark : bool
        Whether the rows say so: in the table's currency column where there is one, else in the
        cells (``JPY 1250.00``), which turn into text. Otherwise only the amounts change.
    where : Where
        Where the rows fall; `ByValue` makes it one country's.

    Examples
    --------
    >>> from campaignkit.inject import ErrorInjector
    >>> dirty, _ = ErrorInjector([MixedCurrencies()], rate=1.0).inject({"spend": [1.5]})
    >>> dirty
    {'spend': ['JPY 240.00']}
    """

    column: str = "spend"
    currency: str = "JPY"
    exchange: float = 160.0
    mark: bool = True
    where: Where = AT_RANDOM
    kind: str = "mixed_currencies"
    stage = 1
    implies = (
        "categorical_errors",
        "inconsistent_units",
        "outliers",
        "scale_errors",
        "type_changes",
    )

    def check(self, bench: Workbench) -> None:
        """Need the amounts and a rate of exchange that changes them."""
        if not 0 < self.exchange < float("inf") or self.exchange == 1:
            raise TableError(
                f"{self.kind} has exchange {self.exchange}; expected a positive one other than 1"
            )
        bench.clean_numbers(bench.own(self.column, user=self.kind))

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Convert amounts."""
        rows = np.flatnonzero(np.nan_to_num(bench.clean_numbers(self.column)) > 0)
        chosen = self.choose(bench, rows, how_many(rate, bench.num_rows), rng)
        chosen = chosen[np.isfinite(bench.numbers(self.column)[chosen])]
        amounts = np.round(bench.numbers(self.column)[chosen] * self.exchange, 2)
        if self.mark and not bench.has("currency"):
            words = [f"{self.currency} {amount:.2f}" for amount in amounts]
            bench.write(self.kind, self.column, chosen, words)
            return
        bench.write_numbers(self.kind, self.column, chosen, amounts)
        if self.mark:
            bench.write(self.kind, "currency", chosen, [self.currency] * len(chosen))
