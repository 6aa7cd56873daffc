"""What only shows when a client's platforms are compared with each other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from campaignkit.harmonise import ClientStore
from landed_tables import Rows, land

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
clean_clients = pytest.importorskip("benchmarks.clean_clients", reason="not a checkout")
DAYS = [f"2025-03-{day:02}" for day in range(1, 29)]


def meta(
    days: list[str] = DAYS, account: str = "7", spend: int = 0, fall: str = "2025-04-01"
) -> dict[str, Rows]:
    ads = [
        {"ad_id": n, "date": day, "account_id": account, "impressions": 5000 + 11 * at,
         "inline_link_clicks": 40 + n, "spend": 50 + n + at + spend}
        for n in range(5) for at, day in enumerate(days)
    ]  # fmt: skip
    actions = [
        {"ad_id": n, "date": day, "action_type": "purchase", "value": 4 if day < fall else 0}
        for n in range(5) for day in days
    ]  # fmt: skip
    return {
        "basic_ad": ads, "basic_ad_actions": actions,
        "ad_history": [{"id": n, "account_id": account, "campaign_id": 1, "ad_set_id": 2}
                       for n in range(5)],
        "account_history": [{"id": account, "currency": "EUR"}],
    }  # fmt: skip


def pinterest(days: list[str], spend: int) -> dict[str, Rows]:
    return {
        "pin_promotion_report": [
            {"date": day, "pin_promotion_id": 1, "ad_group_id": 2, "campaign_id": 3,
             "advertiser_id": 4, "impression_1": 900, "clickthrough_1": 9,
             "spend_in_micro_dollar": 1_000_000 * (spend + at)}
            for at, day in enumerate(days)
        ],
        "advertiser_history": [{"id": 4, "currency": "EUR"}],
    }  # fmt: skip


def kinds(folder: Path, **platforms: dict[str, Rows]) -> dict[str, Any]:
    with ClientStore(folder / "clients", client="acme") as store:
        for name, tables in platforms.items():
            store.ingest(land(folder / name, **tables), platform=name)
        report = store.harmonise().audit()
        return {f.kind: f for f in report.findings if f.rule == "cross_platform"}


def test_a_client_without_faults_has_no_such_finding(tmp_path: Path) -> None:
    assert kinds(tmp_path, meta=meta(), pinterest=pinterest(DAYS, 5)) == {}


def test_one_account_under_two_keys_is_named(tmp_path: Path) -> None:
    twice = meta()
    other = meta(account="007")
    both = {name: [*twice[name], *other[name]] for name in twice}
    for number, ad in enumerate(both["basic_ad"]):
        ad["ad_id"] = number // len(DAYS)  # type: ignore[index]
    found = kinds(tmp_path, meta=both)

    assert found["account_twice"].count == len(DAYS)
    assert "account 007 of meta and account 7 of meta" in found["account_twice"].message


def test_an_event_that_falls_while_spend_goes_on_is_dated(tmp_path: Path) -> None:
    found = kinds(tmp_path, meta=meta(fall="2025-03-15"))

    assert found["event_fell"].evidence["day"] == "2025-03-15"
    assert "purchase of account 7 of meta fell to 0" in found["event_fell"].message


def test_days_that_one_platform_lacks_are_listed(tmp_path: Path) -> None:
    found = kinds(tmp_path, meta=meta([*DAYS[:10], *DAYS[13:]]), pinterest=pinterest(DAYS, 5))

    assert found["platform_days_missing"].evidence["days"] == DAYS[10:13]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_clean_client_of_three_platforms_has_no_finding_at_all(
    seed: int, tmp_path: Path
) -> None:
    """Budgets used up, rests at weekends, flights, campaigns that come and go."""
    assert clean_clients.found(tmp_path, clean_clients.client(seed)) == []


@pytest.mark.parametrize("fault", clean_clients.FAULTS)
def test_one_planted_fault_is_the_one_finding(fault: str, tmp_path: Path) -> None:
    found = clean_clients.found(tmp_path, clean_clients.client(3, fault))

    assert found == [("cross_platform", fault)]


def test_equal_budgets_alone_are_not_one_account(tmp_path: Path) -> None:
    two = {name: [*rows, *other] for (name, rows), other in zip(
        meta().items(), meta(account="8").values(), strict=True)}  # fmt: skip
    for number, ad in enumerate(two["basic_ad"]):
        ad |= {"ad_id": number // len(DAYS), "impressions": 5000 + number}  # type: ignore[operator]

    assert "account_twice" not in kinds(tmp_path, meta=two)


def test_an_event_that_is_reported_by_another_name_has_not_fallen(tmp_path: Path) -> None:
    tables = meta()
    for action in tables["basic_ad_actions"]:
        if action["date"] > "2025-03-14":
            action["action_type"] = "omni_purchase"  # type: ignore[index]

    assert kinds(tmp_path, meta=tables) == {}


def test_spend_that_moves_to_another_campaign_is_no_fall(tmp_path: Path) -> None:
    tables = meta(fall="2025-03-15")
    for ad in tables["basic_ad"]:
        if ad["date"] >= "2025-03-15":  # the campaign with purchases ends, awareness begins
            ad["ad_id"] += 50  # type: ignore[index]
    tables["ad_history"] = [
        *tables["ad_history"],
        *({"id": 50 + n, "account_id": "7", "campaign_id": 9, "ad_set_id": 9} for n in range(5)),
    ]

    assert kinds(tmp_path, meta=tables) == {}


def test_rows_above_the_ads_lack_nothing_and_findings_have_the_schemas_names(
    tmp_path: Path,
) -> None:
    google = [{"customer_id": "9", "date": day, "id": n, "cost_micros": 2_000_000 + at + n,
               "impressions": 900 + 7 * at + n, "clicks": 30 + n + at % 5}
              for n in range(4) for at, day in enumerate(DAYS)]  # fmt: skip
    tables = meta()
    for row in tables["basic_ad"][:9]:
        row["inline_link_clicks"] = row["clicks"] = 9_000_000  # more than impressions
    for row in tables["basic_ad"][9:]:
        row["clicks"] = 50 + int(row["ad_id"])
    with ClientStore(tmp_path / "clients", client="acme") as store:
        store.ingest(land(tmp_path / "g", campaign_stats=google), platform="google_ads")
        only_campaigns = store.harmonise().audit()
        store.ingest(land(tmp_path / "m", **tables), platform="meta")
        data = store.harmonise()
        report, known = data.audit(), {*data.to_arrow().column_names, "conversions"}

    for told in (only_campaigns, report):
        assert not [f.message for f in told.findings if {"ad_id", "ad_group_id"} & {*f.columns}]
        assert {name for f in told.findings for name in f.columns} <= known
    (clicks,) = [f for f in report.findings if f.kind == "clicks_exceed_impressions"]
    assert clicks.columns == ("clicks_platform", "impressions_paid")
