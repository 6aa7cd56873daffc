"""A second generator and a second injector, for scoring alone.

They share no code and no idea with `campaignkit.tables.synthetic` and `campaignkit.inject`: rows
are negative-binomial counts of a fixed panel with platforms by ad, faults are written with pandas
one by one, the other side of some laws is spoiled, copies are appended, garbage is of other kinds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

KINDS = [
    "missing_values", "duplicate_rows", "dropped_columns", "categorical_errors",
    "clicks_exceed_impressions", "conversions_exceed_clicks", "spend_with_zero_impressions",
    "video_completions_exceed_plays", "purchases_without_add_to_cart",
    "landing_page_views_exceed_clicks", "negative_metrics",
]  # fmt: skip

BRANDS = ["Volta Motors", "Brightside", "Casa Linda", "Ostrava", "Petrichor", "Umbra", "Wren & Co"]
PLATFORMS = ["facebook", "instagram", "tiktok", "youtube", "google", "bing"]
NO_VIDEO = {"google", "bing"}
AUDIENCES = ["prospecting", "retargeting", "lookalike 1%", "lookalike 5%", "interest: sports"]
DEVICES = ["phone", "desktop", "connected tv"]
GEOS = ["Spain", "Italy", "Poland", "Mexico", "Canada"]
METRICS = [
    "impressions",
    "clicks",
    "landing_page_views",
    "add_to_cart",
    "purchases",
    "conversions",
    "leads",
    "app_installs",
    "video_plays",
    "video_completions",
    "spend",
]


def panel(num_rows: int, seed: int, *, brands=BRANDS, platforms=PLATFORMS, season: float = 1.0,
          start: str = "2024-09-02") -> pd.DataFrame:  # fmt: skip
    """A clean table: campaigns of 6 ads on 2 devices over 28 days."""
    rng = np.random.default_rng([seed, 99])
    num_campaigns = -(-num_rows // (6 * 2 * 28))
    campaigns = pd.DataFrame(
        {
            "campaign_id": [f"{seed}/{i}" for i in range(num_campaigns)],
            "brand": rng.choice(brands, num_campaigns),
            "audience": rng.choice(AUDIENCES, num_campaigns),
            "geo": rng.choice(GEOS, num_campaigns),
            "offset": rng.integers(0, 100, num_campaigns),
            "volume": rng.pareto(1.6, num_campaigns) * 400 + 80,
        }
    )
    ads = campaigns.loc[campaigns.index.repeat(6)].reset_index(drop=True)
    ads["ad_creative_id"] = [f"ad{seed}-{i}" for i in range(len(ads))]
    ads["platform"] = rng.choice(platforms, len(ads))  # by ad, not by campaign
    rows = ads.loc[ads.index.repeat(28)].reset_index(drop=True)
    rows["day"] = np.tile(np.arange(28), len(ads))
    rows = rows.loc[rows.index.repeat(2)].reset_index(drop=True)
    rows["device"] = np.tile(["phone", "desktop"], len(ads) * 28)
    tv = (rows.platform == "youtube") & (rows.device == "desktop") & (rng.random(len(rows)) < 0.4)
    rows.loc[tv, "device"] = "connected tv"
    date = pd.Timestamp(start) + pd.to_timedelta(rows.offset + rows.day, unit="D")
    week = 1 + 0.3 * np.sin(2 * np.pi * date.dt.dayofweek / 7)
    mean = rows.volume * season * week * np.where(rows.device == "phone", 1.0, 0.35)
    dead = rng.random(len(rows)) < 0.04
    impressions = np.where(dead, 0, rng.negative_binomial(3, 3 / (3 + mean)))
    clicks = rng.binomial(impressions, np.clip(rng.beta(2, 90, len(rows)), 0, 1))
    landed = rng.binomial(clicks, 0.8)
    cart = rng.binomial(landed, 0.15)
    bought = rng.binomial(cart, 0.4)
    leads = rng.binomial(landed - cart, 0.07)
    plays = rng.binomial(impressions, 0.4)
    out = pd.DataFrame(
        {
            "event_date": date.dt.date.astype("datetime64[ns]"),
            "campaign_id": rows.campaign_id, "ad_creative_id": rows.ad_creative_id,
            "brand": rows.brand, "audience": rows.audience, "platform": rows.platform,
            "device": rows.device, "geo": rows.geo, "impressions": impressions, "clicks": clicks,
            "landing_page_views": landed, "add_to_cart": cart, "purchases": bought,
            "conversions": bought + leads, "leads": leads,
            "app_installs": rng.binomial(clicks, 0.03).astype(float),
            "video_plays": plays.astype(float),
            "video_completions": rng.binomial(plays, 0.3).astype(float),
            "spend": (impressions * rng.gamma(20, 0.0005, len(rows))).round(2),
        }
    )  # fmt: skip
    out.loc[out.platform.isin(NO_VIDEO), ["video_plays", "video_completions"]] = np.nan
    out.loc[out.device == "connected tv", "app_installs"] = np.nan
    return (
        out.sort_values(["event_date", "campaign_id"], kind="stable")
        .iloc[:num_rows]
        .reset_index(drop=True)
    )


def spoil(table: pd.DataFrame, kinds: list[str], rate: float, seed: int):
    """Spoil with pandas; returns the dirty frame and {kind: set of row labels or columns}."""
    rng = np.random.default_rng([seed, 7])
    frame = table.copy()
    truth: dict[str, set] = {}
    size = max(1, round(rate * len(frame)))

    copied: list[int] = []

    def some(mask=None):
        pool = frame.index if mask is None else frame.index[mask]
        return rng.choice(pool, min(size, len(pool)), replace=False)

    if "clicks_exceed_impressions" in kinds:  # the impressions shrink
        rows = some(frame.clicks > 1)
        frame.loc[rows, "impressions"] = (frame.loc[rows, "clicks"] * 0.6).astype(int)
        truth["clicks_exceed_impressions"] = set(rows)
    if "spend_with_zero_impressions" in kinds:
        rows = some(frame.spend > 0)
        frame.loc[rows, "impressions"] = 0
        truth["spend_with_zero_impressions"] = set(rows)
    if "landing_page_views_exceed_clicks" in kinds:
        rows = some()
        frame.loc[rows, "landing_page_views"] = frame.loc[rows, "clicks"] + rng.integers(
            1, 9, len(rows)
        )
        truth["landing_page_views_exceed_clicks"] = set(rows)
    if "conversions_exceed_clicks" in kinds:
        rows = some()
        frame.loc[rows, "conversions"] = frame.loc[rows, "clicks"] * 2 + 1
        truth["conversions_exceed_clicks"] = set(rows)
    if "video_completions_exceed_plays" in kinds:  # the plays shrink
        rows = some(frame.video_completions > 2)
        frame.loc[rows, "video_plays"] = np.floor(frame.loc[rows, "video_completions"] / 2)
        truth["video_completions_exceed_plays"] = set(rows)
    if "purchases_without_add_to_cart" in kinds:  # purchases appear
        rows = some(frame.add_to_cart == 0)
        frame.loc[rows, "purchases"] = rng.integers(1, 4, len(rows))
        truth["purchases_without_add_to_cart"] = set(rows)
    if "negative_metrics" in kinds:
        rows = some()
        for row, name in zip(rows, rng.choice(METRICS, len(rows)), strict=True):
            if frame.at[row, name] > 0:
                frame.at[row, name] = -frame.at[row, name]
                truth.setdefault("negative_metrics", set()).add(row)
    if "categorical_errors" in kinds:
        name = str(rng.choice(["brand", "audience", "device", "geo"]))
        rows = some()
        garbage = [
            "INVALID_CATEGORY",
            "n/a",
            "Unkown!!",
            "__",
            "zxqv91k",
            frame[name].iloc[0][:-1],
        ]
        frame.loc[rows, name] = rng.choice(garbage, len(rows))
        truth["categorical_errors"] = set(rows)
    if "duplicate_rows" in kinds:
        copies = frame.loc[some()].copy()
        copied = list(copies.index)
        labels = range(len(frame), len(frame) + len(copies))
        truth = {
            k: v | {n for n, o in zip(labels, copies.index, strict=True) if o in v}
            for k, v in truth.items()
        }
        copies.index = labels
        frame = pd.concat([frame, copies])
        truth["duplicate_rows"] = set(labels)
    if "missing_values" in kinds:
        pool = ["clicks", "spend", "leads", "conversions", "audience", "impressions"]
        names = rng.choice(pool, 3, replace=False)
        rows = some()
        for name in names:
            mine = rows if rng.random() < 0.5 else some()
            frame.loc[mine, name] = None if name == "audience" else np.nan
            truth.setdefault("missing_values", set()).update(mine)
    if "dropped_columns" in kinds:
        pool = ["audience", "geo", "leads", "brand", "app_installs", "device"]
        used = [n for n in pool if n not in ("device",)]
        count = min(max(1, round(rate * frame.shape[1])), len(used))
        gone = sorted(rng.choice(used, count, replace=False))
        frame = frame.drop(columns=gone)
        truth["dropped_columns"] = set(gone)
    truth = _seen(frame, truth)
    shared = [m for m in METRICS if m in frame]
    before = table[shared].reindex([*table.index, *copied])[shared].to_numpy(float)
    before, now = np.abs(before) + 1, np.abs(frame[shared].to_numpy(float)) + 1
    with np.errstate(invalid="ignore"):
        tenfold = (now > 10 * before) | (before > 10 * now)
    frame = frame.reset_index(drop=True)
    frame.attrs["tenfold"] = set(np.flatnonzero(tenfold.any(axis=1)).tolist())
    return frame, truth


BROKEN = {
    "clicks_exceed_impressions": lambda f: f.clicks > f.impressions,
    "conversions_exceed_clicks": lambda f: f.conversions > f.clicks,
    "landing_page_views_exceed_clicks": lambda f: f.landing_page_views > f.clicks,
    "video_completions_exceed_plays": lambda f: f.video_completions > f.video_plays,
    "spend_with_zero_impressions": lambda f: (f.spend > 0) & (f.impressions == 0),
    "purchases_without_add_to_cart": lambda f: (f.purchases > 0) & (f.add_to_cart == 0),
    "negative_metrics": lambda f: (f[[m for m in METRICS if m in f]] < 0).any(axis=1),
}


def _seen(frame: pd.DataFrame, truth: dict[str, set]) -> dict[str, set]:
    """Only what can still be seen in the dirty table."""
    out = dict(truth)
    for kind, rows in truth.items():
        if kind in BROKEN:
            out[kind] = rows & set(frame.index[BROKEN[kind](frame)])
    if "categorical_errors" in truth:
        known = {*BRANDS, *AUDIENCES, *DEVICES, *GEOS}
        names = [n for n in ("brand", "audience", "device", "geo") if n in frame]
        seen = pd.Series(False, frame.index)
        for name in names:
            seen |= frame[name].notna() & ~frame[name].isin(known)
        out["categorical_errors"] = truth["categorical_errors"] & set(frame.index[seen])
    if "missing_values" in truth:
        names = [n for n in ("clicks", "spend", "leads", "conversions", "audience", "impressions")
                 if n in frame]  # fmt: skip
        out["missing_values"] = set(frame.index[frame[names].isna().any(axis=1)])
    return {k: v for k, v in out.items() if v}


def implied_kinds(frame: pd.DataFrame, kind: str) -> set[int]:
    """Rows that break a law whoever broke it, or whose amounts changed tenfold."""
    if kind == "outliers":
        return frame.attrs["tenfold"]
    if kind not in BROKEN:
        return set()
    try:
        return set(np.flatnonzero(BROKEN[kind](frame)))
    except AttributeError:
        return set()


def score(report, frame: pd.DataFrame, truth: dict[str, set]) -> dict[str, dict[str, int]]:
    """Hits, false alarms and misses by kind at table and row level."""
    found: dict[str, set] = {}
    for finding in report.errors:
        rows = set(finding.rows.tolist()) if len(finding.rows) else set(finding.columns)
        found.setdefault(finding.kind, set()).update(rows)
    out = {}
    for kind in {*truth, *found}:
        there, seen = truth.get(kind, set()), found.get(kind, set())
        extra = seen - there - implied_kinds(frame, kind)
        hit = bool(there & seen)
        out[kind] = {
            "hit": int(hit), "alarm": int(not there and bool(extra)),
            "miss": int(bool(there) and not hit), "rows_hit": len(there & seen),
            "rows_alarm": len(extra), "rows_miss": len(there - seen),
        }  # fmt: skip
    return out
