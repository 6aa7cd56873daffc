"""What must hold in every row of a campaign table, as data: injector and audit both follow it.

A law names standard columns. It can say, for a row, whether it is broken: over arrays
(:meth:`broken`) and as SQL (:meth:`broken_sql`). A null never breaks a law.

>>> import numpy as np
>>> law = AtMost("clicks", "impressions", kind="clicks_exceed_impressions")
>>> law.broken({"clicks": np.array([5.0, 5.0]), "impressions": np.array([9.0, 2.0])}).tolist()
[False, True]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray


class Law(Protocol):
    """Something that must hold in every row.

    Examples
    --------
    >>> AtMost("clicks", "impressions", kind="clicks_exceed_impressions").columns
    ('clicks', 'impressions')
    """

    @property
    def kind(self) -> str:
        """Name of the fault that breaks it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Standard columns it speaks of."""

    @property
    def legal(self) -> str:
        """When a row may break it by right, in words; empty for a law without exception."""

    def broken(self, values: Mapping[str, NDArray[float64]]) -> NDArray[bool_]:
        """Rows that break it; `values` are float64[rows] with NaN for null."""

    def broken_sql(self, sql: Mapping[str, str]) -> str:
        """The same as a SQL condition; `sql` gives each column's expression."""

    def says(self) -> str:
        """The law in words."""


@dataclass(frozen=True, slots=True)
class AtMost:
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

    lower: str
    upper: str
    kind: str
    legal: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The two columns, the smaller first."""
        return (self.lower, self.upper)

    def broken(self, values: Mapping[str, NDArray[float64]]) -> NDArray[bool_]:
        """Rows where the lower exceeds the upper."""
        broken: NDArray[bool_] = values[self.lower] > values[self.upper]
        return broken

    def broken_sql(self, sql: Mapping[str, str]) -> str:
        """The same as SQL."""
        return f"{sql[self.lower]} > {sql[self.upper]}"

    def says(self) -> str:
        """The law in words."""
        return f"{self.lower} <= {self.upper}"


@dataclass(frozen=True, slots=True)
class Needs:
    """A positive `column` needs `needed` not to be zero.

    Examples
    --------
    >>> Needs("spend", "impressions", kind="spend_with_zero_impressions").says()
    'spend > 0 needs impressions > 0'
    """

    column: str
    needed: str
    kind: str
    legal: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The two columns, the one in need first."""
        return (self.column, self.needed)

    def broken(self, values: Mapping[str, NDArray[float64]]) -> NDArray[bool_]:
        """Rows where the first is positive and the second zero."""
        broken: NDArray[bool_] = (values[self.column] > 0) & (values[self.needed] == 0)
        return broken

    def broken_sql(self, sql: Mapping[str, str]) -> str:
        """The same as SQL."""
        return f"{sql[self.column]} > 0 AND {sql[self.needed]} = 0"

    def says(self) -> str:
        """The law in words."""
        return f"{self.column} > 0 needs {self.needed} > 0"


@dataclass(frozen=True, slots=True)
class NonNegative:
    """`column` is never below zero.

    Examples
    --------
    >>> NonNegative("spend").says()
    'spend >= 0'
    """

    column: str
    kind: str = "negative_metrics"
    legal: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column."""
        return (self.column,)

    def broken(self, values: Mapping[str, NDArray[float64]]) -> NDArray[bool_]:
        """Rows below zero."""
        broken: NDArray[bool_] = values[self.column] < 0
        return broken

    def broken_sql(self, sql: Mapping[str, str]) -> str:
        """The same as SQL."""
        return f"{sql[self.column]} < 0"

    def says(self) -> str:
        """The law in words."""
        return f"{self.column} >= 0"


# A further law of these forms is one line here; injector, audit and warehouse SQL follow it.
MARKETING_LAWS: tuple[Law, ...] = (
    AtMost("clicks", "impressions", kind="clicks_exceed_impressions"),
    AtMost("conversions", "clicks", kind="conversions_exceed_clicks",
           legal="view-through conversions and several conversions a click do that by right"),
    AtMost("landing_page_views", "clicks", kind="landing_page_views_exceed_clicks"),
    AtMost("video_completions", "video_plays", kind="video_completions_exceed_plays"),
    Needs("spend", "impressions", kind="spend_with_zero_impressions"),
    Needs("purchases", "add_to_cart", kind="purchases_without_add_to_cart"),
    *(
        NonNegative(column)
        for column in (
            "impressions", "clicks", "landing_page_views", "add_to_cart", "purchases",
            "conversions", "leads", "app_installs", "video_plays", "video_completions", "spend",
        )
    ),
)  # fmt: skip
# And of columns that ad platforms tell besides those of the published table.
ALL_LAWS: tuple[Law, ...] = (
    *MARKETING_LAWS,
    AtMost("reach", "impressions", kind="reach_exceeds_impressions"),
    AtMost("start_date", "stop_date", kind="stop_before_start"),
    AtMost("event_date", "period_end", kind="stop_before_start"),
    *(
        NonNegative(column)
        for column in (
            "reach", "results", "all_conversions", "view_through_conversions", "ctr", "cpc", "cpm",
            "conversion_rate", "cost_per_conversion", "cost_per_lead", "frequency",
            "impression_share",
        )
    ),
)  # fmt: skip
