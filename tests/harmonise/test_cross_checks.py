"""What only shows when a client's platforms are compared with each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from campaignkit.harmonise import ClientStore
from landed_tables import Rows, land

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
