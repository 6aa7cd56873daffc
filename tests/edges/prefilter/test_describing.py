"""Descriptions from a chat model: what is asked by modality, what is kept, what is asked again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.methods.prefilter import (
    GUIDES,
    PrefilterPrompts,
    describe_attributes,
    describe_request,
)
from campaignkit.edges.prompt_data import read_data
from campaignkit.errors import SettingError
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
        if "[3]" in prompt.user:
            told.pop("1")
            told["2"] = 3
        elif "ask 2" in prompt.template:
            told = {"1": 2**80, "2": ["a"]}
        return told

    with account(spoil) as asked:
        told = describe_attributes(CATALOGUE, asked.ask_many)

    assert sorted(told.failures) == [0, 1]
    assert "asked 2 times" in told.failures[0]
    assert told.catalogue[11].description == "About 2."


def test_a_spent_budget_leaves_descriptions_out_with_the_reason() -> None:
    with account(calls=1) as asked:
        told = describe_attributes(CATALOGUE, asked.ask_many)

    assert len(told.failures) == 3
    assert all("budget" in why for why in told.failures.values())


@pytest.mark.parametrize("modality", [*GUIDES, "device"])
def test_the_prompt_says_what_matters_for_the_modality(modality: str) -> None:
    request = describe_request([Attribute(modality, "x")])

    assert all(point in request.prompt.user for point in PrefilterPrompts().guide(modality).points)
    assert schema_of(request.reply_type)["required"] == ["1"]


@pytest.mark.parametrize(
    ("modality", "guide"),
    [
        ("Brand", "brand"), ("country", "geo"), ("geography", "geo"), ("MARKETS", "geo"),
        ("target_group", "audience"), ("Segments", "audience"), ("channel", "platform"),
    ],
)  # fmt: skip
def test_a_guide_is_found_in_any_case_and_by_other_names(modality: str, guide: str) -> None:
    assert PrefilterPrompts().guide(modality) is not PrefilterPrompts().fallback
    assert PrefilterPrompts().guide(modality) == GUIDES[guide]


def test_a_guide_of_ones_own_comes_before_the_aliases_of_others() -> None:
    mine = replace(GUIDES["geo"], points=("mine",), aliases=("Ad Place",))
    prompts = PrefilterPrompts(guides={**GUIDES, "country": mine, "ad_format": mine})

    for modality in ("country", "Country", "ad_format", "Ad-Format", "ad place"):
        assert prompts.guide(modality) is mine
    assert prompts.guide("market") == GUIDES["geo"]


def test_it_is_told_where_the_fallback_was_used() -> None:
    with account() as asked:
        told = describe_attributes(CATALOGUE, asked.ask_many)

    assert told.by_fallback == ("device",)


def test_prompts_come_from_a_file_and_what_it_leaves_out_stays(tmp_path: Path) -> None:
    file = tmp_path / "prompts.toml"
    file.write_text(
        'score = "Like a {planner}."\n[guides.device]\nkind = "device"\nlength = "one word"\n'
        'points = ["what it is"]\n'
    )

    prompts = PrefilterPrompts.read(file)

    assert prompts.score == "Like a {planner}."
    assert prompts.label == PrefilterPrompts().label
    assert prompts.guide("Device").points == ("what it is",)
    assert prompts.guide("country") == GUIDES["geo"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scores = 'x'", "scores"),
        ("score = 3", "score"),
        ("score = ' '", "expected a text"),
        ("[guides.brand]\nkind = 'x'", "guides.brand.length"),
        ("score", "is not TOML"),
    ],
)
def test_a_file_of_prompts_that_is_none_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "prompts.toml").write_text(text)

    with pytest.raises(SettingError, match=told):
        PrefilterPrompts.read(tmp_path / "prompts.toml")


def test_traits_are_shown_to_the_model() -> None:
    nike = Attribute("brand", "Nike", traits={"category": ["shoes", "balls"], "price": "mid"})

    shown = read_data(describe_request([nike]).prompt.user)["[1]"]

    assert shown == {"name": "Nike", "known": {"category": ["shoes", "balls"], "price": "mid"}}


def test_a_call_for_none_is_refused() -> None:
    with pytest.raises(SettingError, match="per_call is 0"), account() as asked:
        describe_attributes(CATALOGUE, asked.ask_many, per_call=0)
