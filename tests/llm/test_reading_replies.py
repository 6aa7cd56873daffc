"""What counts as the answer in a reply: the last whole JSON after all thoughts, or nothing."""

from __future__ import annotations

import pytest

from campaignkit.llm import parse_reply
from campaignkit.llm.errors import MalformedReply

DRAFT = 'Draft {"1": "-"}'
FINAL = '{"1": "+"}'
CUT_OR_GARBLED = [
    DRAFT + '. Final: {"1": "+",}',
    DRAFT + '. Final: {"1": "+", "1": "+"}',
    DRAFT + ". Final: {'1': '+'}",
    DRAFT + '. Final: {"1": NaN}',
    DRAFT + '. Final: {1: "+"}',
    DRAFT + '. Final: ["+"]',
    DRAFT + ", no.</think>",
    DRAFT + "\n```json\n",
    "<seed:think>" + DRAFT,
    "<|START_THINKING|>" + DRAFT,
    "<thought_process>" + DRAFT,
    "<antThinking>" + DRAFT,
    "<|channel>thought\n" + DRAFT,
]
WHOLE = [
    "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final "
    "<|constrain|>json<|message|>" + FINAL,
    "<|channel>thought\n" + DRAFT + "<channel|>" + FINAL,
    "<seed:think>" + DRAFT + "</seed:think>" + FINAL,
    "```json\n" + FINAL + "\n```",
    "```json\n" + FINAL,
    FINAL + " [1] as asked",
    '["Nike"] gives ' + FINAL,
    "see {brand}: " + FINAL + " for {brand}",
]


@pytest.mark.parametrize("text", CUT_OR_GARBLED)
def test_a_draft_is_never_taken_for_an_answer_that_cannot_be_read(text: str) -> None:
    with pytest.raises(MalformedReply):
        parse_reply(text, dict[str, str])


@pytest.mark.parametrize("text", WHOLE)
def test_the_answer_is_found_after_thoughts_and_among_prose(text: str) -> None:
    assert parse_reply(text, dict[str, str]) == {"1": "+"}


@pytest.mark.parametrize("text", ["[" + "\n" * 500_000 + "x", "{" * 500_000, "<" + " " * 500_000])
def test_a_long_run_of_one_character_is_read_in_one_pass(text: str) -> None:
    # Each of them took hours where white space was tried from each of its places.
    with pytest.raises(MalformedReply):
        parse_reply(text, dict[str, str])


def test_a_reply_too_long_to_be_an_answer_is_malformed() -> None:
    with pytest.raises(MalformedReply, match="longer than"):
        parse_reply(FINAL + " " + "x" * 2**20, dict[str, str])
