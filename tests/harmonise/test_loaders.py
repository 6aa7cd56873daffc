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


# Google Ads and LinkedIn with the names that the connectors' own schemas list.
GOOGLE = {"cost_micros": 1_250_001, "impressions": 900, "clicks": 12, "conversions": 0.5,
          "conversions_value": 7.25, "ad_network_type": "SEARCH"}  # fmt: skip


def google_airbyte() -> dict[str, Rows]:
    at = {"_airbyte_extracted_at": "2025-03-05 01:00:00+00", "_airbyte_meta": "{}"}
    amounts = {
        "segments.ad_network_type" if n == "ad_network_type" else f"metrics.{n}": v
        for n, v in GOOGLE.items()
    }
    of = {"customer.id": 77, "campaign.id": 1, "campaign.name": "Spring", "segments.date": DAY}
    ad = {"ad_group.id": 11, "ad_group_ad.ad.id": 111, "customer.currency_code": "EUR"}
    return {
        "ad_group_ad_legacy": [{**of, **ad, **amounts, **at}],
        "campaign": [{**of, **amounts, "metrics.cost_micros": 2_000_000, **at}],
        "customer": [{"customer.id": 77, "customer.currency_code": "EUR",
                      "customer.time_zone": "Europe/Berlin", **at}],
    }  # fmt: skip


def google_singer() -> dict[str, Rows]:
    at = {"_sdc_batched_at": "2025-03-05T01:00:00.000000Z", "_sdc_sequence": 17_411_364}
    of = {"customer_id": 77, "campaign_id": 1, "campaign_name": "Spring",
          "date": f"{DAY}T00:00:00.000000Z"}  # fmt: skip
    day = {"_sdc_record_hash": "ab", "customer_currency_code": "EUR", **at}
    return {
        "ad_performance_report": [{**of, "ad_group_id": 11, "id": 111, **GOOGLE, **day}],
        "campaign_performance_report": [{**of, **GOOGLE, "cost_micros": 2_000_000, **day}],
        "accounts": [{"id": 77, "currency_code": "EUR", "time_zone": "Europe/Berlin", **at}],
        "campaigns": [{"id": 1, "customer_id": 77, "name": "Spring", **at}],
    }


def google_dlt() -> dict[str, Rows]:
    amounts = {
        "segments__ad_network_type" if n == "ad_network_type" else f"metrics__{n}": v
        for n, v in GOOGLE.items()
    }
    of = {"customer__id": 77, "campaign__id": 1, "campaign__name": "Spring",
          "segments__date": DAY, "customer__currency_code": "EUR",
          "_dlt_load_id": "1741136400.5"}  # fmt: skip
    ad = {"ad_group__id": 11, "ad_group_ad__ad__id": 111, "_dlt_id": "a"}
    return {
        "ad_group_ad_performance": [{**of, **ad, **amounts}],
        "campaign": [{**of, **amounts, "metrics__cost_micros": 2_000_000, "_dlt_id": "b"}],
        "customer": [{"customer__id": 77, "customer__currency_code": "EUR",
                      "customer__time_zone": "Europe/Berlin", "_dlt_id": "c"}],
    }  # fmt: skip


@pytest.mark.parametrize("loader", [google_airbyte, google_singer, google_dlt])
def test_google_ads_as_three_loaders_spell_it(loader: object, tmp_path: Path) -> None:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(land(tmp_path / "landed", **loader()), platform="google_ads")  # type: ignore[operator]
        data = store.harmonise()
        ad, rest = sorted(rows_of(data), key=lambda r: r["level"])
        events = rows_of(data, "conversions")
        assert data.report.closes

    assert (ad["account_id"], ad["campaign_id"], ad["ad_group_id"], ad["ad_id"]) == (
        "77", "1", "11", "111",
    )  # fmt: skip
    assert (str(ad["spend"]), str(rest["spend"])) == ("1.250001", "0.749999")
    assert (ad["currency"], ad["report_tz"], ad["campaign_name"]) == (
        "EUR", "Europe/Berlin", "Spring",
    )  # fmt: skip
    assert ad["placement"] == "SEARCH"
    assert {(r["event"], str(r["conversions"])) for r in events} == {("total", "0.500000")}


def linkedin_airbyte() -> dict[str, Rows]:
    at = {"_airbyte_extracted_at": "2025-03-05 01:00:00+00"}
    return {
        "ad_creative_analytics": [
            {"pivotValue": "urn:li:sponsoredCreative:9", "_pivot": "CREATIVE", "start_date": DAY,
             "end_date": DAY, "costInLocalCurrency": "3.10", "costInUsd": "3.40", "clicks": 4,
             "impressions": 50, "landingPageClicks": 3, "externalWebsiteConversions": 2,
             "oneClickLeads": 1, "conversionValueInLocalCurrency": "8.5", **at}
        ],
        "creatives": [{"id": "urn:li:sponsoredCreative:9", **at,
                       "campaign": "urn:li:sponsoredCampaign:8"}],
        "campaigns": [{"id": 8, "campaignGroup": "urn:li:sponsoredCampaignGroup:7", "name": "set",
                       "account": "urn:li:sponsoredAccount:6", **at}],
        "campaign_groups": [{"id": 7, "account": "urn:li:sponsoredAccount:6", "name": "Spring",
                             **at}],
        "accounts": [{"id": 6, "currency": "EUR", "name": "Konto", **at}],
    }  # fmt: skip


def linkedin_singer() -> dict[str, Rows]:
    at = {"_sdc_batched_at": "2025-03-05T01:00:00.000000Z"}
    return {
        "ad_analytics_by_creative": [
            {"creative_id": 9, "creative": "urn:li:sponsoredCreative:9",
             "start_at": f"{DAY}T00:00:00.000000Z", "end_at": f"{DAY}T00:00:00.000000Z",
             "cost_in_local_currency": "3.10", "cost_in_usd": "3.40", "clicks": 4,
             "impressions": 50, "landing_page_clicks": 3, "external_website_conversions": 2,
             "one_click_leads": 1, "conversion_value_in_local_currency": "8.5", **at}
        ],
        "creatives": [{"id": 9, "campaign_id": 8, "campaign": "urn:li:sponsoredCampaign:8", **at}],
        "campaigns": [{"id": 8, "campaign_group_id": 7, "account_id": 6, "name": "set", **at}],
        "campaign_groups": [{"id": 7, "account_id": 6, "name": "Spring", **at}],
        "accounts": [{"id": 6, "currency": "EUR", "name": "Konto", **at}],
    }  # fmt: skip


@pytest.mark.parametrize("loader", [linkedin_airbyte, linkedin_singer])
def test_linkedin_as_two_loaders_spell_it(loader: object, tmp_path: Path) -> None:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(land(tmp_path / "landed", **loader()), platform="linkedin")  # type: ignore[operator]
        data = store.harmonise()
        (row,) = rows_of(data)
        events = {r["event"]: str(r["conversions"]) for r in rows_of(data, "conversions")}
        assert data.report.closes

    assert (row["account_id"], row["campaign_id"], row["ad_group_id"], row["ad_id"]) == (
        "6", "7", "8", "9",
    )  # fmt: skip
    assert (str(row["spend"]), row["currency"], row["clicks_link"]) == ("3.100000", "EUR", 3)
    assert (row["campaign_name"], row["account_name"]) == ("Spring", "Konto")
    assert events == {"total": "2.000000", "lead": "1.000000"}


@pytest.mark.parametrize(
    ("written", "compared"),
    [("metrics.cost_micros", "metrics_cost_micros"), ("\ufeffid", "id"),
     ("_7_d_click", "_7_d_click"), ("Cost / conv.", "cost_conv"),
     ("insights__actions", "insights_actions"), ("TimePeriod", "time_period"),
     ("conversionValueInLocalCurrency", "conversion_value_in_local_currency")],
)  # fmt: skip
def test_names_are_compared_without_the_loaders_manners(written: str, compared: str) -> None:
    assert plain(written) == compared


def test_names_in_an_airbyte_report_are_read_where_no_history_is(tmp_path: Path) -> None:
    day = {"_airbyte_extracted_at": "2026-03-04T01:00:00Z", "campaign_id": 1, "campaign_name": "C"}
    meta = {"date_start": "2026-03-01", "account_id": 77, "account_name": "Acme", "adset_id": 2,
            "adset_name": "S", "ad_id": 3, "ad_name": "A", "objective": "OUTCOME_SALES",
            "spend": 1.5, "impressions": 9, "account_currency": "EUR"} | day  # fmt: skip
    google = {"segments_date": "2026-03-01", "customer_id": 77, "customer_currency_code": "EUR",
              "customer_time_zone": "Europe/Berlin", "ad_group_id": 2, "ad_group_name": "S",
              "ad_group_ad_ad_id": 3, "metrics_cost_micros": 1_500_000,
              "metrics_impressions": 9} | day  # fmt: skip
    made = {}
    for key, table, row in (
        ("meta", "ads_insights", meta), ("google_ads", "ad_group_ad_legacy", google),
    ):  # fmt: skip
        with ClientStore(tmp_path / "clients", client=key) as store:
            store.ingest(land(tmp_path / key, **{table: [row]}), platform=key)
            (made[key],) = rows_of(store.harmonise())
    assert [made["meta"][n] for n in ("account_name", "campaign_name", "ad_group_name", "ad_name")
            ] == ["Acme", "C", "S", "A"]  # fmt: skip
    assert made["meta"]["objective_raw"] == "OUTCOME_SALES"
    told = made["google_ads"]
    assert (told["campaign_name"], told["ad_group_name"], told["report_tz"]) == (
        "C", "S", "Europe/Berlin",
    )  # fmt: skip
