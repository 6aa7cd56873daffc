"""What an offer and an audience are both about."""

from __future__ import annotations

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import (
    CLEAR,
    FAIR,
    SOME,
    STRONG,
    TraitRule,
    Vote,
    listed,
    shared,
)


def _sold_subject(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "category", b, "defined_by")):
        return None
    return Vote(STRONG, f"{a.value} offers what {b.value} are about: {listed(both)}")


def _sold_interest(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "category", b, "interests")):
        return None
    return Vote(FAIR, f"{b.value} take an interest in {listed(both)}, which {a.value} offers")


def _spoken_subject(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "appeals_to", b, "defined_by")):
        return None
    return Vote(CLEAR, f"{a.value} speaks to what {b.value} are about: {listed(both)}")


def _spoken_interest(a: Attribute, b: Attribute) -> Vote | None:
    if not (both := shared(a, "appeals_to", b, "interests")):
        return None
    return Vote(SOME, f"{a.value} speaks to an interest of {b.value}: {listed(both)}")


SUBJECT_RULES = (
    TraitRule(
        "offers_their_subject",
        "category",
        "defined_by",
        _sold_subject,
        "The closest fit there is: the offer is what the audience is defined by.",
    ),
    TraitRule(
        "offers_an_interest",
        "category",
        "interests",
        _sold_interest,
        "An audience listens to what it is interested in.",
    ),
    TraitRule(
        "speaks_to_their_subject",
        "appeals_to",
        "defined_by",
        _spoken_subject,
        "Sponsorships, ambassadors and brand worlds open doors beyond the product.",
    ),
    TraitRule(
        "speaks_to_an_interest",
        "appeals_to",
        "interests",
        _spoken_interest,
        "The same, for side interests.",
    ),
)
