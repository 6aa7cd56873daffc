"""Amounts in another country's way of writing: ``1.234,50`` among ``1234.5``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.tables import Role

if TYPE_CHECKING:
    from numpy.random import Generator

    from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class DecimalMix(Corruption):
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
    >>> dirty, _ = ErrorInjector([DecimalMix()], rate=1.0).inject({"spend": [1234.5, 0.125]})
    >>> dirty
    {'spend': ['1.234,50', '0,125']}
    """

    columns: tuple[str, ...] = ()
    where: Where = AT_RANDOM
    kind: str = "decimal_mix"
    stage = 1
    unit = "cell"
    implies = ("categorical_errors", "type_changes")

    def check(self, bench: Workbench) -> None:
        """Need a column of money, or the columns named."""
        for column in self._pool(bench):
            bench.clean_numbers(column)
        if not self._pool(bench):
            raise TableError(
                f"{self.kind} needs a column of money, and the table has none",
                hint="name the columns: DecimalMix(columns=(...,))",
            )

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Write cells with a comma."""
        import numpy as np

        for column in self._pool(bench):
            rows = bench.filled(column)
            chosen = self.choose(bench, rows, how_many(rate, len(rows)), rng)
            chosen = chosen[np.isfinite(bench.numbers(column)[chosen])]
            texts = bench.texts(column, chosen).to_pylist()
            bench.write(self.kind, column, chosen, [_with_comma(text) for text in texts])

    def _pool(self, bench: Workbench) -> list[str]:
        return [bench.own(c, user=self.kind) for c in self.columns] or bench.keys(Role.MONEY)


def _with_comma(text: str) -> str:
    whole, _, part = f"{Decimal(text):,f}".partition(".")
    return f"{whole.replace(',', '.')},{part.ljust(2, '0')}"
