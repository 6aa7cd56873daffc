"""Reports that a person downloads: read as they are, and closed with their own totals."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import CampaignData, ClientStore
from campaignkit.harmonise.sources import Asked, parts_of
from campaignkit.tables import connect
from landed_tables import google, land, rows_of

GOOGLE = """Campaign performance
"March 1, 2026 - March 2, 2026"
Day,Campaign,Campaign ID,Currency code,Impr.,Clicks,Cost,Conversions,Conv. value,CTR
2026-03-01,Spring,11,EUR,"1,964",20,30.50,1.50,99.90,1.02%
2026-03-01,Summer,12,EUR,900,9,10.25,0.00,0.00,1.00%
2026-03-02,Spring,11,EUR,"2,100",21,"1,031.50",2.00,120.00,1.00%
Total: Campaigns,,,,"4,964",50,"1,072.25",3.50,219.90,1.01%
"""
META = """Campaign name;Ad set name;Tag;Ausgegebener Betrag (EUR);Impressionen;Link-Klicks;\
Klicks (alle);Käufe;Reichweite
Frühling;Eins;01.03.2026;1.031,50;2.100;21;30;2;1.900
Frühling;Zwei;01.03.2026;10,25;900;9;11;;700
Sommer;Eins;13.03.2026;0,75;80;1;2;;79
;;;1.042,50;3.080;31;43;2;2.500
"""


def ingested(folder: Path, name: str, text: str | bytes, **said: object) -> CampaignData:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    store = ClientStore(folder / "clients", client=path.stem.lower().replace(" ", "_"))
    try:
        store.ingest(path, **said)  # type: ignore[arg-type]
    except BaseException:
        assert store.tables == []  # nothing half
        store.close()
        raise
    data = store.harmonise()
    assert data.report.closes
    return data


@pytest.mark.parametrize("platform", ["google_ads", None])
def test_a_report_as_it_was_downloaded_just_works(platform: str | None, tmp_path: Path) -> None:
    data = ingested(tmp_path, "Campaign performance.csv", GOOGLE, platform=platform)
    rows = rows_of(data)

    assert data.total("spend", by=["currency"]) == {("EUR",): Decimal("1072.25")}
    assert data.total("impressions_paid") == {(): 4964}
    assert {(r["level"], r["campaign_id"], r["campaign_name"]) for r in rows} == {
        ("campaign", "11", "Spring"), ("campaign", "12", "Summer"),
    }  # fmt: skip
    assert sum(r["conversions"] for r in rows_of(data, "conversions")) == Decimal("3.5")
    notes = str(data.report.notes)
    assert "its rows add up to its own total of spend: 1072.250000 and 1072.250000" in notes
    assert "columns that are not read: CTR" in notes


def test_a_german_report_without_ids_is_known_by_its_names(tmp_path: Path) -> None:
    data = ingested(tmp_path, "Bericht.csv", META, platform="meta")
    rows = rows_of(data)

    assert data.total("spend", by=["currency"]) == {("EUR",): Decimal("1042.5")}
    assert {(r["level"], r["campaign_id"], r["ad_group_id"]) for r in rows} == {
        ("ad_group", "Frühling", "Frühling / Eins"),
        ("ad_group", "Frühling", "Frühling / Zwei"),
        ("ad_group", "Sommer", "Sommer / Eins"),
    }  # fmt: skip
    assert sorted((r["clicks_link"], r["clicks_platform"]) for r in rows) == [
        (1, 2), (9, 11), (21, 30),
    ]  # fmt: skip
    assert {r["event"] for r in rows_of(data, "conversions")} == {"purchase"}
    assert "has no ids of ad_group, campaign" in str(data.report.notes)


def test_a_report_of_one_campaign_replaces_no_ad_group_of_another(tmp_path: Path) -> None:
    same_day = META.replace("13.03.2026", "01.03.2026")
    one = "".join(line for line in same_day.splitlines(keepends=True) if line[0] in "CF")
    with ClientStore(tmp_path / "clients", client="acme") as store:
        for name, text in (("both.csv", same_day), ("one.csv", one)):
            (tmp_path / name).write_text(text)
            store.ingest(tmp_path / name, platform="meta")
        assert store.harmonise().total("spend") == {(): Decimal("1042.5")}


def test_a_currency_is_stated_where_the_report_does_not_tell_it(tmp_path: Path) -> None:
    bare = "Day,Campaign,Impressions,Clicks,Cost\n2026-03-01,A,10,1,2.50\n2026-03-02,A,9,1,0.50\n"
    marked = bare.replace("2.50", "$2.50").replace(",0.50", ",$0.50")
    for text, told in ((bare, "does not tell its currency;"), (marked, r"\$ may be several")):
        with pytest.raises(HarmoniseError, match=told.replace(";", "")) as caught:
            ingested(tmp_path, "r.csv", text, platform="google_ads")
        assert 'ingest(..., currency="EUR")' in str(caught.value)
    data = ingested(tmp_path, "r.csv", marked, platform="google_ads", currency="CAD")
    assert data.total("spend", by=["currency"]) == {("CAD",): Decimal("3")}
    with pytest.raises(HarmoniseError, match="is in EUR, not in 'USD'"):
        ingested(tmp_path, "m.csv", META, platform="meta", currency="USD")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("Day,", "Week,"), "does not tell of which day"),
        (("Campaign,Campaign ID", "Search keyword,Place"), "is by 'Search keyword'"),
        (("Campaign,Campaign ID", "Area,Place"), "has no column of campaigns"),
        (("2026-03-02,Spring", ",Spring"), "has 1 rows without a day"),
        ((GOOGLE[GOOGLE.index("2026-03-01") :], ""), "has no rows below its header"),
    ],
)
def test_a_report_that_would_count_wrongly_is_refused(
    change: tuple[str, str], told: str, tmp_path: Path
) -> None:
    text = GOOGLE.replace(*change)
    with pytest.raises(HarmoniseError) as caught:
        ingested(tmp_path, "r.csv", text, platform="google_ads")
    assert told in str(caught.value)


@pytest.mark.parametrize("cell", ["99999999999999999999", "much", "1e400"])
def test_an_amount_that_cannot_be_read_is_never_lost(cell: str, tmp_path: Path) -> None:
    rows = "".join(f"2026-03-0{n},A,9,EUR,{2 * n}.5\n" for n in range(1, 5))
    text = f"Day,Campaign,Impr.,Currency code,Cost\n{rows}2026-03-05,A,9,EUR,{cell}\n"
    with pytest.raises(HarmoniseError, match="expected numbers"):
        ingested(tmp_path, "r.csv", text, platform="google_ads")


def test_rows_of_several_days_are_refused_and_rows_of_one_are_days(tmp_path: Path) -> None:
    text = (
        "Campaign name,Reporting starts,Reporting ends,Amount spent (USD),Impressions\n"
        "A,2026-03-01,2026-03-01,1.5,10\nA,2026-03-02,2026-03-02,1.5,10\n"
    )
    data = ingested(tmp_path, "r.csv", text, platform=None)
    assert data.total("spend", by=["date_local"]) == {
        ("2026-03-01",): Decimal("1.5"), ("2026-03-02",): Decimal("1.5")
    }  # fmt: skip
    longer = text.replace("2026-03-02,2026-03-02", "2026-03-02,2026-03-09")
    with pytest.raises(HarmoniseError, match="1 rows of more than one day"):
        ingested(tmp_path, "l.csv", longer, platform="meta")


def test_a_report_of_no_platforms_own_asks_for_it(tmp_path: Path) -> None:
    text = "Day,Campaign,Impressions,Clicks,Cost (EUR)\n2026-03-01,A,10,1,2.50\n"
    with pytest.raises(HarmoniseError, match=r"does not show its platform"):
        ingested(tmp_path, "r.csv", text)


def test_a_later_report_replaces_its_days_and_kinds_never_mix(tmp_path: Path) -> None:
    ingested(tmp_path, "one.csv", GOOGLE)._con.close()
    later = GOOGLE.replace("30.50", "31.50").replace("1,072.25", "1,073.25")
    (tmp_path / "two.csv").write_text(later)
    with ClientStore(tmp_path / "clients", client="one") as store:
        store.ingest(tmp_path / "two.csv")
        assert store.harmonise().total("spend") == {(): Decimal("1073.25")}
        with pytest.raises(HarmoniseError, match="would count the same spend twice"):
            store.ingest(land(tmp_path / "landed", **google()), platform="google_ads")


def test_a_folder_of_a_loader_shows_its_platform(tmp_path: Path) -> None:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        assert store.ingest(land(tmp_path / "landed", **google()))["ad_stats"] == 8


def test_a_report_in_utf16_with_tabs_is_read(tmp_path: Path) -> None:
    data = ingested(
        tmp_path, "r.csv", GOOGLE.replace('"', "").replace(",964", "964").replace(",100", "100")
        .replace("1,031", "1031").replace("4,964", "4964").replace("1,072", "1072")
        .replace(",", "\t").encode("utf-16"), platform="google_ads",
    )  # fmt: skip
    assert data.total("spend") == {(): Decimal("1072.25")}


def test_a_report_that_lost_rows_does_not_close_until_it_is_replaced(tmp_path: Path) -> None:
    lost = "".join(GOOGLE.splitlines(keepends=True)[:3] + GOOGLE.splitlines(keepends=True)[4:])
    with ClientStore(tmp_path / "clients", client="acme") as store:
        for text, closes in ((lost, False), (GOOGLE, True)):
            (tmp_path / "r.csv").write_text(text)
            store.ingest(tmp_path / "r.csv", platform="google_ads")
            for _ in range(2):
                report = store.harmonise().report
                assert report.closes is closes
                assert [(c.measure, c.source, c.harmonised) for c in report.open][-1:] == (
                    [] if closes
                    else [("own total: spend", Decimal("1072.25"), Decimal("1041.75"))]
                )  # fmt: skip
                assert all("do not add up to its own total" in c.reason for c in report.open)
        assert "do not add up" in str(report.notes)  # of the first of the two


def test_a_report_of_weeks_or_of_another_platform_is_told(tmp_path: Path) -> None:
    days = ["2026-03-02", "2026-03-09", "2026-03-16"]
    rows = [f"A,1,B,{day},2.5,10,3" for day in days]
    header = "Campaign name,Campaign ID,Ad set name,Day,Amount spent (EUR),Impressions,Link clicks"
    data = ingested(tmp_path, "r.csv", "\n".join([header, *rows]) + "\n", platform="google_ads")
    assert "seven days apart" in str(data.report.notes)
    assert "headers are those of Meta" in str(data.report.notes)


TEN = {
    "meta": ("Campaign name,Campaign ID,Ad set name,Ad set ID,Ad name,Ad ID,Day,"
             "Amount spent (USD),Impressions,Link clicks,Clicks (all),Reach,Purchases",
             "a,1,b,2,c,3,2026-03-01,1.5,10,2,3,9,1",
             "export_ad",
             "spend impressions_paid clicks_link clicks_platform reach purchase_count"),
    "google_ads": ("Day,Campaign,Ad group,Currency code,Impr.,Clicks,Cost,Avg. CPC,Conversions",
                   "2026-03-01,a,b,EUR,10,2,1.5,0.75,0.5",
                   "export_ad_group_by_name", "spend impressions_paid clicks_platform all_count"),
    "tiktok": ("Campaign name,Ad group name,Ad name,Ad ID,By Day,Currency,Cost,Impressions,"
               "Clicks (destination),Conversions",
               "a,b,c,3,2026-03-01,EUR,1.5,10,2,1",
               "export_ad_by_name", "spend impressions_paid clicks_platform optimisation_count"),
    "linkedin": ("Start Date (in UTC),Account Name,Currency,Campaign Group ID,Campaign Group Name,"
                 "Campaign ID,Campaign Name,Total Spent,Impressions,Clicks,Leads",
                 "2026-03-01,Shop,EUR,7,Group,8,Camp,1.5,10,2,1",
                 "export_ad_group", "spend impressions_paid clicks_platform lead_count"),
    "microsoft": ("Gregorian date,Account name,Currency code,Campaign,Campaign ID,Impressions,"
                  "Clicks,Spend,Conversions,Revenue",
                  "2026-03-01,Shop,EUR,a,1,10,2,1.5,0.5,9",
                  "export_campaign",
                  "spend impressions_paid clicks_platform goals_count goals_value"),
    "pinterest": ("Date,Campaign name,Campaign ID,Account currency,Spend in account currency,"
                  "Paid impressions,Earned impressions,Pin clicks",
                  "2026-03-01,a,1,EUR,1.5,10,4,2",
                  "export_campaign", "spend impressions_paid impressions_earned clicks_platform"),
    "snapchat": ("Start time,Campaign Name,Campaign ID,Ad Squad Name,Ad Squad ID,Currency,"
                 "Amount Spent,Paid Impressions,Swipe Ups,Purchases,Purchases Value",
                 "2026-03-01,a,1,b,2,EUR,1.5,10,2,1,9",
                 "export_ad_group", "spend impressions_paid clicks_platform purchase_count"),
    "reddit": ("Date,Campaign Name,Campaign ID,Currency,Amount Spent,Impressions,Clicks,"
               "Community,Upvotes,Purchase (Total)",
               "2026-03-01,a,1,EUR,1.5,10,2,r,1,1",
               "export_campaign", "spend impressions_paid clicks_platform purchase_count"),
    "amazon_ads": ("Date,Portfolio name,Currency,Campaign Name,Impressions,Clicks,Spend,"
                   "7 Day Total Sales,7 Day Total Orders (#)",
                   "2026-03-01,p,EUR,a,10,2,1.5,9,1",
                   "export_campaign_by_name",
                   "spend impressions_paid clicks_platform purchase_7_count purchase_7_value"),
    "x": ("Time period,Campaign name,Campaign ID,Currency,Spend,Impressions,Clicks,Link clicks,"
          "Tweet engagements,App clicks",
          "2026-03-01,a,1,EUR,1.5,10,3,2,5,0",
          "export_campaign", "spend impressions_paid clicks_platform clicks_link"),
}  # fmt: skip


@pytest.mark.parametrize("key", TEN)
def test_the_reports_of_all_ten_platforms_are_told_by_their_headers(
    key: str, tmp_path: Path
) -> None:
    header, row, name, amounts = TEN[key]
    (tmp_path / "r.csv").write_text(f"{header}\n{row}\n")
    with closing(connect()) as reader:
        known, (part,) = parts_of(reader, tmp_path / "r.csv", Asked(None, "acme"))
        columns = {row[0] for row in reader.execute(f"DESCRIBE {part.select}").fetchall()}
        (told,) = reader.execute(f"SELECT date, currency, spend FROM ({part.select})").fetchall()

    assert (known.key, part.name) == (key, name)
    assert columns >= {*amounts.split(), "date", "currency"}
    assert (str(told[0]), told[2]) == ("2026-03-01", "1.500000")


def test_a_campaign_may_be_called_as_numbers_are_written(tmp_path: Path) -> None:
    text = (
        "Day,Campaign,Currency code,Impr.,Clicks,Cost\n2026-03-02,2E3,EUR,100,20,30.50\n"
        "2026-03-02,2.3E+10,EUR,100,20,1\n"
    )
    data = ingested(tmp_path, "r.csv", text, platform="google_ads")

    assert {row["campaign_id"] for row in rows_of(data)} == {"2E3", "2.3E+10"}


def test_each_campaign_of_a_linkedin_group_keeps_its_objective(tmp_path: Path) -> None:
    export = tmp_path / "campaigns.csv"
    export.write_text(
        "Start Date (in UTC),Account Name,Currency,Campaign Group ID,Campaign Group Name,Campaign "
        "ID,Campaign Name,Campaign Objective,Total Spent,Impressions,Clicks,Leads\n"
        "2026-03-01,Shop,EUR,7,Group,8,One,Lead generation,1.5,2000,2,1\n"
        "2026-03-01,Shop,EUR,7,Group,9,Two,Website visits,1.5,2000,2,0\n"
    )
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(export, platform="linkedin")
        data = store.harmonise()
        groups = data.campaigns(level="ad_group").frame.to_pylist()
        (whole,) = data.campaigns(level="campaign").frame.to_pylist()

    assert [(row["ad_group_id"], row["objective"]) for row in groups] == [
        ("8", ["leads"]), ("9", ["traffic"]),
    ]  # fmt: skip
    assert whole["objective"] == ["several"]
