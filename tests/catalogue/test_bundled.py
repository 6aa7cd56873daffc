"""The bundled catalogues: complete, consistent with themselves, readable by anybody."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from campaignkit.catalogue import Attribute, Catalogue, bundled_names
from campaignkit.errors import CatalogueError

RETAIL = Catalogue.bundled("retail-160")
TIERS = {"budget", "mid", "premium", "luxury"}
INCOMES = {"low", "middle", "high", "affluent"}


def counts(catalogue: Catalogue) -> dict[str, int]:
    return {m: len(catalogue.of(m)) for m in catalogue.modalities}


def test_the_names_are_listed_and_read() -> None:
    assert bundled_names() == ("retail-160", "starter-27")
    assert counts(RETAIL) == {"brand": 60, "audience": 60, "platform": 10, "geo": 30}
    assert counts(Catalogue.bundled("starter-27")) == {
        "brand": 10,
        "audience": 10,
        "geo": 4,
        "platform": 3,
    }


def test_an_unknown_name_is_met_with_the_known_ones() -> None:
    with pytest.raises(CatalogueError, match="'retail'; there are retail-160, starter-27"):
        Catalogue.bundled("retail")


def test_the_starter_is_part_of_the_large_one() -> None:
    assert set(Catalogue.bundled("starter-27")) <= set(RETAIL)


@pytest.mark.parametrize("name", bundled_names())
def test_the_files_are_what_write_csv_writes(name: str, tmp_path: object) -> None:
    path = tmp_path / "again.csv"  # type: ignore[operator]
    Catalogue.bundled(name).write_csv(path)

    shipped = files("campaignkit.catalogue") / "bundled" / f"{name}.csv"

    assert path.read_bytes() == shipped.read_bytes()


@pytest.mark.parametrize("attribute", RETAIL, ids=str)
def test_everything_is_described_and_has_its_traits(attribute: Attribute) -> None:
    needed = {
        "brand": {"category", "price_tier", "age_skew", "values"},
        "audience": {"age_range", "income", "interests"},
        "platform": {"formats", "age_skew", "price_tiers", "absent_in", "categories_work"},
        "geo": {"income_mix", "climate", "passions"},
    }

    assert attribute.description.endswith(".")
    assert needed[attribute.modality] <= set(attribute.traits)


def test_what_traits_name_is_there() -> None:
    countries = {a.value for a in RETAIL.of("geo")}
    platforms = {a.value for a in RETAIL.of("platform")}

    strangers = [
        (a.key, item)
        for a in RETAIL
        for trait, known in [
            ("sold_in", countries),
            ("restricted_in", countries),
            ("strong_in", countries),
            ("absent_in", countries),
            ("platforms_strong", platforms),
            ("platforms_blocked", platforms),
            ("price_tier", TIERS),
            ("price_tiers", TIERS),
            ("income", INCOMES),
            ("income_mix", INCOMES),
        ]
        for item in a.items(trait)
        if item not in known
    ]

    assert strangers == []


def test_platforms_and_countries_agree_on_who_is_absent_where() -> None:
    said_by_platforms = {(p.value, g) for p in RETAIL.of("platform") for g in p.items("absent_in")}
    said_by_countries = {
        (p, g.value) for g in RETAIL.of("geo") for p in g.items("platforms_blocked")
    }

    assert said_by_platforms == said_by_countries
    for country in RETAIL.of("geo"):
        assert set(country.items("platforms_strong")).isdisjoint(
            country.items("platforms_blocked")
        )


def test_ages_are_spans() -> None:
    spans = [item for a in RETAIL for t in ("age_skew", "age_range") for item in a.items(t)]

    assert len(spans) == 130
    assert [s for s in spans if not re.fullmatch(r"\d+-\d+", s)] == []


def test_no_brand_is_sold_or_strong_where_it_is_restricted() -> None:
    for brand in RETAIL.of("brand"):
        restricted, strong = set(brand.items("restricted_in")), set(brand.items("strong_in"))
        sold = set(brand.items("sold_in"))
        assert restricted.isdisjoint(strong | sold)
        assert not sold or strong <= sold
