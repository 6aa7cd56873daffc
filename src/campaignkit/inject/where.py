"""Where faults fall, apart from what they are: at random, by value, in time, by magnitude."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

from campaignkit.errors import TableError

if TYPE_CHECKING:
    from numpy import int64
    from numpy.random import Generator
    from numpy.typing import NDArray

    from campaignkit.inject.workbench import Workbench


class Where(Protocol):
    """Chooses rows among those a corruption could spoil.

    Examples
    --------
    >>> from campaignkit.inject import AtRandom
    >>> isinstance(AtRandom().says(), str)
    True
    """

    def choose(
        self, bench: Workbench, rows: NDArray[int64], num: int, rng: Generator
    ) -> NDArray[int64]:
        """At most `num` of `rows`, without repeats; fewer where fewer fit."""

    def says(self) -> str:
        """The place in words."""


@dataclass(frozen=True, slots=True)
class AtRandom:
    """Every row alike.

    Examples
    --------
    >>> AtRandom().says()
    'at random'
    """

    def choose(
        self, bench: Workbench, rows: NDArray[int64], num: int, rng: Generator
    ) -> NDArray[int64]:
        """A uniform sample without replacement."""
        return rng.choice(rows, size=min(num, len(rows)), replace=False, shuffle=False)

    def says(self) -> str:
        """The place in words."""
        return "at random"


AT_RANDOM = AtRandom()


@dataclass(frozen=True, slots=True)
class ByValue:
    """Only rows in which a column has one of these values: a fault of one platform.

    Examples
    --------
    >>> ByValue("platform", ("TikTok",)).says()
    "where platform is 'TikTok'"
    """

    column: str
    values: tuple[str, ...]

    def choose(
        self, bench: Workbench, rows: NDArray[int64], num: int, rng: Generator
    ) -> NDArray[int64]:
        """A uniform sample of the rows with these values."""
        inside = bench.equals(self.column, self.values)[rows]
        return AtRandom().choose(bench, rows[inside], num, rng)

    def says(self) -> str:
        """The place in words."""
        return f"where {self.column} is {' or '.join(repr(v) for v in self.values)}"


@dataclass(frozen=True, slots=True)
class InTime:
    """Only rows of a range of days, both ends included: a broken refresh.

    Examples
    --------
    >>> InTime(date(2025, 3, 1), date(2025, 3, 7)).says()
    'from 2025-03-01 to 2025-03-07'
    """

    first: date
    last: date
    column: str = "event_date"

    def choose(
        self, bench: Workbench, rows: NDArray[int64], num: int, rng: Generator
    ) -> NDArray[int64]:
        """A uniform sample of the rows of these days."""
        if self.first > self.last:
            raise TableError(
                f"the range ends on {self.last}, before it starts on {self.first}",
                hint="swap the two days",
            )
        inside = bench.between_days(self.column, self.first, self.last)[rows]
        return AtRandom().choose(bench, rows[inside], num, rng)

    def says(self) -> str:
        """The place in words."""
        return f"from {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class ByMagnitude:
    """Rather rows in which a metric is large: nulls that hide the expensive rows.

    Parameters
    ----------
    column : str
        The metric.
    strength : float
        0 is at random; with 3 a row of the top tenth is about a hundred times likelier than one of
        the bottom third.

    Examples
    --------
    >>> ByMagnitude("spend").says()
    'rather where spend is large'
    """

    column: str
    strength: float = 3.0

    def choose(
        self, bench: Workbench, rows: NDArray[int64], num: int, rng: Generator
    ) -> NDArray[int64]:
        """A weighted sample without replacement (Efraimidis and Spirakis 2006)."""
        import numpy as np

        values = np.nan_to_num(bench.clean_numbers(self.column)[rows], nan=-np.inf)
        rank = np.empty(len(rows))
        rank[np.argsort(values, kind="stable")] = (np.arange(len(rows)) + 1) / max(len(rows), 1)
        keys = np.log(rng.random(len(rows))) / rank**self.strength
        best = np.argsort(-keys, kind="stable")[:num]
        return rows[best]

    def says(self) -> str:
        """The place in words."""
        return f"rather where {self.column} is large"
