"""Each platform's traps: what a careless reader of its tables would get wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import CampaignData, ClientStore, platform, platforms
from landed_tables import Rows, google, land, rows_of, total


def harmonised(folder: Path, key: str, **tables: Rows) -> CampaignData:
    store = ClientStore(folder / "clients", client="acme")
    store.ingest(land(folder / "landed", **tables), platform=key)
    data = store.harmonise()
    assert data.report.closes, data.report.open
    return data


def test_ten_platforms_are_known_and_each_tells_its_traps() -> None:
    assert platforms() == (
        "amazon_ads", "google_ads", "linkedin", "meta", "microsoft", "pinterest", "reddit",
        "snapchat", "tiktok", "x",
    )  # fmt: skip
    assert all(platform(key).notes for key in platforms())


def test_google_campaigns_without_ads_are_not_lost_and_no_sum_counts_twice(tmp_path: Path) -> None:
    data = harmonised(tmp_path, "google_ads", **google())
    rows = rows_of(data)

    # 4 ads' rows of 1.000001 or 1.000002, by hand, on two days.
    assert total([r for r in rows if r["level"] == "ad"], "spend") == Decimal("8.000012")
    assert data.total("spend") == {(): Decimal("8.000022") + 2 * Decimal("0.333333")}
    rest = [r for r in rows if r["level"] == "campaign" and r["date_local"] == date(2025, 3, 1)]
    assert {(r["campaign_id"], r["spend"], r["impressions_paid"]) for r in rest} == {
        ("1", Decimal("0.000005"), 50), ("9", Decimal("0.333333"), 10),
    }  # fmt: skip
    assert all(r["ad_id"] is None and r["ad_group_id"] is None for r in rest)


def test_google_keeps_device_rows_apart_and_names_by_ad_and_group(tmp_path: Path) -> None:
    rows = rows_of(harmonised(tmp_path, "google_ads", **google(days=["2025-03-01"])))
    ads = [r for r in rows if r["level"] == "ad"]

    assert len(ads) == 4
    assert {(r["ad_group_id"], r["ad_name"]) for r in ads} == {("11", "Left"), ("12", "Right")}
    assert {r["account_name"] for r in ads} == {"Shop"}  # the newest row
    assert {r["campaign_name"] for r in ads} == {"Spring"}  # not the newer one that was deleted
    assert {r["report_tz"] for r in ads} == {"America/New_York"}


def test_google_conversions_are_fractions_and_close_by_campaign(tmp_path: Path) -> None:
    tables = google(days=["2025-03-01"])
    for row in tables["ad_stats"]:
        row["conversions"] = "0.3"  # type: ignore[index]
    rows = rows_of(harmonised(tmp_path, "google_ads", **tables), "conversions")

    ads = [r for r in rows if r["level"] == "ad"]
    assert [r["conversions"] for r in ads] == [Decimal("0.6")] * 2  # of two devices each
    assert total(rows, "conversions") == 8  # four of each campaign
    assert total(rows, "conversions_view_through") == 4


def test_google_ad_groups_may_be_paths(tmp_path: Path) -> None:
    tables = google(days=["2025-03-01"])
    for row in tables["ad_stats"]:
        row["ad_group"] = f"customers/77/adGroups/{row.pop('ad_group_id')}"  # type: ignore[attr-defined]

    rows = rows_of(harmonised(tmp_path, "google_ads", **tables))

    assert {r["ad_group_id"] for r in rows if r["level"] == "ad"} == {"11", "12"}


META = {
    "basic_ad": [
        {"ad_id": "1", "date": "2025-03-01", "account_id": "7", "impressions": 100,
         "inline_link_clicks": 3, "clicks": 9, "spend": "1.10", "reach": 80},
        {"ad_id": "2", "date": "2025-03-01", "account_id": "7", "impressions": 50,
         "inline_link_clicks": 1, "clicks": 2, "spend": "0.20", "reach": 50},
    ],
    "account_history": [{"id": "7", "currency": "EUR", "timezone_name": "Europe/Berlin"}],
    "ad_history": [
        {"id": "1", "account_id": "7", "campaign_id": "5", "ad_set_id": "6", "name": "one",
         "updated_time": "2025-01-01"},
    ],
    "basic_ad_actions": [
        {"ad_id": "1", "date": "2025-03-01", "index": 0, "action_type": "purchase", "value": 2,
         "_7_d_click": 1, "_1_d_view": 1},
        {"ad_id": "1", "date": "2025-03-01", "index": 1, "action_type": "omni_purchase",
         "value": 3, "_7_d_click": 3},
        {"ad_id": "1", "date": "2025-03-01", "index": 2, "action_type": "post_reaction",
         "value": 8},
    ],
    "basic_ad_action_values": [
        {"ad_id": "2", "date": "2025-03-01", "index": 0, "action_type": "omni_purchase",
         "value": "40.5"},
    ],
    "demographics_country": [
        {"account_id": "7", "date": "2025-03-01", "country": "DE", "impressions": 150,
         "spend": 1.3}
    ],
}  # fmt: skip


def test_meta_link_clicks_are_not_all_clicks_and_deleted_ads_keep_their_spend(
    tmp_path: Path,
) -> None:
    data = harmonised(tmp_path, "meta", **META)
    one, two = sorted(rows_of(data), key=lambda r: r["ad_id"])

    assert (one["clicks_platform"], one["clicks_link"], one["click_kind"]) == (9, 3, "all")
    assert (one["campaign_id"], one["ad_group_id"]) == ("5", "6")
    assert (two["campaign_id"], two["account_id"], two["spend"]) == (
        "unknown",
        "7",
        Decimal("0.2"),
    )
    assert data.total("spend") == {(): Decimal("1.3")}  # the demographic report is not added
    assert ("meta", "table", "demographics_country is not read") in data.report.notes


def test_meta_purchases_that_overlap_are_counted_once(tmp_path: Path) -> None:
    rows = rows_of(harmonised(tmp_path, "meta", **META), "conversions")
    counted = [r for r in rows if r["event"] == "purchase" and r["is_primary"]]

    assert total(counted, "conversions") == 3  # omni_purchase, not 3 + 2, and no window twice
    assert total(counted, "conversion_value") == Decimal("40.5")  # of an ad without an action
    windows = {(r["event_own"], r["click_days"], r["view_days"], r["conversions"]) for r in rows}
    assert ("purchase", 0, 1, 1) in windows
    assert ("purchase", None, None, 2) in windows
    assert "other:post_reaction" in {r["event"] for r in rows}


def test_reach_is_never_added_up(tmp_path: Path) -> None:
    data = harmonised(tmp_path, "meta", **META)

    assert {(r["ad_id"], r["reach"]) for r in rows_of(data, "reach")} == {("1", 80), ("2", 50)}
    with pytest.raises(HarmoniseError, match="reach"):
        data.total("reach")


def tiktok(zone: str) -> dict[str, Rows]:
    def hour(at: str, spend: str, reach: int) -> dict[str, object]:
        return {"ad_id": "1", "stat_time_hour": at, "spend": spend, "impressions": 10, "clicks": 1,
                "reach": reach, "conversion": 2, "real_time_conversion": 3}  # fmt: skip

    return {
        "ad_report_hourly": [
            hour("2025-03-02 3:00:00", "1.5", 9),  # the evening of 1 March in New York
            hour("2025-03-02 12:00:00", "2.25", 9),
            hour("2025-03-02 13:00:00", "-", 9),
        ],
        "advertiser": [{"advertiser_id": "5", "currency": "USD", "timezone": zone}],
        "ad_history": [
            {"ad_id": "1", "advertiser_id": "5", "campaign_id": "2", "adgroup_id": "3",
             "ad_name": "one", "updated_at": "2025-01-01"}
        ],
    }  # fmt: skip


def test_tiktok_days_are_the_accounts_own(tmp_path: Path) -> None:
    data = harmonised(tmp_path, "tiktok", **tiktok("America/New_York"))
    rows = {r["date_local"].isoformat(): r for r in rows_of(data)}

    assert {day: r["spend"] for day, r in rows.items()} == {
        "2025-03-01": Decimal("1.5"), "2025-03-02": Decimal("2.25"),
    }  # fmt: skip
    assert {r["report_tz"] for r in rows.values()} == {"America/New_York"}
    assert len(rows_of(data, "reach")) == 1  # of the day with one hour; hours are not added


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Nowhere/Town"])
def test_hours_stay_in_utc_where_the_accounts_day_cannot_be_built(
    zone: str, tmp_path: Path
) -> None:
    rows = rows_of(harmonised(tmp_path, "tiktok", **tiktok(zone)))

    assert {(r["date_local"].isoformat(), r["report_tz"]) for r in rows} == {("2025-03-02", "UTC")}


def test_tiktok_tells_conversions_at_the_click_from_those_at_the_conversion(
    tmp_path: Path,
) -> None:
    rows = rows_of(harmonised(tmp_path, "tiktok", **tiktok("America/New_York")), "conversions")
    by_basis = {
        basis: [r for r in rows if r["time_basis"] == basis] for basis in ("click", "conversion")
    }

    assert {basis: total(own, "conversions") for basis, own in by_basis.items()} == {
        "click": 6, "conversion": 9,
    }  # fmt: skip
    assert {r["is_primary"] for r in by_basis["conversion"]} == {False}


def test_linkedin_spend_is_in_the_accounts_currency_and_levels_are_renamed(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "linkedin",
        ad_analytics_by_creative=[
            {"creative_id": "1", "day": "2025-03-01 00:00:00", "cost_in_local_currency": "9.5",
             "cost_in_usd": "10", "impressions": 10, "viral_impressions": 4, "clicks": 2,
             "landing_page_clicks": 1, "external_website_conversions": 3, "one_click_leads": 2,
             "external_website_post_view_conversions": 1, "conversion_value_in_local_currency": 5},
        ],
        creative_history=[{"id": "1", "campaign_id": "2", "last_modified_at": "2025-01-01"}],
        campaign_history=[
            {"id": "2", "campaign_group_id": "3", "account_id": "4", "name": "group",
             "last_modified_time": "2025-01-01", "version_tag": 10},
            {"id": "2", "campaign_group_id": "3", "account_id": "4", "name": "group, old",
             "last_modified_time": "2025-01-01", "version_tag": 9},
        ],
        campaign_group_history=[{"id": "3", "account_id": "4", "name": "campaign"}],
        account_history=[{"id": "4", "currency": "EUR", "name": "Konto"}],
    )  # fmt: skip
    (row,) = rows_of(data)

    assert (row["spend"], row["currency"], row["report_tz"]) == (Decimal("9.5"), "EUR", "UTC")
    assert (row["campaign_name"], row["ad_group_name"]) == ("campaign", "group")
    assert (row["impressions_paid"], row["impressions_earned"], row["clicks_link"]) == (10, 4, 1)
    events = {r["event"]: r["conversions"] for r in rows_of(data, "conversions")}
    assert events == {"lead": 2, "total": 3}


def test_pinterest_does_not_add_earned_to_paid(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "pinterest",
        pinterest_pin_promotion_report_data=[
            {"date": "2025-03-01", "pin_promotion_id": "1", "ad_group_id": "2", "campaign_id": "3",
             "advertiser_id": "4", "impression_1": 10, "impression_2": 7, "clickthrough_1": 2,
             "clickthrough_2": 1, "spend_in_micro_dollar": 1_234_567, "total_conversions": 1,
             "total_conversions_value_in_micro_dollar": 500_000},
        ],
        pinterest_advertiser_history_data=[{"id": "4", "currency": "GBP"}],
    )  # fmt: skip
    (row,) = rows_of(data)

    assert (row["impressions_paid"], row["clicks_platform"]) == (10, 2)
    assert (row["spend"], row["currency"]) == (Decimal("1.234567"), "GBP")
    assert rows_of(data, "conversions")[0]["conversion_value"] == Decimal("0.5")


def test_snapchat_keeps_the_spend_of_deleted_ads_and_of_no_ad_twice(tmp_path: Path) -> None:
    hours = [
        {"ad_id": ad, "date": f"2025-03-01 {hour:02}:00:00.000", "impressions": 5, "swipes": 1,
         "spend": 1_353, "conversion_purchases": 1, "conversion_purchases_value": 2_000_000}
        for ad in ("a", "gone") for hour in (10, 11)
    ]  # fmt: skip
    data = harmonised(
        tmp_path, "snapchat", ad_hourly_report=hours,
        ad_history=[
            {"id": "a", "ad_squad_id": "s", "creative_id": "c", "name": n, "updated_at": "",
             "_fivetran_synced": f"2025-01-0{n}"} for n in (1, 2, 3)
        ],
        creative_history=[{"id": "c", "ad_account_id": "acc", "name": n} for n in (1, 2)],
        ad_squad_history=[{"id": "s", "campaign_id": "camp"}],
        ad_account_history=[{"id": "acc", "currency": "USD", "timezone": "UTC"}],
    )  # fmt: skip
    rows = {r["ad_id"]: r for r in rows_of(data)}

    assert rows["a"]["spend"] == rows["gone"]["spend"] == Decimal("0.002706")
    assert (rows["a"]["account_id"], rows["a"]["campaign_id"], rows["a"]["ad_name"]) == (
        "acc", "camp", "3",
    )  # fmt: skip
    assert rows["gone"]["account_id"] == "unknown"
    assert rows["a"]["click_kind"] == "swipe"
    purchases = [r for r in rows_of(data, "conversions") if r["event"] == "purchase"]
    assert total(purchases, "conversion_value") == 8


def test_reddit_conversions_do_not_multiply_by_region(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "reddit",
        ad_report=[
            {"account_id": "t2", "ad_id": "1", "date": "2025-03-01", "region": region,
             "impressions": 10, "clicks": 1, "spend": 1_500_000} for region in ("DE", "FR", "IT")
        ],
        ad_conversions_report=[
            {"account_id": "t2", "ad_id": "1", "date": "2025-03-01", "event_name": "purchase",
             "clicks": 4, "views": 2, "total_value": "30.5"}
        ],
        account=[{"id": "t2", "currency": "USD", "click_attribution_window": "MONTH",
                  "view_attribution_window": "DAY"}],
    )  # fmt: skip

    assert {r["geo_raw"] for r in rows_of(data)} == {"DE", "FR", "IT"}
    assert data.total("spend") == {(): Decimal("4.5")}
    (event,) = rows_of(data, "conversions")
    assert (event["conversions"], event["conversions_view_through"]) == (4, 2)
    assert (event["click_days"], event["view_days"], event["event"]) == (28, 1, "purchase")


def test_amazon_windows_are_in_the_names_and_the_budgets_currency_counts(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "amazon_ads",
        advertised_product_report=[
            {"ad_id": "1", "ad_group_id": "2", "campaign_id": "3", "date": "2025-03-01",
             "cost": "2.53", "clicks": 2, "impressions": 166, "purchases_30_d": 3,
             "sales_30_d": "54.5", "purchases_7_d": 2, "sales_7_d": 12,
             "campaign_budget_currency_code": "CAD", " advertised_asin": "B1"},
        ],
        campaign_history=[{"id": "3", "profile_id": "66", "name": "Gold"}],
        profile=[{"id": "66", "currency_code": "USD", "timezone": "America/Toronto",
                  "country_code": "CA"}],
    )  # fmt: skip
    (row,) = rows_of(data)

    assert (row["currency"], row["account_id"], row["report_tz"]) == (
        "CAD",
        "66",
        "America/Toronto",
    )
    windows = {
        r["click_days"]: (r["conversions"], r["is_primary"]) for r in rows_of(data, "conversions")
    }
    assert windows == {30: (3, True), 7: (2, False)}


def test_microsoft_halves_and_commas_survive(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "microsoft",
        ad_performance_daily_report=[
            {"date": "2025-03-01", "account_id": "1", "campaign_id": "2", "ad_group_id": "3",
             "ad_id": "4", "currency_code": "USD", "device_type": device, "device_os": "Windows",
             "network": "Bing", "clicks": 1, "impressions": 4, "spend": "1,006.5",
             "conversions_qualified": "0.5", "conversions": 9, "revenue": "1,000.25",
             "all_conversions": 1, "all_revenue": "2,000"} for device in ("Computer", "Tablet")
        ],
        account_history=[{"id": "1", "time_zone": "PacificTimeUSCanadaTijuana"}],
    )  # fmt: skip

    assert data.total("spend") == {(): Decimal("2013")}
    assert {r["report_tz"] for r in rows_of(data)} == {"unknown"}
    goals = [r for r in rows_of(data, "conversions") if r["event_own"] == "goals"]
    assert (total(goals, "conversions"), total(goals, "conversion_value")) == (
        1,
        Decimal("2000.5"),
    )


def test_x_days_begin_in_the_accounts_zone_and_millionths_are_added_first(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "x",
        promoted_tweet_report=[
            {"account_id": "18", "promoted_tweet_id": "t", "date": "2025-03-01 15:00:00",
             "placement": place, "impressions": 10, "clicks": 9, "url_clicks": 2,
             "billed_charge_local_micro": 4_004}
            for place in ("ALL_ON_TWITTER", "PUBLISHER_NETWORK")
        ],
        account_history=[{"id": "18", "timezone": "Asia/Tokyo", "name": "Shop"}],
        promoted_tweet_history=[{"id": "t", "line_item_id": "li"}],
        line_item_history=[
            {"id": "li", "campaign_id": "c", "currency": "JPY", "objective": "REACH"}
        ],
        campaign_history=[{"id": "c", "account_id": "18", "currency": "USD", "name": "camp"}],
    )  # fmt: skip
    rows = rows_of(data)

    assert {r["date_local"].isoformat() for r in rows} == {"2025-03-02"}  # midnight in Tokyo
    assert data.total("spend") == {(): Decimal("0.008008")}  # rounded to cents it would be 0
    assert {(r["clicks_platform"], r["clicks_link"]) for r in rows} == {(9, 2)}
    assert {r["currency"] for r in rows} == {"JPY"}


def test_x_conversions_after_a_view_are_part_of_the_metric(tmp_path: Path) -> None:
    report = [
        {"account_id": "18", "promoted_tweet_id": "t", "date": "2025-03-01", "impressions": 10,
         "billed_charge_local_micro": 1, "conversion_purchases_metric": 5,
         "conversion_purchases_post_view": 2, "conversion_purchases_post_engagement": 3}
    ]  # fmt: skip
    (event,) = rows_of(harmonised(tmp_path, "x", promoted_tweet_report=report), "conversions")

    assert (event["conversions"], event["conversions_view_through"]) == (5, 2)


def test_reddit_windows_of_older_syncs_are_read(tmp_path: Path) -> None:
    month = "conversion_attribution_window_month"
    data = harmonised(
        tmp_path, "reddit",
        ad_report=[{"account_id": 1, "ad_id": 1, "date": "2025-03-01", "spend": 1}],
        ad_conversions=[
            {"account_id": 1, "ad_id": 1, "date": "2025-03-01", "event_name": "lead",
             f"click_through_{month}": 4, f"view_through_{month}": 3, "clicks": ""}
        ],
    )  # fmt: skip
    (event,) = rows_of(data, "conversions")

    assert (event["conversions"], event["conversions_view_through"]) == (4, 3)


def test_amazon_takes_the_profiles_currency_where_the_report_has_none(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "amazon_ads",
        advertised_product_report=[
            {"ad_id": 1, "campaign_id": 3, "date": "2025-03-01", "cost": 2, "advertised_asin": n}
            for n in ("A", "B")
        ],
        campaign_history=[{"id": 3, "profile_id": 66}],
        profile=[{"id": 66, "currency_code": "CAD"}],
    )  # fmt: skip

    assert data.total("spend", by=["currency"]) == {("CAD",): 4}  # a row each product


@pytest.mark.parametrize(
    ("key", "report", "other"),
    [
        ("meta", {"basic_ad": [{"ad_id": 1, "date": "2025-03-01", "spend": 1, "impressions": 1}]},
         "ads_insights_country"),
        ("linkedin", {"ad_analytics_by_creative": [
            {"creative_id": 1, "day": "2025-03-01", "cost_in_local_currency": 1}]},
         "monthly_ad_analytics_by_member_country"),
        ("pinterest", {"pin_promotion_report": [
            {"pin_promotion_id": 1, "date": "2025-03-01", "spend_in_micro_dollar": 1_000_000}]},
         "keyword_report"),
        ("amazon_ads", {"advertised_product_report": [
            {"ad_id": 1, "date": "2025-03-01", "cost": 1}]}, "targeting_keyword_report"),
        ("microsoft", {"ad_performance_daily_report": [
            {"ad_id": 1, "date": "2025-03-01", "spend": 1}]}, "keyword_performance_daily_report"),
        ("x", {"promoted_tweet_report": [{"promoted_tweet_id": 1, "date": "2025-03-01",
                                          "billed_charge_local_micro": 1_000_000}]},
         "campaign_locations_report"),
    ],
)  # fmt: skip
def test_a_report_that_shows_parts_of_the_same_spend_is_not_added(
    key: str, report: dict[str, Rows], other: str, tmp_path: Path
) -> None:
    (rows,) = report.values()
    data = harmonised(tmp_path, key, **report, **{other: rows})

    assert data.total("spend") == {(): 1}
    assert (key, "table", f"{other} is not read") in data.report.notes


def test_an_amount_of_eighteen_digits_keeps_them_all(tmp_path: Path) -> None:
    tables = google(days=["2025-03-01"])
    tables = {"ad_stats": [{**tables["ad_stats"][0], "cost_micros": "123456789012345678"}]}

    assert total(rows_of(harmonised(tmp_path, "google_ads", **tables)), "spend") == Decimal(
        "123456789012.345678"
    )


def test_x_days_that_are_written_as_days_are_not_moved(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "x",
        promoted_tweet_report=[
            {"account_id": "18", "promoted_tweet_id": "t", "date": "2025-03-01", "impressions": 1,
             "billed_charge_local_micro": 1}
        ],
        account_history=[{"id": "18", "timezone": "America/Los_Angeles"}],
    )  # fmt: skip

    assert str(rows_of(data)[0]["date_local"]) == "2025-03-01"
