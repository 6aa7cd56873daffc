"""A metric in another unit from a day on: cents for euros, micros, thousands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import Corruption, how_many

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from campaignkit.inject.workbench import Workbench


@dataclass(frozen=True, slots=True)
class UnitChange(Corruption):
    """One metric multiplied in all rows from a day on; rate is the share of rows, about.

    Parameters
    ----------
    column : str
        The metric, own or standard name.
    factor : float
        100 is cents, 1e6 is micros, 0.001 is thousands.
    since : date or None
        The first day in the new unit, whatever the rate; None: the day that leaves about the
        rate's share of the rows behind it, never the first.
    dates : str
        The column of days.

    Examples
    --------
    >>> from campaignkit.inject import ErrorInjector
    >>> clean = {"event_date": [date(2026, 1, 1), date(2026, 1, 2)], "spend": [7.5, 8.5]}
    >>> ErrorInjector([UnitChange()]).inject(clean)[0]["spend"]
    [7.5, 850.0]
    """

    column: str = "spend"
    factor: float = 100.0
    since: date | None = None
    dates: str = "event_date"
    kind: str = "unit_change"
    implies = ("outliers", "scale_drift", "scale_errors")

    def check(self, bench: Workbench) -> None:
        """Need the metric, at least two days, and a factor that changes something."""
        import numpy as np

        if not 0 < self.factor < float("inf") or self.factor == 1:
            raise TableError(
                f"{self.kind} has factor {self.factor}; expected a positive one other than 1"
            )
        bench.clean_numbers(bench.own(self.column, user=self.kind))
        days = self._days(bench)
        if len(days) < 2:
            raise TableError(f"{self.kind} needs two days, and the table has {len(days)}")
        if self.since and not np.datetime64(self.since) <= days[-1]:
            raise TableError(f"{self.kind} begins on {self.since}; the last day is {days[-1]}")

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Multiply the metric from the day on."""
        import numpy as np

        days = bench.days(self.dates)
        known = self._days(bench)
        ordered = np.sort(days[~np.isnat(days)])
        since = max(ordered[-how_many(rate, len(ordered))], known[1])
        since = np.datetime64(self.since) if self.since else since
        late = (days >= since) & (np.nan_to_num(bench.clean_numbers(self.column)) != 0)
        rows = np.flatnonzero(late)
        bench.write_numbers(
            self.kind, self.column, rows, bench.numbers(self.column)[rows] * self.factor
        )

    def says(self) -> str:
        """Where the rows fall, in words."""
        return f"from {self.since} on" if self.since else "the last days"

    def _days(self, bench: Workbench) -> NDArray[Any]:
        import numpy as np

        days = bench.days(bench.own(self.dates, user=self.kind))
        return np.unique(days[~np.isnat(days)])
