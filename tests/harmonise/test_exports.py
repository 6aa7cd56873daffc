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


def test_a_download_replaces_its_days_whole(tmp_path: Path) -> None:
    """A renamed campaign is a new one, and one that a corrected report lacks is no more."""
    row = "2026-03-01,{},EUR,10,1,{}\n"
    texts = [row.format("Old", "10.00") + row.format("Gone", "5.00"), row.format("New", "10.00")]
    told = "2 campaigns that it lacks were replaced on its days: Gone, Old"
    with ClientStore(tmp_path / "clients", client="acme") as store:
        for number, text in enumerate(texts):
            (tmp_path / f"{number}.csv").write_text(WITH_CURRENCY + text)
            store.ingest(tmp_path / f"{number}.csv", platform="google_ads")
        data = store.harmonise()
        assert data.total("spend") == {(): 10}
        assert told in str(data.report.notes)


@pytest.mark.parametrize(
    ("accounts", "spend"),
    [
        (("1234567890", "123-456-7890"), 10),
        ((None, "123-456-7890"), 10),
        (("123-456-7890", None), 10),
        (("1234567890", "999-456-7890"), 20),
        (("1234567890", "999-456-7890", "123-456-7890"), 20),
        (("1", "2", None), None),
    ],
)
def test_downloads_of_one_account_replace_each_other(
    accounts: tuple[str | None, ...], spend: int | None, tmp_path: Path
) -> None:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        for number, account in enumerate(accounts):
            path = tmp_path / f"{number}.csv"
            path.write_text(WITH_CURRENCY + f"2026-03-01,A,EUR,1{number},1,10.00\n")
            if account is None and spend is None:
                with pytest.raises(HarmoniseError, match="the store has its days of 1 and 2"):
                    store.ingest(path, platform="google_ads")
                return
            store.ingest(path, platform="google_ads", account=account)
        assert store.harmonise().total("spend") == {(): spend}


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
        assert "do not add up" not in str(report.notes)  # of the first of the two


def test_a_total_that_is_open_is_hidden_by_its_own_account_alone(tmp_path: Path) -> None:
    def export(name: str, spend: str, total: str) -> Path:
        rows = f"2026-03-01,A,EUR,10,1,{spend}\n2026-03-02,A,EUR,10,1,1.00\n"
        path = tmp_path / f"{name}.csv"
        path.write_text(WITH_CURRENCY + rows + f"Total: Campaigns,,EUR,20,2,{total}\n")
        return path

    with ClientStore(tmp_path / "clients", client="acme") as store:
        for account, name, spend, total, is_open in (
            ("1", "a", "5.00", "9.00", True),
            ("2", "b", "2.00", "3.00", True),
            ("2", "c", "3.00", "4.00", True),
            ("1", "d", "8.00", "9.00", False),
        ):
            store.ingest(export(name, spend, total), platform="google_ads", account=account)
            told = [c for c in store.harmonise().report.open if "own total" in c.measure]
            assert bool(told) is is_open, name


def test_a_report_of_weeks_or_of_another_platform_is_told(tmp_path: Path) -> None:
    days = ["2026-03-02", "2026-03-09", "2026-03-16"]
    rows = [f"A,1,B,{day},2.5,10,3" for day in days]
    header = "Campaign name,Campaign ID,Ad set name,Day,Amount spent (EUR),Impressions,Link clicks"
    text = "\n".join([header, *rows]) + "\n"
    data = ingested(tmp_path, "r.csv", text, platform="meta")
    assert "seven days apart" in str(data.report.notes)
    with pytest.raises(HarmoniseError, match="has the headers of Meta, not of Google Ads"):
        ingested(tmp_path, "g.csv", text, platform="google_ads")
    with pytest.raises(HarmoniseError, match="has the headers of Meta, not of LinkedIn"):
        ingested(tmp_path, "l.csv", META, platform="linkedin")


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


H = "Day,Campaign,Impr.,Clicks,Cost\n"
WITH_CURRENCY = H.replace("Impr.", "Currency code,Impr.")


@pytest.mark.parametrize(
    ("text", "stated", "told"),
    [
        (H + "2026-03-01,A,10,1,€1.00\n2026-03-02,A,10,1,$2.00\n", None, r"in \$ and EUR"),
        (H + "2026-03-01,A,10,1,€1.00\n2026-03-02,A,10,1,$2.00\n", "EUR", r"in \$ and EUR"),
        (H + "2026-03-01,A,10,1,€1.00\n2026-03-02,A,10,1,2.00\n", None, "in 1 cells"),
        (H + "2026-03-01,A,10,1,$1.00\n2026-03-02,A,10,1,$2.00\n", "EUR", r"in \$, not in 'EUR'"),
        (H.replace("Cost", "Cost (EUR)") + "2026-03-01,A,10,1,$1.00\n2026-03-02,A,9,1,$1.00\n",
         None, r"in \$ and EUR"),
        (WITH_CURRENCY + "2026-03-01,A,USD,10,1,€1.00\n2026-03-02,A,USD,10,1,€1.00\n",
         None, "in EUR and USD"),
        (H + "2026-03-01,A,10,1,1.00\n", "euros", "'EUROS', which is no currency"),
    ],
)  # fmt: skip
def test_amounts_of_two_currencies_are_never_added(
    text: str, stated: str | None, told: str, tmp_path: Path
) -> None:
    with pytest.raises(HarmoniseError, match=told):
        ingested(tmp_path, "r.csv", text, platform="google_ads", currency=stated)


def test_a_stated_currency_may_be_in_small_letters(tmp_path: Path) -> None:
    text = H + "2026-03-01,A,10,1,€1.00\n2026-03-02,A,10,1,2.00\n"
    data = ingested(tmp_path, "r.csv", text, platform="google_ads", currency="eur")
    assert data.total("spend", by=["currency"]) == {("EUR",): Decimal(3)}


def test_as_many_totals_as_rows_hide_no_day(tmp_path: Path) -> None:
    totals = "".join(
        f"Total: {of}, --,EUR,20,2,3.00\n" for of in ("Campaigns", "Account", "Search")
    )
    text = WITH_CURRENCY + "2026-03-01,A,EUR,10,1,1.00\n2026-03-02,A,EUR,10,1,2.00\n" + totals
    assert ingested(tmp_path, "r.csv", text, platform="google_ads").total("spend") == {(): 3}


def test_a_summary_row_with_the_span_of_the_report_is_its_own_total(tmp_path: Path) -> None:
    text = (
        "Campaign name,Day,Amount spent (EUR),Impressions,Reporting starts,Reporting ends\n"
        ",,3,30,2026-03-02,2026-03-03\nA,2026-03-02,1,10,2026-03-02,2026-03-02\n"
        "A,2026-03-03,2,20,2026-03-03,2026-03-03\n"
    )
    data = ingested(tmp_path, "r.csv", text, platform="meta")
    assert data.total("spend") == {(): 3}
    assert "add up to its own total of spend" in str(data.report.notes)


@pytest.mark.parametrize("name", ["Reporting starts", "Berichtsbeginn", "Début des rapports"])
def test_a_period_without_its_end_is_no_day(name: str, tmp_path: Path) -> None:
    text = f"Campaign name,Amount spent (EUR),Impressions,{name}\nA,70,10,2026-03-01\n"
    with pytest.raises(HarmoniseError, match="not where it ends"):
        ingested(tmp_path, "r.csv", text, platform="meta")


def test_a_day_of_no_calendar_is_shown_with_its_row(tmp_path: Path) -> None:
    text = WITH_CURRENCY + "2026-03-01,A,EUR,10,1,1.00\n2026-02-30,A,EUR,10,1,1.00\n"
    with pytest.raises(HarmoniseError, match="row 2 below its header, with '2026-02-30' in 'Day'"):
        ingested(tmp_path, "r.csv", text, platform="google_ads")


def test_a_row_that_is_there_twice_does_not_close_unless_the_total_has_it(tmp_path: Path) -> None:
    row = "2026-03-01,A,EUR,10,1,10.00\n"
    for name, total, closes in (("none", "", False), ("agrees", "Total,,EUR,20,2,20.00\n", True)):
        (tmp_path / f"{name}.csv").write_text(WITH_CURRENCY + row * 2 + total)
        with ClientStore(tmp_path / "clients", client=name) as store:
            store.ingest(tmp_path / f"{name}.csv", platform="google_ads")
            report = store.harmonise().report
        assert report.closes is closes
        assert ("1 rows are the same as one before" in str(report.notes)) is not closes


def test_amounts_below_zero_and_days_to_come_are_told(tmp_path: Path) -> None:
    text = WITH_CURRENCY + "2999-03-01,A,EUR,-10,1,-5.00\n2026-03-01,A,EUR,9,1,7\n"
    notes = str(ingested(tmp_path, "r.csv", text, platform="google_ads").report.notes)
    assert "1 rows are of days to come, until 2999-03-01" in notes
    assert "1 rows have a spend below 0, the least of them -5" in notes


META_HEADERS = """
Kampagnenname,Tag,Ausgegebener Betrag (EUR),Impressionen,Käufe,Conversion-Wert für Käufe,Berichtsende
Nom de la campagne,Jour,Montant dépensé (EUR),Impressions,Achats,Valeur de conversion des achats,Fin des rapports
Nombre de la campaña,Día,Importe gastado (EUR),Impresiones,Compras,Valor de conversión de compras,Fin del informe
Nome campagna,Giorno,Importo speso (EUR),Impression,Acquisti,Valore di conversione degli acquisti,Fine report
Campagnenaam,Dag,Besteed bedrag (EUR),Weergaven,Aankopen,Conversiewaarde van aankopen,Einde rapportage
"""  # noqa: E501


@pytest.mark.parametrize("header", META_HEADERS.strip().splitlines())
def test_metas_reports_in_other_languages_show_their_platform_and_values(
    header: str, tmp_path: Path
) -> None:
    rows = "".join(f"A,2026-03-0{n},2.5,100,3,90,2026-03-0{n}\n" for n in (1, 2))
    row, _ = rows_of(ingested(tmp_path, "r.csv", f"{header}\n{rows}"), "conversions")
    assert (row["event"], row["conversions"], row["conversion_value"]) == ("purchase", 3, 90)
