"""Exports as loaders really write them: landed again, without accounts, in other spellings."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import CampaignData, ClientStore
from landed_tables import land, rows_of, total

DAY = "2026-03-01"


def harmonised(folder: Path, key: str, *exports: dict[str, Any]) -> CampaignData:
    """The data of one store after each export was ingested and harmonised, one after the other."""
    store = ClientStore(folder / "clients", client="acme")
    for number, tables in enumerate(exports):
        store.ingest(land(folder / f"landed{number}", **tables), platform=key)
        data = store.harmonise()
    assert data.report.closes, data.report.open
    return data


def meta(spend: object, *, day: str = DAY, ad: int = 1, **more: object) -> dict[str, object]:
    return {"ad_id": ad, "date_start": day, "account_id": 7, "spend": spend, "impressions": 10,
            "account_currency": "EUR", **more}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "early", "late"),
    [
        ("_airbyte_extracted_at", "2026-03-02 03:00:00.000+00", "2026-03-03 03:00:00.000+00"),
        ("_sdc_batched_at", "2026-03-02 03:00:00", "2026-03-03 03:00:00"),
        ("_dlt_load_id", "1772420400.12", "1772506800.34"),
    ],
)
def test_of_a_row_that_was_appended_again_the_newest_counts(
    column: str, early: str, late: str, tmp_path: Path
) -> None:
    rows = [
        meta(5, **{column: early}),
        meta(8, **{column: late}),
        meta(2, ad=2, **{column: early}),
    ]
    data = harmonised(tmp_path, "meta", {"ads_insights": rows})

    assert data.total("spend") == {(): Decimal(10)}
    assert "1 rows were landed again later" in str(data.report.notes)


def test_rows_of_one_run_are_added_up_and_so_are_those_of_a_loader_that_replaces(
    tmp_path: Path,
) -> None:
    one_run = [
        meta(5, _airbyte_extracted_at=f"2026-03-02 03:0{n}:00", publisher_platform=n)
        for n in range(2)
    ]
    later = [meta(5, day="2026-03-05", _fivetran_synced=f"2026-03-0{n}", part=n) for n in (6, 7)]
    for number, rows in enumerate((one_run, later)):
        data = harmonised(tmp_path / str(number), "meta", {"ads_insights": rows})
        assert data.total("spend") == {(): Decimal(10)}


def test_rows_of_a_run_that_lasts_long_differ_in_a_word_that_is_not_read(tmp_path: Path) -> None:
    def row(kind: str, spend: int, at: str, **more: object) -> dict[str, object]:
        return meta(spend, click_type=kind, name="New" if at > "2026-03-03" else "Old",
                    ctr=spend / 7, _airbyte_extracted_at=at, **more)  # fmt: skip

    runs = [
        row("HEADLINE", 5, "2026-03-02 10:00:00"), row("SITELINKS", 7, "2026-03-02 10:40:00"),
        row("HEADLINE", 1, "2026-03-02 10:41:00", ad=2),
        row("SITELINKS", 2, "2026-03-02 10:42:00", ad=2),
        row("HEADLINE", 6, "2026-03-03 10:00:00"),
    ]  # fmt: skip
    data = harmonised(tmp_path, "meta", {"ads_insights": runs})

    assert data.total("spend") == {(): Decimal(6 + 7 + 1 + 2)}
    assert "1 rows were landed again later" in str(data.report.notes)


def test_rows_of_a_long_run_that_differ_in_a_word_alone_are_all_counted(tmp_path: Path) -> None:
    """No run has two words of one ad: the money is kept, unless the word describes the ad."""
    early, late = "2026-03-02 10:00:00", "2026-03-02 10:40:00"
    split = [meta(5, click_type="HEADLINE", _airbyte_extracted_at=early),
             meta(7, click_type="SITELINKS", _airbyte_extracted_at=late)]  # fmt: skip
    described = [
        meta(spend, day=f"2026-03-0{day}", state=state, _airbyte_extracted_at=at)
        for spend, state, at in ((5, "ACTIVE", early), (6, "PAUSED", late)) for day in (1, 2)
    ]  # fmt: skip
    for name, rows in (("split", split), ("described", described)):
        data = harmonised(tmp_path / name, "meta", {"ads_insights": rows})
        assert data.total("spend") == {(): Decimal(12)}


LINKEDIN = {
    "account_history": [{"id": 4, "currency": "EUR"}, {"id": 5, "currency": "EUR"}],
    "campaign_group_history": [{"id": 30 + n, "account_id": n} for n in (4, 5)],
    "campaign_history": [
        {"id": 20 + n, "campaign_group_id": 30 + n, "account_id": n} for n in (4, 5)
    ],
    "creative_history": [{"id": ad, "campaign_id": 20 + ad // 10} for ad in (40, 41, 50)],
}


def linkedin(*ads: int, cost: int = 3) -> dict[str, Any]:
    rows = [{"creative_id": ad, "day": DAY, "cost_in_local_currency": cost, "impressions": 1}
            for ad in ads]  # fmt: skip
    return {"ad_analytics_by_creative": rows}


def test_an_ad_that_a_later_export_lacks_goes_where_its_account_is_known(tmp_path: Path) -> None:
    """The later export has account 4 without ad 41; account 5 and ad 99 are not in it at all."""
    first = LINKEDIN | linkedin(40, 41, 50, 99)
    data = harmonised(tmp_path, "linkedin", first, linkedin(40, cost=7))

    assert {(r["ad_id"], r["spend"]) for r in rows_of(data)} == {
        ("40", 7), ("50", 3), ("99", 3),
    }  # fmt: skip
    assert "ads that it lacks keep their rows" in str(data.report.notes)


def test_actions_of_an_ad_that_vanished_go_with_the_reports_account(tmp_path: Path) -> None:
    def export(*ads: int) -> dict[str, Any]:
        return {
            "basic_ad": [
                {"ad_id": ad, "date": DAY, "account_id": 7, "spend": 1, "impressions": 1,
                 "account_currency": "EUR"} for ad in (1, 2)
            ],
            "basic_ad_actions": [
                {"ad_id": ad, "date": DAY, "index": 0, "action_type": "purchase", "value": 2}
                for ad in ads
            ],
        }  # fmt: skip

    data = harmonised(tmp_path, "meta", export(1, 2), export(1))

    assert {r["ad_id"] for r in rows_of(data, "conversions")} == {"1"}


@pytest.mark.parametrize(
    ("written", "day"),
    [("2026-03-01T00:00:00+02:00", "2026-02-28"), ("2026-03-01T03:00:00-08:00", "2026-03-01"),
     ("2026-03-01T23:30:00.000-0800", "2026-03-02"), ("2026-03-01 12:00:00 UTC", "2026-03-01"),
     ("2026-03-01T12:00:00Z", "2026-03-01")],
)  # fmt: skip
def test_the_offset_of_an_hour_is_heeded(written: str, day: str, tmp_path: Path) -> None:
    rows = [{"ad_id": 1, "date": written, "swipes": 1, "spend": 1, "impressions": 1}]
    (row,) = rows_of(harmonised(tmp_path, "snapchat", {"ad_hourly_report": rows}))

    assert str(row["date_local"]) == day


def test_a_day_with_an_offset_stays_the_day_that_is_written(tmp_path: Path) -> None:
    rows = [meta(1, day="2026-03-01T00:00:00+02:00")]

    assert (
        str(rows_of(harmonised(tmp_path, "meta", {"ads_insights": rows}))[0]["date_local"]) == DAY
    )


@pytest.mark.parametrize(
    ("column", "amount"),
    [("spend", "'inf'::DOUBLE"), ("spend", "'nan'::DOUBLE"), ("spend", "1e30::DOUBLE"),
     ("impressions", "18446744073709551615::UBIGINT")],
)  # fmt: skip
def test_an_amount_that_is_no_number_or_too_large_is_refused_and_not_left_out(
    column: str, amount: str, tmp_path: Path
) -> None:
    import duckdb

    cells = {"spend": "2", "impressions": "1"} | {column: amount}

    with duckdb.connect(str(tmp_path / "landed.duckdb")) as con:
        con.execute(
            f"CREATE TABLE basic_ad AS SELECT 1 AS ad_id, DATE '{DAY}' AS date, 7 AS account_id, "
            + ", ".join(f"{cell} AS {name}" for name, cell in cells.items())
        )
    with ClientStore(tmp_path, client="acme") as store:
        with pytest.raises(HarmoniseError, match=f"basic_ad, {column}: 1 cells"):
            store.ingest(tmp_path / "landed.duckdb", platform="meta")
        assert store.tables == []


def test_a_withdrawn_currency_stays_what_it_was(tmp_path: Path) -> None:
    rows = [
        meta(1, day=day, ad=n, account_id=n, account_currency=code)
        for n, (code, day) in enumerate([("HRK", "2022-05-01"), ("BGN", "2025-05-01"),
                                         ("ANG", "2025-12-01"), ("EUR", DAY)])
    ]  # fmt: skip
    data = harmonised(tmp_path, "meta", {"ads_insights": rows})

    assert set(data.total("spend", by=["currency"])) == {("HRK",), ("BGN",), ("ANG",), ("EUR",)}
    said = [note for _, _, note in data.report.notes if "withdrawn" in note]
    assert said == ["ANG was withdrawn on 2025-07-01; it has rows until 2025-12-01"]


def test_a_stated_currency_is_kept_by_platform_and_can_be_taken_back(tmp_path: Path) -> None:
    google = {"ad_stats": [{"customer_id": 7, "date": DAY, "ad_id": 1, "cost_micros": 1}]}
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "g", **google), platform="google_ads")
        store.ingest(
            land(tmp_path / "m", ads_insights=[meta(1, account_currency="")]), platform="meta"
        )

        def said(stated: dict[str, str | None] | None = None) -> dict[str, str]:
            rows = rows_of(store.harmonise(currencies=stated))
            return {r["platform"]: r["currency"] for r in rows}

        assert said({"7": "usd"}) == {"google_ads": "USD", "meta": "USD"}
        assert said({"meta:7": "EUR"}) == {"google_ads": "USD", "meta": "EUR"}
        assert said() == {"google_ads": "USD", "meta": "EUR"}
        assert said({"7": None}) == {"google_ads": "XXX", "meta": "EUR"}
        with pytest.raises(HarmoniseError, match="account 7 is 'EURO'; expected a code of ISO"):
            said({"7": "EURO"})


def test_a_row_says_which_landed_table_it_is_from_and_when_that_was_landed(tmp_path: Path) -> None:
    rows = [
        meta(1, ad=n, _airbyte_extracted_at=f"2026-03-02 03:00:0{n}", actions=json.dumps(
            [{"action_type": "lead", "value": 1}])) for n in (1, 2)
    ]  # fmt: skip
    data = harmonised(tmp_path, "meta", {"meta_ads_insights": rows})

    for name in ("performance", "conversions"):
        told = {(r["source_relation"], str(r["extracted_at"])) for r in rows_of(data, name)}
        assert told == {("meta_ads_insights", "2026-03-02 03:00:02")}
    assert {r["schema_version"] for r in rows_of(data)} == {2}


def test_a_report_of_campaigns_under_the_name_of_ads_is_refused(tmp_path: Path) -> None:
    """A custom report of campaigns has the ads' name and no ad: one row an account would stay."""
    rows = [{**meta(1), "ad_id": "", "campaign_id": n} for n in (1, 2)]
    with pytest.raises(HarmoniseError, match="ads_insights, ad_id: 2 cells"):
        harmonised(tmp_path, "meta", {"ads_insights": rows})


def test_an_ad_without_a_campaign_closes_at_every_level(tmp_path: Path) -> None:
    tables = {
        "ad_stats": [
            {"customer_id": 7, "date": DAY, "campaign_id": c, "ad_group_id": "", "ad_id": n,
             "cost_micros": 5, "impressions": 2} for n, c in ((1, 3), (1, ""), (2, ""))
        ],
        "campaign_stats": [
            {"customer_id": 7, "date": DAY, "id": 3, "cost_micros": 15, "impressions": 6}
        ],
        "account_history": [{"id": 7, "currency_code": "EUR"}],
    }  # fmt: skip
    data = harmonised(tmp_path, "google_ads", tables)

    assert data.total("impressions_paid") == {(): 6}
    assert total(rows_of(data), "spend") == Decimal("0.000015")
