"""Cells that go empty in a few columns."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from campaignkit.inject.cells import Rows
from campaignkit.inject.corruptions.corruption import CellFault
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class MissingValues(CellFault):
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
    needs = "a metric or a dimension"
    num_columns = 5

    def fitting(self, bench: Workbench) -> list[str]:
        """Metrics and dimensions."""
        return [*bench.metrics(), *bench.dimensions()]

    def written(self, bench: Workbench, column: str, rows: Rows, rng: Generator) -> None:
        """Nulls."""
