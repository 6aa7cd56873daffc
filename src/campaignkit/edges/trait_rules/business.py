"""Work and leisure: who buys for a company, and where people are in the mood for it."""

from __future__ import annotations

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import CLEAR, SOME, STRONG, TraitRule, Vote


def _buyers(a: Attribute, b: Attribute) -> Vote | None:
    if "businesses" not in a.items("buyers"):
        return None
    roles = b.items("role")
    if "business" in roles:
        return Vote(SOME, f"{b.value} buy for companies, which {a.value} sells to")
    if "consumers" in roles:
        return Vote(-STRONG, f"{a.value} sells to companies, {b.value} buy for themselves")
    return None


_MOODS_FOR_BUSINESS = {"work": CLEAR, "entertainment": -CLEAR, "shopping": -CLEAR, "social": -SOME}


def _sold_where(a: Attribute, b: Attribute) -> Vote | None:
    if "businesses" not in a.items("buyers"):
        return None
    mood = next((mood for mood in b.items("mindset") if mood in _MOODS_FOR_BUSINESS), None)
    if mood is None:
        return None
    return Vote(
        _MOODS_FOR_BUSINESS[mood],
        f"{a.value} sells to companies, people are on {b.value} for {_FOR[mood]}",
    )


_FOR = {"work": "work", "entertainment": "fun", "shopping": "shopping", "social": "friends"}


def _met_where(a: Attribute, b: Attribute) -> Vote | None:
    if "work" not in b.items("mindset"):
        return None
    if "business" in a.items("role"):
        return Vote(CLEAR, f"{a.value} are on {b.value} for work")
    if "consumers" in a.items("role"):
        return Vote(-SOME, f"{a.value} are not met as such on {b.value}, a place of work")
    return None


BUSINESS_RULES = (
    TraitRule(
        "companies_as_buyers",
        "buyers",
        "role",
        _buyers,
        "What companies buy is wasted on people who buy for themselves.",
    ),
    TraitRule(
        "companies_on_platform",
        "buyers",
        "mindset",
        _sold_where,
        "Business offers work where people are at work, and annoy where they unwind.",
    ),
    TraitRule(
        "people_at_work",
        "role",
        "mindset",
        _met_where,
        "A platform of work reaches people in their jobs, less so in their hobbies.",
    ),
)
