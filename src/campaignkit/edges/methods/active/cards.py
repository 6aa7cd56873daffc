"""Trait cards: filled in by a model where attributes have no traits, and read as features."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute, Catalogue, Key
from campaignkit.catalogue.clean_text import text_faults
from campaignkit.edges.methods.enrichment import calls_of_items, numbered_request
from campaignkit.edges.plan import StagePlan
from campaignkit.edges.prompt_data import DATA_RULE
from campaignkit.errors import Fault, GraphError
from campaignkit.llm import IdentifiedModel, Request, ask_numbered

if TYPE_CHECKING:
    from campaignkit.edges.session import BuildSession
    from campaignkit.llm import ChatModel

Float = NDArray[np.float32]
Card = Mapping[str, str | Sequence[str]]

STAGE = "trait cards"
_TEMPLATE = "trait-cards@1"
TOKENS_A_CARD = 120  # rough: seven entries and their names
_CARDS_A_CALL = 10
_ASKS = 3  # times that an attribute without a card is asked about, in each vote
_TEMPERATURE = 0.7  # of votes
_MOST_WORDS = 12  # of an entry

# Words that have an order; what a card says in them is compared as numbers.
SCALES: Mapping[str, tuple[str, ...]] = {
    "price": ("budget", "value", "mid", "premium", "luxury"),
    "level": ("very low", "low", "medium", "high", "very high"),
    "grade": ("low", "lower-middle", "middle", "upper-middle", "high"),
}
# Longer numbers are no ages, prices or years, and would not fit the arithmetic.
_NUMBER = r"(\d{1,12}(?:\.\d{1,12})?)"
SPAN = re.compile(rf"^{_NUMBER}\s*(?:(?:-|–|to)\s*{_NUMBER}|(\+)|)$")
"""A number, ``"18-34"``, ``"18 to 34"`` or ``"55+"``."""

_OPEN_END = 1.5  # "55+" reaches half as far again as where it starts

PRICE_TIERS = SCALES["price"]
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
ENTRIES: Mapping[str, Mapping[str, object]] = {
    "price_tier": _WORD | {"enum": list(PRICE_TIERS)},
    "ages": _WORD,
    "categories": _WORDS,
    "anti_categories": _WORDS,
    "regions": _WORDS,
    "values": _WORDS,
    "intent": _WORD | {"enum": list(INTENTS)},
}
"""The entries of a card and the JSON schema of each; as traits, columns of a catalogue."""

_FITS: Mapping[str, Callable[[str], object]] = {
    "price_tier": PRICE_TIERS.__contains__,
    "ages": SPAN.match,
    "intent": INTENTS.__contains__,
}
_FORM = {"type": "object", "properties": ENTRIES, "required": list(ENTRIES)}

_OF_MODALITY: Mapping[str, str] = {
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


def card_request(attributes: Sequence[Attribute], asked: int = 1, *, votes: int = 1) -> Request:
    """The request for the cards of some attributes of one modality.

    Known modalities have a wording of their own. One of several votes is asked at a temperature,
    or all votes would be the same.

    Examples
    --------
    >>> request = card_request([Attribute("brand", "Nike"), Attribute("brand", "Rolex")])
    >>> print(request.prompt.user[-67:])
    <data>
    {"modality": "brand",
    "[1]": "Nike",
    "[2]": "Rolex"}
    </data>
    """
    modality = attributes[0].modality
    return numbered_request(
        _QUESTION.format(entries=_OF_MODALITY.get(modality.casefold(), _OF_OTHERS)),
        [attribute.value for attribute in attributes],
        about={"modality": modality},
        form=_FORM,
        stage=STAGE,
        system=_SYSTEM,
        template=_TEMPLATE,
        temperature=0.0 if votes == 1 else _TEMPERATURE,
        asked=asked,
    )


def card_calls(catalogue: Iterable[Attribute]) -> list[list[Attribute]]:
    """Whose cards each call asks for: attributes without traits, ten of one modality at most."""
    lacking = (attribute for attribute in catalogue if not attribute.traits)
    return calls_of_items(lacking, _CARDS_A_CALL)


def plan_cards(catalogue: Iterable[Attribute], votes: int = 1) -> dict[str, StagePlan]:
    """What the cards of a catalogue cost, by stage, if no reply lacks one."""
    calls = card_calls(catalogue) * votes
    prompts = [card_request(call).prompt for call in calls]
    sent = sum(len((prompt.system + prompt.user).encode()) for prompt in prompts)
    stage = StagePlan(len(calls), 0, sent, TOKENS_A_CARD * sum(map(len, calls)))
    return {STAGE: stage} if calls else {}


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


def agreed_card(votes: Sequence[Card]) -> Card:
    """What most of several cards of one attribute say.

    Words of a list that more than half of the cards have, the middle of the ends of spans, and
    otherwise the word that most cards have; the first of them where several are as frequent.

    Examples
    --------
    >>> agreed_card([
    ...     {"ages": "18-34", "regions": ["oceania"]},
    ...     {"ages": "20-40", "regions": ["oceania", "east asia"]},
    ...     {"ages": "45+", "intent": "buy", "regions": ["north africa"]},
    ... ])
    {'ages': '20-40', 'regions': ['oceania']}
    """
    if len(votes) == 1:
        return votes[0]
    card: dict[str, str | Sequence[str]] = {}
    for name, schema in ENTRIES.items():
        said = [vote[name] for vote in votes if name in vote]
        if 2 * len(said) <= len(votes):
            continue
        if schema["type"] == "array":
            counts = Counter(chain.from_iterable(map(dict.fromkeys, said)))
            words = [word for word, count in counts.items() if 2 * count > len(votes)]
            card |= {name: words} if words else {}
        elif _FITS[name] == SPAN.match:
            low, high = (median(ends) for ends in zip(*map(_span, map(str, said)), strict=True))
            card[name] = f"{low:g}-{high:g}"
        else:
            card[name] = Counter(map(str, said)).most_common(1)[0][0]
    return card


def with_earlier_cards(
    session: BuildSession, model: ChatModel | None, *, votes: int = 1
) -> Catalogue:
    """The session's catalogue with the cards that earlier builds in its store had filled in.

    A catalogue that has grown has only its new attributes asked about.
    """
    if model is None:
        return session.catalogue
    return _carded(session.catalogue, session.said_before(what=_kept_as(model, votes)))


def fill_cards(
    session: BuildSession,
    catalogue: Catalogue,
    model: ChatModel | None,
    *,
    votes: int = 1,
    calls_kept: int = 0,
) -> Catalogue:
    """A catalogue with traits for all attributes that a model could fill in.

    Attributes with traits are left as they are, and cost no call. Each card is asked for as often
    as there are votes, and most of them decide; the session's details tell the share of the
    attributes about whose entries they differ. What has no valid card after three askings stays
    without one; it is listed in the details too. Nothing is asked again where no more than
    `calls_kept` calls are left: those are for pairs.

    Raises
    ------
    GraphError
        If there are attributes without traits and no model to ask: says which columns to supply.
    """
    check_cards_possible(catalogue, model=model)
    if model is None:
        return catalogue
    calls = card_calls(catalogue)
    given: dict[Attribute, list[Card]] = {}
    for vote in range(votes):
        told = ask_numbered(
            partial(session.ask, model=model),
            calls,
            request=lambda some, asked, vote=vote: card_request(  # type: ignore[misc]
                some, asked + _ASKS * vote, votes=votes
            ),
            read=lambda attribute, said: read_card(said) or None,
            asks=_ASKS,
            regroup=lambda left, asked: (
                card_calls(chain.from_iterable(left))
                if session.calls_left is None or session.calls_left > calls_kept
                else []
            ),
        )
        for attribute, card in told.values.items():
            given.setdefault(attribute, []).append(card)
        if told.failures and not given:
            raise GraphError(
                f"{model!r} filled in no trait card that can be read; no pair was asked about",
                faults=[Fault(str(a), why) for a, why in told.failures.items()],
                hint="pass another card_model, or a catalogue with traits",
            )
    cards = {attribute.key: agreed_card(said) for attribute, said in given.items()}
    session.keep_said(cards, what=_kept_as(model, votes))
    if votes > 1 and given:
        session.details["card votes differ"] = {
            name: round(float(np.mean([_differ(said, name) for said in given.values()])), 4)
            for name in ENTRIES
        }
    filled = _carded(catalogue, cards)
    still = [str(attribute) for attribute in filled if not attribute.traits]
    if still:
        session.details["without a card"] = still
    return filled


def _carded(catalogue: Catalogue, cards: Mapping[Key, Card]) -> Catalogue:
    return Catalogue(
        Attribute(a.modality, a.value, a.description, a.traits or cards.get(a.key, {}))
        for a in catalogue
    )


def _differ(votes: Sequence[Card], name: str) -> bool:
    entries = [np.unique(vote.get(name, [])).tolist() for vote in votes]
    return any(entry != entries[0] for entry in entries)


def _kept_as(model: ChatModel, votes: int) -> str:
    named = model.identity if isinstance(model, IdentifiedModel) else model.name
    return f"{_TEMPLATE} {named}" if votes == 1 else f"{_TEMPLATE} {named} {votes} votes"


def check_cards_possible(catalogue: Catalogue, *, model: object) -> None:
    """Refuse attributes that have neither traits nor a model that could fill in cards.

    Raises
    ------
    GraphError
        With the columns to supply.
    """
    lacking = [attribute for attribute in catalogue if not attribute.traits]
    if lacking and model is None:
        raise GraphError(
            f"{len(lacking)} of {len(catalogue)} attributes have no traits, and there is no model",
            hint="pass ActiveBuilder(card_model=model), or give the catalogue columns such as "
            + ", ".join(ENTRIES),
            faults=[Fault(str(a), "has no traits") for a in lacking],
        )


@dataclass(frozen=True, slots=True)
class CardColumns:
    """The traits of n attributes by name.

    Attributes
    ----------
    spans : dict of str to float32[n, 2]
        Traits that lie on a scale, such as ages or a price tier: lowest and highest, NaN where the
        attribute says nothing.
    scales : dict of str to str
        The scale of each: traits of one can be compared, whatever they are called.
    words : dict of str to bool[n, k]
        Traits that are sets of words: which attribute holds which of all k words, in order.

    Examples
    --------
    >>> columns = read_cards([
    ...     Attribute("brand", "Nike", traits={"price_tier": "mid", "ages": "15-40"}),
    ...     Attribute("brand", "Rolex", traits={"price_tier": "luxury", "about": ["watches"]}),
    ... ])
    >>> columns.spans["price_tier"][:, 0].tolist(), columns.words["about"].tolist()
    ([2.0, 4.0], [[False], [True]])
    """

    spans: dict[str, Float]
    scales: dict[str, str]
    words: dict[str, NDArray[np.bool_]]


def read_cards(attributes: Iterable[Attribute]) -> CardColumns:
    """The traits of attributes as columns; a trait is a span where all that is said of it is one.

    A span is a number, ``"18-34"``, ``"55+"``, or words of one of the ``SCALES``; everything else
    is a set of words, compared without regard to case.
    """
    cards = list(attributes)
    columns = CardColumns({}, {}, {})
    said: dict[str, list[tuple[str, ...]]] = {}
    for name in sorted({name for card in cards for name in card.traits}):
        items = [tuple(item.casefold() for item in card.items(name)) for card in cards]
        scale, ends = _scale_of(name, {item for row in items for item in row})
        if ends is None:
            said[name] = items
            continue
        column = np.full((len(items), 2), np.nan, dtype=np.float32)
        for at, row in enumerate(items):
            if row:
                lows, highs = zip(*(ends[item] for item in row), strict=True)
                column[at] = min(lows), max(highs)
        columns.spans[name], columns.scales[name] = column, scale
    vocabulary = sorted({item for items in said.values() for row in items for item in row})
    number = {word: at for at, word in enumerate(vocabulary)}
    for name, items in said.items():
        held = columns.words[name] = np.zeros((len(cards), len(number)), dtype=np.bool_)
        for at, row in enumerate(items):
            held[at, [number[item] for item in row]] = True
    return columns


def _scale_of(name: str, said: set[str]) -> tuple[str, dict[str, tuple[float, float]] | None]:
    """The scale of a trait, and the span of everything said of it; None where that is no span."""
    for scale, order in SCALES.items():
        if said <= set(order):
            return scale, {word: (at, at) for at, word in enumerate(order)}
    # "age_range" and "min_age" speak of the same: numbers are of one scale by a shared word.
    scale = "ages" if "age" in re.split(r"[_\W]+", name.casefold()) else name.casefold()
    ends = {}
    for item in said:
        if not SPAN.match(item):
            return scale, None
        ends[item] = _span(item)
    return scale, ends


def _span(said: str) -> tuple[float, float]:
    """The ends of what ``SPAN`` matches."""
    start, end, is_open = re.findall(SPAN, said)[0]
    low = float(start)
    high = float(end) if end else low * _OPEN_END if is_open else low
    return min(low, high), max(low, high)
