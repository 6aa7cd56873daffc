"""Cells that go empty in a few columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.where import AT_RANDOM, Where

if TYPE_CHECKING:
    from numpy.random import Generator

    from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class MissingValues(Corruption):
    """Nulls; rate is the share of cells per affected column.

    Parameters
    ----------
    columns : tuple of str
        The affected columns; empty: five drawn from the metrics and dimensions.
    where : Where
        Where they fall; each column draws its own rows.
    same_rows : bool
        All affected columns lose the same rows, as a failed join does.

    Examples
    --------
    >>> MissingValues(("spend",)).kind
    'missing_values'
    """

    columns: tuple[str, ...] = ()
    where: Where = AT_RANDOM
    same_rows: bool = False
    kind: str = "missing_values"
    stage = 1
    unit = "cell"

    def check(self, bench: Workbench) -> None:
        """Need a column that is no key."""
        for column in self.columns:
            bench.own(column, user=self.kind)
        if not self.columns and not bench.metrics() and not bench.dimensions():
            raise TableError(
                "missing_values needs a metric or a dimension, and the table has neither",
                hint="name the columns: MissingValues(columns=(...,))",
            )

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Empty cells."""
        import numpy as np

        pool = [bench.own(c) for c in self.columns]
        if not pool:
            whole = [*bench.metrics(), *bench.dimensions()]
            picked = rng.choice(len(whole), size=min(5, len(whole)), replace=False)
            pool = [whole[i] for i in np.sort(picked)]
        shared = None
        for column in pool:
            rows = bench.filled(column)
            num = how_many(rate, len(rows))
            if self.same_rows and shared is None:
                shared = self.where.choose(bench, rows, num, rng)
            chosen = shared if shared is not None else self.where.choose(bench, rows, num, rng)
            bench.write(self.kind, column, chosen)
