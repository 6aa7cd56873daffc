"""Realistic campaign-performance tables with no fault in them, any number of rows, seeded.

Heavy tails (log-normal budgets), zero inflation, funnels in which each step is drawn from the one
above, a weekly season, and metrics that exist only on some platforms or devices (null elsewhere).
A block of campaigns depends on (seed, block) alone: 10 rows are the first 10 of 10 million.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from campaignkit.errors import TableError
from campaignkit.extras import require
from campaignkit.seeds import checked_seed, stream

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy import float64, int64
    from numpy.random import Generator
    from numpy.typing import NDArray

_CREATIVES = 4
_DAYS = 30
_DEVICES = ("mobile", "desktop", "tablet")
_BLOCK = 180  # campaigns
_ROWS = _CREATIVES * _DAYS * len(_DEVICES)

# platform -> (cost per thousand impressions, click rate, plays video)
_PLATFORMS: Mapping[str, tuple[float, float, bool]] = {
    "Meta": (9.0, 0.012, True),
    "TikTok": (6.5, 0.010, True),
    "YouTube": (11.0, 0.006, True),
    "Google Search": (34.0, 0.045, False),
    "LinkedIn": (38.0, 0.006, False),
    "Pinterest": (5.5, 0.008, False),
    "Snapchat": (7.0, 0.007, True),
}
_BRANDS = ("Aurelia", "Northpeak", "Bluefern", "Castello", "Driftwood", "Ember & Oak", "Fjordline",
           "Goldcrest", "Harborview", "Ironleaf")  # fmt: skip
_AUDIENCES = ("Athletes", "Budget Shoppers", "C-Suite Executives", "Fitness Enthusiasts",
              "K-Pop Fans", "Luxury Travellers", "New Parents", "Students",
              "Winter Sports Enthusiasts", "Women 18-34")  # fmt: skip
_GEOS = ("US", "GB", "DE", "FR", "BR", "JP")
_WEEK = (1.0, 0.97, 0.98, 1.02, 1.12, 1.25, 1.18)  # Monday first: shoppers' weekends


@dataclass(frozen=True)
class TableWorld:
    """What a synthetic table is drawn from; change a field to make a shifted world.

    Attributes
    ----------
    brands, audiences, geos : tuple of str
        Values of the dimensions.
    platforms : mapping of str to (float, float, bool)
        Platform -> cost per thousand impressions, click rate, whether it plays video.
    first_day : date
        First day of the first campaigns.
    level : float
        Factor on all budgets; a high season is 1.5.

    Examples
    --------
    >>> TableWorld(brands=("Aurelia",)).level
    1.0
    """

    brands: tuple[str, ...] = _BRANDS
    audiences: tuple[str, ...] = _AUDIENCES
    geos: tuple[str, ...] = _GEOS
    platforms: Mapping[str, tuple[float, float, bool]] = field(
        default_factory=lambda: dict(_PLATFORMS)
    )
    first_day: date = date(2025, 1, 1)
    level: float = 1.0


def synthetic_table(num_rows: int, *, seed: int = 0, world: TableWorld | None = None) -> pa.Table:
    """A clean campaign table in memory.

    Parameters
    ----------
    num_rows : int
        Rows, at least 0.
    seed : int
        Two seeds share their world (brands, platforms), not their campaigns.
    world : TableWorld or None
        What it is drawn from.

    Returns
    -------
    pyarrow.Table
        The 19 columns of the published table.

    Examples
    --------
    >>> table = synthetic_table(100, seed=3)
    >>> table.num_rows, table.column_names[:3]
    (100, ['event_date', 'campaign_id', 'ad_creative_id'])
    """
    pa = require("pyarrow", extra="tables", user="synthetic_table")
    batches = list(synthetic_batches(num_rows, seed=seed, world=world))
    return pa.Table.from_batches(batches) if batches else _block(pa, seed, 0, _world(world))[:0]


def synthetic_batches(
    num_rows: int, *, seed: int = 0, world: TableWorld | None = None
) -> Iterator[Any]:
    """The same table batch by batch, for tables larger than memory.

    Yields
    ------
    pyarrow.RecordBatch
        64,800 rows each but the last.

    Examples
    --------
    >>> [b.num_rows for b in synthetic_batches(70_000)]
    [64800, 5200]
    """
    if num_rows < 0:
        raise TableError(f"num_rows is {num_rows}; expected 0 or more")
    pa = require("pyarrow", extra="tables", user="synthetic_batches")
    seed = checked_seed(seed)
    drawn = _world(world)
    left, block = num_rows, 0
    while left > 0:
        table = _block(pa, seed, block, drawn)[:left]
        yield table.combine_chunks().to_batches()[0]
        left -= table.num_rows
        block += 1


def _world(world: TableWorld | None) -> TableWorld:
    chosen = world or TableWorld()
    empty = [n for n in ("brands", "audiences", "geos", "platforms") if not getattr(chosen, n)]
    if empty:
        raise TableError(f"the world has no {', '.join(empty)}", hint="give each at least one")
    return chosen


def _block(pa: Any, seed: int, block: int, world: TableWorld) -> pa.Table:
    import numpy as np

    rng = stream(seed, "synthetic table", block)
    names = list(world.platforms)
    brand = rng.integers(0, len(world.brands), _BLOCK)
    audience = rng.integers(0, len(world.audiences), _BLOCK)
    platform = rng.integers(0, len(names), _BLOCK)
    geo = rng.integers(0, len(world.geos), _BLOCK)
    start = rng.integers(0, 150, _BLOCK)
    size = rng.lognormal(np.log(20.0), 1.1, _BLOCK) * world.level  # currency a day

    # Row order within a campaign: day, creative, device, as exports come.
    campaign = np.repeat(np.arange(_BLOCK), _ROWS)
    within = np.tile(np.arange(_ROWS), _BLOCK)
    day = start[campaign] + within // (_CREATIVES * len(_DEVICES))
    creative = (within // len(_DEVICES)) % _CREATIVES
    device = within % len(_DEVICES)
    first = np.datetime64(world.first_day, "D")
    dates = first + day.astype("timedelta64[D]")
    weekday = (dates.astype("datetime64[D]").view("int64") + 3) % 7  # 1970-01-01: a Thursday

    share = rng.dirichlet(np.full(_CREATIVES, 3.0), _BLOCK)[campaign, creative]
    budget = size[campaign] * share * np.array([0.62, 0.28, 0.10])[device]
    budget = budget * np.array(_WEEK)[weekday] * rng.lognormal(0.0, 0.35, len(campaign))
    prices, click_rate, is_video = (
        np.array(of) for of in zip(*world.platforms.values(), strict=True)
    )
    price = prices[platform][campaign]
    price = price * rng.lognormal(0.0, 0.18, _BLOCK)[campaign]
    asleep = rng.random(len(campaign)) < 0.06  # paused creatives: zero inflation
    impressions = np.where(asleep, 0, rng.poisson(1000.0 * budget / price))
    funnel = _funnel(rng, impressions, click_rate[platform[campaign]], campaign)
    spend = np.round(impressions * price / 1000.0 * rng.lognormal(0.0, 0.08, len(campaign)), 2)
    no_video = ~is_video[platform][campaign]
    # What does not exist is null: no app is installed from a desktop.
    absent = {"app_installs": device == 1, "video_plays": no_video, "video_completions": no_video}
    number = block * _BLOCK
    ids = [f"c{seed % 10_000:04d}-{number + i:07d}" for i in range(_BLOCK)]
    creative_ids = [f"{ids[i]}-{k}" for i in range(_BLOCK) for k in range(_CREATIVES)]
    return pa.table(
        {
            "event_date": pa.array(dates.astype("datetime64[D]")),
            "campaign_id": _named(pa, ids, campaign),
            "ad_creative_id": _named(pa, creative_ids, campaign * _CREATIVES + creative),
            "brand": _named(pa, world.brands, brand[campaign]),
            "audience": _named(pa, world.audiences, audience[campaign]),
            "platform": _named(pa, names, platform[campaign]),
            "device": _named(pa, _DEVICES, device),
            "geo": _named(pa, world.geos, geo[campaign]),
            **{n: pa.array(counts, mask=absent.get(n)) for n, counts in funnel.items()},
            "spend": pa.array(spend),
        }
    )


def _funnel(
    rng: Generator,
    impressions: NDArray[int64],
    click_rate: NDArray[float64],
    campaign: NDArray[int64],
) -> dict[str, NDArray[int64]]:
    import numpy as np

    def rate(mean: float | NDArray[float64], spread: float) -> NDArray[float64]:
        drawn = rng.lognormal(0.0, spread, _BLOCK)[campaign]
        rates: NDArray[float64] = np.minimum(mean * drawn, 0.9)
        return rates

    clicks = rng.binomial(impressions, rate(click_rate, 0.3))
    landed = rng.binomial(clicks, rate(0.72, 0.08))
    carts = rng.binomial(landed, rate(0.11, 0.4))
    purchases = rng.binomial(carts, rate(0.35, 0.25))
    leads = rng.binomial(landed - carts, rate(0.05, 0.4))
    plays = rng.binomial(impressions, rate(0.31, 0.25))
    return {
        "impressions": impressions,
        "clicks": clicks,
        "landing_page_views": landed,
        "add_to_cart": carts,
        "purchases": purchases,
        "conversions": purchases + leads,
        "leads": leads,
        "app_installs": rng.binomial(clicks, rate(0.02, 0.5)),
        "video_plays": plays,
        "video_completions": rng.binomial(plays, rate(0.22, 0.25)),
    }


def _named(pa: Any, values: Any, indices: NDArray[int64]) -> Any:
    # Plain strings in the table, built through a dictionary: tenfold faster than a list.
    return pa.DictionaryArray.from_arrays(
        pa.array(indices.astype("int32")), pa.array(list(values))
    ).cast(pa.string())
