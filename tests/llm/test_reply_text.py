"""A reply's text becomes a value, or an error that shows what came."""

from __future__ import annotations

import copy  # rebuilds an exception the way another process does
import json
from typing import Literal

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ConfigDict

from campaignkit.errors import CampaignkitError
from campaignkit.llm import MalformedReply, Prompt, RateLimited, Usage, parse_reply, schema_of

SIGNS = dict[str, Literal[-1, 0, 1]]


class Card(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: str
    traits: list[str]


@given(
    st.dictionaries(st.text(), st.integers()),
    st.sampled_from(["{}", "```json\n{}\n```", "Sure!\n{}\nBye.", "\ufeff {} "]),
)
def test_json_is_found_in_what_models_wrap_around_it(value: dict[str, int], around: str) -> None:
    text = around.replace("{}", json.dumps(value, ensure_ascii=False))

    assert parse_reply(text, dict[str, int]) == value


@given(st.text())
def test_any_text_gives_a_value_or_a_malformed_reply(text: str) -> None:
    try:
        value = parse_reply(text, dict[str, int])
    except MalformedReply as err:
        assert err.text == text
    else:
        assert isinstance(value, dict)


@given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1), st.data())
def test_a_reply_cut_off_anywhere_is_malformed(value: dict[str, int], data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = data.draw(st.integers(0, len(text) - 1))

    with pytest.raises(MalformedReply):
        parse_reply(text[:cut], dict[str, int])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "+",
        "Je ne sais pas.",
        "Как сказать: да",
        '{"1": "plus"}',
        '{"1": 1, "1": -1}',
        '{"1": NaN}',
        '{"1": 5}',
        '{"1": 1} or rather {"1": -1}',
        '[{"1": 1}',
        '{"1": 1',
        '{"answers": {"1": 1}',
        "[" * 100_000,
        '{"a":' * 5_000,
        "null",
        "[1]",
    ],
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(MalformedReply) as caught:
        parse_reply(text, SIGNS, usage=Usage(3, 4))

    assert caught.value.text == text
    assert caught.value.usage == Usage(3, 4)
    assert len(str(caught.value)) < 3_000


def test_the_same_answer_twice_is_one_answer() -> None:
    assert parse_reply('{"1": 1}, that is {"1": 1}', SIGNS) == {"1": 1}


def test_what_a_model_thinks_aloud_is_no_answer() -> None:
    assert parse_reply('<think>{"1": 1}? No.</think>\n{"1": -1}', SIGNS) == {"1": -1}
    with pytest.raises(MalformedReply):
        parse_reply('<think>{"1": 1}? Let me', SIGNS)


def test_every_reason_is_told() -> None:
    with pytest.raises(MalformedReply) as caught:
        parse_reply('{"label": 3, "traits": "x", "more": 1}', Card)

    assert {fault.where for fault in caught.value.faults} == {"label", "traits", "more"}


def test_control_characters_do_not_reach_the_terminal() -> None:
    with pytest.raises(MalformedReply) as caught:
        parse_reply("\x1b[31mred\x07", SIGNS)

    assert "\x1b" not in str(caught.value)


def test_a_schema_needs_a_type_of_json() -> None:
    with pytest.raises(CampaignkitError, match="not a type that a reply can have"):
        schema_of(object().__class__.__subclasses__)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad",
    [
        {"user": " "},
        {"user": "\ud800"},
        {"user": "a", "temperature": 3.0},
        {"user": "a", "max_tokens": 0},
    ],
)
def test_a_prompt_that_cannot_be_sent_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(CampaignkitError):
        Prompt(**bad)  # type: ignore[arg-type]


def test_errors_are_rebuilt_whole_as_in_another_process() -> None:
    limited = copy.copy(RateLimited("slow", hint="wait", retry_after_s=2.0))
    malformed = copy.copy(MalformedReply("bad", text="x", usage=Usage(1, 2)))

    assert (limited.retry_after_s, limited.hint) == (2.0, "wait")
    assert (malformed.text, malformed.usage) == ("x", Usage(1, 2))
