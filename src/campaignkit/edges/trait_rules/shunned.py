"""What people will not have: categories, associations and price tiers an audience shuns."""

from __future__ import annotations

from collections.abc import Callable

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import REFUSED, TraitRule, Vote, listed, shared


def _shunning(trait: str) -> Callable[[Attribute, Attribute], Vote | None]:
    def judge(a: Attribute, b: Attribute) -> Vote | None:
        if not (turned_down := shared(a, trait, b, "shuns")):
            return None
        return Vote(-REFUSED, f"{b.value} shun {listed(turned_down)}, which {a.value} stands for")

    return judge


SHUNNED_RULES = (
    TraitRule(
        "category_shunned",
        "category",
        "shuns",
        _shunning("category"),
        "Who rejects a category is not won by a campaign for it.",
    ),
    TraitRule(
        "association_shunned",
        "known_for",
        "shuns",
        _shunning("known_for"),
        "What a brand is known for puts off those who reject it: meat, leather, fast fashion.",
    ),
    TraitRule(
        "price_tier_shunned",
        "price_tier",
        "shuns",
        _shunning("price_tier"),
        "Some audiences avoid a price tier on principle, cheap or dear.",
    ),
    TraitRule(
        "regulated_shunned",
        "regulated_as",
        "shuns",
        _shunning("regulated_as"),
        "The same for alcohol, gambling and crypto.",
    ),
)
