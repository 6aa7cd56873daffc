"""Amounts in another country's way of writing: ``1.234,50`` among ``1234.5``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.random import Generator

from campaignkit.inject.cells import Rows
from campaignkit.inject.corruptions.corruption import CellFault
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench
from campaignkit.tables import Role


@dataclass(frozen=True, slots=True)
class MixedDecimals(CellFault):
    """Cells with a decimal comma and dots for thousands; rate is the share of a column's cells.

    Each has two decimals at least, so that none of them can be read the other way. The column
    turns into text.

    Parameters
    ----------
    columns : tuple of str
        The affected columns, own or standard names; empty: those of money.
    where : Where
        Where the cells fall.

    Examples
    --------
    >>> from campaignkit.inject import ErrorInjector
    >>> dirty, _ = ErrorInjector([MixedDecimals()], rate=1.0).inject({"spend": [1234.5, 0.125]})
    >>> dirty
    {'spend': ['1.234,50', '0,125']}
    """

    columns: tuple[str, ...] = ()
    where: Where = AT_RANDOM
    kind: str = "mixed_decimals"
    implies = ("categorical_errors", "type_changes")
    needs = "a column of money"

    def fitting(self, bench: Workbench) -> list[str]:
        """Money."""
        return bench.keys(Role.MONEY)

    def able(self, bench: Workbench, column: str) -> Rows:
        """Where there are numbers."""
        return np.flatnonzero(np.isfinite(bench.clean_numbers(column)))

    def written(self, bench: Workbench, column: str, rows: Rows, rng: Generator) -> list[str]:
        """The numbers with a comma."""
        return [_with_comma(text) for text in bench.texts(column, rows).to_pylist()]


def _with_comma(text: str) -> str:
    whole, _, part = f"{Decimal(text):,f}".partition(".")
    return f"{whole.replace(',', '.')},{part.ljust(2, '0')}"
