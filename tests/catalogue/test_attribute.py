"""What may be an attribute, and what its identity is."""

from __future__ import annotations

import copy
import unicodedata

import pytest
from hypothesis import given

import strategies
from campaignkit.catalogue import Attribute
from campaignkit.errors import CatalogueError


def test_identity_is_modality_and_value_alone() -> None:
    plain, known = Attribute("brand", "Nike"), Attribute("brand", "Nike", "Shoes.")

    assert plain.key == ("brand", "Nike")
    assert hash(plain) == hash(known)
    assert plain != known
    assert plain != Attribute("platform", "Nike")


def test_traits_are_read_only_and_do_not_follow_the_dict_they_came_from() -> None:
    given_traits = {"category": ["shoes", "sportswear"], "price": "mid", "values": []}

    attribute = Attribute("brand", "Nike", traits=given_traits)
    given_traits["category"].append("cars")

    assert dict(attribute.traits) == {"category": ("shoes", "sportswear"), "price": "mid"}
    with pytest.raises(TypeError):
        attribute.traits["price"] = "luxury"  # type: ignore[index]


def test_a_list_of_one_item_is_that_item() -> None:
    one, listed = ({"price": "mid"}, {"price": ["mid"]})

    assert Attribute("brand", "Nike", traits=one) == Attribute("brand", "Nike", traits=listed)
    assert Attribute("brand", "Nike", traits=one).items("price") == ("mid",)


@given(strategies.attributes())
def test_an_attribute_survives_copying_and_sending(attribute: Attribute) -> None:
    # The same protocol carries it to another process.
    assert copy.deepcopy(attribute) == attribute
    assert copy.copy(attribute).traits == attribute.traits


@pytest.mark.parametrize(
    ("modality", "value", "expected"),
    [
        ("", "x", "modality: is blank"),
        ("brand", "", "value: is blank"),
        ("brand", "  ", "value: is blank"),
        ("brand", " x", r"value: ' x' starts or ends with white space \(write 'x'\)"),
        ("brand", "x\N{NO-BREAK SPACE}", "starts or ends with white space"),
        ("brand", "a\x00b", r"control or invisible character U\+0000"),
        ("brand", "a\nb", r"U\+000A"),
        ("brand", "a\u2028b", r"U\+2028"),
        ("brand", "a\ud800b", r"U\+D800"),
        ("brand", "a\N{ZERO WIDTH SPACE}b", r"U\+200B"),
        ("brand", unicodedata.normalize("NFD", "Nestlé"), "normal form NFC"),
        ("brand", None, "expected text"),
        ("brand", 7, "value: is 7 of type int; expected text"),
        ("label", "x", "'label' is reserved"),
    ],
)
def test_a_name_nobody_can_rely_on_is_refused(modality: str, value: str, expected: str) -> None:
    with pytest.raises(CatalogueError, match=expected):
        Attribute(modality, value)


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"": "x"}, "a trait's name: is blank"),
        ({"a": " x"}, r"traits\['a'\]: ' x' starts or ends"),
        ({"a": ["x", 3]}, "expected text"),
        ({"a": ["x", ""]}, "is blank"),
        ({"value": "x"}, "attribute's own field"),
        (["a"], "traits: is a list; expected a mapping"),
    ],
)
def test_a_trait_nobody_can_rely_on_is_refused(traits: object, expected: str) -> None:
    with pytest.raises(CatalogueError, match=expected):
        Attribute("brand", "x", traits=traits)  # type: ignore[arg-type]


def test_all_faults_of_an_attribute_are_told_at_once() -> None:
    with pytest.raises(CatalogueError) as caught:
        Attribute("label", " x\x00", "y ", {"t": ""} | {"u": " "})

    assert [f.where for f in caught.value.faults] == [
        "value",
        "value",
        "description",
        "traits['u']",
        "modality",
    ]


def test_a_description_may_run_over_lines_but_holds_no_control_characters() -> None:
    assert Attribute("brand", "x", "one\n\ttwo").description == "one\n\ttwo"
    with pytest.raises(CatalogueError, match=r"description: .* U\+0007"):
        Attribute("brand", "x", "one\atwo")
