"""Numbers that arrive as words: ``12 pcs``, ``N/A``, ``1.2k``; the column turns into text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.where import AT_RANDOM, Where

if TYPE_CHECKING:
    from numpy.random import Generator

    from campaignkit.inject.workbench import Workbench

_FORMS = ("{v} pcs", "~{v}", "{v}k", "approx. {v}", "no data", "{v}?")


@dataclass(frozen=True, slots=True)
class TypeChanges(Corruption):
    """Words in a number column; rate is the share of its cells.

    Parameters
    ----------
    columns : tuple of str
        The affected columns; empty: one metric, drawn.
    where : Where
        Where they fall.

    Examples
    --------
    >>> TypeChanges(("clicks",)).kind
    'type_changes'
    """

    columns: tuple[str, ...] = ()
    where: Where = AT_RANDOM
    kind: str = "type_changes"
    stage = 1
    unit = "cell"
    implies = ("categorical_errors",)

    def check(self, bench: Workbench) -> None:
        """Need a metric."""
        for column in self.columns:
            bench.clean_numbers(bench.own(column, user=self.kind))
        if not bench.metrics():
            raise TableError(f"{self.kind} needs a number column, and the table has none")

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Turn cells into words."""
        import numpy as np

        pool = [bench.own(c) for c in self.columns]
        if not pool:
            metrics = bench.metrics()
            pool = [metrics[int(rng.integers(len(metrics)))]]
        for column in pool:
            rows = np.flatnonzero(~np.isnan(bench.clean_numbers(column)))
            chosen = self.choose(bench, rows, how_many(rate, len(rows)), rng)
            form = rng.integers(0, len(_FORMS), len(chosen))
            texts = bench.texts(column, chosen).to_pylist()
            words = [_FORMS[f].format(v=v) for f, v in zip(form, texts, strict=True)]
            bench.write(self.kind, column, chosen, words)
