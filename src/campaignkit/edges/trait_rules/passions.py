"""What a country is fond of, and what leaves it cold."""

from __future__ import annotations

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import (
    CLEAR,
    SLIGHT,
    TraitRule,
    Vote,
    listed,
    shared,
)


def _bought(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "category", b, "passions")):
        return None
    return Vote(CLEAR, f"{b.value} is fond of {listed(both)}, which {a.value} offers")


def _at_home(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "defined_by", b, "passions")):
        return None
    return Vote(CLEAR, f"{b.value} is fond of {listed(both)}, what {a.value} are about")


def _echoed(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "appeals_to", b, "passions")):
        return None
    return Vote(SLIGHT, f"{a.value} speaks to a liking of {b.value}: {listed(both)}")


def _leaves_cold(trait: str, a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, trait, b, "indifferent_to")):
        return None
    return Vote(-CLEAR, f"{b.value} cares little for {listed(both)}")


def _unwanted(a: Attribute, b: Attribute) -> Vote | None:
    return _leaves_cold("category", a, b)


def _out_of_place(a: Attribute, b: Attribute) -> Vote | None:
    return _leaves_cold("defined_by", a, b)


PASSION_RULES = (
    TraitRule(
        "country_fond_of_category",
        "category",
        "passions",
        _bought,
        "Some markets buy much more of a category than others.",
    ),
    TraitRule(
        "country_fond_of_subject",
        "defined_by",
        "passions",
        _at_home,
        "An audience is large, and easily reached, where its subject is a national pastime.",
    ),
    TraitRule(
        "country_echoes_brand",
        "appeals_to",
        "passions",
        _echoed,
        "A brand's world helps where the country shares it.",
    ),
    TraitRule(
        "country_cold_to_category",
        "category",
        "indifferent_to",
        _unwanted,
        "What nobody there follows or uses finds no buyers.",
    ),
    TraitRule(
        "country_cold_to_subject",
        "defined_by",
        "indifferent_to",
        _out_of_place,
        "And no audience.",
    ),
)
