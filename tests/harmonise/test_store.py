"""A client's store: exports replace days, a kill leaves nothing half done, clients never mix."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import ClientStore
from campaignkit.seeds import stream
from landed_tables import google, land, rows_of

DAYS = [f"2025-03-{day:02}" for day in range(1, 6)]


def everything(store: ClientStore) -> list[str]:
    data = store.harmonise()
    return [repr(rows_of(data, name)) for name in ("performance", "conversions", "reach")] + [
        repr(data.report.to_dict())
    ]


def test_a_day_more_gives_the_bytes_of_a_full_build(tmp_path: Path) -> None:
    with ClientStore(tmp_path, client="whole") as store:
        store.ingest(land(tmp_path / "all", **google(DAYS)), platform="google_ads")
        whole = everything(store)
    with ClientStore(tmp_path, client="steps") as store:
        for number in range(1, len(DAYS) + 1):
            tables = google(DAYS[:1]) if number == 1 else google(DAYS[number - 1 : number])
            store.ingest(land(tmp_path / f"day{number}", **tables), platform="google_ads")
            steps = everything(store)

    assert [text.replace("steps", "whole") for text in steps] == whole


def test_a_later_export_replaces_the_days_it_covers(tmp_path: Path) -> None:
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "one", **google(DAYS[:3])), platform="google_ads")
        store.harmonise()
        store.ingest(land(tmp_path / "two", **google(DAYS[2:4], spend=5)), platform="google_ads")
        again = everything(store)
    with ClientStore(tmp_path, client="anew") as store:
        store.ingest(land(tmp_path / "kept", **google(DAYS[:2])), platform="google_ads")
        store.ingest(land(tmp_path / "two", **google(DAYS[2:4], spend=5)), platform="google_ads")

        assert everything(store) == [text.replace("acme", "anew") for text in again]


@pytest.mark.parametrize("owner", ["account_id", "ad_id"])
def test_a_later_export_leaves_the_days_of_whom_it_does_not_name(
    owner: str, tmp_path: Path
) -> None:
    """Other accounts' rows of the same day; where a report tells no account, other ads'."""

    def export(name: str, spends: dict[str, int]) -> Path:
        rows = [
            {"ad_id": ad, "date": DAYS[0], "impressions": 1, "spend": spend}
            | ({"account_id": ad} if owner == "account_id" else {})
            for ad, spend in spends.items()
        ]
        return land(tmp_path / name, basic_ad=rows)

    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(export("one", {"1": 10, "2": 20}), platform="meta")
        store.harmonise()
        store.ingest(export("two", {"1": 11}), platform="meta")
        spent = {row["ad_id"]: row["spend"] for row in rows_of(store.harmonise())}

    assert spent == {"1": 11, "2": 20}


def test_an_export_in_parts_is_one_export(tmp_path: Path) -> None:
    tables = google(DAYS[:1])
    parts = tmp_path / "parts" / "ad_stats"
    for number, row in enumerate(tables.pop("ad_stats")):
        land(parts, **{f"part-{number}": [row]})
    land(tmp_path / "parts", **tables)
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(tmp_path / "parts", platform="google_ads")
        first = everything(store)
        changed = {**google(DAYS[:1])["ad_stats"][3], "cost_micros": 50}
        land(parts, **{"part-3": [changed]})
        store.ingest(tmp_path / "parts", platform="google_ads")
        data = store.harmonise()

    assert "'ad_stats'" not in first[3]  # none was left unread
    with ClientStore(tmp_path / "clients", client="acme") as store:
        ads = [r for r in rows_of(store.harmonise()) if r["level"] == "ad"]
    assert sorted(r["spend"] for r in ads)[0] == Decimal("0.00005")
    assert len(ads) == 4  # the parts of the same day that did not change are still there
    del data


def test_what_was_ingested_is_left_out_the_second_time(tmp_path: Path) -> None:
    with ClientStore(tmp_path, client="acme") as store:
        folder = land(tmp_path / "one", **google(DAYS[:1]))
        first = store.ingest(folder, platform="google_ads")

        assert first["ad_stats"] == 4
        assert set(store.ingest(folder, platform="google_ads").values()) == {0}


def test_a_new_parent_moves_old_days_too(tmp_path: Path) -> None:
    report = [
        {"ad_id": "1", "date": day, "account_id": "7", "impressions": 1, "spend": 1}
        for day in DAYS
    ]
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "one", basic_ad=report), platform="meta")
        assert {r["campaign_id"] for r in rows_of(store.harmonise())} == {"unknown"}
        history = [{"id": "1", "account_id": "7", "campaign_id": "5", "ad_set_id": "6"}]
        store.ingest(land(tmp_path / "two", ad_history=history), platform="meta")

        assert {r["campaign_id"] for r in rows_of(store.harmonise())} == {"5"}
        moved = [{**history[0], "campaign_id": "9", "updated_time": "2025-03-01"}]
        store.ingest(land(tmp_path / "three", ad_history=moved), platform="meta")
        assert {r["campaign_id"] for r in rows_of(store.harmonise())} == {"9"}


def test_a_later_export_leaves_another_account_alone(tmp_path: Path) -> None:
    def row(account: int, spend: int) -> dict[str, object]:
        return {"ad_id": account, "date": DAYS[0], "account_id": account, "spend": spend,
                "impressions": 1}  # fmt: skip

    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "one", basic_ad=[row(7, 1), row(8, 2)]), platform="meta")
        store.ingest(land(tmp_path / "two", basic_ad=[row(7, 5)]), platform="meta")
        spend = store.harmonise().total("spend", by=["account_id"], level="ad")

    assert spend == {("7",): 5, ("8",): 2}


def hours(*moments: str, spend: int = 1) -> dict[str, list[dict[str, object]]]:
    return {
        "ad_report_hourly": [
            {"ad_id": 1, "stat_time_hour": f"2025-03-{at}:00:00", "spend": spend,
             "impressions": 1} for at in moments
        ],
        "ad_history": [{"ad_id": 1, "advertiser_id": 5, "campaign_id": 3, "adgroup_id": 2}],
        "advertiser": [{"advertiser_id": 5, "currency": "USD", "timezone": "America/New_York"}],
    }  # fmt: skip


def test_local_days_made_anew_have_the_hours_of_their_neighbours_in_utc(tmp_path: Path) -> None:
    """The hours of 4 March, 2:00 in UTC, are of 3 March: a neighbour of 2 March, made anew."""
    with ClientStore(tmp_path, client="acme") as store:
        first = hours("01 12", "02 12", "03 12", "04 02", "04 12")
        store.ingest(land(tmp_path / "one", **first), platform="tiktok")
        store.harmonise()
        store.ingest(land(tmp_path / "two", **hours("02 12", spend=5)), platform="tiktok")
        data = store.harmonise()
        by_day = data.total("spend", by=["date_local"])

        assert list(by_day.values()) == [1, 5, 2, 1]
        assert data.report.closes


def test_a_day_that_ends_or_restores_an_agreement_is_seen_on_all_days(tmp_path: Path) -> None:
    """Campaigns have the currency of their ads, on the days on which all of those agree."""
    steps = [(0, "EUR", "EUR"), (1, "USD", "XXX"), (0, "USD", "USD")]
    with (
        ClientStore(tmp_path / "by_steps", client="acme") as stepped,
        ClientStore(tmp_path / "whole", client="acme") as whole,
    ):
        for number, (day, code, agreed) in enumerate(steps):
            own = {"date": DAYS[day], "account_id": 7, "campaign_id": 3, "impressions": 1}
            folder = land(
                tmp_path / f"e{number}",
                basic_ad=[{**own, "ad_id": number, "spend": 1, "account_currency": code}],
                basic_campaign=[{**own, "spend": 5}],
            )
            for store in (stepped, whole):
                store.ingest(folder, platform="meta")
            rows = [r for r in rows_of(stepped.harmonise()) if r["level"] == "campaign"]
            assert {r["currency"] for r in rows if r["spend"] > 0} == {agreed}

        assert everything(stepped) == everything(whole)


def changing(rng: np.random.Generator, number: int) -> dict[str, list[dict[str, object]]]:
    """An export of LinkedIn of some days, some ads and changing parents."""

    def some(values: list[Any], fewest: int, most: int) -> list[Any]:
        return rng.choice(values, rng.integers(fewest, most + 1), replace=False).tolist()

    days = sorted(some(DAYS, 1, 2))
    tables: dict[str, list[dict[str, object]]] = {
        "ad_analytics_by_creative": [
            {"creative_id": ad, "day": day, "cost_in_local_currency": rng.integers(1, 9),
             "impressions": rng.integers(1, 9), "one_click_leads": rng.integers(3)}
            for day in days for ad in some([1, 2, 3], 1, 3)
        ],
        "ad_analytics_by_campaign": [
            {"campaign_id": group, "day": day, "cost_in_local_currency": rng.integers(10, 29),
             "impressions": 20, "one_click_leads": 3} for day in days for group in (11, 12)
        ],
    }  # fmt: skip
    if number == 0:
        tables["account_history"] = [{"id": 100, "currency": "EUR"}, {"id": 200}]
    if number == 0 or rng.random() < 0.4:
        tables["creative_history"] = [
            {
                "id": ad,
                "campaign_id": rng.choice([11, 12]),
                "last_modified_at": f"2025-0{number + 1}-01",
            }
            for ad in some([1, 2, 3], 2, 2)
        ]
        tables["campaign_history"] = [
            {"id": group, "campaign_group_id": 7, "account_id": rng.choice([100, 100, 200]),
             "last_modified_time": f"2025-0{number + 1}-01"} for group in (11, 12)
        ]  # fmt: skip
    return tables


@pytest.mark.parametrize("seed", range(2))
def test_any_steps_give_the_bytes_of_one_build(seed: int, tmp_path: Path) -> None:
    rng = stream(seed, "exports")
    with (
        ClientStore(tmp_path / "by_steps", client="acme") as steps,
        ClientStore(tmp_path / "whole", client="acme") as whole,
    ):
        for number in range(4):
            folder = land(tmp_path / f"e{number}", **changing(rng, number))
            for store in (steps, whole):
                store.ingest(folder, platform="linkedin")
            stepped = everything(steps)

        assert stepped == everything(whole)


@settings(max_examples=6)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3)), min_size=1, max_size=5))
def test_any_order_of_exports_ends_where_its_last_words_do(steps: list[tuple[int, int]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        last: dict[str, int] = {}
        with ClientStore(folder, client="acme") as store:
            for number, (start, length) in enumerate(steps):
                days = DAYS[start : start + length]
                spend = 10 + number
                last |= dict.fromkeys(days, spend)
                store.ingest(
                    land(folder / f"e{number}", **google(days, spend)), platform="google_ads"
                )
                data = store.harmonise()
            by_day = data.total("spend", by=["date_local"])
            assert data.report.closes
        expected = {(d,): Decimal(4 * s + 2 + 5 + 333_333) / 1_000_000 for d, s in last.items()}
        assert by_day == expected


def basic(spend: int, *, ad: int = 1, account: int = 7) -> dict[str, object]:
    return {"ad_id": ad, "date": DAYS[0], "account_id": account, "spend": spend, "impressions": 1}


def test_the_tables_of_a_store_have_the_rows_that_are_in_them(tmp_path: Path) -> None:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        for spend in (1, 2):
            store.ingest(land(tmp_path / str(spend), basic_ad=[basic(spend)]), platform="meta")
        assert store.tables == [("meta", "basic_ad", 1)]


def test_files_of_the_system_are_no_tables(tmp_path: Path) -> None:
    folder = land(tmp_path / "one", basic_ad=[basic(1)])
    (folder / "._basic_ad.csv").write_bytes(b"\0\5\x16\7")
    land(folder / ".ipynb_checkpoints", basic_ad=[basic(1)])
    with ClientStore(tmp_path / "clients", client="acme") as store:
        assert store.ingest(folder, platform="meta") == {"basic_ad": 1}


def test_an_export_that_was_replaced_can_be_ingested_again(tmp_path: Path) -> None:
    one, two = (land(tmp_path / str(n), basic_ad=[basic(n)]) for n in (1, 2))
    with ClientStore(tmp_path / "clients", client="acme") as store:
        for folder, taken, spend in ((one, 1, 1), (two, 1, 2), (two, 0, 2), (one, 1, 1)):
            assert store.ingest(folder, platform="meta") == {"basic_ad": taken}
            assert store.harmonise().total("spend") == {(): spend}
        land(tmp_path / "both" / "basic_ad", one=[basic(1)], two=[basic(2, account=8)])
        assert store.ingest(tmp_path / "both", platform="meta") == {"basic_ad": 1}


def test_what_was_removed_comes_again_beside_what_came_after_it(tmp_path: Path) -> None:
    parts = land(tmp_path / "parts" / "basic_ad", a=[basic(1)])
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(tmp_path / "parts", platform="meta")
        assert store.remove("meta", account="7") == 1
        store.ingest(land(tmp_path / "later" / "basic_ad", b=[basic(2, account=8)]).parent)
        land(parts, b=[basic(2, account=8)])
        assert store.ingest(tmp_path / "parts", platform="meta") == {"basic_ad": 1}
        spent = store.harmonise().total("spend", by=["account_id"])
    assert spent == {("7",): 1, ("8",): 2}


def test_a_part_that_stays_is_there_whatever_comes_how_often_beside_it(tmp_path: Path) -> None:
    parts = tmp_path / "parts" / "basic_ad"
    land(parts, stays=[basic(5, ad=1)])
    with ClientStore(tmp_path / "clients", client="acme") as store:
        for spend in (1, 2, 3):
            land(parts, changes=[basic(spend, ad=2)])
            assert store.ingest(tmp_path / "parts", platform="meta")["basic_ad"] in (1, 2)
            spent = store.harmonise().total("spend", by=["account_id"])
            assert spent[("7",)] == 5 + spend
            other = land(tmp_path / f"o{spend}", basic_ad=[basic(0, ad=3, account=8 + spend)])
            store.ingest(other, platform="meta")


def test_a_bad_cell_or_a_wrong_file_can_be_taken_out(tmp_path: Path) -> None:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        good = land(tmp_path / "good", basic_ad=[basic(3), basic(4, account=8)])
        store.ingest(good, platform="meta")
        before = everything(store)
        bad = [basic(1, account=9), {**basic(1, account=9), "spend": "abc"}]
        told = "basic_ad, spend: 1 cells, such as 'abc'; expected numbers.*; the first is in row 2"
        with pytest.raises(HarmoniseError, match=told):
            store.ingest(land(tmp_path / "bad", basic_ad=bad), platform="meta")
        assert everything(store) == before
        wrong = land(tmp_path / "wrong", basic_ad=[basic(1, account=9)])
        store.ingest(wrong, platform="meta")
        assert everything(store) != before

        assert store.remove("meta", account="9") == 1
        assert everything(store) == before
        for missing in ({"account": "9"}, {"platform": "x"}):
            with pytest.raises(HarmoniseError, match="has no rows of"):
                store.remove(**{"platform": "meta"} | missing)  # type: ignore[arg-type]


def texts(store: ClientStore) -> str:
    """All landed cells, and all unified ones once they are made anew."""
    named = store._con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'landed'"
    )
    landed = [store._con.execute(f'FROM landed."{n}"').fetchall() for (n,) in named.fetchall()]
    return repr(landed) + repr([rows_of(store.harmonise(), t) for t in ("performance", "reach")])


@pytest.mark.parametrize("report", [{"account_id": "7"}, {}])
def test_an_account_that_is_removed_leaves_no_name_behind(
    report: dict[str, str], tmp_path: Path
) -> None:
    """Names of histories too, by way of campaigns; what another account shares stays."""
    ads = [{"ad_id": a, "date": DAYS[0], "spend": 3, "impressions": 1}
           | (report and {"account_id": a}) for a in "78"]  # fmt: skip
    history = {
        "account_history": [{"id": a, "name": f"A{a}x", "currency": "EUR"} for a in "78"],
        "campaign_history": [{"id": f"c{a}", "account_id": a, "name": f"C{a}x"} for a in "78"],
        "ad_set_history": [
            {"id": f"g{a}", "campaign_id": f"c{a}", "name": f"G{a}x"} for a in "78"
        ],
        "ad_history": [
            {"id": a, "ad_set_id": f"g{a}", "name": f"N{a}x", "creative_id": c}
            for a, c in (("7", "1"), ("7", "2"), ("8", "2"))
        ],
        "creative_history": [{"id": n, "body": f"B{n}x"} for n in "12"],
    }
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(land(tmp_path / "one", basic_ad=ads, **history), platform="meta")
        store.harmonise(currencies={"meta:7": "USD"})
        before = texts(store)
        assert all(name in before for name in ("A7x", "C7x", "G7x", "N7x", "B1x", "A8x", "B2x"))
        assert store.remove("meta", account="7") == 7
        after = texts(store)
        assert not [name for name in ("A7x", "C7x", "G7x", "N7x", "B1x") if name in after]
        assert all(name in after for name in ("A8x", "C8x", "G8x", "N8x", "B2x"))
        assert store.harmonise().total("spend", by=["currency"]) == {("EUR",): 3}
        assert not [note for note in store.harmonise().report.notes if note[1] == "currencies"]


def test_an_ad_that_has_the_number_of_an_account_stays(tmp_path: Path) -> None:
    rows = [{"ad_id": "7", "date": DAYS[0], "spend": 1, "impressions": 1}]
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(land(tmp_path / "one", basic_ad=rows), platform="meta")
        with pytest.raises(HarmoniseError, match="has no rows of account 7"):
            store.remove("meta", account="7")


def test_a_platform_that_is_removed_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    landed = land(tmp_path / "google", **google(DAYS[:1]))
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(landed, platform="google_ads")
        before = everything(store)
        other = land(tmp_path / "meta", basic_ad=[basic(3)])
        store.ingest(other, platform="meta")
        assert everything(store) != before

        assert store.remove("meta") == 1
        assert everything(store) == before
        assert store.ingest(other, platform="meta") == {"basic_ad": 1}
        assert store.remove("google_ads") > 8
        assert {row["platform"] for row in rows_of(store.harmonise())} == {"meta"}


def test_a_currency_that_is_stated_of_no_account_is_told(tmp_path: Path) -> None:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(land(tmp_path / "one", basic_ad=[basic(3)]), platform="meta")
        for _ in range(2):
            data = store.harmonise(currencies={"act_7": "EUR", "amazon:7": "USD", "meta:7": "EUR"})
            told = [note for note in data.report.notes if note[1] == "currencies"]
            assert told == [
                (
                    "every platform",
                    "currencies",
                    f"no row is of account {name}; expected one such as 7",
                )
                for name in ("act_7", "amazon:7")
            ]


def test_a_store_of_an_earlier_version_is_refused_in_words(tmp_path: Path) -> None:
    import duckdb

    ClientStore(tmp_path, client="acme").close()
    with duckdb.connect(str(tmp_path / "acme" / "data.duckdb")) as con:
        con.execute("ALTER TABLE ingested DROP COLUMN call")
    for _ in range(2):
        with pytest.raises(HarmoniseError, match="by an earlier version") as caught:
            ClientStore(tmp_path, client="acme")
        assert "ingest its exports anew" in str(caught.value)
