"""Rows that arrive twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Added, Workbench


@dataclass(frozen=True, slots=True)
class DuplicateRows(Corruption):
    """Copies of rows at other places of the table; rate is copies per clean row.

    Examples
    --------
    >>> DuplicateRows().kind
    'duplicate_rows'
    """

    where: Where = AT_RANDOM
    kind: str = "duplicate_rows"
    stage = 2

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Choose the rows to be copied."""
        rows = np.arange(bench.num_rows)
        chosen = self.choose(bench, rows, how_many(rate, len(rows)), rng)
        bench.added.append(Added(self.kind, len(chosen), chosen))
