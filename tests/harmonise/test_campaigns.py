"""What is derived of landed values, and labels that stand for how a campaign did."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import campaignkit as ck
from campaignkit.catalogue import Attribute
from campaignkit.edges import FactTable
from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import ClientStore, facets, generation, geography, objective
from campaignkit.harmonise.outcomes import campaigns
from landed_tables import land


@given(st.integers(13, 70), st.integers(0, 30), st.integers(2005, 2030))
def test_shares_of_generations_add_up(low: int, width: int, year: int) -> None:
    name, shares = generation(low, low + width, year)

    assert sum(shares.values()) == pytest.approx(1)
    assert name == "mixed" or shares[name] >= 0.8


def test_a_bracket_grows_older() -> None:
    assert [generation(25, 34, year)[0] for year in (2016, 2020, 2026)] == [
        "Millennial", "Millennial", "mixed",
    ]  # fmt: skip
    with pytest.raises(HarmoniseError, match="of no generation"):
        generation(40, 30, 2020)


def test_countries_have_regions() -> None:
    found = [geography(text) for text in ("DE", "deu", "Germany", "276", "Atlantis")]

    assert [place and place.sub_region for place in found] == ["Western Europe"] * 4 + [None]


def test_every_country_has_a_region() -> None:
    pycountry = pytest.importorskip("pycountry")
    without = [c.alpha_2 for c in pycountry.countries if geography(c.alpha_2) is None]

    assert without == []


@pytest.mark.parametrize(
    ("raw", "told"),
    [("OUTCOME_SALES", "sales"), ("LEAD_GENERATION", "leads"), ("WEBSITE_CLICKS", "traffic"),
     ("REACH", "awareness"), ("APP_INSTALLS", "app"), ("VIDEO_VIEWS", "video"),
     ("PAGE_LIKES", "engagement"), ("MYSTERY", "other"), (None, "other")],
)  # fmt: skip
def test_objectives_in_common_words(raw: str | None, told: str) -> None:
    assert objective(raw) == told


def test_no_facet_of_a_targeting_is_dropped() -> None:
    spec = {
        "age_min": 18, "age_max": 24, "genders": [1],
        "geo_locations": {"countries": ["DE", "FR"], "cities": [{"key": "2", "name": "Oslo"}]},
        "flexible_spec": [{"interests": [{"id": "6", "name": "Golf"}]}],
        "exclusions": {"interests": [{"id": "7", "name": "Chess"}]},
        "some_new_facet": ["x"],
    }  # fmt: skip
    told = {(f.facet, f.op, f.value) for f in facets(json.dumps(spec))}

    assert told == {
        ("age", "include", "18-24"), ("gender", "include", "male"), ("geo", "include", "DE"),
        ("geo", "include", "FR"), ("geo", "include", "Oslo"), ("interests", "and_also", "Golf"),
        ("interests", "exclude", "Chess"), ("some_new_facet", "include", "x"),
    }  # fmt: skip
    assert [f.value for f in facets('[ "AGE_25_34", "AGE_55_100" ]', name="age")] == [
        "25-34", "55-99",
    ]  # fmt: skip


def row(number: int, **given: Any) -> dict[str, Any]:
    plain = {
        "platform": "meta", "account_id": "7", "campaign_id": str(number), "currency": "USD",
        "period": date(2025, 1, 1), "objective_raw": "OUTCOME_TRAFFIC", "channel_raw": None,
        "targeting": None, "age": None, "gender": None, "geo": None, "placement_targeted": None,
        "creative_format": None, "devices": ["MOBILE"], "placements": [], "spend": 100.0,
        "impressions_paid": 10_000, "clicks_platform": 50.0, "clicks_link": float(number),
        "video_plays": None, "video_completions": None, "purchases": None, "leads": None,
        "installs": None, "value": None,
    }  # fmt: skip
    return plain | given


def test_a_campaign_is_ranked_among_peers_of_its_currency() -> None:
    rows = [row(n, currency="USD" if n < 60 else "JPY", spend=1.0 if n < 60 else 150.0)
            for n in range(120)]  # fmt: skip
    frame = campaigns(rows).frame.to_pandas()

    for currency in ("USD", "JPY"):
        own = frame[frame.currency == currency]
        assert set(own.num_peers) == {60}
        assert own.label.value_counts().to_dict() == {"neg": 20, "avg": 20, "pos": 20}
        assert own.percentile.between(own.percentile_lo, own.percentile_hi).mean() > 0.9


def test_wider_peers_are_taken_where_few_are_alike_and_it_is_recorded() -> None:
    rows = [row(n, period=date(2025, 1 + 3 * (n % 4), 1)) for n in range(40)]
    frame = campaigns(rows).frame.to_pandas()

    assert set(frame.peer_level) == {"platform x objective x kpi x currency"}
    assert set(frame.num_peers) == {40}


def test_little_spend_makes_no_extreme_and_chance_is_told() -> None:
    rows = [row(n, spend=1000.0, clicks_link=400.0 + 5 * n) for n in range(60)]
    rows += [row(1000, spend=2.0, clicks_link=4.0)]  # two a unit, of four clicks
    frame = campaigns(rows).frame.to_pandas().set_index("campaign_id")

    assert frame.outcome.idxmax() == "1000"
    assert frame.label["1000"] == "avg"
    assert frame.label_stability.min() < 0.8  # at a cut
    assert frame.label_stability["59"] == 1.0


def test_what_has_no_label_is_counted() -> None:
    rows = [row(n) for n in range(40)]
    rows += [row(50, spend=None), row(51, impressions_paid=5),
             row(52, clicks_link=None, clicks_platform=None)]  # fmt: skip
    made = campaigns(rows)

    assert made.frame.num_rows == 40
    assert made.left_out == {
        "no spend": 1, "fewer than 1,000 impressions": 1, "no count of what it is paid for": 1,
    }  # fmt: skip
    with pytest.raises(HarmoniseError, match="none of 1 campaigns has an outcome"):
        campaigns(rows[-1:])


def test_from_an_export_to_a_labelled_data_set(tmp_path: Path) -> None:
    ads = [
        {"ad_id": n, "date": f"2025-03-{1 + n % 9:02}", "account_id": "7", "impressions": 5000,
         "inline_link_clicks": 40 + n % 60, "spend": 50} for n in range(120)
    ]  # fmt: skip
    history = [
        {"id": n, "account_id": "7", "campaign_id": n % 7, "ad_set_id": n % 12} for n in range(120)
    ]
    sets = [
        {"id": n, "campaign_id": n % 7, "targeting": json.dumps(
            {"age_min": 18 + 5 * (n % 3), "age_max": 30 + 5 * (n % 3),
             "geo_locations": {"countries": [("DE", "FR", "IT", "US")[n % 4]]}})}
        for n in range(12)
    ]  # fmt: skip
    tables = {"basic_ad": ads, "ad_history": history, "ad_set_history": sets,
              "account_history": [{"id": "7", "currency": "EUR"}]}  # fmt: skip
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "landed", **tables), platform="meta")
        made = store.harmonise().campaigns()
        again = store.harmonise().campaigns()

    assert made.frame.equals(again.frame)
    dataset = made.to_dataset()
    assert isinstance(dataset, ck.CampaignDataset)
    assert set(dataset.vocabulary.modalities) == {
        "age", "generation", "geo", "objective", "platform", "sub_region",
    }  # fmt: skip
    assert len(dataset) == 120


def test_facts_of_pairs_can_be_read_by_a_model_that_judges() -> None:
    rows = [row(n, geo='["DE"]' if n % 2 else '["FR"]', clicks_link=100.0 + 20 * (n % 2))
            for n in range(60)]  # fmt: skip
    facts = campaigns(rows).facts(min_campaigns=20)
    table = FactTable.from_frame(facts)
    (told,) = table.about_pair((Attribute("geo", "DE"), Attribute("platform", "meta")))

    assert told.startswith("30 campaigns with both: ")
    assert "mean rank among peers 75%" in told
    assert set(facts["num_campaigns"].to_pylist()) == {30, 60}
