"""One report as four loaders land it: the same rows come of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from campaignkit.harmonise import ClientStore
from campaignkit.harmonise.landing import plain
from landed_tables import Rows, land, rows_of

DAY, AD, ACCOUNT = "2025-03-01", "1", "7"
AMOUNTS = {"impressions": 100, "inline_link_clicks": 3, "clicks": 9, "spend": "1.10", "reach": 80}
ACTIONS = [
    {"action_type": "purchase", "value": "2", "7d_click": "2"},
    {"action_type": "lead", "value": "1"},
]


def fivetran() -> dict[str, Rows]:
    at = {"_fivetran_synced": "2025-03-05"}
    return {
        "facebook_ads_basic_ad": [
            {"ad_id": AD, "account_id": ACCOUNT, "date": DAY, **AMOUNTS, **at}
        ],
        "facebook_ads_basic_ad_actions": [
            {"ad_id": AD, "date": DAY, "index": n, "action_type": a["action_type"],
             "value": a["value"], "_7_d_click": a.get("7d_click", ""), **at}
            for n, a in enumerate(ACTIONS)
        ],
    }  # fmt: skip


def airbyte() -> dict[str, Rows]:
    at = {"_airbyte_extracted_at": "2025-03-05", "_airbyte_raw_id": "r"}
    row = {"ad_id": AD, "account_id": ACCOUNT, "date_start": DAY, **AMOUNTS, **at}
    return {"ads_insights": [row | {"actions": json.dumps(ACTIONS)}]}


def singer() -> dict[str, Rows]:
    return {
        "ads_insights": [
            {"ad_id": AD, "account_id": ACCOUNT, "date_start": DAY, **AMOUNTS,
             "_sdc_batched_at": "2025-03-05"}
        ],
        "ads_insights__actions": [
            {"_sdc_source_key_ad_id": AD, "_sdc_source_key_date_start": DAY, "_sdc_level_0_id": n,
             "action_type": a["action_type"], "value": a["value"],
             "7d_click": a.get("7d_click", "")}
            for n, a in enumerate(ACTIONS)
        ],
    }  # fmt: skip


def dlt() -> dict[str, Rows]:
    return {
        "insights": [
            {"ad_id": AD, "account_id": ACCOUNT, "date_start": DAY, **AMOUNTS, "_dlt_id": "p",
             "_dlt_load_id": "1"}
        ],
        "insights__actions": [
            {"_dlt_parent_id": "p", "_dlt_list_idx": n, "_dlt_id": f"c{n}",
             "action_type": a["action_type"], "value": a["value"],
             "_7d_click": a.get("7d_click", "")}
            for n, a in enumerate(ACTIONS)
        ],
    }  # fmt: skip


@pytest.mark.parametrize("loader", [fivetran, airbyte, singer, dlt])
def test_the_same_rows_come_of_every_loader(loader: object, tmp_path: Path) -> None:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(land(tmp_path / "landed", **loader()), platform="meta")  # type: ignore[operator]
        data = store.harmonise()
        (row,) = rows_of(data)
        events = rows_of(data, "conversions")

    assert (str(row["spend"]), row["clicks_link"], row["clicks_platform"]) == ("1.100000", 3, 9)
    assert {
        (r["event"], r["click_days"], int(r["conversions"]), r["is_primary"]) for r in events
    } == {("purchase", None, 2, True), ("purchase", 7, 2, False), ("lead", None, 1, True)}


def test_typed_tables_give_the_rows_that_text_gives(tmp_path: Path) -> None:
    import duckdb

    folder = land(tmp_path / "text", **airbyte())
    con = duckdb.connect(str(tmp_path / "typed.duckdb"))
    con.execute(
        f"CREATE TABLE ads_insights AS SELECT * FROM read_csv('{folder}/ads_insights.csv')"
    )
    con.execute("CREATE TABLE other AS SELECT [1, 2] AS list, {'a': 1} AS struct")
    con.close()
    told = []
    for source in (folder, tmp_path / "typed.duckdb"):
        with ClientStore(tmp_path / source.stem, client="acme") as store:
            store.ingest(source, platform="meta")
            data = store.harmonise()
            told.append([rows_of(data, name) for name in ("performance", "conversions", "reach")])

    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("written", "compared"),
    [("metrics.cost_micros", "metrics_cost_micros"), ("\ufeffid", "id"),
     ("_7_d_click", "_7_d_click"), ("Cost / conv.", "cost_conv"),
     ("insights__actions", "insights_actions"), ("TimePeriod", "time_period"),
     ("conversionValueInLocalCurrency", "conversion_value_in_local_currency")],
)  # fmt: skip
def test_names_are_compared_without_the_loaders_manners(written: str, compared: str) -> None:
    assert plain(written) == compared
