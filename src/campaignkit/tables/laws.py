"""What must hold in every row of a campaign table, as data: injector and audit both follow it.

A law names standard columns. It can say, for a row, whether it is broken: over arrays
(:meth:`broken`) and as SQL (:meth:`broken_sql`). A null never breaks a law.

>>> import numpy as np
>>> law = AtMost("clicks", "impressions", kind="clicks_exceed_impressions")
>>> law.broken({"clicks": np.array([5.0, 5.0]), "impressions": np.array([9.0, 2.0])}).tolist()
[False, True]
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

from campaignkit.tables.schema import MARKETING, Role

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray


class Law(ABC):
    """Something that must hold in every row; its SQL and words are a sentence with its columns.

    Attributes
    ----------
    kind : str
        Name of the fault that breaks it.
    legal : str
        When a row may break it by right, in words; empty for a law without exception.

    Examples
    --------
    >>> AtMost("clicks", "impressions", kind="clicks_exceed_impressions").columns
    ('clicks', 'impressions')
    """

    __slots__ = ()
    _broken: ClassVar[str]
    _says: ClassVar[str]
    kind: str
    legal: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Standard columns it speaks of, in the order of the words."""
        named = (f.name for f in fields(self) if f.name not in ("kind", "legal"))  # type: ignore[arg-type]
        return tuple(getattr(self, name) for name in named)

    @abstractmethod
    def broken(self, values: Mapping[str, NDArray[float64]]) -> NDArray[bool_]:
        """Rows that break it; `values` are float64[rows] with NaN for null."""

    def broken_sql(self, sql: Mapping[str, str]) -> str:
        """The same as a SQL condition; `sql` gives each column's expression."""
        return self._broken.format(*(sql[c] for c in self.columns))

    def says(self) -> str:
        """The law in words."""
        return self._says.format(*self.columns)


@dataclass(frozen=True, slots=True)
class AtMost(Law):
    """`lower` never exceeds `upper`.

    Parameters
    ----------
    lower, upper : str
        Standard columns.
    kind : str
        Name of the fault that breaks it.
    legal : str
        When a row may break it by right, in words; empty for a law without exception.

    Examples
    --------
    >>> AtMost("clicks", "impressions", kind="clicks_exceed_impressions").says()
    'clicks <= impressions'
    """

    _broken, _says = "{} > {}", "{} <= {}"
    lower: str
    upper: str
    kind: str
    legal: str = ""

    def broken(self, values: Mapping[str, NDArray[float64]]) -> NDArray[bool_]:
        """Rows where the lower exceeds the upper."""
        broken: NDArray[bool_] = values[self.lower] > values[self.upper]
        return broken


@dataclass(frozen=True, slots=True)
class Needs(Law):
    """A positive `column` needs `needed` not to be zero.

    Examples
    --------
    >>> Needs("spend", "impressions", kind="spend_with_zero_impressions").says()
    'spend > 0 needs impressions > 0'
    """

    _broken, _says = "{} > 0 AND {} = 0", "{} > 0 needs {} > 0"
    column: str
    needed: str
    kind: str
    legal: str = ""

    def broken(self, values: Mapping[str, NDArray[float64]]) -> NDArray[bool_]:
        """Rows where the first is positive and the second zero."""
        broken: NDArray[bool_] = (values[self.column] > 0) & (values[self.needed] == 0)
        return broken


@dataclass(frozen=True, slots=True)
class NonNegative(Law):
    """`column` is never below zero.

    Examples
    --------
    >>> NonNegative("spend").says()
    'spend >= 0'
    """

    _broken, _says = "{} < 0", "{} >= 0"
    column: str
    kind: str = "negative_metrics"
    legal: str = ""

    def broken(self, values: Mapping[str, NDArray[float64]]) -> NDArray[bool_]:
        """Rows below zero."""
        broken: NDArray[bool_] = values[self.column] < 0
        return broken


_MAY_BE_NEGATIVE = ("revenue", "roas")  # what was refunded


def _never_negative(*, published: bool) -> Iterator[Law]:
    """The law of each amount and rate, of the published table's columns or of the others."""
    for column in MARKETING.columns:
        is_figure = column.is_metric or column.role is Role.RATE
        if is_figure and bool(column.group) is published and column.name not in _MAY_BE_NEGATIVE:
            yield NonNegative(column.name)


# A further law of these forms is one line here; injector, audit and warehouse SQL follow it.
MARKETING_LAWS: tuple[Law, ...] = (
    AtMost("clicks", "impressions", kind="clicks_exceed_impressions"),
    AtMost("conversions", "clicks", kind="conversions_exceed_clicks",
           legal="view-through conversions and several conversions a click do that by right"),
    AtMost("landing_page_views", "clicks", kind="landing_page_views_exceed_clicks"),
    AtMost("video_completions", "video_plays", kind="video_completions_exceed_plays"),
    Needs("spend", "impressions", kind="spend_with_zero_impressions"),
    Needs("purchases", "add_to_cart", kind="purchases_without_add_to_cart"),
    *_never_negative(published=True),
)  # fmt: skip
# And of columns that ad platforms tell besides those of the published table.
ALL_LAWS: tuple[Law, ...] = (
    *MARKETING_LAWS,
    AtMost("reach", "impressions", kind="reach_exceeds_impressions"),
    AtMost(
        "video_plays",
        "impressions",
        kind="video_plays_exceed_impressions",
        legal="a platform that counts replays as plays does that by right",
    ),
    AtMost("start_date", "stop_date", kind="stop_before_start"),
    AtMost("event_date", "period_end", kind="stop_before_start"),
    *_never_negative(published=False),
)
