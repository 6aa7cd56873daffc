"""Rules that hold for every platform, shown on an export that is made of its own definition."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import CampaignData, ClientStore, platform, platforms
from campaignkit.harmonise.definition import IDS, LEVELS, Terms
from campaignkit.harmonise.unify import PARTS_OF_HOURS
from landed_tables import land, rows_of, total

DAY = "2025-03-01"
# Ads, and the account, campaign and ad group of each; the account's currency.
TREE = {"1": ("7", "3", "5"), "2": ("7", "3", "5"), "9": ("8", "4", "6")}
MONEY = {"7": "EUR", "8": "USD"}
CLICKS = {
    "amazon_ads": "platform", "google_ads": "platform", "linkedin": "all", "meta": "all",
    "microsoft": "platform", "pinterest": "link", "reddit": "platform", "snapchat": "swipe",
    "tiktok": "platform", "x": "all",
}  # fmt: skip
OWN_ZONE = {"amazon_ads", "google_ads", "meta", "microsoft", "x"}  # the others' days are UTC
# Event, its common name, days after a click and a view, time basis, whether it is primary, and
# counts, values and counts after views: sums of two rows.
CONVERSIONS: dict[str, set[tuple[Any, ...]]] = {
    "amazon_ads": {("purchase", "purchase", 30, 0, "click", True, 2, 2, None),
                   ("purchase", "purchase", 7, 0, "click", False, 4, 4, None)},
    "google_ads": {("all", "total", None, None, "click", True, 2, 2, 2)},
    "linkedin": {("website", "total", None, None, None, True, 2, 2, 2),
                 ("lead", "lead", None, None, None, True, 4, None, None)},
    "meta": {("purchase", "purchase", None, None, None, True, 2, 4, None),
             ("purchase", "purchase", 7, 0, None, False, 10, 10, None)},
    "microsoft": {("goals", "total", None, None, None, True, 2, 2, None),
                  ("all_goals", "total", None, None, None, False, 4, 4, None)},
    "pinterest": {("all", "total", None, None, None, True, 2, 2, None)},
    "reddit": {("purchase", "purchase", None, None, None, True, 2, 2, 2)},
    "snapchat": {("purchase", "purchase", None, None, None, True, 2, 2, None),
                 ("lead", "lead", None, None, None, True, 4, None, None),
                 ("add_to_cart", "add_to_cart", None, None, None, True, 6, None, None),
                 ("view_content", "view_content", None, None, None, True, 8, None, None),
                 ("install", "install", None, None, None, True, 10, None, None)},
    "tiktok": {("optimisation", "total", None, None, "click", True, 2, None, None),
               ("optimisation", "total", None, None, "conversion", False, 4, None, None),
               ("purchase", "purchase", None, None, None, True, None, 6, None),
               ("lead", "lead", None, None, None, True, None, 8, None)},
    "x": {("purchase", "purchase", None, None, None, True, 2, 2, 2),
          ("lead", "lead", None, None, None, True, 4, None, 4),
          ("custom", "other:custom", None, None, None, True, 6, 6, 6)},
}  # fmt: skip


def cells(of: dict[str, Terms], values: dict[str, Any]) -> dict[str, Any]:
    """The cells of a row: what is known, under the first name that the platform has for it."""
    return {of[n][0].column: v for n, v in values.items() if n in of}


def parents(ad: str) -> dict[str, str]:
    return dict(zip(IDS, (*TREE[ad], ad), strict=True))


def report(
    key: str, level: str, rows: list[dict[str, Any]], day: str = DAY
) -> dict[str, list[dict[str, Any]]]:
    """A report of a level; amounts of money in whole millionths."""
    known = platform(key).reports[level]
    when = (known.hour or known.date)[0].column
    moment = f"{day} 12:00:00" if known.hour and not known.days_as_moments else day
    micro = known.measures["spend"][0].unit == "micro"
    made = []
    for given in rows:
        values = dict(given)
        if not micro and values.get("spend") not in (None, ""):
            values["spend"] = f"{Decimal(values['spend']) / 1_000_000:f}"
        ids = {
            n: v for n, v in values.items() if n in IDS and IDS.index(n) <= 3 - LEVELS.index(level)
        }
        row = dict.fromkeys(known.needs, "") | cells(dict(known.ids), ids)
        made.append(row | cells(dict(known.measures), values) | {when: moment})
    return {known.names[0]: made}


def histories(key: str) -> dict[str, list[dict[str, Any]]]:
    """Each entity in three rows: the newest has the name that counts, and comes in the middle."""
    made: dict[str, list[dict[str, Any]]] = {}
    for entity in platform(key).entities.values():
        rows = []
        for ad in TREE:
            told = parents(ad) | {"creative_id": f"c{ad}", "currency": MONEY[TREE[ad][0]],
                                  "report_tz": "Europe/Berlin"}  # fmt: skip
            for version, name in ((1, "old"), (3, "newest"), (2, "older")):
                names = {n: name for n in entity.columns if n.endswith("_name")}
                row = cells(dict(entity.columns), told | names) | cells(dict(entity.key), told)
                stamp = {entity.newest[0]: f"2025-01-0{version}"} if entity.newest else {}
                rows.append(row | stamp | {"_fivetran_synced": f"2025-02-0{version}"})
        made[entity.names[0]] = rows
    return made


AMOUNTS = [  # two rows of ad 1 on one day, as by device or placement; ad 2 with nothing known
    {**parents("1"), "spend": 1, "impressions_paid": 10, "clicks_platform": 1, "reach": 5},
    {**parents("1"), "spend": 2, "impressions_paid": 20, "clicks_platform": 2, "reach": 6},
    {**parents("2"), "spend": "", "impressions_paid": "", "clicks_platform": "", "reach": 7},
    {**parents("9"), "spend": 4, "impressions_paid": 40, "clicks_platform": 4},
]
CAMPAIGNS = [  # campaign 3 counts more than its ads; campaign 4 what its ad has
    {**parents("1"), "spend": 10, "impressions_paid": 35, "clicks_platform": 3},
    {**parents("9"), "spend": 4, "impressions_paid": 40, "clicks_platform": 4},
]


@cache
def world() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="rules")


@cache
def harmonised(key: str) -> CampaignData:
    folder = Path(world().name) / key
    tables = histories(key) | report(key, "ad", AMOUNTS)
    if "campaign" in platform(key).reports:
        tables |= report(key, "campaign", CAMPAIGNS)
    store = ClientStore(folder / "clients", client="acme")
    store.ingest(land(folder / "landed", **tables), platform=key)
    return store.harmonise()


@pytest.fixture(scope="module", autouse=True)
def _worlds() -> Iterator[None]:
    yield
    world().cleanup()


@pytest.fixture(params=platforms())
def key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ads(key: str) -> list[dict[str, Any]]:
    return [r for r in rows_of(harmonised(key)) if r["level"] == "ad"]


def test_totals_are_the_reports_own_and_nothing_is_fanned_out(key: str) -> None:
    rows = ads(key)

    assert {r["ad_id"]: r["spend"] for r in rows} == {
        "1": Decimal("0.000003"), "2": None, "9": Decimal("0.000004"),
    }  # fmt: skip
    assert harmonised(key).report.closes
    assert len({r["row_key"] for r in rows_of(harmonised(key))}) == len(rows_of(harmonised(key)))


def test_ids_are_the_reports_and_names_the_newest(key: str) -> None:
    for row in ads(key):
        assert (row["account_id"], row["campaign_id"], row["ad_group_id"]) == TREE[row["ad_id"]]
        names = [v for n, v in row.items() if n.endswith("_name") and v is not None]
        assert set(names) == {"newest"}, row


def test_what_is_empty_stays_empty(key: str) -> None:
    (row,) = [r for r in ads(key) if r["ad_id"] == "2"]

    assert (row["spend"], row["impressions_paid"], row["clicks_platform"]) == (None, None, None)


def test_levels_close_with_a_remainder(key: str) -> None:
    if "campaign" not in platform(key).reports:
        pytest.skip(f"{key} has no report of campaigns")
    above = [r for r in rows_of(harmonised(key)) if r["level"] != "ad"]

    assert [(r["campaign_id"], r["ad_id"], r["spend"], r["impressions_paid"]) for r in above] == [
        ("3", None, Decimal("0.000007"), 5)
    ]
    assert total(rows_of(harmonised(key)), "spend") == Decimal("0.000014")


def test_currencies_are_known_and_never_added_to_each_other(key: str) -> None:
    data = harmonised(key)

    assert {r["account_id"]: r["currency"] for r in rows_of(data)} == MONEY
    with pytest.raises(HarmoniseError, match="EUR, USD"):
        data.total("spend")


def test_every_row_says_whose_day_it_is_and_which_clicks_its_are(key: str) -> None:
    has_hours = bool(platform(key).reports["ad"].hour)
    zone = "Europe/Berlin" if key in OWN_ZONE or has_hours else "UTC"

    assert {(r["report_tz"], str(r["date_local"])) for r in rows_of(harmonised(key))} == {
        (zone, DAY)
    }
    assert {r["click_kind"] for r in rows_of(harmonised(key))} == {CLICKS[key]}


def test_reach_is_of_one_row_alone(key: str) -> None:
    if "reach" not in platform(key).reports["ad"].measures:
        assert rows_of(harmonised(key), "reach") == []
        return
    assert {(r["ad_id"], r["reach"]) for r in rows_of(harmonised(key), "reach")} == {("2", 7)}


def test_amounts_of_entities_that_were_deleted_stay(key: str, tmp_path: Path) -> None:
    """No history at all: the amounts are there, under what the report itself tells."""
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "landed", **report(key, "ad", AMOUNTS)), platform=key)
        data = store.harmonise()
        rows = {r["ad_id"]: r for r in rows_of(data)}
        assert data.report.closes
        assert {r["currency"] for r in rows.values()} == {"XXX"}

        broken = land(tmp_path / "broken", **report(key, "ad", [AMOUNTS[0] | {"ad_id": ""}]))
        with pytest.raises(HarmoniseError, match="an identifier in every row"):
            store.ingest(broken, platform=key)
    own = {n for n in IDS if n in platform(key).reports["ad"].ids}
    assert rows["1"]["spend"] == Decimal("0.000003")
    for name, value in parents("9").items():
        assert rows["9"][name] == (value if name in own else "unknown")


def test_conversions_say_their_event_window_and_basis(key: str, tmp_path: Path) -> None:
    """Of the n-th count each of two rows of an ad and day has n, in the report or next to it."""
    known = platform(key)
    tables = histories(key) | report(key, "ad", AMOUNTS[:2])
    for number, of in enumerate((c for c in known.conversions if c.level == "ad"), start=1):
        counted = {
            terms[0].column: number * 1_000_000 if terms[0].unit == "micro" else number
            for terms in of.amounts.values()
        }
        if of.names:
            counted |= {of.date[0].column: DAY, of.event[0].column: "purchase"}
            counted |= cells(dict(of.ids), parents("1")) | dict.fromkeys([*of.windows][1:2], 5)
            tables[of.names[0]] = [counted | {"split": half} for half in "ab"]
        else:
            for row in tables[known.reports["ad"].names[0]]:
                row.update(counted)
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "landed", **tables), platform=key)
        rows = rows_of(store.harmonise(), "conversions")

    told = [
        tuple(row[n] for n in ("event_own", "event", "click_days", "view_days", "time_basis",
                               "is_primary", "conversions", "conversion_value",
                               "conversions_view_through")) for row in rows
    ]  # fmt: skip
    assert len(told) == len(CONVERSIONS[key])
    assert {*told} == CONVERSIONS[key]


def test_a_day_more_gives_the_bytes_of_a_full_build(key: str, tmp_path: Path) -> None:
    level = platform(key).reports["ad"].names[0]
    first, last = (report(key, "ad", AMOUNTS, day)[level] for day in (DAY, "2025-03-02"))
    steps = {"whole": [histories(key) | {level: [*first, *last]}],
             "steps": [histories(key) | {level: first}, {level: last}]}  # fmt: skip
    made = []
    for client, exports in steps.items():
        with ClientStore(tmp_path, client=client) as store:
            for number, tables in enumerate(exports):
                store.ingest(land(tmp_path / f"{client}-{number}", **tables), platform=key)
                data = store.harmonise()
            made.append([*rows_of(data), *rows_of(data, "reach"), data.report.to_dict()])

    assert repr(made[0]).replace("whole", "steps") == repr(made[1])


def test_zones_of_parts_of_hours_are_those_of_the_iana_data_base() -> None:
    def has_parts(zone: str) -> bool:
        info = zoneinfo.ZoneInfo(zone)
        moments = (datetime(y, m, 1, tzinfo=info) for y in range(2005, 2041) for m in (1, 7))
        return any((at.utcoffset() or timedelta()).seconds % 3600 for at in moments)

    assert set(filter(has_parts, zoneinfo.available_timezones())) <= {*PARTS_OF_HOURS.split()}
