"""Ages that meet and ages that do not."""

from __future__ import annotations

import re
from functools import lru_cache

from campaignkit.catalogue import Attribute
from campaignkit.edges.trait_rules.vote import CLEAR, SLIGHT, SOME, STRONG, TraitRule, Vote

_OLDEST = 90  # what "55+" ends at
_SPAN = re.compile(r"(\d{1,3})\s*(?:[-\u2013]\s*(\d{1,3})|(\+))")


def read_ages(attribute: Attribute, trait: str) -> tuple[int, int] | None:
    """The years of a trait such as ``"18-34"`` or ``"55+"``, or None where it is not one.

    Examples
    --------
    >>> read_ages(Attribute("audience", "Adults", traits={"age_range": "55+"}), "age_range")
    (55, 90)
    """
    items = attribute.items(trait)
    return _parse(items[0]) if items else None


@lru_cache(maxsize=1024)
def _parse(text: str) -> tuple[int, int] | None:
    found = _SPAN.fullmatch(text)
    if not found:
        return None
    low = int(found[1])
    high = int(found[2]) if found[2] else _OLDEST
    return (low, high) if low < high else None


def _meet(a: tuple[int, int], b: tuple[int, int]) -> tuple[float, int]:
    """Overlap as a share of the shorter span, and the years between the two."""
    overlap = min(a[1], b[1]) - max(a[0], b[0])
    shorter = min(a[1] - a[0], b[1] - b[0])
    return max(overlap, 0) / shorter, max(-overlap, 0)


def _vote(a: Attribute, first: str, b: Attribute, second: str) -> Vote | None:
    ours, theirs = read_ages(a, first), read_ages(b, second)
    if not ours or not theirs:
        return None
    share, gap = _meet(ours, theirs)
    said = f"{a.value} {ours[0]}-{ours[1]}, {b.value} {theirs[0]}-{theirs[1]}"
    if share >= 0.5:
        return Vote(SLIGHT, f"ages meet: {said}")
    if share > 0:
        return None
    weight = SOME if gap < 8 else CLEAR if gap < 20 else STRONG
    return Vote(-weight, f"ages do not meet: {said}")


def _bought_by(a: Attribute, b: Attribute) -> Vote | None:
    return _vote(a, "age_skew", b, "age_range")


def _seen_by(a: Attribute, b: Attribute) -> Vote | None:
    return _vote(a, "age_skew", b, "age_skew")


def _at_home_on(a: Attribute, b: Attribute) -> Vote | None:
    ours, theirs = read_ages(a, "age_range"), read_ages(b, "age_skew")
    if not ours or not theirs or _meet(ours, theirs)[0] < 0.5:
        return None
    return Vote(SLIGHT, f"{a.value} are of the age that uses {b.value}")


AGE_RULES = (
    TraitRule(
        "ages_of_buyers",
        "age_skew",
        "age_range",
        _bought_by,
        "An offer or platform of one age group passes the others by; the wider the gap, the more.",
    ),
    TraitRule(
        "ages_of_brand_and_platform",
        "age_skew",
        "age_skew",
        _seen_by,
        "A brand goes where its age group is.",
    ),
    TraitRule(
        "at_home_on_platform",
        "age_range",
        "mindset",
        _at_home_on,
        "For platforms age counts double: many belong to a generation.",
    ),
)
