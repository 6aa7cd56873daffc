"""Campaigns written as briefs and prompts come back as they were."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

import strategies
from campaignkit.dataset import CampaignDataset
from campaignkit.dataset.text import (
    PROMPT_STYLES,
    PROMPT_TEMPLATES,
    PromptTemplate,
    Wordings,
    make_wordings,
    prompt_template,
    read_brief,
    read_prompts,
    render_briefs,
    render_prompts,
)
from campaignkit.errors import DatasetError

FIVE = {
    "audience": ["Athletes", "Gamers"],
    "brand": ["Nike"],
    "creative": ["bold; loud"],
    "platform": ["[beta] TV"],
    "geo": ["10001", "Paris, Texas"],
}


def _records(dataset: CampaignDataset) -> list[dict[str, list[str]]]:
    return [{m: list(v) for m, v in campaign.attributes.items()} for campaign in dataset]


@given(strategies.datasets())
def test_a_brief_reads_back_as_its_record(dataset: CampaignDataset) -> None:
    briefs = render_briefs(dataset)

    if dataset.vocabulary.modalities:
        assert [read_brief(brief) for brief in briefs] == _records(dataset)


@given(strategies.datasets(), st.sampled_from(PROMPT_STYLES), st.integers(0, 3))
def test_a_prompt_of_descriptions_reads_back_as_its_record(
    dataset: CampaignDataset, style: str, seed: int
) -> None:
    wordings = make_wordings(dataset.vocabulary.keys, seed=seed)

    prompts = render_prompts(dataset, style=style, wordings=wordings, seed=seed)

    if dataset.vocabulary.modalities:
        assert read_prompts(prompts, style=style, wordings=wordings) == _records(dataset)


def test_a_brief_has_a_line_a_feature_in_the_published_order_and_places_as_a_list() -> None:
    (brief,) = render_briefs([FIVE])

    assert brief.split("\n") == [
        "audience: Athletes; Gamers",
        "brand: Nike",
        r"creative: bold\; loud",
        r"platform: \[beta] TV",
        r"geo: [10001, Paris\, Texas]",
    ]
    assert read_brief(brief) == FIVE


@pytest.mark.parametrize("template", sorted(PROMPT_TEMPLATES))
def test_whole_prompts_share_all_but_their_brief_and_end_before_a_new_line(template: str) -> None:
    one, two = render_prompts([FIVE, {"brand": "Nike"}], style=template)
    shared = prompt_template(template).shared

    assert one.startswith(shared)
    assert two.startswith(shared)
    assert one.endswith("Label:\n")
    assert two.removeprefix(shared).startswith("audience:\nbrand: Nike\ncreative:\n")


def test_the_labels_a_prompt_asks_for_stand_in_its_text() -> None:
    for template in PROMPT_TEMPLATES.values():
        assert all(text in template.shared for text in template.label_texts)


def test_styles_are_named_by_the_numbers_of_the_published_prompts() -> None:
    named = [prompt_template(number).name for number in (1, 2, 3)]

    assert named == ["professional", "tally-words", "tally-numbers"]
    for odd in (0, 4, True):
        with pytest.raises(DatasetError, match="no prompt style"):
            prompt_template(odd)


def test_descriptions_name_no_value_and_tell_all_attributes_apart() -> None:
    keys = [
        (m, f"{m} {i:04d}") for m in ("audience", "brand", "geo", "season") for i in range(700)
    ]

    wordings = make_wordings(keys, num=4)

    assert {len(set(told)) for told in wordings.phrases.values()} == {4}
    assert not any(value in t for (_, value), told in wordings.phrases.items() for t in told)
    assert all(
        wordings.value_of(m, t) == v for (m, v), told in wordings.phrases.items() for t in told
    )


def test_descriptions_read_as_one_would_write_them() -> None:
    keys = [
        (m, f"{m} {i}") for m in ("audience", "brand", "creative", "platform") for i in range(99)
    ]

    told = " | ".join(p for ways in make_wordings(keys, num=8).phrases.values() for p in ways)

    assert re.findall(r"\ba [aeiou]\w*|\ban [^aeiou ]\w*", told) == []
    assert ", " not in told and not re.search(r"\w \d", told)


def test_a_place_is_told_by_zip_codes_of_its_own() -> None:
    wordings = make_wordings([("geo", f"geo {i}") for i in range(200)], num=4)

    codes = [code for ways in wordings.phrases.values() for code in ways]

    assert all(re.fullmatch(r"[1-9]\d{4}", code) for code in codes)
    assert len({*codes}) == 800
    (brief,) = render_briefs([{"geo": ["geo 1", "geo 2"]}], wordings=wordings)
    assert re.fullmatch(r"geo: \[\d{5}, \d{5}\]", brief)


def test_descriptions_depend_on_the_seed_and_not_on_the_order_of_attributes() -> None:
    keys = [("brand", f"b{i}") for i in range(20)]

    one, two = make_wordings(keys, seed=3), make_wordings(keys[::-1], seed=3)

    assert one.phrases == two.phrases
    assert one.phrases != make_wordings(keys, seed=4).phrases


def test_all_paraphrases_come_up_and_the_first_rows_do_not_depend_on_the_rest() -> None:
    record = {"brand": "Nike", "geo": ["Peru"]}
    wordings = make_wordings([("brand", "Nike"), ("geo", "Peru")], num=4)

    many = render_briefs([record] * 200, wordings=wordings)

    assert len({brief.split("\n")[0] for brief in many}) == 4
    assert render_briefs([record] * 5, wordings=wordings) == many[:5]


def test_wordings_that_cannot_be_told_apart_are_refused_with_each_fault() -> None:
    with pytest.raises(DatasetError) as caught:
        Wordings({("a", "x"): ["same"], ("a", "y"): ["same", " "], ("a", "z"): []})

    assert [fault.where for fault in caught.value.faults] == ["('a', 'y')"] * 2 + ["('a', 'z')"]


def test_an_attribute_without_a_wording_is_named() -> None:
    with pytest.raises(DatasetError, match="'Nike'"):
        render_briefs([{"brand": "Nike"}], wordings=make_wordings([("brand", "Puma")]))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no feature here", "is not 'modality: values'"),
        ("brand: a\nbrand: b", "comes twice"),
        ("", "is not 'modality: values'"),
    ],
)
def test_text_that_is_no_brief_is_said_by_line(text: str, told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        read_brief(text)


def test_a_prompt_of_another_template_or_style_is_refused() -> None:
    (prompt,) = render_prompts([FIVE], style="professional")

    with pytest.raises(DatasetError, match="tally-words@1"):
        read_prompts([prompt], style="tally-words")
    with pytest.raises(DatasetError, match="no prompt style 'nonsense'"):
        prompt_template("nonsense")


@pytest.mark.parametrize(
    "fields",
    [
        {"label_texts": ("yes",)},
        {"label_texts": ("yes", "yes")},
        {"label_texts": "yes no"},
        {"label_texts": ("yes", " ")},
        {"version": 0},
        {"shared": None},
    ],
)
def test_a_template_that_cannot_be_used_is_refused_when_made(
    fields: dict[str, Any],
) -> None:
    whole = {"name": "own", "version": 1, "shared": "Will it do?\n", "cue": "\nLabel:\n"}

    with pytest.raises(DatasetError, match=next(iter(fields))):
        PromptTemplate(**({**whole, "label_texts": ("yes", "no")} | fields))
