"""A client's store: exports replace days, a kill leaves nothing half done, clients never mix."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings, strategies as st

from campaignkit.harmonise import ClientStore
from landed_tables import google, land, rows_of

DAYS = [f"2025-03-{day:02}" for day in range(1, 6)]


def everything(store: ClientStore) -> list[str]:
    data = store.harmonise()
    return [repr(rows_of(data, name)) for name in ("performance", "conversions", "reach")] + [
        repr(data.report)
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
