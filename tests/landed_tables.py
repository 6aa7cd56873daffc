"""Landed tables for the tests: small, made by hand, with the traps that real ones have."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

Rows = Sequence[Mapping[str, Any]]


def land(folder: Path, **tables: Rows) -> Path:
    """Write each table as a CSV file of its name; columns are those of all its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def rows_of(data: Any, table: str = "performance") -> list[dict[str, Any]]:
    """The rows of a unified table, as Python values."""
    return data.to_arrow(table).to_pylist()


def total(rows: Rows, column: str) -> Decimal:
    """Sum of a column; what is unknown adds nothing."""
    return sum((Decimal(row[column]) for row in rows if row[column] is not None), Decimal(0))


def google(
    days: Sequence[str] = ("2025-03-01", "2025-03-02"), spend: int = 1_000_001
) -> dict[str, Rows]:
    """Google Ads in Fivetran's shape: two ads by device, and a campaign that has no ads at all."""
    ads = [
        {"customer_id": "77", "date": day, "campaign_id": c, "ad_group_id": g, "ad_id": a,
         "device": device, "ad_network_type": "SEARCH", "cost_micros": spend + n,
         "impressions": 100, "clicks": 3, "conversions": "0.5", "conversions_value": "12.25",
         "view_through_conversions": 1}
        for day in days
        for n, (c, g, a) in enumerate([("1", "11", "111"), ("1", "12", "111")])
        for device in ("DESKTOP", "MOBILE")
    ]  # fmt: skip
    campaigns = [
        {"customer_id": "77", "date": day, "id": c, "cost_micros": cost, "impressions": shown,
         "clicks": clicks, "conversions": "4", "conversions_value": "100",
         "view_through_conversions": 2}
        for day in days
        for c, cost, shown, clicks in (
            ("1", 4 * spend + 2 + 5, 450, 12),  # five millionths and 50 impressions beyond its ads
            ("9", 333_333, 10, 0),  # Performance Max: no ads
        )
    ]  # fmt: skip
    return {
        "ad_stats": ads,
        "campaign_stats": campaigns,
        "account_history": [
            {"id": "77", "currency_code": "USD", "time_zone": "America/New_York",
             "descriptive_name": "Shop", "updated_at": "2025-01-01"},
            {"id": "77", "currency_code": "USD", "time_zone": "America/New_York",
             "descriptive_name": "Old name", "updated_at": "2024-01-01"},
        ],
        "campaign_history": [
            {"id": "1", "customer_id": "77", "name": "Spring", "updated_at": "2025-02-01",
             "advertising_channel_type": "SEARCH", "_fivetran_active": "true"},
            {"id": "1", "customer_id": "77", "name": "Draft", "updated_at": "2025-02-02",
             "advertising_channel_type": "SEARCH", "_fivetran_active": "false"},
        ],
        "ad_history": [
            {"id": "111", "ad_group_id": "11", "name": "Left", "updated_at": "2025-01-01"},
            {"id": "111", "ad_group_id": "12", "name": "Right", "updated_at": "2025-01-01"},
        ],
        "keyword_stats": [
            {"customer_id": "77", "date": "2025-03-01", "campaign_id": "1", "cost_micros": 999}
        ],
    }  # fmt: skip
