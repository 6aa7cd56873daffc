"""Formats: what has to be seen, what has to be explained."""

from __future__ import annotations

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import SLIGHT, TraitRule, Vote, listed

_SEEN = frozenset({"image", "short video", "stories"})
_EXPLAINED = frozenset({"text", "search", "long video", "documents", "groups"})
_TO_SEE = (
    "fashion, accessories, beauty, skincare, jewelry, watches, luxury, furniture, interior design,"
    " sneakers, travel, hotels, fast food, coffee"
)
_TO_EXPLAIN = (
    "business software, cloud, banking, payments, investing, heavy machinery, appliances, tools,"
    " crypto, insurance"
)
_FORMATS = {
    **dict.fromkeys(_TO_SEE.split(", "), _SEEN),
    **dict.fromkeys(_TO_EXPLAIN.split(", "), _EXPLAINED),
}


def _shown(a: Attribute, b: Attribute) -> Vote | None:
    formats = set(b.items("formats"))
    suited = [(item, _FORMATS[item]) for item in a.items("category") if item in _FORMATS]
    if not suited:
        return None
    if fitting := [item for item, good in suited if good & formats]:
        return Vote(SLIGHT, f"the formats of {b.value} suit {listed(fitting)}")
    item, good = suited[0]
    return Vote(-SLIGHT, f"{item} needs {listed(sorted(good))}, which {b.value} lacks")


FORMAT_RULES = (
    TraitRule(
        "formats_suit",
        "category",
        "formats",
        _shown,
        "Fashion has to be seen, software to be explained; a platform has the format or not.",
    ),
)
