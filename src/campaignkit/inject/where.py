"""Where faults fall, apart from what they are: at random, by value, in time, by magnitude."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.random import Generator

from campaignkit.errors import TableError
from campaignkit.inject.cells import Mask, Rows, pa, pc
from campaignkit.inject.workbench import Workbench


class Where(Protocol):
    """Chooses rows among those that a corruption could change.

    Examples
    --------
    >>> from campaignkit.inject import AtRandom
    >>> isinstance(AtRandom().says(), str)
    True
    """

    def choose(self, bench: Workbench, rows: Rows, num: int, rng: Generator) -> Rows:
        """About `num` of `rows`, without repeats; fewer where fewer fit."""

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

    def choose(self, bench: Workbench, rows: Rows, num: int, rng: Generator) -> Rows:
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

    def choose(self, bench: Workbench, rows: Rows, num: int, rng: Generator) -> Rows:
        """A uniform sample of the rows with these values."""
        texts = bench.clean_texts(self.column)
        words = [word for word in texts.unique().to_pylist() if word is not None]
        unknown = [value for value in self.values if value not in words]
        if unknown:
            raise TableError(
                f"column {self.column!r} never has the value {unknown[0]!r}",
                hint=f"it has: {', '.join(words[:12])}",
            )
        inside = pc.is_in(texts, pa.array(self.values)).to_numpy()[rows]
        return AT_RANDOM.choose(bench, rows[inside], num, rng)

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

    def choose(self, bench: Workbench, rows: Rows, num: int, rng: Generator) -> Rows:
        """A uniform sample of the rows of these days."""
        if self.first > self.last:
            raise TableError(
                f"the range ends on {self.last}, before it starts on {self.first}",
                hint="swap the two days",
            )
        days = bench.days(self.column)[rows]
        inside = (days >= np.datetime64(self.first)) & (days <= np.datetime64(self.last))
        return AT_RANDOM.choose(bench, rows[inside], num, rng)

    def says(self) -> str:
        """The place in words."""
        return f"from {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class FromDay:
    """All rows from a day on: what a change in an account does.

    Parameters
    ----------
    first : date or None
        That day, however many rows there are from it on; None: the day that leaves about as many
        as are asked for behind it, never the table's first.
    column : str
        The column of days.

    Examples
    --------
    >>> FromDay(date(2025, 3, 1)).says(), FromDay().says()
    ('from 2025-03-01 on', 'in the last days')
    """

    first: date | None = None
    column: str = "event_date"

    def choose(self, bench: Workbench, rows: Rows, num: int, rng: Generator) -> Rows:
        """The rows of whole days."""
        days = bench.days(self.column)[rows]
        known = np.sort(days[~np.isnat(days)])
        later = known[known > known[0]] if len(known) else known
        if not len(later):
            raise TableError(f"column {self.column!r} has no two days to change between")
        since = np.datetime64(self.first) if self.first else max(known[-num], later[0])
        if since > known[-1]:
            raise TableError(f"no row is left from {since} on; the last day is {known[-1]}")
        late: Mask = days >= since
        return rows[late]

    def says(self) -> str:
        """The place in words."""
        return f"from {self.first} on" if self.first else "in the last days"


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

    def choose(self, bench: Workbench, rows: Rows, num: int, rng: Generator) -> Rows:
        """A weighted sample without replacement (Efraimidis and Spirakis 2006)."""
        values = np.nan_to_num(bench.clean_numbers(self.column)[rows], nan=-np.inf)
        rank = np.empty(len(rows))
        rank[np.argsort(values, kind="stable")] = (np.arange(len(rows)) + 1) / max(len(rows), 1)
        keys = np.log(rng.random(len(rows))) / rank**self.strength
        best = np.argsort(-keys, kind="stable")[:num]
        return rows[best]

    def says(self) -> str:
        """The place in words."""
        return f"rather where {self.column} is large"
