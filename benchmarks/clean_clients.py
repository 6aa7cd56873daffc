"""Checks across platforms on simulated clients: findings on clean ones, planted faults found.

python -m benchmarks.clean_clients [clients]

A clean client has Meta, Google Ads and Pinterest with weekly seasons, budgets that are used up to
the cent, campaigns that start, end and take spend from others, a platform that rests at weekends
or runs in flights, and conversions that scatter more than Poisson.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import record
from campaignkit.harmonise import ClientStore

DAYS, ADS = 91, 4
START = date(2025, 1, 6)
FAULTS = ("account_twice", "event_fell", "platform_days_missing")
Tables = dict[str, list[dict[str, Any]]]


def client(seed: int, fault: str = "") -> Mapping[str, Tables]:
    """Exports of three platforms, clean or with one fault planted in Meta."""
    rng = np.random.default_rng(seed)
    made = {"meta": _meta(_series(rng, rests=False))}
    made["google_ads"] = _google(_series(rng, rests=bool(seed % 2)))
    made["pinterest"] = _pinterest(_series(rng, rests=bool(seed % 3)))
    meta, at = made["meta"], int(rng.integers(25, 60))
    if fault == "account_twice":
        meta["basic_ad"] += [row | {"account_id": "act_7", "ad_id": row["ad_id"] + 100}
                             for row in meta["basic_ad"]]  # fmt: skip
    elif fault == "event_fell":
        left = 0.05 * rng.random()
        for row in meta["basic_ad_actions"]:
            if row["date"] >= START + timedelta(at):
                row["value"] = int(row["value"] * left)
    elif fault == "platform_days_missing":
        gone = {START + timedelta(at + n) for n in range(int(rng.integers(1, 6)))}
        for name in ("basic_ad", "basic_ad_actions"):
            meta[name] = [row for row in meta[name] if row["date"] not in gone]
    return made


def found(folder: Path, exports: Mapping[str, Tables]) -> list[tuple[str, str]]:
    """Rule and kind of each warning and error that the client's audit has."""
    with ClientStore(folder / "clients", client="acme") as store:
        for platform, tables in exports.items():
            for name, rows in tables.items():
                path = folder / platform / f"{name}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)
            store.ingest(folder / platform, platform=platform)
        report = store.harmonise().audit()
    return [(f.rule, f.kind) for f in report.findings if f.severity in ("warning", "error")]


def _series(rng: np.random.Generator, *, rests: bool) -> list[tuple[int, date, float, int, int]]:
    """Ad, day, spend, impressions and conversions."""
    budget = rng.choice([20.0, 50.0, 100.0], ADS)
    starts, ends = rng.integers(0, 20, ADS) * (rng.random(ADS) < 0.5), rng.integers(60, 200, ADS)
    starts[0], ends[0] = 0, 200
    weekly, flights = rests and rng.random() < 0.5, rests
    rate = rng.choice([0.0, 0.1, 0.3], ADS)
    rate[0] = 0.3  # so that there is an event that can fall
    made = []
    for n in range(DAYS):
        day = START + timedelta(n)
        if (weekly and day.weekday() > 4) or (flights and not weekly and n // 14 % 2):
            continue
        season = 1 + 0.3 * (day.weekday() > 4)
        for ad in range(ADS):
            if starts[ad] <= n < ends[ad]:
                used_up = rng.random() < 0.7
                spend = budget[ad] if used_up else round(budget[ad] * rng.uniform(0.3, 1), 2)
                shown = int(rng.poisson(spend * 100 * season * rng.gamma(20, 1 / 20)))
                bought = int(rng.poisson(spend * rate[ad] * season * rng.gamma(8, 1 / 8)))
                made.append((ad, day, float(spend), shown, bought))
    return made


def _meta(series: list[tuple[int, date, float, int, int]]) -> Tables:
    return {
        "basic_ad": [
            {"ad_id": ad, "date": day, "account_id": "7", "spend": spend, "impressions": shown,
             "inline_link_clicks": shown // 90} for ad, day, spend, shown, _ in series],
        "basic_ad_actions": [
            {"ad_id": ad, "date": day, "action_type": kind, "value": bought}
            for kind in ("purchase", "omni_purchase")
            for ad, day, _, _, bought in series if bought],
        "ad_history": [{"id": ad, "account_id": "7", "campaign_id": ad, "ad_set_id": ad}
                       for ad in range(ADS)],
        "account_history": [{"id": "7", "currency": "EUR"}, {"id": "act_7", "currency": "EUR"}],
    }  # fmt: skip


def _google(series: list[tuple[int, date, float, int, int]]) -> Tables:
    return {
        "ad_stats": [
            {"customer_id": "77", "date": day, "campaign_id": ad, "ad_group_id": ad, "ad_id": ad,
             "device": "MOBILE", "cost_micros": round(spend * 1_000_000), "impressions": shown,
             "clicks": shown // 50, "conversions": bought * 0.5}
            for ad, day, spend, shown, bought in series],
        "account_history": [{"id": "77", "currency_code": "EUR", "time_zone": "Europe/Berlin"}],
    }  # fmt: skip


def _pinterest(series: list[tuple[int, date, float, int, int]]) -> Tables:
    return {
        "pin_promotion_report": [
            {"date": day, "pin_promotion_id": ad, "ad_group_id": ad, "campaign_id": ad,
             "advertiser_id": 4, "impression_1": shown, "clickthrough_1": shown // 80,
             "spend_in_micro_dollar": round(spend * 1_000_000), "total_conversions": bought}
            for ad, day, spend, shown, bought in series],
        "advertiser_history": [{"id": 4, "currency": "EUR"}],
    }  # fmt: skip


def main(clients: int = 30) -> None:
    """Clean clients, then as many with each fault."""
    figures: dict[str, Any] = {}
    for fault in ("", *FAULTS):
        kinds: Counter[str] = Counter()
        hits = 0
        for seed in range(clients if not fault else max(clients // 3, 1)):
            with tempfile.TemporaryDirectory() as name:
                told = found(Path(name), client(seed, fault))
            across = {kind for rule, kind in told if rule == "cross_platform"}
            hits += fault in across if fault else bool(across)
            kinds.update(across - {fault})
            kinds.update({kind for rule, kind in told if rule != "cross_platform"})
        total = clients if not fault else max(clients // 3, 1)
        figures[fault or "clean"] = {
            "clients": total, "found" if fault else "clients with a finding": hits,
            "clients with other findings": dict(kinds),
        }  # fmt: skip
        print(fault or "clean", figures[fault or "clean"])
    record(
        "clean_clients",
        figures,
        about="Audit of simulated clients of three platforms: clean ones with a finding of the "
        "checks across platforms, and clients with one planted fault in which it was found.",
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
