"""Two levels of one report differ in what they know; their sums still count nothing twice."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import CampaignData, ClientStore
from landed_tables import land, rows_of, total

DAY = "2025-03-01"


def harmonised(folder: Path, key: str, **tables: Any) -> CampaignData:
    store = ClientStore(folder / "clients", client="acme")
    store.ingest(land(folder / "landed", **tables), platform=key)
    return store.harmonise()


AMAZON = {
    "advertised_product_report": [
        {"ad_id": 1, "ad_group_id": 2, "campaign_id": 3, "date": DAY, "cost": 10, "clicks": 1,
         "impressions": 100, "campaign_budget_currency_code": "CAD"}
    ],
    "campaign_level_report": [
        {"campaign_id": 3, "date": DAY, "cost": 10, "clicks": 1, "impressions": 100}
    ],
    "campaign_history": [{"id": 3, "profile_id": 66}],
    "profile": [{"id": 66, "currency_code": "USD", "timezone": "America/Toronto"}],
}  # fmt: skip
X = {
    "promoted_tweet_report": [
        {"account_id": 18, "promoted_tweet_id": 1, "date": DAY, "impressions": 100,
         "billed_charge_local_micro": 10_000_000}
    ],
    "campaign_report": [
        {"account_id": 18, "campaign_id": 3, "date": DAY, "impressions": 100,
         "billed_charge_local_micro": 10_000_000}
    ],
    "promoted_tweet_history": [{"id": 1, "line_item_id": 2}],
    "line_item_history": [{"id": 2, "campaign_id": 3, "currency": "JPY"}],
    "campaign_history": [{"id": 3, "account_id": 18, "currency": "USD"}],
}  # fmt: skip
META = {
    "basic_ad": [
        {"ad_id": 1, "date": DAY, "account_id": 7, "campaign_id": 3, "impressions": 100,
         "spend": 10, "account_currency": "EUR"}
    ],
    "basic_campaign": [
        {"campaign_id": 3, "date": DAY, "account_id": 7, "impressions": 100, "spend": 10}
    ],
}  # fmt: skip
TIKTOK = {
    "ad_report_hourly": [
        {"ad_id": 1, "stat_time_hour": f"{DAY} 15:00:00", "spend": 10, "impressions": 100}
    ],
    "campaign_report_daily": [
        {"campaign_id": 3, "stat_time_day": DAY, "spend": 10, "impressions": 100}
    ],
    "ad_history": [{"ad_id": 1, "advertiser_id": 5, "campaign_id": 3, "adgroup_id": 2}],
    "campaign_history": [{"campaign_id": 3, "advertiser_id": 5}],
    "advertiser": [{"advertiser_id": 5, "currency": "USD", "timezone": "America/New_York"}],
}  # fmt: skip
SNAPCHAT = {
    "ad_hourly_report": [
        {"ad_id": ad, "date": f"{DAY} 10:00:00", "impressions": 50, "swipes": 1,
         "spend": 5_000_000} for ad in ("a", "gone")
    ],
    "campaign_hourly_report": [
        {"campaign_id": "c", "date": f"{DAY} 10:00:00", "impressions": 100, "swipes": 2,
         "spend": 10_000_000}
    ],
    "ad_history": [{"id": "a", "ad_squad_id": "s"}],
    "ad_squad_history": [{"id": "s", "campaign_id": "c"}],
    "campaign_history": [{"id": "c", "ad_account_id": "acc"}],
    "ad_account_history": [{"id": "acc", "currency": "USD", "timezone": "UTC"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "tables"),
    [("amazon_ads", AMAZON), ("x", X), ("meta", META), ("tiktok", TIKTOK), ("snapchat", SNAPCHAT)],
)
def test_a_level_above_adds_nothing_that_is_there_already(
    key: str, tables: dict[str, Any], tmp_path: Path
) -> None:
    data = harmonised(tmp_path, key, **tables)
    rows = rows_of(data)

    assert total(rows, "impressions_paid") == 100
    assert sum(data.total("spend", by=["currency"]).values()) == Decimal(10)
    assert data.report.closes
    assert all(closing.uncovered == 0 for closing in data.report.closings)


def test_a_level_that_does_not_count_an_event_takes_none_away(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "microsoft",
        ad_performance_daily_report=[
            {"date": DAY, "account_id": 1, "campaign_id": 2, "ad_group_id": 3, "ad_id": 4,
             "currency_code": "USD", "spend": 1, "impressions": 10, "conversions": 2,
             "all_conversions": 3}
        ],
        campaign_performance_daily_report=[
            {"date": DAY, "account_id": 1, "campaign_id": 2, "currency_code": "USD", "spend": 1,
             "impressions": 10, "conversions": 2}
        ],
    )  # fmt: skip
    rows = rows_of(data, "conversions")

    assert {(r["event_own"], r["conversions"], r["is_primary"]) for r in rows} == {
        ("goals", 2, True), ("all_goals", 3, False),
    }  # fmt: skip


def test_conversions_of_a_deleted_ad_stay_with_the_reports_account(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "meta", **META,
        basic_ad_actions=[{"ad_id": 1, "date": DAY, "action_type": "purchase", "value": 2}],
    )  # fmt: skip
    (event,) = rows_of(data, "conversions")

    assert (event["account_id"], event["campaign_id"], event["currency"]) == ("7", "3", "EUR")


def test_a_type_that_only_one_day_has_hides_no_other_days_purchases(tmp_path: Path) -> None:
    actions = [
        {"ad_id": 1, "date": DAY, "action_type": "purchase", "value": 30},
        {"ad_id": 1, "date": "2025-03-02", "action_type": "omni_purchase", "value": 1},
    ]
    rows = rows_of(harmonised(tmp_path, "meta", **META, basic_ad_actions=actions), "conversions")

    assert total([r for r in rows if r["is_primary"]], "conversions") == 31


def test_files_that_overlap_are_not_added_to_each_other(tmp_path: Path) -> None:
    for number in (1, 2):
        land(tmp_path / "landed" / "basic_ad", **{f"w{number}": [
            {"ad_id": 1, "date": f"2025-03-0{number + n}", "account_id": 7, "impressions": 1,
             "spend": number} for n in range(2)
        ]})  # fmt: skip
    with ClientStore(tmp_path / "clients", client="acme") as store:
        with pytest.raises(HarmoniseError, match="are in more than one file"):
            store.ingest(tmp_path / "landed", platform="meta")
        for number in (1, 2):
            store.ingest(tmp_path / "landed" / "basic_ad" / f"w{number}.csv", platform="meta")
        by_day = store.harmonise().total("spend", by=["date_local"])

    assert list(by_day.values()) == [1, 2, 2]


def test_hours_of_two_exports_that_share_a_day_in_utc_are_kept(tmp_path: Path) -> None:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        for number, hours in enumerate([("01 05", "02 04"), ("02 05", "03 04")]):
            rows = [
                {"ad_id": 1, "stat_time_hour": f"2025-03-{hour}:00:00", "spend": 1,
                 "impressions": 1} for hour in hours
            ]  # fmt: skip
            tables = TIKTOK | {"ad_report_hourly": rows}
            del tables["campaign_report_daily"]
            store.ingest(land(tmp_path / f"e{number}", **tables), platform="tiktok")
        by_day = store.harmonise().total("spend", by=["date_local"])

    assert by_day == {("2025-03-01",): 2, ("2025-03-02",): 2}


def test_a_new_name_alone_is_seen_and_a_stated_currency_ends_its_note(tmp_path: Path) -> None:
    tables = {k: v for k, v in META.items() if k == "basic_ad"}
    tables["basic_ad"] = [{**tables["basic_ad"][0], "account_currency": ""}]
    with ClientStore(tmp_path / "clients", client="acme") as store:
        for name in ("Spring", "Renamed"):
            land(tmp_path / name, **tables, campaign_history=[{"id": 3, "name": name}])
            store.ingest(tmp_path / name, platform="meta")
            data = store.harmonise()
            assert rows_of(data)[0]["campaign_name"] == name
        assert "currency is not known" in str(data.report.notes)
        data = store.harmonise(currencies={"7": "EUR"})
        assert "currency is not known" not in str(data.report.notes)


def test_another_clients_store_and_two_schemas_are_refused(tmp_path: Path) -> None:
    import duckdb

    with ClientStore(tmp_path, client="other") as store:
        store.ingest(land(tmp_path / "landed", **META), platform="meta")
        store.harmonise()
    con = duckdb.connect(str(tmp_path / "two.duckdb"))
    for schema in ("client_a", "client_b"):
        con.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.basic_ad AS SELECT 1 AS ad_id")
    con.close()
    with ClientStore(tmp_path, client="acme") as store:
        for path in (tmp_path / "other" / "data.duckdb", tmp_path / "two.duckdb"):
            with pytest.raises(HarmoniseError, match="has tables in"):
                store.ingest(path, platform="meta")
        assert store.tables == []


def test_a_corrected_export_mends_one_that_could_not_be_read(tmp_path: Path) -> None:
    with ClientStore(tmp_path, client="acme") as store:
        for day in ("soon", DAY):
            folder = land(tmp_path / day, basic_ad=[{**META["basic_ad"][0], "date": day}])
            if day == "soon":
                with pytest.raises(HarmoniseError, match=r"basic_ad, date: .*'soon'.* in row 1"):
                    store.ingest(folder, platform="meta")
            else:
                store.ingest(folder, platform="meta")

        assert len(rows_of(store.harmonise())) == 1


def test_the_report_has_a_total_of_each_currency(tmp_path: Path) -> None:
    data = harmonised(
        tmp_path, "microsoft",
        ad_performance_daily_report=[
            {"date": DAY, "account_id": account, "campaign_id": account, "ad_group_id": account,
             "ad_id": account, "currency_code": code, "spend": spend, "impressions": 10}
            for account, code, spend in ((1, "EUR", 5), (2, "USD", 7))
        ],
    )  # fmt: skip
    spend = {(c.currency, c.source, c.harmonised)
             for c in data.report.closings if c.measure == "spend"}  # fmt: skip

    assert spend == {("EUR", 5, 5), ("USD", 7, 7)}
    assert data.report.closes


def test_amounts_below_a_millionth_are_added_exactly_and_what_rows_lose_is_told(
    tmp_path: Path,
) -> None:
    rows = [
        {**META["basic_ad"][0], "ad_id": ad, "spend": "0.0000004"} for ad in range(10)
    ]  # fmt: skip
    data = harmonised(tmp_path, "meta", basic_ad=rows)
    (closing,) = data.report.open

    assert (closing.source, closing.harmonised) == (Decimal("0.000004"), 0)
    assert closing.reason == "10 amounts have parts of a millionth, which were rounded"
    assert all(c.reason == "" for c in data.report.closings if c.measure != "spend")


def test_amounts_of_one_row_are_added_before_they_are_rounded(tmp_path: Path) -> None:
    rows = [{**META["basic_ad"][0], "spend": "0.0000005", "hour": n} for n in range(2)]
    data = harmonised(tmp_path, "meta", basic_ad=rows)

    assert data.total("spend") == {(): Decimal("0.000001")}
    assert data.report.closes


def test_a_name_that_is_a_fraction_is_not_rounded(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = land(tmp_path / "landed", basic_ad=META["basic_ad"])
    names = pa.table({"id": [7.0], "name": [3.5]})
    pq.write_table(names, folder / "account_history.parquet")
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(folder, platform="meta")
        (row,) = rows_of(store.harmonise())

    assert (row["account_id"], row["account_name"]) == ("7", "3.5")


def test_a_report_without_an_account_is_not_counted_beside_its_ads(tmp_path: Path) -> None:
    """Airbyte's table of campaigns may have no customer: the ads tell it, or there is only one."""
    day = {"segments.date": "2026-03-01", "metrics.impressions": 9, "metrics.clicks": 1}
    ads = [
        {"customer_id": account, "customer_currency_code": "EUR", "campaign_id": campaign,
         "ad_group_id": f"{campaign}1", "ad_group_ad_ad_id": f"{campaign}11",
         "metrics.cost_micros": 2_000_000} | day
        for account, campaign in (("4567", "1"), ("8910", "2"))
    ]  # fmt: skip
    campaigns = [
        {"campaign.id": n, "campaign.name": n, "metrics.cost_micros": cost} | day
        for n, cost in (("1", 2_000_000), ("2", 2_000_000), ("9", 333_333))
    ]
    one = [row for row in campaigns if row["campaign.id"] != "2"]
    with ClientStore(tmp_path, client="several") as store:
        path = land(tmp_path / "s", ad_group_ad_legacy=ads, campaign=campaigns)
        store.ingest(path, platform="google_ads")
        data = store.harmonise()
        assert data.total("spend", by=["account_id", "currency"]) == {
            ("4567", "EUR"): 2, ("8910", "EUR"): 2, ("unknown", "XXX"): Decimal("0.333333"),
        }  # fmt: skip
    with ClientStore(tmp_path, client="single") as store:
        for number, tables in enumerate((
            {"ad_group_ad_legacy": ads[:1]}, {"campaign": one},
        )):  # fmt: skip
            store.ingest(land(tmp_path / f"o{number}", **tables), platform="google_ads")
            data = store.harmonise()
        assert data.total("spend", by=["account_id", "currency"]) == {
            ("4567", "EUR"): Decimal("2.333333")
        }
        assert data.report.closes
