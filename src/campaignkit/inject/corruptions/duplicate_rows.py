"""Rows that arrive twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from campaignkit.inject.corruptions.corruption import how_many
from campaignkit.inject.where import AtRandom, Where

if TYPE_CHECKING:
    from numpy.random import Generator

    from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class DuplicateRows:
    """Copies of rows at other places of the table; rate is copies per clean row.

    Examples
    --------
    >>> DuplicateRows().kind
    'duplicate_rows'
    """

    where: Where = field(default_factory=AtRandom)
    kind: str = "duplicate_rows"
    stage: int = 2

    def check(self, bench: Workbench) -> None:
        """Any table will do."""

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Choose the rows to be copied."""
        import numpy as np

        rows = np.arange(bench.num_rows)
        bench.copies = np.sort(self.where.choose(bench, rows, how_many(rate, len(rows)), rng))
