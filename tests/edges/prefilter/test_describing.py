"""Descriptions from a chat model: what is asked by modality, what is kept, what is asked again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.methods.prefilter.describing import (
    GUIDES,
    describe_attributes,
    describe_request,
    guide_for,
)
from campaignkit.edges.prompt_data import read_data
from campaignkit.errors import CatalogueError
from campaignkit.llm import Account, Budget, Prompt, ScriptedModel, schema_of

CATALOGUE = Catalogue(
    [Attribute("brand", f"b{i}") for i in range(12)]
    + [Attribute("geo", "Peru", "A country."), Attribute("device", "phone")]
)


def account(change: Any = None, *, calls: int | None = None) -> Account:
    def answer(prompt: Prompt, schema: dict[str, Any]) -> str:
        told = {key: f"About  {key}.\n" for key in schema["required"]}
        return json.dumps(change(prompt, told) if change else told)

    return Account(ScriptedModel(answer), budget=Budget(calls=calls))


def test_only_what_has_no_description_is_described_a_batch_of_one_modality_a_call() -> None:
    with account() as asked:
        told = describe_attributes(CATALOGUE, asked.ask_many)

        assert asked.spent.calls == 3
    assert told.failures == {}
    assert told.catalogue[("geo", "Peru")].description == "A country."
    assert told.catalogue[("brand", "b11")].description == "About 2."
    assert [a.key for a in told.catalogue] == [a.key for a in CATALOGUE]


def test_all_may_be_described_anew_and_the_old_text_is_shown() -> None:
    seen = []

    def note(prompt: Prompt, told: dict[str, str]) -> dict[str, str]:
        seen.append(read_data(prompt.user))
        return told

    with account(note) as asked:
        told = describe_attributes(CATALOGUE, asked.ask_many, only_missing=False)

    assert told.catalogue[("geo", "Peru")].description == "About 1."
    assert {"name": "Peru", "described as": "A country."} in [d["[1]"] for d in seen]


def test_a_missing_or_empty_description_is_asked_again_and_then_named() -> None:
    def spoil(prompt: Prompt, told: dict[str, Any]) -> dict[str, Any]:
        if prompt.template.startswith("describe-brand"):
            told.pop("1")
            told["2"] = 3
        return told

    with account(spoil) as asked:
        told = describe_attributes(CATALOGUE, asked.ask_many)

    assert sorted(told.failures) == [0, 1]
    assert told.catalogue[11].description == "About 4."


def test_a_spent_budget_leaves_descriptions_out_with_the_reason() -> None:
    with account(calls=1) as asked:
        told = describe_attributes(CATALOGUE, asked.ask_many)

    assert len(told.failures) == 3
    assert all("budget" in why for why in told.failures.values())


@pytest.mark.parametrize("modality", [*GUIDES, "device"])
def test_the_prompt_says_what_matters_for_the_modality(modality: str) -> None:
    request = describe_request([Attribute(modality, "x")])
    name = modality if modality in GUIDES else "other"

    assert all(point in request.prompt.user for point in guide_for(modality).points)
    assert request.prompt.template == f"describe-{name}@1"
    assert schema_of(request.reply_type)["required"] == ["1"]


def test_traits_are_shown_to_the_model() -> None:
    nike = Attribute("brand", "Nike", traits={"category": ["shoes", "balls"], "price": "mid"})

    shown = read_data(describe_request([nike]).prompt.user)["[1]"]

    assert shown == {"name": "Nike", "known": {"category": ["shoes", "balls"], "price": "mid"}}


def test_a_call_for_none_is_refused() -> None:
    with pytest.raises(CatalogueError, match="per_call is 0"), account() as asked:
        describe_attributes(CATALOGUE, asked.ask_many, per_call=0)
