"""Where things are to be had: blocked platforms, markets without the brand, home markets."""

from __future__ import annotations

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import CLEAR, STRONG, TraitRule, Vote


def _absent(a: Attribute, b: Attribute) -> Vote | None:
    if b.value not in a.items("absent_in"):
        return None
    return Vote(-STRONG, f"{a.value} is not available in {b.value}", veto=True)


def _blocked(a: Attribute, b: Attribute) -> Vote | None:
    if b.value not in a.items("platforms_blocked"):
        return None
    return Vote(-STRONG, f"{b.value} is blocked in {a.value}", veto=True)


def _not_sold(a: Attribute, b: Attribute) -> Vote | None:
    if b.value in a.items("sold_in"):
        return None
    return Vote(-STRONG, f"{a.value} is not sold in {b.value}", veto=True)


def _restricted(a: Attribute, b: Attribute) -> Vote | None:
    if b.value not in a.items("restricted_in"):
        return None
    return Vote(-STRONG, f"{a.value} is restricted in {b.value}", veto=True)


def _home(a: Attribute, b: Attribute) -> Vote | None:
    if b.value not in a.items("strong_in"):
        return None
    return Vote(CLEAR, f"{b.value} is a leading market of {a.value}")


def _dominant(a: Attribute, b: Attribute) -> Vote | None:
    if b.value not in a.items("platforms_strong"):
        return None
    return Vote(CLEAR, f"{b.value} is widely used in {a.value}")


PLACE_RULES = (
    TraitRule(
        "platform_absent", "absent_in", "", _absent, "A platform reaches nobody where it is not."
    ),
    TraitRule(
        "platform_blocked",
        "platforms_blocked",
        "mindset",
        _blocked,
        "The same, told by the country.",
    ),
    TraitRule(
        "not_sold_there",
        "sold_in",
        "income_mix",
        _not_sold,
        "Advertising what nobody there can buy is wasted spend.",
    ),
    TraitRule(
        "brand_restricted",
        "restricted_in",
        "",
        _restricted,
        "A brand that has left a market, or was sent away, cannot run campaigns in it.",
    ),
    TraitRule(
        "leading_market",
        "strong_in",
        "",
        _home,
        "Home and leading markets know the brand and have its shops.",
    ),
    TraitRule(
        "platform_widely_used",
        "platforms_strong",
        "mindset",
        _dominant,
        "A platform that most people in a country use reaches it.",
    ),
)
