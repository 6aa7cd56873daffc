"""Order, identity, growth and digest of catalogues."""

from __future__ import annotations

import pytest
from hypothesis import given

import strategies
from campaignkit.catalogue import Attribute, Catalogue, Key, NearDuplicateWarning
from campaignkit.errors import CatalogueError, UnknownAttribute

NIKE, AMAZON = Attribute("brand", "Nike"), Attribute("brand", "Amazon")
SHOP, BRAZIL = Attribute("platform", "Amazon"), Attribute("geo", "Brazil")
CATALOGUE = Catalogue([NIKE, SHOP, AMAZON, BRAZIL])


def test_one_value_may_be_there_in_two_modalities() -> None:
    assert CATALOGUE.index(SHOP) == 1
    assert CATALOGUE.index(("brand", "Amazon")) == 2
    assert CATALOGUE[("platform", "Amazon")] is SHOP


def test_modalities_come_in_the_order_of_their_first_attribute() -> None:
    assert CATALOGUE.modalities == ("brand", "platform", "geo")
    assert CATALOGUE.of("brand") == (NIKE, AMAZON)
    assert CATALOGUE.of("device") == ()


@given(strategies.catalogues(min_size=0))
def test_every_attribute_lies_at_its_index(catalogue: Catalogue) -> None:
    for position, attribute in enumerate(catalogue):
        assert catalogue.index(attribute) == catalogue.index(attribute.key) == position
        assert catalogue[position] is catalogue[attribute.key] is attribute
        assert attribute in catalogue
        assert attribute.key in catalogue
    assert sum(len(catalogue.of(m)) for m in catalogue.modalities) == len(catalogue)


@given(strategies.catalogues(min_size=2))
def test_adding_keeps_the_numbers_of_what_was_there(catalogue: Catalogue) -> None:
    held = list(catalogue)

    grown = Catalogue(held[:1]).add(held[1:])

    assert grown == catalogue
    assert hash(grown) == hash(catalogue)
    assert grown.digest == catalogue.digest
    assert Catalogue(held[::-1]).digest != catalogue.digest


def test_the_digest_sees_descriptions_and_traits_and_never_changes() -> None:
    plain = Catalogue([NIKE])
    described = Catalogue([Attribute("brand", "Nike", "Shoes.")])
    known = Catalogue([Attribute("brand", "Nike", traits={"price": ["mid", "low"]})])

    assert len({plain.digest, described.digest, known.digest}) == 3
    assert known.digest == GOLDEN_DIGEST


def test_an_identity_is_there_once() -> None:
    with pytest.raises(CatalogueError, match=r"attributes\[2\]: brand 'Nike' is a duplicate of"):
        Catalogue([NIKE, SHOP, Attribute("brand", "Nike", "again")])
    with pytest.raises(CatalogueError, match="is a duplicate of"):
        CATALOGUE.add([NIKE])


def test_what_is_no_attribute_is_refused_with_its_place() -> None:
    with pytest.raises(CatalogueError, match=r"attributes\[1\]: is of type tuple"):
        Catalogue([NIKE, ("brand", "Adidas")])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        (("brand", "Nikee"), r"did you mean \('brand', 'Nike'\)"),
        (("brand", "nike"), r"did you mean \('brand', 'Nike'\)"),
        (("geo", "Nike"), r"did you mean \('brand', 'Nike'\)"),
        (("device", "Phone"), "the modalities are brand, platform, geo"),
        (("brand", "Zzzzzz"), "2 of modality 'brand'"),
        ("Nike", r'an attribute is \("modality", "value"\)'),
    ],
)
def test_an_unknown_attribute_is_met_with_what_is_near(key: tuple[str, str], hint: str) -> None:
    assert key not in CATALOGUE
    with pytest.raises(UnknownAttribute, match=hint):
        CATALOGUE.index(key)
    with pytest.raises(KeyError):
        CATALOGUE[key]


def test_positions_out_of_range_end_a_loop_as_in_any_sequence() -> None:
    assert CATALOGUE[-1] is BRAZIL
    with pytest.raises(IndexError):
        CATALOGUE[4]


def test_the_notebook_view_is_small_and_escaped() -> None:
    many = [Attribute("brand", f"<b>{i}</b>", "<script>") for i in range(500)]

    html = Catalogue(many)._repr_html_()

    assert "<script>" not in html
    assert "<b>" not in html
    assert "500" in html
    assert "&lt;b&gt;5&lt;/b&gt;, ..." in html
    assert len(html) < 4000


def test_the_plain_view_counts_by_modality() -> None:
    assert repr(CATALOGUE) == "Catalogue(4 attributes: brand 2, platform 1, geo 1)"
    assert repr(Catalogue([])) == "Catalogue(0 attributes)"


GOLDEN_DIGEST = "sha256:49ae70d006855061e6e1aeb4b80180a5df8d6f787886a4021460c97ff29feb2b"


LOOKALIKES = [
    (("brand", "Adidas"), ("brand", "adidas")),
    (("geo", "New\u00a0York"), ("geo", "New York")),
    (("geo", "New York"), ("geo", "New  York")),
    (("brand", "H&M"), ("brand", "Ｈ&Ｍ")),
    (("brand", "STRASSE"), ("brand", "Straße")),
    (("Brand", "Nike"), ("brand", "Puma")),
]


@pytest.mark.parametrize("keys", LOOKALIKES)
def test_names_that_look_alike_are_warned_of_once_and_allowed(keys: tuple[Key, Key]) -> None:
    with pytest.warns(NearDuplicateWarning) as caught:
        catalogue = Catalogue(Attribute(*key) for key in keys)

    assert len(caught) == 1
    assert all(key[0] in str(caught[0].message) for key in keys)
    assert caught[0].filename == __file__
    assert len(catalogue) == 2


def test_one_warning_names_a_few_of_many_and_counts_the_rest() -> None:
    names = [f"brand {i}" for i in range(9)]

    with pytest.warns(NearDuplicateWarning, match="and 4 more") as caught:
        Catalogue(Attribute("brand", name) for n in names for name in (n, n.upper()))

    assert len(caught) == 1


def test_one_value_in_two_modalities_looks_like_nothing() -> None:
    Catalogue([Attribute("brand", "Amazon"), Attribute("platform", "amazon")])
