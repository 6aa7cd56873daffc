"""What works on a platform and what falls flat there."""

from __future__ import annotations

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import (
    CLEAR,
    FAIR,
    SLIGHT,
    SOME,
    STRONG,
    TraitRule,
    Vote,
    listed,
    shared,
)


def _works(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "category", b, "categories_work")):
        return None
    return Vote(CLEAR, f"{listed(both)} finds its public on {b.value}")


def _fails(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "category", b, "categories_fail")):
        return None
    return Vote(-STRONG, f"{listed(both)} falls flat on {b.value}")


def _gathers(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "defined_by", b, "categories_work")):
        return None
    return Vote(CLEAR, f"{b.value} is a place for {listed(both)}, what {a.value} are about")


def _drives_off(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "defined_by", b, "categories_fail")):
        return None
    return Vote(-STRONG, f"{b.value} is no place for {listed(both)}, what {a.value} are about")


def _touches(a: Attribute, b: Attribute) -> Vote | None:
    both = shared(a, "interests", b, "categories_work")
    if not both:
        return None
    weight = (SLIGHT, SOME, FAIR)[min(len(both), 3) - 1]
    return Vote(weight, f"{b.value} covers interests of {a.value}: {listed(both)}")


PLATFORM_TOPIC_RULES = (
    TraitRule(
        "category_works_on_platform",
        "category",
        "categories_work",
        _works,
        "Each platform has categories that people expect and look for on it.",
    ),
    TraitRule(
        "category_fails_on_platform",
        "category",
        "categories_fail",
        _fails,
        "And categories that are out of place on it, or that it does not admit.",
    ),
    TraitRule(
        "audience_gathers_on_platform",
        "defined_by",
        "categories_work",
        _gathers,
        "People gather where their subject is at home.",
    ),
    TraitRule(
        "audience_absent_from_platform",
        "defined_by",
        "categories_fail",
        _drives_off,
        "And are not met, in that role, where it is out of place.",
    ),
    TraitRule(
        "interests_on_platform",
        "interests",
        "categories_work",
        _touches,
        "Side interests help, and three or more of them are a ground.",
    ),
)
