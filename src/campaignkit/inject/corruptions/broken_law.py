"""Rows that break a law of :mod:`campaignkit.tables`; a new law needs no code here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.random import Generator

from campaignkit.errors import TableError
from campaignkit.inject.cells import Rows
from campaignkit.inject.corruptions.corruption import Corruption, how_many, one_of
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench
from campaignkit.tables.laws import AtMost, Law, Needs, NonNegative


@dataclass(frozen=True, slots=True)
class BrokenLaw(Corruption):
    """Rows that break one of these laws; rate is the share of rows.

    Parameters
    ----------
    laws : tuple of Law
        Laws of one kind. Of several (no metric is negative) each row breaks one, drawn among those
        whose columns the table has.
    where : Where
        Where the rows fall.
    margin : {"clear", "near"}
        By how much ``a <= b`` is broken: ``near`` by one, ``clear`` by 5% to 100% and at least
        one.

    Examples
    --------
    >>> law = AtMost("clicks", "impressions", kind="clicks_exceed_impressions")
    >>> BrokenLaw((law,), margin="near").kind
    'clicks_exceed_impressions'
    """

    laws: tuple[Law, ...]
    where: Where = AT_RANDOM
    margin: Literal["clear", "near"] = "clear"
    kind: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", self.laws[0].kind)

    def check(self, bench: Workbench) -> None:
        """Need the columns of at least one of the laws."""
        if any(bench.has(*law.columns) for law in self.laws):
            return
        wanted = sorted({c for law in self.laws for c in law.columns})
        absent = [c for c in wanted if not bench.has(c)]
        raise TableError(
            f"{self.kind} needs {', '.join(wanted)}; the table has no {', '.join(absent)}",
            hint=f"its columns are: {', '.join(bench.clean.column_names[:20])}",
        )

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Break the law in a share of the rows."""
        laws = [law for law in self.laws if bench.has(*law.columns)]
        breakable = [_breakable(law, bench) for law in laws]
        rows = np.flatnonzero(np.logical_or.reduce(breakable))
        chosen = self.choose(bench, rows, how_many(rate, bench.num_rows), rng)
        which = one_of(np.stack([mask[chosen] for mask in breakable]), rng)
        for number, law in enumerate(laws):
            part = chosen[which == number]
            if len(part):
                self._break(law, bench, part, rng)

    def _break(self, law: Law, bench: Workbench, rows: Rows, rng: Generator) -> None:
        if isinstance(law, AtMost):
            bound = np.nan_to_num(bench.numbers(law.upper)[rows])
            excess = bound * rng.uniform(0.05, 1.0, len(rows))
            step = 1.0 if self.margin == "near" else np.maximum(np.ceil(excess), 1.0)
            bench.write_numbers(self.kind, law.lower, rows, np.maximum(bound, 0.0) + step)
        elif isinstance(law, Needs):
            had = bench.numbers(law.column)[rows]
            idle = ~(had > 0)
            if idle.any():  # the need has to be there before it can go unmet
                positive = bench.clean_numbers(law.column)
                positive = positive[positive > 0]
                pool = positive if len(positive) else np.array([1.0])
                drawn = rng.choice(pool, size=len(rows))[idle]
                bench.write_numbers(self.kind, law.column, rows[idle], drawn)
            bench.write_numbers(self.kind, law.needed, rows, np.zeros(len(rows)))
        elif isinstance(law, NonNegative):
            values = np.abs(np.nan_to_num(bench.numbers(law.column)[rows]))
            filled = np.where(values > 0, values, rng.integers(1, 50, len(rows)))
            bench.write_numbers(self.kind, law.column, rows, -filled)
        else:
            raise TableError(
                f"no way is known to break {law.says()!r}",
                hint="use AtMost, Needs or NonNegative, or write a Corruption of your own",
            )


def _breakable(law: Law, bench: Workbench) -> Rows:
    """Rows in which the law holds and speaks: no null in its columns."""
    values = {c: bench.clean_numbers(c) for c in law.columns}
    filled = np.logical_and.reduce([~np.isnan(v) for v in values.values()])
    able: Rows = filled & ~law.broken(values)
    return able
