"""What the columns of a campaign table mean: roles, their aliases, and which belong together.

>>> MARKETING.match(["Date", "Impr.", "link clicks", "colour"]).found["impressions"]
'Impr.'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What kind of column it is: it decides which faults the column can have.

    Examples
    --------
    >>> Role("count") is Role.COUNT
    True
    """

    ID = "id"
    DATE = "date"
    DIMENSION = "dimension"
    COUNT = "count"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column the schema knows: its name, its role and the other names it goes by.

    Parameters
    ----------
    name : str
        The standard name.
    role : Role
        What kind of column it is.
    aliases : tuple of str
        Other spellings; case, spaces and punctuation do not matter.
    step : int or None
        Place in the funnel, 0 the widest (impressions); None outside of it.
    group : str
        Columns that come together: one missing from a group that is otherwise there was dropped.

    Examples
    --------
    >>> ColumnSpec("clicks", Role.COUNT, ("link clicks",), step=1).is_metric
    True
    """

    name: str
    role: Role
    aliases: tuple[str, ...] = ()
    step: int | None = None
    group: str = ""

    @property
    def is_metric(self) -> bool:
        """Whether it holds amounts (counts or money)."""
        return self.role in (Role.COUNT, Role.MONEY)


@dataclass(frozen=True, slots=True)
class Matching:
    """Which columns of a table the schema recognised.

    Attributes
    ----------
    found : dict
        Standard name -> the table's own name for it.
    unknown : tuple of str
        Columns of the table that the schema does not know.
    missing : tuple of str
        Standard names that the table does not have.
    ambiguous : tuple of str
        Columns that match a standard name another column already took.

    Examples
    --------
    >>> MARKETING.match(["clicks"]).unknown
    ()
    """

    found: Mapping[str, str]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    ambiguous: tuple[str, ...] = ()

    def standard(self, column: str) -> str | None:
        """The standard name of a column of the table, or None.

        Examples
        --------
        >>> MARKETING.match(["Impr."]).standard("Impr.")
        'impressions'
        """
        return next((name for name, own in self.found.items() if own == column), None)


@dataclass(frozen=True)
class TableSchema:
    """The columns a family of tables is made of.

    Examples
    --------
    >>> schema = TableSchema((ColumnSpec("clicks", Role.COUNT, ("taps",)),))
    >>> dict(schema.match(["Taps"]).found)
    {'clicks': 'Taps'}
    """

    columns: tuple[ColumnSpec, ...]
    _by_name: dict[str, ColumnSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {c.name: c for c in self.columns})

    def __getitem__(self, name: str) -> ColumnSpec:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def names(self) -> tuple[str, ...]:
        """Standard names, in order."""
        return tuple(self._by_name)

    def match(self, columns: Iterable[str]) -> Matching:
        """Find the standard columns among a table's own names.

        An exact standard name wins over an alias; the first of two columns with the same meaning
        wins, the other is listed as ambiguous.

        Examples
        --------
        >>> MARKETING.match(["imps", "Amount spent (EUR)"]).found["spend"]
        'Amount spent (EUR)'
        """
        own = list(columns)
        meaning = {plain(a): c.name for c in reversed(self.columns) for a in (c.name, *c.aliases)}
        exact = {plain(c.name): c.name for c in self.columns}
        found: dict[str, str] = {}
        for table in (exact, meaning):
            for column in own:
                name = table.get(plain(column))
                if name is not None and name not in found and column not in found.values():
                    found[name] = column
        taken = set(found.values())
        left = [c for c in own if c not in taken]
        return Matching(
            found={c.name: found[c.name] for c in self.columns if c.name in found},
            unknown=tuple(c for c in left if plain(c) not in meaning),
            missing=tuple(c.name for c in self.columns if c.name not in found),
            ambiguous=tuple(c for c in left if plain(c) in meaning),
        )


def plain(name: str) -> str:
    """A column name without case, punctuation, a bracketed unit or a dotted prefix.

    Examples
    --------
    >>> plain("metrics.Amount_Spent (USD)")
    'amountspent'
    """
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", "", name.strip().lower())
    head, dot, tail = text.rpartition(".")
    if dot and tail and head:
        text = tail
    return re.sub(r"[^a-z0-9]+", "", text)


# The table of the published experiments, with the names the ad platforms export.
MARKETING = TableSchema(
    (
        ColumnSpec("event_date", Role.DATE, ("date", "day", "report date", "segments.date", "dt",
            "reporting starts", "date start", "stat time day", "datum"), group="core"),
        ColumnSpec("campaign_id", Role.ID, ("campaign", "campaign key", "cid", "campaign name"),
            group="core"),
        ColumnSpec("ad_creative_id", Role.ID, ("creative id", "ad id", "ad", "creative", "adid",
            "ad key", "creative key")),
        ColumnSpec("brand", Role.DIMENSION, ("advertiser", "client", "brand name",
            "advertiser name", "account name"), group="dimensions"),
        ColumnSpec("audience", Role.DIMENSION, ("segment", "audience name", "audience segment",
            "target audience"), group="dimensions"),
        ColumnSpec("platform", Role.DIMENSION, ("channel", "publisher", "publisher platform",
            "network", "media", "source"), group="dimensions"),
        ColumnSpec("device", Role.DIMENSION, ("device type", "device platform",
            "impression device"), group="dimensions"),
        ColumnSpec("geo", Role.DIMENSION, ("country", "region", "market", "geography", "location",
            "country code"), group="dimensions"),
        ColumnSpec("impressions", Role.COUNT, ("impr", "imps", "imp", "impression", "views shown",
            "num impressions", "impressionen"), step=0, group="core"),
        ColumnSpec("clicks", Role.COUNT, ("click", "link clicks", "clicks all", "num clicks",
            "taps", "swipes", "klicks"), step=1, group="core"),
        ColumnSpec("landing_page_views", Role.COUNT, ("lpv", "lp views", "landing page view",
            "landing views", "landings"), step=2, group="funnel"),
        ColumnSpec("add_to_cart", Role.COUNT, ("atc", "adds to cart", "add to carts", "carts",
            "cart adds", "added to cart"), step=3, group="funnel"),
        ColumnSpec("purchases", Role.COUNT, ("purchase", "orders", "transactions", "sales count"),
            step=4, group="funnel"),
        ColumnSpec("conversions", Role.COUNT, ("conversion", "conv", "convs", "results",
            "num conversions", "total conversions"), step=4, group="core"),
        ColumnSpec("leads", Role.COUNT, ("lead", "lead forms", "num leads", "form submissions"),
            step=4, group="responses"),
        ColumnSpec("app_installs", Role.COUNT, ("installs", "app install", "mobile app installs",
            "num installs"), step=4, group="responses"),
        ColumnSpec("video_plays", Role.COUNT, ("video views", "plays", "video starts",
            "video play"), group="video"),
        ColumnSpec("video_completions", Role.COUNT, ("video completes", "completions",
            "completed views", "video completion", "video views p100", "views 100"),
            group="video"),
        ColumnSpec("spend", Role.MONEY, ("cost", "amount spent", "media cost", "spent",
            "total spend", "cost micros", "kosten", "budget spent", "ad spend"), group="core"),
    )
)  # fmt: skip
