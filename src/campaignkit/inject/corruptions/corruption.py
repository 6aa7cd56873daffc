"""What a kind of fault has: a name, a unit, and cells written at about the requested rate."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.random import Generator

from campaignkit.errors import TableError
from campaignkit.inject.cells import Mask, Rows
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench

Unit = Literal["cell", "row", "column"]


class Corruption:
    """One kind of fault; a frozen value, run under `campaignkit.testing.check_corruption`.

    Inherit from it: only `kind` and `spoil` are owed, all else has a default. Rows are chosen by
    the clean columns of the workbench and by `rng` alone, so that a kind corrupts the same rows
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

    kind: str
    stage: int = 0
    unit: Unit = "row"
    implies: tuple[str, ...] = ()
    where: Where = AT_RANDOM

    def check(self, bench: Workbench) -> None:
        """Raise `TableError` if the table lacks what this kind needs."""

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Write the fault to the workbench; `rate` in (0, 1]."""
        raise NotImplementedError

    def says(self) -> str:
        """Where the rows fall, in words."""
        return self.where.says()

    def choose(self, bench: Workbench, rows: Rows, num: int, rng: Generator) -> Rows:
        """About `num` of the rows, ascending, where this kind is told to fall."""
        return np.sort(self.where.choose(bench, rows, min(num, len(rows)), rng))


class CellFault(Corruption):
    """A kind that writes over cells, column by column; it has `kind`, `fitting` and `written`.

    Attributes
    ----------
    columns : tuple of str
        The affected columns, own or standard names; empty: those that fit, or some of them.
    needs : str
        What fits, in words.
    num_columns : int or None
        How many of the columns that fit are drawn where none is named; None: all are taken.
    same_rows : bool
        Whether the same rows are affected in all columns.

    Examples
    --------
    >>> from campaignkit.inject import TypeChanges
    >>> TypeChanges().needs
    'a number column'
    """

    stage = 1
    unit = "cell"
    columns: tuple[str, ...] = ()
    needs: str = "a column that fits"
    num_columns: int | None = None
    same_rows: bool = False

    def fitting(self, bench: Workbench) -> list[str]:
        """Own names of the columns that can be affected."""
        raise NotImplementedError

    def able(self, bench: Workbench, column: str) -> Rows:
        """The rows of a column that can be affected."""
        return bench.filled(column)

    def written(self, bench: Workbench, column: str, rows: Rows, rng: Generator) -> Any:
        """The cells to be written to these rows, as :meth:`Workbench.write` takes them."""
        raise NotImplementedError

    def check(self, bench: Workbench) -> None:
        """Need the columns named, or one that fits."""
        named = [bench.own(column, user=self.kind) for column in self.columns]
        if not sum(len(self.able(bench, c)) for c in named or self.fitting(bench)):
            raise TableError(
                f"{self.kind} needs {self.needs}, and the table has none",
                hint=f"name the columns: {type(self).__name__}(columns=(...,))",
            )

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Write over a share of the cells of each column."""
        chosen = None
        for column in [bench.own(c) for c in self.columns] or self.drawn(bench, rng):
            if chosen is None or not self.same_rows:
                rows = self.able(bench, column)
                chosen = self.choose(bench, rows, how_many(rate, len(rows)), rng)
            bench.write(self.kind, column, chosen, self.written(bench, column, chosen, rng))

    def drawn(self, bench: Workbench, rng: Generator) -> list[str]:
        """The columns affected where none is named."""
        whole = self.fitting(bench)
        if self.num_columns is None:
            return whole
        size = min(self.num_columns, len(whole))
        return [whole[i] for i in np.sort(rng.choice(len(whole), size, replace=False))]


def how_many(rate: float, of: int) -> int:
    """The number of things a rate asks for: at least one where there is any.

    Examples
    --------
    >>> how_many(0.05, 200), how_many(0.05, 3), how_many(0.05, 0)
    (10, 1, 0)
    """
    return min(max(round(rate * of), 1), of)


def one_of(able: Mask, rng: Generator) -> Rows:
    """For each row one of the things that can happen to it: the able one with the largest draw.

    Parameters
    ----------
    able : bool[things, rows]

    Examples
    --------
    >>> one_of(np.array([[True, False], [False, True]]), np.random.default_rng(0)).tolist()
    [0, 1]
    """
    which: Rows = np.argmax(np.where(able, rng.random(able.shape), -1.0), axis=0)
    return which
