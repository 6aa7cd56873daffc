"""The published sweep: tables with one kind of fault, then two, up to all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from campaignkit.inject.corruptions import LOGICAL, STRUCTURAL
from campaignkit.inject.injector import ErrorInjector
from campaignkit.inject.truth import GroundTruth

# Structural kinds first, then the logical ones, as the published ground truth is laid out.
STACK_KINDS: tuple[str, ...] = (*STRUCTURAL, *LOGICAL)


@dataclass(frozen=True, eq=False)
class StackedTable:
    """One table of a sweep.

    Examples
    --------
    >>> StackedTable("T01", None, None).name
    'T01'
    """

    name: str
    dirty: Any  # a frame of the kind given
    truth: GroundTruth | None


def stack(
    table: Any | Callable[[int], Any],
    *,
    rate: float = 0.05,
    seed: int = 0,
    kinds: Sequence[str] = STACK_KINDS,
) -> list[StackedTable]:
    """One dirty table per number of kinds: the first has one, the last all of them.

    Parameters
    ----------
    table : frame, path, or function of int
        The clean table; a function gives table i (from 0) its own clean table.
    rate : float
        Of every kind; the published sweep ran from 0.05 to 0.40.
    seed : int
        Table i is corrupted with ``seed + i``.
    kinds : sequence of str
        In order of stacking; the default eleven are the published ones.

    Examples
    --------
    >>> from campaignkit.tables import synthetic_table
    >>> [len(t.truth.kinds) for t in stack(synthetic_table(500), kinds=["outliers"])]
    [1]
    """
    out = []
    for i in range(len(kinds)):
        clean = table(i) if callable(table) else table
        injector = ErrorInjector(list(kinds[: i + 1]), rate=rate, seed=seed + i)
        dirty, truth = injector.inject(clean)
        out.append(StackedTable(f"T{i + 1:02d}", dirty, truth))
    return out
