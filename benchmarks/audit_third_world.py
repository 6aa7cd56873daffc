"""A third world and a third injector, written without a look at the audit (audit_third_pair).

An agency's buying desk: accounts hold campaigns with flights, budgets and pacing; auctions set the
price of a thousand impressions day by day; campaigns pause for a week, the last days' conversions
have not all arrived, and each platform reports the metrics it has and leaves the others empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Found = dict[str, NDArray[np.int64]]
DIMS = ["campaign_id", "ad_creative_id", "brand", "audience", "platform", "device", "geo"]
METRICS = ["impressions", "clicks", "landing_page_views", "add_to_cart", "purchases",
           "conversions", "leads", "app_installs", "video_plays", "video_completions",
           "spend"]  # fmt: skip
KEY = ["event_date", "campaign_id", "ad_creative_id", "device", "geo"]
AT_MOST = {
    "clicks_exceed_impressions": ("clicks", "impressions"),
    "conversions_exceed_clicks": ("conversions", "clicks"),
    "video_completions_exceed_plays": ("video_completions", "video_plays"),
    "landing_page_views_exceed_clicks": ("landing_page_views", "clicks"),
}
NEEDS = {
    "spend_with_zero_impressions": ("spend", "impressions"),
    "purchases_without_add_to_cart": ("purchases", "add_to_cart"),
}
KINDS = ("missing_values", "duplicate_rows", "dropped_columns", "categorical_errors",
         "clicks_exceed_impressions", "conversions_exceed_clicks", "spend_with_zero_impressions",
         "video_completions_exceed_plays", "purchases_without_add_to_cart",
         "landing_page_views_exceed_clicks", "negative_metrics")  # fmt: skip
RATES = (0.01, 0.05, 0.1, 0.2, 0.4)
PLACEHOLDERS = ("N/A", "-", "#REF!", "undefined")
# Price of a thousand impressions, click rate, and which metrics the platform reports.
PLATFORMS: dict[str, tuple[float, float, str]] = {
    "Bing Ads": (9.0, 0.035, "lpv cart leads"),
    "YouTube": (7.5, 0.006, "lpv cart app video"),
    "Pinterest": (4.2, 0.011, "lpv cart leads app video"),
    "Criteo": (2.6, 0.008, "lpv cart"),
    "LinkedIn": (24.0, 0.007, "lpv leads video"),
    "Snapchat": (3.4, 0.009, "lpv cart app video"),
    "Spotify": (11.0, 0.003, "leads"),
}
NEEDED = {"landing_page_views": "lpv", "add_to_cart": "cart", "purchases": "cart",
          "leads": "leads", "app_installs": "app", "video_plays": "video",
          "video_completions": "video"}  # fmt: skip
GOALS = {"sales": (0.045, (0.80, 0.05, 0.00)), "leads": (0.06, (0.03, 0.85, 0.00)),
         "installs": (0.08, (0.05, 0.00, 0.85)), "reach": (0.006, (0.3, 0.2, 0.1))}  # fmt: skip
GEOS = {"US-CA": 1.5, "US-TX": 1.3, "US-NY": 1.6, "CA-ON": 1.1, "GB": 1.2, "DE": 1.0, "FR": 0.9}
DEVICES = {"mobile_app": 0.9, "mobile_web": 0.8, "desktop": 1.2, "connected_tv": 2.1}
BRANDS = ("Alder & Rye", "Northwind Bank", "Quillo", "Haus Ferris", "Pomelo Air", "Tessera",
          "Vantage Fit")  # fmt: skip
AUDIENCES = ("Prospecting - Broad", "Prospecting - Lookalike 1%", "Retargeting 30d",
             "CRM Winback", "In-Market: Travel", "In-Market: Finance", "Keyword - Generic",
             "Keyword - Brand")  # fmt: skip
WEEKDAY = np.array([1.0, 1.02, 1.03, 1.05, 1.12, 0.86, 0.8])


def accounts(brands: tuple[str, ...], platforms: list[str], *, seed: int) -> list[dict[str, Any]]:
    """Campaigns of the brands: what does not change from one refresh to the next."""
    rng = np.random.default_rng(seed)
    told = []
    for number, brand in enumerate(brands):
        for k in range(9):
            first = int(rng.integers(-150, 330))
            creatives = [
                {"platform": platform, "audience": str(rng.choice(AUDIENCES)),
                 "id": f"{platform[:2].upper()}{rng.integers(10**6, 10**7)}",
                 "is_video": bool(rng.random() < 0.6), "appeal": float(rng.lognormal(0, 0.35)),
                 "devices": [str(d) for d in rng.choice(list(DEVICES), 2, replace=False)]}
                for platform in rng.choice(platforms, min(2, len(platforms)), replace=False)
                for _ in range(int(rng.integers(1, 4)))
            ]  # fmt: skip
            told.append(
                {"id": 7_400_000_000 + seed * 10_000 + number * 100 + k, "brand": brand,
                 "goal": str(rng.choice(list(GOALS), p=[0.45, 0.25, 0.15, 0.15])),
                 "first": first, "last": first + int(rng.integers(60, 320)),
                 "budget": float(rng.lognormal(6.0, 0.9)), "creatives": creatives,
                 "geos": [str(g) for g in rng.choice(list(GEOS), 2, replace=False)],
                 "keeps_empty_rows": bool(rng.random() < 0.5)}
            )  # fmt: skip
    return told


def table(campaigns: list[dict[str, Any]], *, first: int, days: int, seed: int) -> pd.DataFrame:
    """A clean table of ``days`` days from day ``first`` of the year."""
    rng = np.random.default_rng(seed)
    day = np.arange(first, first + days)
    season = (
        1 + 0.12 * np.sin(2 * np.pi * (day - 40) / 365) + 0.55 * np.exp(-(((day - 331) / 14) ** 2))
    )
    pressure = {}
    for platform in PLATFORMS:
        walk = np.zeros(days)
        for t in range(1, days):
            walk[t] = 0.8 * walk[t - 1] + rng.normal(0, 0.06)
        pressure[platform] = np.exp(walk) * season
    frames = [
        part for campaign in campaigns for part in _campaign(campaign, day, season, pressure, rng)
    ]
    told = pd.concat(frames, ignore_index=True)
    return told.sort_values(KEY, kind="stable", ignore_index=True)


def _campaign(
    campaign: dict[str, Any], day: NDArray[np.int64], season: Any, pressure: Any, rng: Any
) -> list[pd.DataFrame]:
    live = (day >= campaign["first"]) & (day <= campaign["last"])
    if rng.random() < 0.4:  # a week without delivery
        pause = int(rng.integers(day[0], day[-1] - 6))
        paused = (day >= pause) & (day < pause + 7)
    else:
        paused = np.zeros(len(day), dtype=bool)
    shown = live if campaign["keeps_empty_rows"] else live & ~paused
    if not shown.any():
        return []
    # Pacing: what a day leaves over is spread over the days to come.
    left, spent = campaign["budget"] * live.sum(), np.zeros(len(day))
    for t in np.flatnonzero(live & ~paused):
        share = left / max(1, (live & ~paused)[t:].sum())
        spent[t] = min(left, share * WEEKDAY[day[t] % 7] * season[t] * rng.lognormal(0, 0.2))
        left -= spent[t]
    series = [
        (c, d, g) for c in campaign["creatives"] for d in c["devices"] for g in campaign["geos"]
    ]
    weights = rng.dirichlet(np.full(len(series), 0.7))
    cvr, shares = GOALS[campaign["goal"]]
    ripe = 1 - np.exp(-(day[-1] - day + 0.6) / 2.2)  # late conversions are still to come
    frames = []
    for (creative, device, geo), weight in zip(series, weights, strict=True):
        price, ctr, has = PLATFORMS[creative["platform"]]
        cpm = price * pressure[creative["platform"]] * GEOS[geo] * DEVICES[device]
        cpm = cpm * rng.lognormal(0, 0.15, len(day))
        n = (spent * weight / cpm * 1000).astype(np.int64)
        wear = np.exp(-np.maximum(0, day - campaign["first"]) / 500)
        clicks = rng.binomial(n, np.minimum(0.3, ctr * creative["appeal"] * wear))
        lpv = rng.binomial(clicks, 0.82)
        conversions = rng.binomial(clicks, cvr * ripe)
        parts = np.array(
            [s if h in has else 0.0 for s, h in zip(shares, ("cart", "leads", "app"), strict=True)]
        )
        split = rng.multinomial(conversions, [*parts, 1 - parts.sum()])
        cart = split[:, 0] + rng.binomial(lpv, 0.09 if campaign["goal"] == "sales" else 0.01)
        plays = rng.binomial(n, 0.42) if creative["is_video"] else np.zeros_like(n)
        frame = pd.DataFrame(
            {"event_date": pd.Timestamp("2025-01-01") + pd.to_timedelta(day, unit="D"),
             "campaign_id": campaign["id"], "ad_creative_id": creative["id"],
             "brand": campaign["brand"], "audience": creative["audience"],
             "platform": creative["platform"], "device": device, "geo": geo,
             "impressions": n, "clicks": clicks, "landing_page_views": lpv, "add_to_cart": cart,
             "purchases": split[:, 0], "conversions": conversions, "leads": split[:, 1],
             "app_installs": split[:, 2], "video_plays": plays,
             "video_completions": rng.binomial(plays, 0.31),
             "spend": np.round(n * cpm / 1000, 2)}
        )  # fmt: skip
        for column, word in NEEDED.items():
            frame[column] = frame[column].astype(float)
            if word not in has.split():
                frame[column] = np.nan
        frames.append(frame[shown])
    return frames


def broken(frame: pd.DataFrame) -> dict[str, Mask]:
    """Rows that break each law as the frame stands; an empty cell breaks none."""
    told: dict[str, Mask] = {}
    for kind, (small, large) in AT_MOST.items():
        told[kind] = (frame[small] > frame[large]).to_numpy()
    for kind, (what, need) in NEEDS.items():
        told[kind] = ((frame[what] > 0) & (frame[need] == 0)).to_numpy()
    told["negative_metrics"] = (frame[METRICS] < 0).any(axis=1).to_numpy()
    return told


@dataclass
class Truth:
    """Rows of the dirty table by kind, what else shows the kind, and the columns lost."""

    rows: Found = field(default_factory=dict)
    implied: Found = field(default_factory=dict)
    shapes: dict[str, NDArray[Any]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    source: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    chosen: Mask = field(default_factory=lambda: np.zeros(0, bool))
    groups: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def inject(
    clean: pd.DataFrame, kinds: tuple[str, ...], rate: float, *, seed: int
) -> tuple[pd.DataFrame, Truth]:
    """A spoiled copy and what was done to it, read off the finished table."""
    rngs = {kind: np.random.default_rng([seed, k]) for k, kind in enumerate(KINDS)}
    frame, n = clean.copy(), len(clean)
    shapes = {kind: np.full(n, "", dtype=object) for kind in KINDS}
    for kind in kinds:
        if kind in AT_MOST:
            _exceed(frame, *AT_MOST[kind], rate, rngs[kind], shapes[kind])
        elif kind in NEEDS:
            _unneed(frame, *NEEDS[kind], rate, rngs[kind], shapes[kind])
        elif kind == "negative_metrics":
            _negate(frame, rate, rngs[kind], shapes[kind])
    spoiled: set[str] = set()
    if "categorical_errors" in kinds:
        spoiled |= _misspell(frame, clean, rate, rngs["categorical_errors"], shapes)
    if "missing_values" in kinds:
        spoiled |= _empty(frame, rate, rngs["missing_values"], shapes["missing_values"], seed)
    source = np.arange(n)
    if "duplicate_rows" in kinds:
        rng, num = rngs["duplicate_rows"], round(rate * n)
        start = int(rng.integers(0, n - num // 2))  # half of them: a load that ran twice
        block = np.arange(start, start + num // 2)
        rest = rng.choice(np.setdiff1d(source, block), num - num // 2, replace=False)
        order = np.concatenate([source, rest])
        order = np.concatenate([order[rng.permutation(len(order))], block])
        source = order
        frame = frame.iloc[source].reset_index(drop=True)
    truth = _truth(frame, clean, source, kinds, shapes)
    truth.source = source
    truth.chosen = np.any([shapes[kind][source] != "" for kind in kinds], axis=0)
    if "dropped_columns" in kinds:
        bound = {c for k, pair in {**AT_MOST, **NEEDS}.items() if k in kinds for c in pair}
        bound |= set(METRICS) if "negative_metrics" in kinds else set()
        bound |= spoiled | {"event_date", "campaign_id"}
        free = [c for c in frame.columns if c not in bound]
        num = min(len(free), max(1, round(rate * len(frame.columns))))
        truth.dropped = {str(c) for c in rngs["dropped_columns"].choice(free, num, replace=False)}
        frame = frame.drop(columns=sorted(truth.dropped))
    # Rows alike as delivered: what of them are not copies is alike by implication.
    truth.groups = frame.groupby(list(frame.columns), dropna=False, sort=False).ngroup().to_numpy()
    return frame, truth


def _truth(
    frame: pd.DataFrame, clean: pd.DataFrame, source: Any, kinds: tuple[str, ...], shapes: Any
) -> Truth:
    was, truth = clean.iloc[source].reset_index(drop=True), Truth()
    faults = broken(frame)
    faults["missing_values"] = (frame.isna() & was.notna()).any(axis=1).to_numpy()
    odd = [~frame[c].isin(clean[c].unique()) & frame[c].notna() for c in DIMS]
    faults["categorical_errors"] = np.any(odd, axis=0)
    maybe = {kind: ((frame[a] > 0) & ~(frame[b] > 0)).to_numpy() for kind, (a, b) in NEEDS.items()}
    # A placeholder may be called empty as well.
    maybe["missing_values"] = frame[DIMS].isin(PLACEHOLDERS).any(axis=1).to_numpy()
    for kind, mask in faults.items():
        shape = shapes[kind][source]
        chosen = mask & (shape != "")
        truth.implied[kind] = np.flatnonzero((mask | maybe.get(kind, mask)) & ~chosen)
        if kind in kinds and chosen.any():
            truth.rows[kind], truth.shapes[kind] = np.flatnonzero(chosen), shape[chosen]
    if "duplicate_rows" in kinds:
        later = pd.Series(source).duplicated().to_numpy()
        truth.rows["duplicate_rows"] = np.flatnonzero(later)
        truth.shapes["duplicate_rows"] = np.full(int(later.sum()), "copy", dtype=object)
    return truth


def _draw(eligible: Any, num: int, rng: Any) -> NDArray[np.int64]:
    there = np.flatnonzero(eligible)
    return np.sort(rng.choice(there, min(num, len(there)), replace=False))


def _exceed(
    frame: pd.DataFrame, small: str, large: str, rate: float, rng: Any, shape: NDArray[Any]
) -> None:
    a, b = frame[small].to_numpy(float, copy=True), frame[large].to_numpy(float, copy=True)
    rows = _draw((a >= 0) & (b >= 0), round(rate * len(frame)), rng)
    how = rng.choice(
        ["by one", "a little", "by far", "larger cut"], len(rows), p=[0.15, 0.3, 0.3, 0.25]
    )
    how[(how == "larger cut") & (a[rows] < 1)] = "a little"
    shape[rows] = how
    for name, low, high in (("by one", 1.0, 1.0), ("a little", 1.02, 1.4), ("by far", 2.0, 12.0)):
        at = rows[how == name]
        a[at] = np.maximum(b[at] + 1, np.ceil(b[at] * rng.uniform(low, high, len(at))))
    at = rows[how == "larger cut"]
    b[at] = np.floor(a[at] * rng.uniform(0.1, 0.999, len(at)))
    frame[small], frame[large] = a.astype(frame[small].dtype), b.astype(frame[large].dtype)


def _unneed(
    frame: pd.DataFrame, what: str, need: str, rate: float, rng: Any, shape: NDArray[Any]
) -> None:
    a, b = frame[what].to_numpy(float, copy=True), frame[need].to_numpy(float, copy=True)
    rows = _draw((a > 0) | ((a == 0) & (b == 0)), round(rate * len(frame)), rng)
    shape[rows] = np.where(a[rows] > 0, "need set to zero", "made up without its need")
    amounts = np.round(rng.lognormal(2, 1, len(rows)), 2) + 0.01
    amounts = amounts if what == "spend" else rng.integers(1, 4, len(rows)).astype(float)
    a[rows] = np.where(a[rows] > 0, a[rows], amounts)
    b[rows] = 0
    frame[what], frame[need] = a.astype(frame[what].dtype), b.astype(frame[need].dtype)


def _negate(frame: pd.DataFrame, rate: float, rng: Any, shape: NDArray[Any]) -> None:
    values = frame[METRICS].to_numpy(float, copy=True)
    rows = _draw(np.ones(len(frame)), round(rate * len(frame)), rng)
    for row in rows:
        column = int(rng.choice(np.flatnonzero(~np.isnan(values[row]))))
        turned = values[row, column] > 0 and rng.random() < 0.8
        values[row, column] = -values[row, column] if turned else rng.choice([-1.0, -999.0])
        shape[row] = "sign turned" if turned else "code -1 or -999"
    for k, column in enumerate(METRICS):
        frame[column] = values[:, k].astype(frame[column].dtype)


def _misspell(
    frame: pd.DataFrame,
    clean: pd.DataFrame,
    rate: float,
    rng: Any,
    shapes: dict[str, NDArray[Any]],
) -> set[str]:
    columns = [str(c) for c in rng.choice(DIMS[2:], 2, replace=False)]
    for column in columns:
        known, values = set(clean[column]), frame[column].to_numpy(object).copy()
        for row in _draw(np.ones(len(frame)), round(rate * len(frame)), rng):
            word, how, k = values[row], "", 0
            while not how or word in known:
                how = str(
                    rng.choice(
                        [
                            "swapped letters",
                            "other case",
                            "placeholder",
                            "cut short",
                            "digit in it",
                            "stray blank",
                        ]
                    )
                )
                word, k = values[row], int(rng.integers(0, len(values[row]) - 1))
                if how == "swapped letters":
                    word = word[:k] + word[k + 1] + word[k] + word[k + 2 :]
                elif how == "other case":
                    word = word.swapcase()
                elif how == "placeholder":
                    word = str(rng.choice(PLACEHOLDERS))
                elif how == "cut short":
                    word = word[: max(1, k)]
                elif how == "digit in it":
                    word = word[:k] + str(rng.integers(0, 10)) + word[k + 1 :]
                else:
                    word = word + " " if rng.random() < 0.5 else " " + word
            values[row] = word
            shapes["categorical_errors"][row] = how
        frame[column] = values
    return set(columns)


def _empty(frame: pd.DataFrame, rate: float, rng: Any, shape: NDArray[Any], seed: int) -> set[str]:
    columns = [str(c) for c in rng.choice([*DIMS[1:], *METRICS], 4, replace=False)]
    together = seed % 2 == 0  # some days of a feed, else each column for itself
    start = int(rng.integers(0, len(frame) - round(rate * len(frame))))
    for column in columns:
        there = frame[column].notna().to_numpy()
        if together:
            rows = np.flatnonzero(there)
            rows = rows[(rows >= start) & (rows < start + round(rate * len(frame)))]
        else:
            rows = _draw(there, round(rate * there.sum()), rng)
        frame[column] = frame[column].mask(np.isin(np.arange(len(frame)), rows))
        shape[rows] = "some days of the feed" if together else "scattered"
    return set(columns)


def check(clean: pd.DataFrame) -> None:
    """Hold a clean table to its own laws, or stop."""
    assert not any(mask.any() for mask in broken(clean).values()), "a clean table breaks a law"
    assert not clean.duplicated(KEY).any(), "rows are not unique"
    needed = [PLATFORMS[p][2].split() for p in clean["platform"]]
    for column in METRICS:
        word = NEEDED.get(column)
        absent = [word is not None and word not in has for has in needed]
        assert (clean[column].isna().to_numpy() == np.array(absent)).all(), column


def check_truth(clean: pd.DataFrame, rate: float) -> None:
    """Hold the truth to the difference: each spoiled row was spoiled on purpose, and shows."""
    for i in range(1, len(KINDS) + 1):
        before = clean.copy()
        dirty, truth = inject(clean, KINDS[:i], rate, seed=i)
        assert clean.equals(before), "the input was changed"
        assert set(clean.columns) - set(dirty.columns) == truth.dropped
        was = clean[dirty.columns].iloc[truth.source].reset_index(drop=True)
        differs = ((dirty != was) & ~(dirty.isna() & was.isna())).any(axis=1).to_numpy()
        there = np.zeros(len(dirty), dtype=bool)
        for kind in KINDS[:i]:
            if kind not in ("dropped_columns", "duplicate_rows"):
                assert len(truth.rows[kind]), kind
                there[truth.rows[kind]] = True
        assert not (there & ~differs).any(), "a row of the truth is as it was"
        assert not (differs & ~truth.chosen).any(), "a row changed that no kind chose"
        num = round(rate * len(clean)) if i > 1 else 0
        assert len(truth.rows.get("duplicate_rows", ())) == num == len(dirty) - len(clean)
