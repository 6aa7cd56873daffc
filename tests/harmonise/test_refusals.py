"""What cannot be harmonised is refused in words, and nothing of it is kept."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import ClientStore, discover, read_platform
from landed_tables import google, land


def refused(folder: Path, **tables: Any) -> str:
    with ClientStore(folder / "clients", client="acme") as store:
        with pytest.raises(HarmoniseError) as caught:
            store.ingest(land(folder / "landed", **tables), platform="google_ads")
            store.harmonise()
        return str(caught.value)


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("ad_id", "", "ad_stats, ad_id: 4 cells, such as None; expected an identifier"),
        ("ad_id", "1.2E+17", "such as '1.2E+17'; expected an identifier"),
        ("date", "soon", "such as 'soon'; expected a day in every row"),
        ("date", "03/04/2025", "expected a day in every row, such as 2026-03-31"),
        (
            "cost_micros",
            "much",
            "ad_stats, cost_micros: 4 cells, such as 'much'; expected numbers",
        ),
        ("cost_micros", "1.234,56", "such as '1.234,56'; expected numbers"),
        ("cost_micros", "1,23", "such as '1,23'; expected numbers"),
        ("cost_micros", "1,234", "such as '1,234'; expected numbers"),
        ("cost_micros", "9" * 20, "the store of acme could not do that"),
        ("cost_micros", "9" * 25, "expected numbers"),
        ("impressions", "1.5", "expected whole numbers"),
    ],
)
def test_a_report_with_cells_that_say_nothing(
    column: str, cell: str, told: str, tmp_path: Path
) -> None:
    tables = google(["2025-03-01"])
    for row in tables["ad_stats"]:
        row[column] = cell  # type: ignore[index]

    assert told in refused(tmp_path, **tables)


def test_a_currency_that_is_not_known_is_never_guessed(tmp_path: Path) -> None:
    tables = google(["2025-03-01"])
    tables["account_history"][0]["currency_code"] = "CAN"  # type: ignore[index]
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "landed", **tables), platform="google_ads")
        data = store.harmonise()

        assert list(data.total("spend", by=["currency"])) == [("XXX",)]
        assert "its currency is not known" in str(data.report.notes)
        stated = store.harmonise(currencies={"77": "CAD"})
        assert list(stated.total("spend", by=["currency"])) == [("CAD",)]


def test_currencies_are_never_added_to_each_other(tmp_path: Path) -> None:
    tables = google(["2025-03-01"])
    other = [{**row, "customer_id": "78"} for row in tables["ad_stats"]]
    tables["ad_stats"] = [*tables["ad_stats"], *other]
    tables["account_history"] = [*tables["account_history"], {"id": "78", "currency_code": "EUR"}]
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "landed", **tables), platform="google_ads")
        data = store.harmonise()

        with pytest.raises(HarmoniseError, match="EUR, USD"):
            data.total("spend")
        assert len(data.total("spend", by=["currency"])) == 2
        assert len(data.total("impressions_paid")) == 1


def test_folders_without_a_table_of_the_platform(tmp_path: Path) -> None:
    (tmp_path / "landed").mkdir()
    (tmp_path / "landed" / "notes.txt").write_text("hello")
    with ClientStore(tmp_path / "clients", client="acme") as store:
        with pytest.raises(HarmoniseError, match="has no table"):
            store.ingest(tmp_path / "landed", platform="meta")
        with pytest.raises(HarmoniseError, match="no table of Meta here: strange has a"):
            store.ingest(land(tmp_path / "landed", strange=[{"a": 1}]), platform="meta")
        assert store.tables == []
        with pytest.raises(HarmoniseError, match="nothing of client acme"):
            store.harmonise()
        with pytest.raises(HarmoniseError, match="expected one of amazon_ads"):
            store.ingest(tmp_path / "landed", platform="myspace")
        with pytest.raises(HarmoniseError, match="does not exist"):
            store.ingest(tmp_path / "nowhere", platform="meta")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02", b"a,b\n1\n2,3,4\n", b"PAR1", b"ad_id,date\n1,2025-03-01\n2\n",
     "ad_id,date\n1,2025-03-01\n".encode("utf-16"), b"ad_id,name\n1,M\xfcller\n"],
)  # fmt: skip
def test_broken_files_are_refused_by_name(content: bytes, tmp_path: Path) -> None:
    for suffix in ("csv", "parquet"):
        (tmp_path / f"ad_stats.{suffix}").write_bytes(content)
        with ClientStore(tmp_path / "clients", client="acme") as store:
            with pytest.raises(HarmoniseError, match="ad_stats"):
                store.ingest(tmp_path / f"ad_stats.{suffix}", platform="google_ads")
            assert store.tables == []


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "landed", **google()), platform="google_ads")
        data = store.harmonise()

    assert repr(data) == "CampaignData('acme', its store is closed)"
    with pytest.raises(HarmoniseError, match="the store of acme is closed"):
        data.to_arrow()
    with pytest.raises(HarmoniseError, match="the store of acme is closed"):
        store.harmonise()


def test_a_place_that_is_none_and_a_link_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarmoniseError, match="cannot be made"):
        ClientStore(tmp_path / "file", client="acme")
    with ClientStore(tmp_path, client="other"):
        pass
    (tmp_path / "acme").symlink_to(tmp_path / "other")
    with pytest.raises(HarmoniseError, match="leads to another place"):
        ClientStore(tmp_path, client="acme")


def test_two_reports_of_one_level(tmp_path: Path) -> None:
    tables = google(["2025-03-01"])
    text = refused(tmp_path, **tables, google_ads_ad_stats=tables["ad_stats"])

    assert "ad_stats and google_ads_ad_stats are both its report" in text


def test_a_platforms_file_with_faults_names_them_all(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "Mine"\nreport_tz = "mars"\nclick_kind = "all"\n[reports.ad]\nnames = ["r"]\n'
        'ids = { ad_idd = "a" }\nmeasures = { spend = "nano:cost" }\n'
    )
    with pytest.raises(HarmoniseError) as caught:
        read_platform(path)

    text = str(caught.value)
    for part in (
        "report_tz",
        "'mars'",
        "ad_idd: is unknown",
        "unknown unit 'nano'",
        "neither date nor hour",
    ):
        assert part in text


GOOD = (
    'name = "Mine"\nreport_tz = "UTC"\nclick_kind = "all"\n[reports.ad]\nnames = ["r"]\n'
    'date = "date"\nids = { ad_id = "ad" }\nmeasures = { spend = "cost" }\n'
    '[[conversions]]\nlevel = "ad"\nevent_is = "all"\ncount = "n"\nclick_days = 7\n'
    "windows = { _7_d_click = [7, 0] }\n"
)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "Mine"', "name = 3", "name: is 3 (expected a text"),
        ('name = "Mine"\n', "", "the top: name is missing"),
        ('names = ["r"]', 'names = ["r", 5]', "reports.ad.names: is ['r', 5] (expected a text or"),
        ('ids = { ad_id = "ad" }', 'ids = "ad"', "reports.ad.ids: is 'ad' (expected a table"),
        ('"cost"', "{ a = 1 }", "reports.ad.measures.spend: is {'a': 1} (expected a text or"),
        (
            "click_days = 7",
            'click_days = "7"',
            "conversions[0].click_days: is '7' (expected a who",
        ),
        ("click_days = 7", "click_days = true", "conversions[0].click_days: is True (expected"),
        ("[7, 0]", "7", "conversions[0].windows._7_d_click: is 7 (expected two numbers of days"),
        ('count = "n"\n', "", "conversions[0]: amounts is missing"),
        ('level = "ad"', 'level = "add"', "conversions[0].level: is 'add' (expected ad, ad_group"),
        ('[[conversions]]\nlevel = "ad"', '[conversions]\nlevel = "ad"', "expected a list of tab"),
        ("[reports.ad]", "[reports.add]", "reports.add: is unknown (expected ad, ad_group"),
        ('date = "date"', "days_as_moments = 1", "days_as_moments: is 1 (expected true or false"),
        ('date = "date"', "colour = 1", "reports.ad.colour: is unknown (expected breakdown"),
    ],
)
def test_a_platforms_file_with_a_part_of_the_wrong_kind(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert read_platform(path).conversions[0].windows == {"_7_d_click": (7, 0)}
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(HarmoniseError) as caught:
        read_platform(path)

    assert told in str(caught.value)
    assert "mine.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("table", "column"),
    [("ad_stats", "campaign_id"), ("ad_stats", "ad_group_id"), ("ad_history", "ad_group_id"),
     ("account_history", "id")],
)  # fmt: skip
def test_an_identifier_that_a_spreadsheet_has_shortened_is_refused_wherever_it_stands(
    table: str, column: str, tmp_path: Path
) -> None:
    tables: dict[str, Any] = google(["2025-03-01"])
    for row in tables[table]:
        row[column] = "2.3E+10"

    assert f"{table}, {column}: {len(tables[table])} cells" in refused(tmp_path, **tables)


# What a person meets first: the words of a refusal are the page that is read then.


def test_a_purged_store_is_asked_for_nothing(tmp_path: Path) -> None:
    store = ClientStore(tmp_path, client="acme")
    store.purge()
    for ask in (lambda: store.tables, store.harmonise, lambda: store.ingest(tmp_path)):
        with pytest.raises(HarmoniseError, match="the store of acme is closed"):
            ask()
    assert repr(store) == "ClientStore('acme', closed)"


def test_a_store_that_is_open_or_damaged_is_told_in_words(tmp_path: Path) -> None:
    with (
        ClientStore(tmp_path, client="acme"),
        pytest.raises(HarmoniseError, match="is open already, in this process") as caught,
    ):
        ClientStore(tmp_path, client="acme")
    assert "Error:" not in str(caught.value)
    (tmp_path / "acme" / "data.duckdb").write_bytes(b"x" * 10_000)
    with pytest.raises(HarmoniseError, match="it is no data base of DuckDB"):
        ClientStore(tmp_path, client="acme")


def test_a_table_that_nothing_reads_counts_nothing_twice(tmp_path: Path) -> None:
    folder = land(tmp_path / "exports", notes=[{"who": "Ann", "what": "call"}])
    report = "Day,Campaign,Impr.,Clicks,Cost (EUR)\n2026-03-01,A,10,1,2.50\n"
    (folder / "report.csv").write_text(report)
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(folder, platform="google_ads")
        data = store.harmonise()
        assert data.total("spend") == {(): Decimal("2.5")}
        assert any("notes" in told for _, about, note in data.report.notes
                   for told in (about, note))  # fmt: skip


def test_a_folder_of_several_platforms_says_which_file_is_of_which(tmp_path: Path) -> None:
    basic = {"ad_id": "1", "date": "2026-03-01", "account_id": "7", "spend": "2", "impressions": 9}
    folder = land(tmp_path / "exports", **google(), basic_ad=[basic])
    with (
        ClientStore(tmp_path / "clients", client="acme") as store,
        pytest.raises(HarmoniseError, match=r"ad_stats: google_ads; .*basic_ad: meta"),
    ):
        store.ingest(folder)


def test_a_table_without_spend_is_not_asked_for_its_platform(tmp_path: Path) -> None:
    people = land(tmp_path / "crm", customers=[{"email": "a@b.c", "signed_up": "2026-03-01"}])
    with ClientStore(tmp_path / "clients", client="acme") as store:
        with pytest.raises(HarmoniseError, match="has no spend of advertising"):
            store.ingest(people)
        with pytest.raises(HarmoniseError, match="customers has email, signed_up"):
            store.ingest(people, platform="google_ads")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("basic_ad.csv", "ad_id,date\n1,2026\n".encode("utf-16"), "UTF-16"),
        ("basic_ad.csv", b"ad_id,n\xe4me\n1,2\n", "not in UTF-8"),
        ("basic_ad.parquet", b"PAR1" + bytes(50), "no Parquet file"),
    ],
    ids=["utf-16", "latin-1", "parquet"],
)
def test_a_file_that_is_no_table_is_told_without_a_librarys_words(
    name: str, content: bytes, told: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HarmoniseError) as caught:
        discover(tmp_path / name)
    assert told in str(caught.value)
    assert "sniff" not in str(caught.value) and "Error:" not in str(caught.value)


def test_a_report_without_totals_says_that_nothing_else_was_compared(tmp_path: Path) -> None:
    report = "Day,Campaign,Impr.,Clicks,Cost (EUR)\n2026-03-01,A,10,1,2.50\n"
    (tmp_path / "report.csv").write_text(report)
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(tmp_path / "report.csv", platform="google_ads")
        told = store.harmonise().report
    assert any("no total of its own" in note for _, _, note in told.notes)
    assert "totals of the landed tables" in told.blocks()[0].text[0]
