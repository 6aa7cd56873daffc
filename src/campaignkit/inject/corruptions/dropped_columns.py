"""Columns that no longer arrive."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.workbench import Workbench
from campaignkit.tables.laws import MARKETING_LAWS


@dataclass(frozen=True, slots=True)
class DroppedColumns(Corruption):
    """Columns left out; rate is the share of all columns, at least one.

    Parameters
    ----------
    columns : tuple of str
        Exactly these; empty: drawn from the columns that are no key and in no law between two
        columns, at least one dimension staying. Dropping a law's column would hide that law's
        faults from the table, so that is done only when asked for by name.

    Examples
    --------
    >>> DroppedColumns(("geo",)).columns
    ('geo',)
    """

    columns: tuple[str, ...] = ()
    kind: str = "dropped_columns"
    stage = 3
    unit = "column"

    def check(self, bench: Workbench) -> None:
        """Need a column that can go."""
        for column in self.columns:
            bench.own(column, user=self.kind)
        if not self.columns and not self._pool(bench):
            raise TableError(
                "dropped_columns finds no column it may drop: all are keys or in laws",
                hint="name the columns: DroppedColumns(columns=(...,))",
            )
        if len({*self.columns}) >= bench.clean.num_columns:
            raise TableError("dropped_columns would leave no column", hint="name fewer")

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Choose the columns to leave out."""
        if self.columns:
            bench.dropped[self.kind] = [bench.own(c) for c in self.columns]
            return
        pool = self._pool(bench)
        num = min(how_many(rate, bench.clean.num_columns), len(pool))
        picked = rng.permutation(len(pool))[:num]
        bench.dropped[self.kind] = [pool[i] for i in sorted(picked)]

    def says(self) -> str:
        """Where they fall, in words."""
        return "by column"

    def _pool(self, bench: Workbench) -> list[str]:
        bound = {
            bench.matching.found.get(name)
            for law in MARKETING_LAWS
            if len(law.columns) > 1
            for name in law.columns
        }
        keys = set(bench.keys())
        free = [c for c in bench.clean.column_names if c not in keys and c not in bound]
        dimensions = [c for c in bench.dimensions() if c in free]
        # The platform explains which metrics exist: it stays, or else the first dimension does.
        stays = bench.matching.found.get("platform") or (dimensions[0] if dimensions else None)
        left = [c for c in free if c != stays]
        return left if len(left) < bench.clean.num_columns else left[1:]
