"""Rows whose cells slipped one column to the right, as after a stray delimiter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import how_many
from campaignkit.inject.where import AtRandom, Where

if TYPE_CHECKING:
    from numpy.random import Generator

    from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class ShiftedColumns:
    """Text cells moved to the next text column, the last one's to the first; rate is of rows.

    Examples
    --------
    >>> ShiftedColumns().kind
    'shifted_columns'
    """

    where: Where = field(default_factory=AtRandom)
    kind: str = "shifted_columns"
    stage: int = 1

    def check(self, bench: Workbench) -> None:
        """Need two text columns that are no keys."""
        if len(bench.dimensions()) < 2:
            raise TableError(
                f"{self.kind} needs two text columns that are no keys; "
                f"the table has {len(bench.dimensions())}"
            )

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Move the cells."""
        import numpy as np

        columns = bench.dimensions()
        rows = np.arange(bench.num_rows)
        chosen = np.sort(self.where.choose(bench, rows, how_many(rate, len(rows)), rng))
        before = [bench.current_codes(c) for c in columns]
        moved = [(codes[chosen].copy(), list(words)) for codes, words in before]
        for number, column in enumerate(columns):
            codes, words = moved[number - 1]
            empty = codes < 0
            if empty.any():
                bench.write_nulls(self.kind, column, chosen[empty])
            if not empty.all():
                texts = [str(w) for w in words]
                bench.write_words(self.kind, column, chosen[~empty], texts, codes[~empty])
