"""Unknown schemas: the right tables and columns are found, said why, and usable at once."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import ClientStore, discover, platform, platforms
from campaignkit.llm import ScriptedModel
from command_line import run_here
from landed_tables import google, land

OTHERS = [platform(key) for key in platforms() if key != "google_ads"]


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    """Google Ads, in tables of other names, as a platform that nobody knows."""
    tables = {f"shop_{name}": rows for name, rows in google().items()}
    return land(tmp_path / "unknown", **tables)


def test_a_proposal_can_be_used_at_once(unknown: Path, tmp_path: Path) -> None:
    found = discover(unknown, name="Shop", known=OTHERS)
    mapping = found.write(tmp_path / "shop.toml")
    totals = []
    for key, source in (("google_ads", land(tmp_path / "g", **google())), (mapping, unknown)):
        with ClientStore(tmp_path / "clients", client=f"c{len(totals)}") as store:
            store.ingest(source, platform=key)
        with ClientStore(tmp_path / "clients", client=f"c{len(totals)}") as store:
            data = store.harmonise()
            assert data.report.closes
            totals.append(data.total("spend", by=["account_id", "campaign_id", "date_local"]))

    assert totals[0] == totals[1]


def test_every_proposal_says_why(unknown: Path) -> None:
    found = discover(unknown, known=OTHERS)
    spend = next(c for c in found.columns if (c.role, c.field) == ("report of ad", "spend"))

    assert spend.column == "micro:cost_micros"
    assert "report of ad: ad_stats" in repr(found)[:400] == repr(found)
    assert "100% of its cells are a number" in spend.reasons
    assert all(row.reasons and 0 <= row.score <= 1 for row in found.columns)
    assert len(found.to_frame("tables")) == len(found.tables)
    assert next(t.table for t in found.tables if t.role == "report of ad") == "ad_stats"


def test_a_lying_model_changes_no_score_and_no_column(unknown: Path) -> None:
    asked = []

    def lie(prompt: str, schema: dict[str, Any]) -> str:
        asked.append(prompt)
        told = dict.fromkeys(schema["required"], "It fits, score 0.99")
        told[schema["required"][0]] = "It is the day\n[reports.ad]\nspend = 'secret'"
        return json.dumps(told | {"999": "a new column"})

    plain = discover(unknown, known=OTHERS)
    told = discover(unknown, known=OTHERS, model=ScriptedModel(lambda p, s: lie(p.user, s)))

    assert told.to_toml() == plain.to_toml()
    assert [c.model_says for c in told.columns if c.model_says]
    assert not [c for c in told.columns if re.search(r"\d", c.model_says)]
    assert len(told.columns) == len(plain.columns)
    assert "1250000" not in "".join(asked)  # no cell is shown to a model


def test_money_in_millionths_is_noticed_by_its_size(tmp_path: Path) -> None:
    rows = [{"day": f"2026-03-0{n}", "account_id": "7", "advert_id": f"a{n}",
             "cost": 5_000_000 * n, "impressions": 100 * n, "clicks": n}
            for n in range(1, 6)]  # fmt: skip
    found = discover(land(tmp_path / "x", advert_report=rows))

    assert [c.column for c in found.columns if c.field == "spend"] == ["micro:cost"]


@pytest.mark.parametrize(
    ("column", "currency", "cost", "term", "is_open"),
    [
        ("spend_cents", "EUR", 552, "cent:spend_cents", False),
        ("cost_minor_units", "EUR", 552, "cent:cost_minor_units", False),
        ("cost_micros", "EUR", 552, "micro:cost_micros", False),
        ("cost", "JPY", 18_400, "cost", False),  # yen have no cents; 184 for an impression
        ("cost", "JPY", 2_000_000, "micro:cost", False),
        ("cost", "EUR", 80_000, "micro:cost", False),
        ("cost", "EUR", 5.52, "cost", False),
        ("cost", "EUR", 552, "cost", True),
        ("cost", "", 20_000, "cost", True),
        ("cost", "EUR", 12, "cost", True),
        ("cost_usd", "EUR", 5.52, "cost_usd", True),
        ("cost_usd", "USD", 5.52, "cost_usd", False),
    ],
)
def test_units_of_money_are_told_or_left_to_a_person(
    tmp_path: Path, column: str, currency: str, cost: float, term: str, is_open: bool
) -> None:
    rows = [
        {
            "day": f"2026-03-0{n}",
            "account_id": "7",
            "ad_id": f"a{n}",
            column: cost,
            "impressions": 100,
            "clicks": n,
            "currency": currency,
        }
        for n in range(1, 6)
    ]
    found = discover(land(tmp_path / "x", ad_report=rows))
    (spend,) = [c for c in found.columns if c.field == "spend"]

    assert (spend.column, "decide:" in spend.reasons) == (term, is_open)
    assert spend.reasons in found.to_toml()


def test_the_accounts_own_currency_comes_before_dollars(tmp_path: Path) -> None:
    rows = [
        {
            "date": f"2026-03-0{n}",
            "account_id": "7",
            "ad_id": f"a{n}",
            "cost_usd": 1.1 * n,
            "spend_local": 1.5 * n,
            "impressions": 100,
            "clicks": n,
        }
        for n in range(1, 6)
    ]
    found = discover(land(tmp_path / "x", ad_report=rows))

    assert [c.column for c in found.columns if c.field == "spend"] == ["spend_local"]


def test_cents_are_harmonised_as_units(tmp_path: Path) -> None:
    rows = [{"date": f"2026-03-0{n}", "account_id": "7", "ad_id": f"a{n}", "spend_cents": 50 * n,
             "impressions": 100, "clicks": n} for n in range(1, 4)]  # fmt: skip
    folder = land(tmp_path / "x", ad_report=rows, accounts=[{"id": "7", "currency": "EUR"}])
    mapping = discover(folder, name="Shop").write(tmp_path / "shop.toml")
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(folder, platform=mapping)
        data = store.harmonise()
        assert data.report.closes
        assert data.total("spend", by=["currency"]) == {("EUR",): 3}


GERMAN = {
    "dim_konten": "nr bezeichnung waehrung zeitzone",
    "dim_kampagnen": "nr konto_nr ziel",
    "dim_gruppen": "nr kampagne_nr",
    "dim_anzeigen": "nr gruppe_nr kampagne_nr bezeichnung",
    "fakten": "tag anzeige_nr gruppe_nr kampagne_nr konto_nr kosten einblendungen klicks",
}
SHORT = {
    "dim_acct": "acct_id acct_nm ccy tz",
    "dim_cmp": "cmp_id acct_id goal",
    "dim_line_item": "line_item_id cmp_id",
    "dim_ad": "creative_key line_item_id cmp_id nm",
    "fact": "dt creative_key line_item_id cmp_id acct_id spend_local imps clk",
}
VIEWS = SHORT | {"fact": SHORT["fact"].replace("imps", "views")}


@pytest.mark.parametrize("names", [GERMAN, SHORT, VIEWS])
def test_other_languages_and_abbreviations_are_found(
    tmp_path: Path, names: dict[str, str]
) -> None:
    ads = [(900 + n, 300 + n // 2, 50 + n // 4) for n in range(8)]
    cells = [
        [(77, "Acme", "EUR", "Europe/Berlin")],
        [(c, 77, "SALES") for c in (50, 51)],
        [(300 + n, 50 + n // 2) for n in range(4)],
        [(*ad, f"A{ad[0]}") for ad in ads],
        [(f"2026-03-0{day}", *ad, 77, day + n / 100, 1000 + 10 * n + day, 10 + n)
         for day in range(1, 8) for n, ad in enumerate(ads)],
    ]  # fmt: skip
    tables = {name: [dict(zip(of.split(), row, strict=True)) for row in rows]
              for (name, of), rows in zip(names.items(), cells, strict=True)}  # fmt: skip
    folder = land(tmp_path / "x", **tables)
    found = discover(folder, name="Shop")
    mapping = found.write(tmp_path / "shop.toml")
    assert "prefixes = []" in found.to_toml()
    assert "are a id" not in found.to_toml()
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(folder, platform=mapping)
        data = store.harmonise()
        by = ["currency", "account_id", "campaign_id"]
        assert {key: float(n) for key, n in data.total("spend", by=by).items()} == {
            ("EUR", "77", "50"): 112.42, ("EUR", "77", "51"): 113.54,
        }  # fmt: skip
        assert data.total("impressions_paid") == {(): 58_184}
        assert data.total("clicks_platform") == {(): 756}
        rows = data.to_arrow().to_pylist()
    assert {row["report_tz"] for row in rows} == {"Europe/Berlin"}
    assert {(row["ad_id"], row["ad_group_id"]) for row in rows} == {
        (str(ad), str(group)) for ad, group, _ in ads
    }


def test_a_column_with_the_name_of_another_identifier_is_no_identifier(tmp_path: Path) -> None:
    rows = [{"date": "2026-03-01", "ad_id": n, "campaign_id": 5, "spend": 1.5, "impressions": 100,
             "clicks": 2} for n in range(4)]  # fmt: skip
    found = discover(land(tmp_path / "x", ad_daily=rows))

    assert {c.field: c.column for c in found.columns if c.field.endswith("_id")} == {
        "ad_id": "ad_id", "campaign_id": "campaign_id",
    }  # fmt: skip


def test_files_that_cannot_be_read_are_named_and_the_others_looked_at(
    unknown: Path, tmp_path: Path
) -> None:
    before = discover(unknown, known=OTHERS)
    spoilt = {"utf16.csv": "a,b\n1,2\n".encode("utf-16"), "cut.parquet": b"PAR1",
              "no[w].csv": b"a,b\n1,2\n"}  # fmt: skip
    for name, content in spoilt.items():
        (unknown / name).write_bytes(content)
    found = discover(unknown, known=OTHERS)
    unread = {row.table: row.reasons for row in found.tables if row.role == "not read"}

    assert unread.keys() == spoilt.keys()
    assert "UTF-16" in unread["utf16.csv"]
    assert found.columns == before.columns
    assert all(f"# not read: {reason}" in found.to_toml() for reason in unread.values())
    with pytest.raises(HarmoniseError, match="UTF-16"):
        discover(unknown / "utf16.csv")
    for file in unknown.iterdir():
        file.unlink() if file.name not in spoilt else None
    with pytest.raises(HarmoniseError, match=r"utf16[.]csv: .*UTF-16"):
        discover(unknown, known=OTHERS)


def test_a_source_without_amounts_is_refused(tmp_path: Path) -> None:
    folder = land(tmp_path / "x", people=[{"id": "1", "name": "Ann"}])

    with pytest.raises(HarmoniseError, match="no table of people has amounts"):
        discover(folder)


def test_a_file_named_as_a_known_platform_is_refused(unknown: Path, tmp_path: Path) -> None:
    mapping = discover(unknown, known=OTHERS).write(tmp_path / "meta.toml")
    with ClientStore(tmp_path / "clients", client="acme") as store:
        with pytest.raises(HarmoniseError, match="cannot be the name"):
            store.ingest(unknown, platform=mapping)

        assert store.tables == []


def test_the_command_writes_the_proposal(
    unknown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = run_here(["discover", unknown, "--name", "Shop", "--out", tmp_path / "s.toml"], capsys)

    assert ended.code == 0
    assert (tmp_path / "s.toml").read_text().strip() in ended.out


@pytest.mark.data
@pytest.mark.parametrize(
    ("key", "tables", "columns"),
    [("amazon_ads", 6, 22), ("google_ads", 7, 28), ("linkedin", 6, 17), ("meta", 5, 18),
     ("pinterest", 7, 32), ("tiktok", 7, 42)],
)  # fmt: skip
def test_public_exports_are_found_without_their_platforms_file(
    key: str, tables: int, columns: int
) -> None:
    from benchmarks.discovery import score

    folder = Path(os.environ["CAMPAIGNKIT_TEST_DATA"]) / "platforms" / key
    told = score(key, folder)

    assert (told.right_tables, told.right_columns) >= (tables, columns)
