"""Trait cards: what a model says of attributes that have no traits, in words that compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.catalogue.clean_text import text_faults
from campaignkit.edges.methods.active.features import SPAN
from campaignkit.edges.pairs import chunks
from campaignkit.edges.plan import StagePlan
from campaignkit.edges.prompt_data import DATA_RULE, data_block
from campaignkit.errors import Fault, GraphError
from campaignkit.llm import Prompt, Request, ask_numbered, numbered_reply

if TYPE_CHECKING:
    from campaignkit.edges.session import BuildSession
    from campaignkit.llm import ChatModel

Card = Mapping[str, str | Sequence[str]]

STAGE = "trait cards"
TOKENS_A_CARD = 120  # rough: seven entries and their names
_CARDS_A_CALL = 10
_ASKS = 3  # times that an attribute without a card is asked about
_MOST_WORDS = 12  # of an entry

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

_WORD, _WORDS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
ENTRIES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "price_tier": _WORD | {"enum": list(PRICE_TIERS)},
        "ages": _WORD,
        "categories": _WORDS,
        "anti_categories": _WORDS,
        "regions": _WORDS,
        "values": _WORDS,
        "intent": _WORD | {"enum": list(INTENTS)},
    }
)
"""The entries of a card and the JSON schema of each; as traits, columns of a catalogue."""

_FITS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "price_tier": PRICE_TIERS.__contains__,
        "ages": SPAN.match,
        "intent": INTENTS.__contains__,
    }
)
_FORM = {"type": "object", "properties": dict(ENTRIES), "required": list(ENTRIES)}

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
_QUESTION = (
    "Fill in a trait card for each numbered attribute, from what is commonly known of it.\n"
    "{entries}\n"
    f"price_tier is one of {', '.join(PRICE_TIERS)}. ages is a span such as 18-34. intent is "
    f"one of {', '.join(INTENTS)}. The rest are lists of one to five items. Use these words "
    f"where one fits. Categories: {', '.join(CATEGORIES)}. Regions: {', '.join(REGIONS)}. "
    f"Values: {', '.join(VALUES)}."
)
_SYSTEM = (
    "You know brands, audiences, platforms, countries and what else campaigns are made of. You "
    f"fill in short cards that let them be compared.\n\n{DATA_RULE}\n\nAnswer with one JSON "
    "object and nothing else. Its keys are the numbers in brackets, every one of them once, never "
    f"a name. Each value is an object with the entries {', '.join(ENTRIES)}."
)


def without_traits(catalogue: Iterable[Attribute]) -> list[Attribute]:
    """The attributes that say nothing of themselves but a name and perhaps a description."""
    return [attribute for attribute in catalogue if not attribute.traits]


def card_calls(attributes: Iterable[Attribute]) -> list[list[Attribute]]:
    """The attributes of each call: of one modality, at most ten.

    Examples
    --------
    >>> len(card_calls(Catalogue.bundled("retail-160")))
    16
    """
    by_modality: dict[str, list[Attribute]] = {}
    for attribute in attributes:
        by_modality.setdefault(attribute.modality, []).append(attribute)
    return [call for group in by_modality.values() for call in chunks(group, _CARDS_A_CALL)]


def card_prompt(attributes: Sequence[Attribute], *, mark: str = "") -> Prompt:
    """The prompt that asks for the cards of some attributes of one modality.

    Known modalities have a wording of their own.

    Examples
    --------
    >>> prompt = card_prompt([Attribute("brand", "Nike"), Attribute("brand", "Rolex")])
    >>> print(prompt.user[-67:])
    <data>
    {"modality": "brand",
    "[1]": "Nike",
    "[2]": "Rolex"}
    </data>
    """
    modality = attributes[0].modality
    question = _QUESTION.format(entries=_OF_MODALITY.get(modality.casefold(), _OF_OTHERS))
    shown = {f"[{number}]": a.value for number, a in enumerate(attributes, start=1)}
    return Prompt(
        user=f"{question}\n{data_block({'modality': modality, **shown})}",
        system=_SYSTEM,
        template=f"trait-cards@1 {mark}".strip(),
        temperature=0.0,
    )


def plan_cards(attributes: Sequence[Attribute]) -> StagePlan:
    """What the cards of some attributes cost, if no reply lacks one."""
    prompts = [card_prompt(call) for call in card_calls(attributes)]
    sent = sum(len((prompt.system + prompt.user).encode()) for prompt in prompts)
    return StagePlan(len(prompts), 0, sent, TOKENS_A_CARD * len(attributes))


def read_card(said: object) -> Card:
    """The traits that a model's card of one attribute gives; what is odd in it is missing.

    A price tier and an intent are words of their lists, ages a span, and everything else up to 12
    texts that can be traits.

    Examples
    --------
    >>> read_card({"price_tier": "Luxury", "ages": "adults", "categories": ["Running", 3]})
    {'price_tier': 'luxury', 'categories': ['running']}
    """
    card: dict[str, str | Sequence[str]] = {}
    for name, schema in ENTRIES.items():
        entry = said.get(name) if isinstance(said, dict) else None
        listed = entry[:_MOST_WORDS] if isinstance(entry, list) else [entry]
        words = [
            word
            for item in listed
            if isinstance(item, str) and (word := " ".join(item.split()).casefold()[:60].strip())
            if not text_faults(name, word) and _FITS.get(name, bool)(word)
        ]
        if words:
            card[name] = words if schema["type"] == "array" else words[0]
    return card


def fill_cards(
    session: BuildSession, model: ChatModel | None, *, calls_kept: int = 0
) -> Catalogue:
    """The session's catalogue with traits for all attributes that a model could fill in.

    Attributes with traits are left as they are, and cost no call. What has no valid card after
    three askings stays without one; it is listed in the session's details. Nothing is asked again
    where no more than `calls_kept` calls are left: those are for pairs.

    Raises
    ------
    GraphError
        If there are attributes without traits and no model to ask: says which columns to supply.
    """
    lacking = without_traits(session.catalogue)
    check_cards_possible(lacking, len(session.catalogue), model=model)
    told = ask_numbered(
        partial(session.ask, model=model),
        card_calls(lacking),
        request=lambda call, asked: Request(
            card_prompt(call, mark=f"ask {asked}" if asked > 1 else ""),
            numbered_reply(len(call), _FORM),
            STAGE,
        ),
        read=lambda attribute, said: read_card(said) or None,
        asks=_ASKS,
        regroup=lambda left, asked: (
            card_calls(chain.from_iterable(left))
            if session.calls_left is None or session.calls_left > calls_kept
            else []
        ),
    )
    cards = {attribute.key: card for attribute, card in told.values.items()}
    if not cards and told.failures:
        raise GraphError(
            f"{model!r} filled in no trait card that can be read; no pair was asked about",
            faults=[Fault(str(a), why) for a, why in told.failures.items()],
            hint="pass another card_model, or a catalogue with traits",
        )
    still = [str(attribute) for attribute in lacking if attribute.key not in cards]
    if still:
        session.details["without a card"] = still
    return Catalogue(
        Attribute(a.modality, a.value, a.description, cards.get(a.key, a.traits))
        for a in session.catalogue
    )


def check_cards_possible(
    lacking: Sequence[Attribute], num_attributes: int, *, model: object
) -> None:
    """Refuse attributes that have neither traits nor a model that could fill in cards.

    Raises
    ------
    GraphError
        With the columns to supply.
    """
    if lacking and model is None:
        raise GraphError(
            f"{len(lacking)} of {num_attributes} attributes have no traits, and there is no model",
            hint="pass ActiveBuilder(card_model=model), or give the catalogue columns such as "
            + ", ".join(ENTRIES),
            faults=[Fault(str(a), "has no traits") for a in lacking],
        )
