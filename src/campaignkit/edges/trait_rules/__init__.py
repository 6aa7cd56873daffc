"""The marketing rules of `TraitScorer`, one idea a file; what is not in the list does not vote.

A new rule is one function and one entry in its file's tuple. Rules are picked by the traits that
the two attributes have, never by the names of their modalities.
"""

from __future__ import annotations

from campaignkit.edges.trait_rules.ages import AGE_RULES
from campaignkit.edges.trait_rules.business import BUSINESS_RULES
from campaignkit.edges.trait_rules.climate import CLIMATE_RULES
from campaignkit.edges.trait_rules.formats import FORMAT_RULES
from campaignkit.edges.trait_rules.law import LAW_RULES
from campaignkit.edges.trait_rules.life import LIFE_RULES
from campaignkit.edges.trait_rules.passions import PASSION_RULES
from campaignkit.edges.trait_rules.places import PLACE_RULES
from campaignkit.edges.trait_rules.platform_topics import PLATFORM_TOPIC_RULES
from campaignkit.edges.trait_rules.prices import PRICE_RULES
from campaignkit.edges.trait_rules.shunned import SHUNNED_RULES
from campaignkit.edges.trait_rules.subjects import SUBJECT_RULES
from campaignkit.edges.trait_rules.vote import TraitRule, Vote

TRAIT_RULES: tuple[TraitRule, ...] = (
    *LAW_RULES,
    *PLACE_RULES,
    *SHUNNED_RULES,
    *SUBJECT_RULES,
    *BUSINESS_RULES,
    *PRICE_RULES,
    *AGE_RULES,
    *LIFE_RULES,
    *PLATFORM_TOPIC_RULES,
    *FORMAT_RULES,
    *CLIMATE_RULES,
    *PASSION_RULES,
)

__all__ = [  # plain order, which the house test checks
    "TRAIT_RULES",
    "TraitRule",
    "Vote",
]
