"""Snow, surf and heat: offers and pastimes that need a climate."""

from __future__ import annotations

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import CLEAR, STRONG, TraitRule, Vote, listed, shared


def _suits(a: Attribute, b: Attribute) -> Vote | None:
    if both := shared(a, "suits_climate", b, "climate"):
        return Vote(CLEAR, f"{b.value} has what {a.value} need: {listed(both)}")
    needed = listed(a.items("suits_climate"))
    return Vote(-STRONG, f"{a.value} need {needed}, which {b.value} does not have")


CLIMATE_RULES = (
    TraitRule(
        "climate",
        "suits_climate",
        "climate",
        _suits,
        "Winter jackets and skiers belong where there is winter, surfers where there are waves.",
    ),
)
