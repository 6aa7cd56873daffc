"""Amounts of another currency among those of the account's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from campaignkit.inject.cells import Floats, Rows
from campaignkit.inject.corruptions.scale_errors import ScaleErrors
from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class MixedCurrencies(ScaleErrors):
    """One column's amounts converted in some rows; rate is the share of rows.

    Parameters
    ----------
    column : str
        The amounts.
    factor : float
        Units of the other currency for one of the table's own.
    where : Where
        Where the rows fall; `ByValue` makes it one country's.
    currency : str
        ISO code of the other currency.
    mark : bool
        Whether the rows show the currency: in the table's currency column where there is one, else
        in the cells (``JPY 1250.00``), which turn into text. Otherwise only the amounts change.

    Examples
    --------
    >>> from campaignkit.inject import ErrorInjector
    >>> dirty, _ = ErrorInjector([MixedCurrencies()], rate=1.0).inject({"spend": [1.5]})
    >>> dirty
    {'spend': ['JPY 240.00']}
    """

    factor: float = 160.0
    currency: str = "JPY"
    mark: bool = True
    kind: str = "mixed_currencies"
    stage = 1
    implies = ("categorical_errors", "inconsistent_units", "type_changes")

    def written(self, bench: Workbench, rows: Rows, amounts: Floats) -> None:
        """Amounts of the other currency."""
        if self.mark and not bench.has("currency"):
            words = [f"{self.currency} {amount:.2f}" for amount in amounts]
            bench.write(self.kind, self.column, rows, words)
            return
        bench.write_numbers(self.kind, self.column, rows, np.round(amounts, 2))
        if self.mark:
            bench.write(self.kind, "currency", rows, [self.currency] * len(rows))
