"""What a kind of fault owes: a name, a unit, and cells written at about the rate asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from campaignkit.inject.where import AT_RANDOM, Where

if TYPE_CHECKING:
    from numpy import int64
    from numpy.random import Generator
    from numpy.typing import NDArray

    from campaignkit.inject.workbench import Workbench

Unit = Literal["cell", "row", "column"]


class Corruption(Protocol):
    """One kind of fault; a frozen value, run under `campaignkit.testing.check_corruption`.

    Inherit from it: only `kind` and `spoil` are owed, all else has a default. Rows are chosen by
    the clean columns of the workbench and by `rng` alone, so that a kind spoils the same rows
    whether other kinds are injected or not.

    Attributes
    ----------
    kind : str
        Name of the fault.
    stage : int
        Order of application: 0 metrics (the default), 1 cells, 2 rows, 3 columns.
    unit : {"row", "cell", "column"}
        What the rate is a share of: all rows (the default), the cells of each column written to,
        or all columns.
    implies : tuple of str
        Other findings that the same rows amount to; an audit that reports them is neither right
        nor wrong. Broken laws and outliers are seen in the numbers and need no mention.
    where : Where
        Where the rows fall.

    Examples
    --------
    >>> from campaignkit.inject import ALL_CORRUPTIONS
    >>> ALL_CORRUPTIONS["type_changes"].unit, ALL_CORRUPTIONS["type_changes"].implies
    ('cell', ('categorical_errors',))
    """

    @property
    def kind(self) -> str:
        """Name of the fault."""

    @property
    def stage(self) -> int:
        """Order of application."""
        return 0

    @property
    def unit(self) -> Unit:
        """What the rate is a share of."""
        return "row"

    @property
    def implies(self) -> tuple[str, ...]:
        """Other findings that the same rows amount to."""
        return ()

    @property
    def where(self) -> Where:
        """Where the rows fall."""
        return AT_RANDOM

    def check(self, bench: Workbench) -> None:
        """Raise `TableError` if the table lacks what this kind needs."""
        assert bench.num_rows  # a table without rows does not come here

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Write the fault to the workbench; `rate` in (0, 1]."""

    def says(self) -> str:
        """Where the rows fall, in words."""
        return self.where.says()

    def choose(
        self, bench: Workbench, rows: NDArray[int64], num: int, rng: Generator
    ) -> NDArray[int64]:
        """At most `num` of the rows, ascending, where this kind is told to fall."""
        import numpy as np

        return np.sort(self.where.choose(bench, rows, min(num, len(rows)), rng))


def how_many(rate: float, of: int) -> int:
    """The number of things a rate asks for: at least one where there is any.

    Examples
    --------
    >>> how_many(0.05, 200), how_many(0.05, 3), how_many(0.05, 0)
    (10, 1, 0)
    """
    return min(max(round(rate * of), 1), of)
