"""What a description has to say, by modality: what tells one attribute from its neighbours.

The points are those that the published prompts carry; the wording is ours. Any other modality is
described by the points of the fallback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guide:
    """What the description of an attribute of some modality has to say.

    Attributes
    ----------
    kind : str
        What such an attribute is, in the prompt's words.
    length : str
        How long the description is to be.
    points : tuple of str
        What it has to say, in this order.
    version : int
        Raise it with the wording; it is part of the cache key, as the wording itself is.
    """

    kind: str
    length: str
    points: tuple[str, ...]
    version: int = 1

    @property
    def instruction(self) -> str:
        """The task in words."""
        listed = "\n".join(f"- {point}" for point in self.points)
        return (
            f"Describe each numbered {self.kind} for somebody who has to decide which campaigns "
            f"it belongs into. Write {self.length} of plain prose for each, which say:\n{listed}\n"
            "Be specific: a sentence that would be true of most others of its kind is worth "
            "nothing. State what is commonly known, and leave out what you do not know."
        )


BRAND = Guide(
    kind="brand",
    length="six to seven sentences",
    points=(
        "what the brand is at its core and what it is known for",
        "who would never buy it, and why",
        "its price tier, compared with named rivals",
        "the subculture or way of life it belongs to",
        "where it is restricted, and which controversies cling to it",
    ),
)
AUDIENCE = Guide(
    kind="audience",
    length="six to seven sentences",
    points=(
        "ages, family, work and income",
        "how these people buy: how often, how much, what decides",
        "what moves them",
        "which platforms they use and which they avoid",
        "two audiences that are easily confused with this one, and how they differ",
    ),
)
GEO = Guide(
    kind="place",
    length="five to six sentences",
    points=(
        "the whole spread of incomes, not the average alone",
        "which platforms dominate, which are absent, which grow",
        "attitudes towards brands, advertising and foreign goods",
        "languages and regions that have to be addressed apart",
        "what regulation forbids or restricts",
    ),
)
PLATFORM = Guide(
    kind="platform",
    length="four to five sentences",
    points=(
        "who uses it, and with what in mind",
        "what its content looks like",
        "which price tiers sell there and which do not",
        "which advertising formats it has",
        "which categories work there, which fail, and how safe it is for a brand",
    ),
)
FALLBACK = Guide(
    kind="item",
    length="four to six sentences",
    points=(
        "what makes it distinct from others of its modality",
        "whom it reaches or suits",
        "whom and what it excludes",
        "which price level goes with it",
        "what it is associated with",
        "which restrictions apply",
    ),
)
GUIDES: Mapping[str, Guide] = {
    "brand": BRAND,
    "audience": AUDIENCE,
    "geo": GEO,
    "platform": PLATFORM,
}


def guide_for(modality: str, guides: Mapping[str, Guide] = GUIDES) -> Guide:
    """The guide of a modality; the fallback where it has none.

    Examples
    --------
    >>> guide_for("platform").kind, guide_for("device").kind
    ('platform', 'item')
    """
    return guides.get(modality, FALLBACK)
