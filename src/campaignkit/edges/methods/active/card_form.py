"""What a trait card asks of an attribute: a few entries, in words that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, field_validator

from campaignkit.catalogue.clean_text import text_faults

PRICE_TIERS = ("budget", "value", "mid", "premium", "luxury")
CATEGORIES = (
    "fashion", "sportswear", "running", "outdoor", "beauty", "skin care", "fragrance", "jewellery",
    "consumer electronics", "gaming", "music", "cinema", "food", "drinks", "home", "gardening",
    "cars", "travel", "family", "pets", "finance", "software", "education", "health",
)  # fmt: skip
REGIONS = (
    "North America", "Latin America", "Western Europe", "Northern Europe", "Southern Europe",
    "Eastern Europe", "Middle East", "North Africa", "Southern Africa", "South Asia", "East Asia",
    "Oceania",
)  # fmt: skip
VALUES = (
    "performance", "self-expression", "thrift", "status", "sustainability", "tradition",
    "innovation", "community", "comfort", "adventure", "safety", "privacy", "fun", "craft",
    "convenience", "wellbeing",
)  # fmt: skip
INTENTS = ("discover", "compare", "buy", "relax", "work")

COLUMNS = ("price_tier", "ages", "categories", "anti_categories", "regions", "values", "intent")
"""The traits of a card, as columns of a catalogue."""

_OF_MODALITY: Mapping[str, str] = MappingProxyType(
    {
        "brand": "price_tier: what it costs against its rivals; ages: of its buyers; categories: "
        "what it sells and what its buyers love; anti_categories: what it would never stand "
        "beside; regions: where it is strong; values: what it stands for; intent: what people "
        "want when they meet it.",
        "audience": "price_tier: what they buy; ages: theirs; categories: what they care about; "
        "anti_categories: what they shun; regions: where most of them live; values: theirs; "
        "intent: what they mostly want when they meet an advertisement.",
        "platform": "price_tier: of what sells there; ages: of its users; categories: that work "
        "there; anti_categories: that fail or are forbidden there; regions: where it is strong; "
        "values: of its users; intent: what people come for.",
        "geo": "price_tier: that most people there buy; ages: of those reached online; "
        "categories: that sell well; anti_categories: that do not, or are restricted; regions: "
        "the one it lies in, and those close to it in taste; values: widely held; intent: what "
        "people there mostly want online.",
    }
)
_OF_OTHERS = (
    "price_tier: of the spending it goes with; ages: of the people it reaches; categories: it "
    "suits; anti_categories: it does not suit; regions: where it matters; values: it goes with; "
    "intent: what people want when they meet it."
)


class TraitCard(BaseModel):
    """What a model says of one attribute; entries that it leaves out or garbles are absent.

    Examples
    --------
    >>> card = TraitCard.model_validate({"price_tier": "Luxury", "categories": ["Running", 3]})
    >>> card.traits()
    {'price_tier': 'luxury', 'categories': ['running']}
    """

    model_config = ConfigDict(extra="ignore")

    price_tier: str = ""
    ages: str = ""
    categories: list[str] = Field(default_factory=list)
    anti_categories: list[str] = Field(default_factory=list)
    regions: list[str] = Field(default_factory=list)
    values: list[str] = Field(default_factory=list)
    intent: str = ""

    @field_validator("price_tier", "ages", "intent", mode="before")
    @classmethod
    def _word(cls, said: object) -> str:
        return _clean(said)

    @field_validator("categories", "anti_categories", "regions", "values", mode="before")
    @classmethod
    def _words(cls, said: object) -> list[str]:
        listed = said if isinstance(said, list) else [said]
        return [word for item in listed[:12] if (word := _clean(item))]

    def traits(self) -> dict[str, str | list[str]]:
        """The entries that say something, as an attribute's traits."""
        return {name: said for name, said in self.model_dump().items() if said}


def question(modality: str) -> str:
    """What is asked of attributes of a modality: known ones have their own wording."""
    entries = _OF_MODALITY.get(modality.casefold(), _OF_OTHERS)
    return (
        "Fill in a trait card for each numbered attribute, from what is commonly known of it.\n"
        f"{entries}\n"
        f"price_tier is one of {', '.join(PRICE_TIERS)}. ages is a span such as 18-34. intent is "
        f"one of {', '.join(INTENTS)}. The rest are lists of one to five items. Use these words "
        f"where one fits. Categories: {', '.join(CATEGORIES)}. Regions: {', '.join(REGIONS)}. "
        f"Values: {', '.join(VALUES)}."
    )


@lru_cache(maxsize=64)
def cards_form(num_cards: int) -> Any:  # a type that pydantic reads
    """The reply type for so many numbered cards: all keys are asked for, any are accepted.

    Examples
    --------
    >>> from campaignkit.llm import schema_of
    >>> schema_of(cards_form(2))["required"]
    ['1', '2']
    """
    words = {"type": "array", "items": {"type": "string"}}
    word = {"type": "string"}
    entries = {
        "price_tier": {"type": "string", "enum": list(PRICE_TIERS)},
        "ages": word,
        "categories": words,
        "anti_categories": words,
        "regions": words,
        "values": words,
        "intent": {"type": "string", "enum": list(INTENTS)},
    }
    card = {"type": "object", "properties": entries, "required": list(entries)}
    keys = [str(number) for number in range(1, num_cards + 1)]
    schema = {
        "type": "object",
        "properties": dict.fromkeys(keys, card),
        "required": keys,
        "additionalProperties": False,
    }
    return Annotated[dict[str, Any], WithJsonSchema(schema)]


def read_cards_reply(reply: Mapping[str, Any], num_cards: int) -> list[TraitCard | None]:
    """The card of each numbered attribute; None where it is missing or says nothing.

    Examples
    --------
    >>> read_cards_reply({"[1]": {"intent": "buy"}}, 2)[0].intent
    'buy'
    """
    bare = {str(key).strip().strip("[]").strip(): said for key, said in reply.items()}
    return [_card(bare.get(str(number))) for number in range(1, num_cards + 1)]


def _card(said: object) -> TraitCard | None:
    try:
        card = TraitCard.model_validate(said)
    except ValidationError:
        return None
    return card if card.traits() else None


def _clean(said: object) -> str:
    """A word that can be a trait, lower case; empty where there is none."""
    if not isinstance(said, str):
        return ""
    word = " ".join(said.split()).casefold()[:60].strip()
    return "" if text_faults("word", word) else word
