"""Who people are: their values, their gender, their stage of life."""

from __future__ import annotations

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import (
    CLEAR,
    SLIGHT,
    SOME,
    TraitRule,
    Vote,
    listed,
    shared,
)


def _values(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "values", b, "values")):
        return None
    return Vote(SLIGHT, f"both stand for {listed(both)}")


def _gender(a: Attribute, b: Attribute) -> Vote | None:
    if shared(a, "gender", b, "gender"):
        return Vote(SLIGHT, f"both are mostly for {listed(a.items('gender'))}")
    ours, theirs = listed(a.items("gender")), listed(b.items("gender"))
    if {ours, theirs} != {"women", "men"}:
        return None
    return Vote(-CLEAR, f"{a.value}: mostly {ours}, {b.value}: mostly {theirs}")


def _stage(a: Attribute, b: Attribute) -> Vote | None:
    ours, theirs = listed(a.items("life_stage")), listed(b.items("life_stage"))
    if both := shared(a, "life_stage", b, "life_stage"):
        return Vote(SOME, f"both are for {listed(both)}")
    return Vote(-CLEAR, f"{a.value}: {ours}, {b.value}: {theirs}")


LIFE_RULES = (
    TraitRule(
        "shared_values",
        "values",
        "values",
        _values,
        "Shared values help a little; alone they sell nothing.",
    ),
    TraitRule(
        "gender_skew",
        "gender",
        "gender",
        _gender,
        "An offer made for one gender is wasted spend on an audience of the other.",
    ),
    TraitRule(
        "life_stage",
        "life_stage",
        "life_stage",
        _stage,
        "Diapers are for parents, timber for people with a house.",
    ),
)
