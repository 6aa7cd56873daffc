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
from campaignkit.harmonise.enrich import values_of
from campaignkit.harmonise.outcomes import AMOUNTS, TOLD, campaigns
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
    found = [geography(text) for text in ("DE", "deu", "Germany", "DE-BY", "Atlantis")]

    assert [place and place.sub_region for place in found] == ["Western Europe"] * 4 + [None]


def test_numbers_of_places_stay_numbers() -> None:
    """A country has a number in ISO 3166-1, too; platforms number places in their own ways."""
    assert [geography(text) for text in ("276", " 840 ", "6252001")] == [None] * 3
    assert values_of(facets("[276]", name="geo")[0], 2025) == [("geo", "276")]


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
    plain: dict[str, Any] = {name: [] for name in TOLD} | dict.fromkeys(AMOUNTS)
    plain |= {
        "platform": "meta", "account_id": "7", "campaign_id": str(number), "currency": "USD",
        "period": date(2025, 1, 1), "objective_raw": ["OUTCOME_TRAFFIC"], "device": ["MOBILE"],
        "spend": 100.0, "impressions_paid": 10_000, "clicks_platform": 50.0,
        "clicks_link": float(number), "weeks": 1,
    }  # fmt: skip
    plain |= given
    return plain | {f"{name}_chi2": 0.0 for name in AMOUNTS if f"{name}_chi2" not in given}


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


@pytest.mark.parametrize("num", [1, 2])
@pytest.mark.parametrize("clicks", [3.0, 400.0])
def test_a_label_among_fewer_peers_than_labels_is_chance(num: int, clicks: float) -> None:
    frame = campaigns([row(n, clicks_link=clicks * (1 + 9 * n)) for n in range(num)]).frame

    assert frame["label_stability"].to_pylist() == pytest.approx([1 / 3] * num)
    assert {*frame["percentile_lo"].to_pylist()} == {0.05}
    assert {*frame["percentile_hi"].to_pylist()} == {0.95}


def test_publishers_of_a_targeting_are_placements() -> None:
    spec = json.dumps({"publisher_platforms": ["facebook", "instagram"], "age_min": 30})
    without = json.dumps({"excluded_publisher_categories": ["dating"]})
    told = [{"targeting": [spec]}, {"targeting": [without]},
            {"targeting": [spec], "placement_targeted": ["FEED"]}]  # fmt: skip
    rows = [row(n, placement=["delivered"], **own) for n, own in enumerate(told)]
    made = campaigns(rows).frame.to_pylist()

    assert [row["placement"] for row in made] == [
        ["facebook", "instagram"], ["delivered"], ["FEED", "facebook", "instagram"],
    ]  # fmt: skip
    assert json.loads(made[0]["derived_from"])["placement"] == ["targeting"]


def test_campaigns_are_shown_in_a_line() -> None:
    shown = repr(campaigns([row(9**n) for n in range(2, 5)] + [row(9, spend=None)]))

    assert shown == "Campaigns(3 rows: 1 avg, 1 neg, 1 pos; 1 left out)"


def test_a_level_without_rows_is_said_and_the_one_that_has_some(tmp_path: Path) -> None:
    report = [{"customer_id": "7", "date": "2026-03-01", "id": 1, "cost_micros": 2_000_000,
               "impressions": 9000, "clicks": 9}]  # fmt: skip
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "landed", campaign_stats=report), platform="google_ads")
        data = store.harmonise()
        with pytest.raises(HarmoniseError, match="no row of level ad") as caught:
            data.campaigns()
        assert data.campaigns(level="campaign").frame.num_rows == 1

    assert (
        caught.value.hint == 'ask for a level that has rows: level="campaign" (--level campaign)'
    )


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
    rows = [row(n, geo=["DE" if n % 2 else "FR"], clicks_link=100.0 + 100 * (n % 2))
            for n in range(60)]  # fmt: skip
    facts = campaigns(rows).facts(min_campaigns=20)
    table = FactTable.from_frame(facts)
    (told,) = table.about_pair((Attribute("geo", "DE"), Attribute("platform", "meta")))

    assert told.startswith("30 campaigns with both: ")
    assert "mean rank among peers 75%" in told
    assert set(facts["num_campaigns"].to_pylist()) == {30, 60}


def test_facts_that_no_pair_has_have_their_columns() -> None:
    some, none = (campaigns([row(1)]).facts(min_campaigns=n) for n in (1, 1000))

    assert none.num_rows == 0 < some.num_rows
    assert none.schema == some.schema
    assert len(none.column_names) == 15


def pinned(**columns: Any) -> dict[str, Any]:
    return {"date": "2025-03-03", "advertiser_id": 4, "campaign_id": 3, "ad_group_id": 2,
            "pin_promotion_id": 1, "impression_1": 9000, "clickthrough_1": 9,
            "spend_in_micro_dollar": 5_000_000} | columns  # fmt: skip


def from_pinterest(folder: Path, rows: list[dict[str, Any]], **tables: Any) -> ClientStore:
    store = ClientStore(folder, client="acme")
    history = {"advertiser_history": [{"id": 4, "currency": "EUR"}], "campaign_history": [
        {"id": n, "advertiser_id": 4, "objective_type": "WEB_CONVERSION"} for n in range(9)
    ]}  # fmt: skip
    tables = {"pin_promotion_report": rows} | history | tables
    store.ingest(land(folder / "landed", **tables), platform="pinterest")
    return store


def test_sales_without_a_purchase_event_take_the_platforms_own_total(tmp_path: Path) -> None:
    rows = [pinned(total_conversions=3, total_conversions_value_in_micro_dollar=7_000_000)]
    with from_pinterest(tmp_path, rows) as store:
        made = store.harmonise().campaigns(level="campaign").frame.to_pylist()

    assert [(row["kpi"], row["outcome"]) for row in made] == [("total_value", 1.4)]


def test_conversions_without_spend_on_their_day_are_counted(tmp_path: Path) -> None:
    rows = [pinned(total_conversions=1), pinned(
        date="2025-03-20", spend_in_micro_dollar=0, impression_1=None, clickthrough_1=None,
        total_conversions=4)]  # fmt: skip
    with from_pinterest(tmp_path, rows) as store:
        made = store.harmonise().campaigns().frame.to_pylist()

    assert [(row["kpi"], row["outcome"]) for row in made] == [("total_conversions", 1.0)]


def test_an_account_that_counts_an_event_has_none_where_no_row_is() -> None:
    sales = {"objective_raw": ["SALES"], "clicks_link": None}
    made = campaigns([row(1, purchases=9.0, **sales), row(2, **sales),
                      row(3, account_id="8", **sales)])  # fmt: skip

    assert made.frame["outcome"].to_pylist() == [0.09, 0.0]
    assert made.left_out == {"no count of what it is paid for": 1}
    paid = campaigns([row(1, purchases=9.0, value=50.0, **sales), row(2, purchases=3.0, **sales)])
    assert paid.frame["kpi"].to_pylist() == ["value", "purchases"]  # of an unknown value


def test_a_campaign_has_the_targetings_of_all_its_ad_groups(tmp_path: Path) -> None:
    rows = [pinned(total_conversions=3), pinned(ad_group_id=5, pin_promotion_id=6)]
    groups = [
        {"id": n, "campaign_id": 3, "targeting_spec": json.dumps(spec)}
        for n, spec in ((2, {"LOCATION": ["DE"], "GENDER": ["female"]}),
                        (5, {"LOCATION": ["FR"], "INTEREST": ["Golf"], "NEW_FACET": ["x"]}))
    ]  # fmt: skip
    with from_pinterest(tmp_path, rows, ad_group_history=groups) as store:
        (made,) = store.harmonise().campaigns(level="campaign").frame.to_pylist()

    assert (made["geo"], made["gender"], made["audience"]) == (["DE", "FR"], ["female"], ["Golf"])
    assert json.loads(made["derived_from"])["geo"] == ["targeting"]
    assert {"column": "targeting", "facet": "NEW_FACET", "op": "include", "value": "x",
            "raw": "x"} in json.loads(made["conditions"])  # fmt: skip


def test_a_campaign_of_two_objectives_says_so() -> None:
    made = campaigns([row(1, objective_raw=["LEAD_GENERATION", "VIDEO_VIEWS"])]).frame

    assert made["objective"].to_pylist() == [["several"]]
    assert made["kpi"].to_pylist() == ["clicks_link"]


def test_a_catalogue_and_a_graph_come_of_campaigns() -> None:
    rows = [row(n, clicks_link=n / 9 + (600 if n % 2 == (n // 2) % 2 else 300),
                geo=["DE" if n % 2 else "FR"], device=["MOBILE" if n // 2 % 2 else "DESKTOP"])
            for n in range(400)]  # fmt: skip
    made = campaigns(rows)
    learned = ck.graph_from_outcomes(made.attributes, outcome="percentile", separator=None)

    assert {*made.catalogue().of("geo")} == {Attribute("geo", "DE"), Attribute("geo", "FR")}
    assert learned.graph.sign(("geo", "DE"), ("device", "MOBILE")) == 1
    assert learned.graph.sign(("geo", "FR"), ("device", "MOBILE")) == -1


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"geo_locations": {"location_types": ["home"], "regions": [
            {"key": "1", "name": "Georgia", "country": "US"}]}},
         [("location_types", "include", "home"), ("geo", "include", "Georgia")]),
        ({"geo_locations": {"geo_markets": [{"key": "DMA:501", "name": "New York"}]}},
         [("dma", "include", "New York")]),
        ({"not": {"interests": ["Golf"]}}, [("interests", "exclude", "Golf")]),
        ([{"targeting_type": "LOCATION", "targeting_value": "x1", "operator_type": "NE"}],
         [("geo", "exclude", "x1")]),
        ([{"keyword": "shoes", "negative": True}], [("keyword", "exclude", "shoes")]),
        ({"agency_tier": ["gold"]}, [("agency_tier", "include", "gold")]),
        ({"demographics": [{"min_age": 18, "max_age": 24, "languages": ["en"]}]},
         [("age", "include", "18-24"), ("language", "include", "en")]),
        ({"include": {"and": [{"or": {"urn:li:adTargetingFacet:seniorities": ["urn:li:s:7"]}}]}},
         [("seniorities", "and_also", "7")]),
        ({"audience": {"name": "Buyers", "rules": ["r1"]}},
         [("name", "include", "Buyers"), ("rules", "include", "r1")]),
    ],
)  # fmt: skip
def test_what_platforms_write_is_read_as_conditions(spec: Any, told: list[Any]) -> None:
    assert [(f.facet, f.op, f.value) for f in facets(json.dumps(spec))] == told


def test_a_place_lies_where_its_entry_says() -> None:
    spec = {"geo_locations": {"regions": [{"key": "1", "name": "Georgia", "country": "US"}],
                              "geo_markets": [{"key": "DMA:508", "name": "508"}],
                              "countries": ["GE"], "cities": [{"name": "Atlantis"}]}}  # fmt: skip
    told = [value for facet in facets(json.dumps(spec)) for value in values_of(facet, 2025)]

    assert told == [
        ("geo", "US"), ("sub_region", "Northern America"), ("region", "Georgia"),
        ("geo", "US"), ("sub_region", "Northern America"), ("region", "DMA 508"),
        ("geo", "GE"), ("sub_region", "Western Asia"), ("geo", "Atlantis"),
    ]  # fmt: skip


def test_a_bracket_of_no_generation_ends_nothing() -> None:
    (condition,) = facets("[95-99]", name="age")

    assert values_of(condition, 2015) == [("age", "95-99")]
    assert facets("[40-20]", name="age")[0].value == "40-20"


def test_excluded_places_are_no_modality_and_are_kept() -> None:
    spec = json.dumps({"excluded_geo_locations": {"countries": ["FR"]}, "age_min": 30})
    made = campaigns([row(1, targeting=[spec], geo_raw=["DE"])]).frame.to_pylist()[0]

    assert (made["geo"], made["age"]) == (["DE"], ["30-99"])
    assert json.loads(made["derived_from"])["geo"] == ["geo_raw (delivered)"]
    assert [c["op"] for c in json.loads(made["conditions"])] == ["include", "exclude"]


def test_facts_count_a_campaign_once_and_tell_rates_of_one_currency() -> None:
    rows = [row(n % 6, clicks_link=100.0 + n, period=date(2025, 1 + 3 * (n // 6), 1))
            for n in range(24)]  # fmt: skip
    rows += [row(50 + n, currency="XXX", account_id=str(n), clicks_link=9e3) for n in range(3)]
    (told,) = [fact for fact in campaigns(rows).facts().to_pylist() if fact["value"] == "meta"
               and fact["other_value"] == "MOBILE"]  # fmt: skip

    assert told["num_campaigns"] == 9  # six of four quarters each, and three
    assert (told["kpi"], told["currency"], told["rate_campaigns"]) == ("clicks_link", "USD", 6)
    assert told["rate"] == pytest.approx(1.115)
    assert 0 < told["rate_lo"] < told["rate"] < told["rate_hi"]


def test_cuts_that_do_not_ascend_are_refused(tmp_path: Path) -> None:
    with from_pinterest(tmp_path, [pinned(total_conversions=3)]) as store:
        data = store.harmonise()
        with pytest.raises(HarmoniseError, match="quantiles"):
            data.campaigns(quantiles=(0.9, 0.1))
        with pytest.raises(HarmoniseError) as refused:
            data.campaigns(
                outcome="fame", level="city", period="day", min_impressions=None,  # type: ignore[arg-type]
                min_spend="5", min_peers=-4, quantiles=(2, 3), labels=("a", "a", "b"), seed=-1,  # type: ignore[arg-type]
            )  # fmt: skip
        assert len(refused.value.faults) == 9
        for wrong in ({"quantiles": None}, {"quantiles": ("a", 1)}, {"labels": (1, [], None)}):
            with pytest.raises(HarmoniseError, match=f"  {next(iter(wrong))}: is"):
                data.campaigns(**wrong)
        assert data.campaigns(level="campaign").frame["period"].to_pylist() == [date(2025, 1, 1)]


def test_what_fails_while_a_table_is_read_is_told_in_words(tmp_path: Path) -> None:
    with from_pinterest(tmp_path, [pinned(total_conversions=3)]) as store:
        data = store.harmonise()
        data._con.execute(
            "ALTER TABLE place RENAME TO places; CREATE VIEW place AS SELECT * REPLACE ("
            "CAST(error('no room for ' || currency) AS VARCHAR) AS currency) FROM places"
        )
        asked = [data.to_arrow, data.campaigns, data.audit, lambda: data.total("spend"),
                 lambda: data.write(tmp_path / "out")]  # fmt: skip
        for ask in asked:
            with pytest.raises(HarmoniseError, match=r"of acme cannot be read: .*no room for EUR"):
                ask()
    assert not (tmp_path / "out").exists()
