"""Rows whose cells slipped to the left or right, as after a lost field or a stray delimiter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class ShiftedColumns(Corruption):
    """Whole rows shifted by some columns from one column on; rate is the share of rows.

    Numbers and dates move as well as texts, each as a CSV file would hold it, and the places left
    over are empty. So a column that cannot write what came in as it stands turns into text, and
    the table written as CSV is the file that a lost field (to the left) or a stray delimiter (to
    the right, what falls off the end being lost) would have made.

    Parameters
    ----------
    by : int
        Columns to the right; negative: to the left.
    first : str
        The column where it begins, own or standard name: to the left, the first one that holds
        another's cell; to the right, the first one that is empty. Empty: the second column.
    where : Where
        Where the rows fall.

    Examples
    --------
    >>> from campaignkit.inject import ErrorInjector
    >>> clean = {"day": ["2026-01-01"], "ad": [7], "age": ["30-34"], "clicks": [5]}
    >>> dirty, _ = ErrorInjector([ShiftedColumns()]).inject(clean)
    >>> dirty
    {'day': ['2026-01-01'], 'ad': ['30-34'], 'age': ['5'], 'clicks': [None]}
    """

    by: int = -1
    first: str = ""
    where: Where = AT_RANDOM
    kind: str = "shifted_columns"
    stage = 1
    implies = ("categorical_errors", "missing_values", "type_changes")

    def check(self, bench: Workbench) -> None:
        """Need as many columns as the cells move, and one more."""
        if self.by == 0:
            raise TableError(f"{self.kind} by 0 columns changes nothing", hint="-1 is to the left")
        num = len(self._columns(bench))
        if num <= abs(self.by):
            raise TableError(
                f"{self.kind} by {self.by} needs {abs(self.by) + 1} columns from "
                f"{self.first or 'the second one'!r} on; the table has {num}"
            )

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Move the cells."""
        rows = np.arange(bench.num_rows)
        chosen = self.choose(bench, rows, how_many(rate, len(rows)), rng)
        columns = self._columns(bench)
        texts = [bench.texts(column, chosen) for column in columns]
        for at, column in enumerate(columns):
            came = at - self.by
            inside = 0 <= came < len(columns)
            bench.write(self.kind, column, chosen, texts[came] if inside else None)

    def _columns(self, bench: Workbench) -> list[str]:
        names: list[str] = bench.clean.column_names
        start = names.index(bench.own(self.first, user=self.kind)) if self.first else 1
        return names[start:]
