"""What the law forbids: regulated goods where they are restricted, or before minors."""

from __future__ import annotations

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.ages import read_ages
from campaignkit.edges.trait_rules.vote import CLEAR, STRONG, TraitRule, Vote, listed, shared

_MINOR_SHARE = 0.2  # of the years of an age range; below it, ages can be targeted around


def _regulated(a: Attribute, b: Attribute) -> Vote | None:
    if not (forbidden := shared(a, "regulated_as", b, "restricted_categories")):
        return None
    return Vote(-STRONG, f"{listed(forbidden)} is restricted in {b.value}", veto=True)


def _category(a: Attribute, b: Attribute) -> Vote | None:
    if not (forbidden := shared(a, "category", b, "restricted_categories")):
        return None
    return Vote(-STRONG, f"{listed(forbidden)} is restricted in {b.value}", veto=True)


def _minors(a: Attribute, b: Attribute) -> Vote | None:
    ages = read_ages(b, "age_range") or read_ages(b, "age_skew")
    legal = next((int(text) for text in a.items("min_age") if text.isdecimal()), 0)
    if not ages or not legal or ages[0] >= legal:
        return None
    low, high = ages
    if (min(legal, high) - low) / max(high - low, 1) < _MINOR_SHARE:
        return None
    return Vote(-CLEAR, f"{a.value} may be sold from {legal} on, {b.value} begins at {low}")


LAW_RULES = (
    TraitRule(
        "regulated_where_restricted",
        "regulated_as",
        "restricted_categories",
        _regulated,
        "Alcohol, gambling, crypto and the like cannot be advertised where the law restricts them,"
        " nor can the people defined by them be reached with them.",
    ),
    TraitRule(
        "category_restricted",
        "category",
        "restricted_categories",
        _category,
        "A category that a country restricts cannot be advertised there.",
    ),
    TraitRule(
        "minors_in_audience",
        "min_age",
        "age_range",
        _minors,
        "Goods with a minimum age do not go before audiences with many minors.",
    ),
    TraitRule(
        "minors_on_platform",
        "min_age",
        "mindset",
        _minors,
        "Goods with a minimum age do not go on platforms with many minors.",
    ),
)
