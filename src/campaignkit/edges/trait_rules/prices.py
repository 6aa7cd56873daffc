"""Price tiers against incomes, and both against places and platforms.

Incomes and tiers stand on one ladder; each tier can be paid from a span of incomes::

    income   low  middle  high  affluent
    budget    x     x
    mid       x     x      x
    premium         x      x      x
    luxury                 x      x

A step is the distance between the nearest fitting income and the nearest one there is.
"""

from __future__ import annotations

from collections.abc import Iterable

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import CLEAR, SLIGHT, SOME, STRONG, TraitRule, Vote, listed

_INCOMES = {"low": 0, "middle": 1, "high": 2, "affluent": 3}
_SPANS = {"budget": (0, 1), "mid": (0, 2), "premium": (1, 3), "luxury": (2, 3)}
_TIERS = {"budget": 0, "mid": 1, "premium": 2, "luxury": 3}


def _steps(tiers: Iterable[str], incomes: Iterable[str]) -> int | None:
    spans = [_SPANS[tier] for tier in tiers if tier in _SPANS]
    levels = [_INCOMES[income] for income in incomes if income in _INCOMES]
    if not spans or not levels:
        return None
    return min(max(lo - level, level - hi, 0) for lo, hi in spans for level in levels)


def _paid(a: Attribute, b: Attribute) -> Vote | None:
    tiers, incomes = a.items("price_tier"), b.items("income")
    steps = _steps(tiers, incomes)
    if steps is None:
        return None
    tier = listed(tiers)
    if not steps:
        suited = [income for income in incomes if _steps(tiers, [income]) == 0]
        return Vote(SLIGHT, f"the {tier} prices of {a.value} suit {listed(suited)} incomes")
    weight = -SOME if steps == 1 else -STRONG
    return Vote(weight, f"{a.value} is {tier}, {b.value} have {listed(incomes)} incomes")


def _paid_there(a: Attribute, b: Attribute) -> Vote | None:
    steps = _steps(a.items("price_tier"), b.items("income_mix"))
    if steps is None:
        return None
    tier = listed(a.items("price_tier"))
    if not steps:
        return Vote(SLIGHT, f"{tier} prices can be paid in {b.value}")
    return Vote(-CLEAR, f"{a.value} is {tier}, few incomes in {b.value} carry that")


def _sold_on(a: Attribute, b: Attribute) -> Vote | None:
    tiers = [_TIERS[tier] for tier in a.items("price_tier") if tier in _TIERS]
    working = [_TIERS[tier] for tier in b.items("price_tiers") if tier in _TIERS]
    if not tiers or not working:
        return None
    gap = min(abs(one - other) for one in tiers for other in working)
    tier = listed(a.items("price_tier"))
    if not gap:
        return Vote(SLIGHT, f"{tier} offers sell on {b.value}")
    weight = (-SLIGHT, -CLEAR, -STRONG)[gap - 1]
    return Vote(
        weight,
        f"{a.value} is {tier}, {b.value} is for {listed(list(b.items('price_tiers')))} offers",
    )


def _spent_on(a: Attribute, b: Attribute) -> Vote | None:
    steps = _steps(b.items("price_tiers"), a.items("income"))
    if not steps:
        return None
    weight = -SOME if steps == 1 else -STRONG
    tiers = listed(b.items("price_tiers"))
    return Vote(weight, f"{a.value} do not look for {tiers} offers, which {b.value} is for")


def _live_there(a: Attribute, b: Attribute) -> Vote | None:
    wanted = [_INCOMES[income] for income in a.items("income") if income in _INCOMES]
    there = [_INCOMES[income] for income in b.items("income_mix") if income in _INCOMES]
    if not wanted or not there:
        return None
    gap = min(abs(one - other) for one in wanted for other in there)
    if not gap:
        return None
    return Vote(-SLIGHT if gap == 1 else -CLEAR, f"few {a.value} live in {b.value}")


PRICE_RULES = (
    TraitRule(
        "price_meets_income",
        "price_tier",
        "income",
        _paid,
        "People buy what they can pay, and what is made for their purse.",
    ),
    TraitRule(
        "price_meets_country",
        "price_tier",
        "income_mix",
        _paid_there,
        "Luxury needs a country with the incomes for it.",
    ),
    TraitRule(
        "price_suits_platform",
        "price_tier",
        "price_tiers",
        _sold_on,
        "A bargain market cheapens a luxury brand; a work network sells no bargains.",
    ),
    TraitRule(
        "income_suits_platform",
        "income",
        "price_tiers",
        _spent_on,
        "Who can afford more does not look on a bargain market.",
    ),
    TraitRule(
        "incomes_in_country",
        "income",
        "income_mix",
        _live_there,
        "An affluent audience is thin where incomes are low.",
    ),
)
