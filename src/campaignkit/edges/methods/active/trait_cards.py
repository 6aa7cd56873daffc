"""Trait cards for attributes that have no traits, filled in by a model, some ten a call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from campaignkit.catalogue import Attribute, Catalogue, Key
from campaignkit.edges.methods.active.card_form import (
    COLUMNS,
    TraitCard,
    cards_form,
    question,
    read_cards_reply,
)
from campaignkit.edges.prompt_data import DATA_RULE, data_block
from campaignkit.errors import Fault, GraphError
from campaignkit.llm import CallFailed, Prompt, Request

if TYPE_CHECKING:
    from campaignkit.edges.session import BuildSession
    from campaignkit.llm import ChatModel

STAGE = "trait cards"
CARDS_A_CALL = 10
_ROLE = (
    "You know brands, audiences, platforms, countries and what else campaigns are made of. You "
    "fill in short cards that let them be compared."
)
_ASKS = 3  # times that an attribute without a card is asked about


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
    return [
        group[start : start + CARDS_A_CALL]
        for group in by_modality.values()
        for start in range(0, len(group), CARDS_A_CALL)
    ]


def card_prompt(attributes: list[Attribute], *, mark: str = "") -> Prompt:
    """The prompt that asks for the cards of some attributes of one modality.

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
    shown = {f"[{number}]": a.value for number, a in enumerate(attributes, start=1)}
    return Prompt(
        user=f"{question(modality)}\n{data_block({'modality': modality, **shown})}",
        system=(
            f"{_ROLE}\n\n{DATA_RULE}\n\nAnswer with one JSON object and nothing else. Its keys "
            "are the numbers in brackets, every one of them once, never a name. Each value is an "
            f"object with the entries {', '.join(COLUMNS)}."
        ),
        template=f"trait-cards@1 {mark}".strip(),
        temperature=0.0,
    )


def fill_cards(session: BuildSession, model: ChatModel | None) -> Catalogue:
    """The session's catalogue with traits for all attributes that a model could fill in.

    Attributes with traits are left as they are, and cost no call. What has no valid card after
    three askings stays without one; it is listed in the session's details.

    Raises
    ------
    GraphError
        If there are attributes without traits and no model to ask: says which columns to supply.
    """
    lacking = without_traits(session.catalogue)
    if not lacking:
        return session.catalogue
    if model is None:
        raise no_traits(lacking, len(session.catalogue))
    cards: dict[Key, TraitCard] = {}
    for turn in range(1, _ASKS + 1):
        missing = [attribute for attribute in lacking if attribute.key not in cards]
        if not missing:
            break
        cards |= _asked(session, model, missing, mark=f"ask {turn}" if turn > 1 else "")
    still = [str(attribute) for attribute in lacking if attribute.key not in cards]
    if still:
        session.details["without a card"] = still
    return Catalogue(
        Attribute(a.modality, a.value, a.description, cards[a.key].traits())
        if a.key in cards
        else a
        for a in session.catalogue
    )


def no_traits(lacking: list[Attribute], num_attributes: int) -> GraphError:
    """What is said where there are neither traits nor a model that could fill in cards."""
    faults = [Fault(str(a), "has no traits", "") for a in lacking]
    return GraphError(
        f"{len(lacking)} of {num_attributes} attributes have no traits, and there is no model",
        hint="pass ActiveBuilder(card_model=model), or give the catalogue columns such as "
        + ", ".join(COLUMNS),
        faults=faults,
    )


def _asked(
    session: BuildSession, model: ChatModel, attributes: list[Attribute], *, mark: str
) -> dict[Key, TraitCard]:
    calls = card_calls(attributes)
    requests = [
        Request(card_prompt(call, mark=mark), cards_form(len(call)), STAGE) for call in calls
    ]
    cards: dict[Key, TraitCard] = {}
    for call, reply in zip(calls, session.ask(requests, STAGE, model=model), strict=True):
        if isinstance(reply, CallFailed):
            continue
        found = read_cards_reply(reply.value, len(call))
        cards |= {a.key: card for a, card in zip(call, found, strict=True) if card is not None}
    return cards
