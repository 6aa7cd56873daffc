"""Numbers that arrive as words: ``12 pcs``, ``N/A``, ``1.2k``; the column turns into text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from campaignkit.inject.cells import Rows
from campaignkit.inject.corruptions.corruption import CellFault
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench

_FORMS = ("{v} pcs", "~{v}", "{v}k", "approx. {v}", "no data", "{v}?")


@dataclass(frozen=True, slots=True)
class TypeChanges(CellFault):
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
    implies = ("categorical_errors",)
    needs = "a number column"

    def fitting(self, bench: Workbench) -> list[str]:
        """Metrics."""
        return bench.metrics()

    def drawn(self, bench: Workbench, rng: Generator) -> list[str]:
        """One of them."""
        metrics = bench.metrics()
        return [metrics[int(rng.integers(len(metrics)))]]

    def able(self, bench: Workbench, column: str) -> Rows:
        """Where there are numbers."""
        return np.flatnonzero(np.isfinite(bench.clean_numbers(column)))

    def written(self, bench: Workbench, column: str, rows: Rows, rng: Generator) -> list[str]:
        """Words around the numbers."""
        forms = rng.integers(0, len(_FORMS), len(rows))
        texts = bench.texts(column, rows).to_pylist()
        return [_FORMS[form].format(v=text) for form, text in zip(forms, texts, strict=True)]
