"""What a kind of fault owes: a name, a stage, and cells written at about the rate asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy.random import Generator

    from campaignkit.inject.workbench import Workbench


class Corruption(Protocol):
    """One kind of fault; a frozen value, run under `campaignkit.testing.check_corruption`.

    Rows are chosen by the clean columns of the workbench and by `rng` alone, so that a kind spoils
    the same rows whether other kinds are injected or not.

    Examples
    --------
    >>> from campaignkit.inject import ALL_CORRUPTIONS
    >>> all(0 <= kind.stage <= 3 for kind in ALL_CORRUPTIONS.values())
    True
    """

    @property
    def kind(self) -> str:
        """Name of the fault."""

    @property
    def stage(self) -> int:
        """Order of application: 0 metrics, 1 cells, 2 rows, 3 columns."""

    def check(self, bench: Workbench) -> None:
        """Raise `TableError` if the table lacks what this kind needs."""

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Write the fault to the workbench; `rate` in (0, 1]."""


def how_many(rate: float, of: int) -> int:
    """The number of things a rate asks for: at least one where there is any.

    Examples
    --------
    >>> how_many(0.05, 200), how_many(0.05, 3), how_many(0.05, 0)
    (10, 1, 0)
    """
    return min(max(round(rate * of), 1), of)
