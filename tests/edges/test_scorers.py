"""Scorers keep the contract, and the contract catches those that do not; scales never raise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
import pytest

from campaignkit import edges
from campaignkit.edges import (
    ExplainingScorer,
    Judgement,
    JudgingScorer,
    LLMEdgeScorer,
    ModelScorer,
    NamedScorer,
    Pair,
    ScoreScale,
    SignScale,
    TraitScorer,
)
from campaignkit.edges.prompt_data import read_data
from campaignkit.llm import Prompt, ScriptedModel
from campaignkit.testing import check_scorer


def by_length(pairs: Sequence[Pair]) -> list[int]:
    return [(len(a.value) * len(b.value)) % 3 - 1 for a, b in pairs]


def by_names(prompt: Prompt, schema: dict[str, Any]) -> str:
    """Answers by the names of both, whichever way they are shown."""
    data = read_data(prompt.user)
    shared = data.get("primary")
    answers = {}
    for key, held in data.items():
        if key.startswith("["):
            ends = [shared, held] if shared else held
            answers[key] = "-0+"[sum(len(value) for _, value in ends) % 3]
    return json.dumps(answers)


MADE = {"LLMEdgeScorer": lambda: LLMEdgeScorer(ScriptedModel(by_names), repeat_frac=0.0)}
SCORERS = [
    name
    for name in edges.__all__
    if hasattr(kind := getattr(edges, name), "score") and not getattr(kind, "_is_protocol", False)
]


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_of_the_menu_keeps_the_contract(name: str) -> None:
    check_scorer(MADE.get(name, getattr(edges, name))())


def test_a_function_keeps_the_contract() -> None:
    check_scorer(by_length)


class Late:
    """Its answers come one pair late."""

    def score(self, pairs: Sequence[Pair]) -> list[int]:
        return [1, *by_length(pairs)[:-1]] if pairs else []


class TwoFaced(Late):
    def score(self, pairs: Sequence[Pair]) -> list[int]:
        return by_length(pairs)

    def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
        return [Judgement(-sign) for sign in by_length(pairs)]


class Renamed(Late):
    numbers = count()

    def score(self, pairs: Sequence[Pair]) -> list[int]:
        return by_length(pairs)

    @property
    def identity(self) -> str:
        return f"number {next(self.numbers)}"


drawn = np.random.default_rng(7)
BROKEN: dict[str, tuple[Any, str]] = {
    "too few": (lambda pairs: by_length(pairs)[:-1], "gave 59 signs for 60 pairs"),
    "no signs": (lambda pairs: ["yes" for _ in pairs], "not signs"),
    "moody": (lambda pairs: drawn.integers(-1, 2, len(pairs)), "asked again"),
    "one-sided": (lambda pairs: [len(a.value) % 3 - 1 for a, _ in pairs], "comes first"),
    "swayed": (lambda pairs: [len(pairs) % 2 for _ in pairs], "what else is asked"),
    "shifted": (Late(), "order of the pairs"),
    "talkative": (lambda pairs: by_length(pairs) or [0], "gave 1 signs for 0 pairs"),
    "two-faced": (TwoFaced(), "different answers"),
    "renamed": (Renamed(), "identity changed"),
    "a class": (TraitScorer, "with the brackets"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_scorer_that_breaks_the_contract_is_caught(name: str) -> None:
    scorer, expected = BROKEN[name]

    with pytest.raises(AssertionError, match=expected):
        check_scorer(scorer)


def test_what_a_scorer_can_do_besides_it_declares() -> None:
    rules, model = TraitScorer(), LLMEdgeScorer(ScriptedModel(by_names))

    assert isinstance(rules, JudgingScorer)
    assert isinstance(rules, ExplainingScorer)
    assert not isinstance(rules, NamedScorer | ModelScorer)
    assert isinstance(model, ModelScorer)
    assert isinstance(model, NamedScorer)


SIGN_TEXTS = {
    "+": 1, " + ": 1, "+1": 1, "\uff0b": 1, "Positive": 1, "'plus'": 1, "POSITIVE.": 1, "1": 1,
    "-": -1, "\u2212": -1, "\u2013": -1, "\uff0d": -1, "\u22121": -1, "negative": -1,
    "0": 0, "neutral": 0, "Neutral": 0,
}  # fmt: skip


@pytest.mark.parametrize("said", SIGN_TEXTS)
def test_marks_and_words_that_mean_one_thing_are_signs(said: str) -> None:
    assert SignScale().read(said) == (SIGN_TEXTS[said], None)


DEEP: list[object] = []
for _ in range(500):
    DEEP = [DEEP]
ODD = [
    float("inf"), float("nan"), -float("inf"), 2**80, 0.5, True, False, None, [], ["+"], {"a": 1},
    "", "maybe", "positive, but", "+-", "99999", "9" * 5000, "x" * 10_000, "\ud83d", "\x00", b"+",
    DEEP, object(), 1e308, -7, "--", "positively not", "1e999",
]  # fmt: skip


@pytest.mark.parametrize("at", range(len(ODD)))
@pytest.mark.parametrize("scale", [SignScale(), ScoreScale(2, 2, 0)], ids=["signs", "points"])
def test_a_scale_never_raises_and_reads_nothing_into_odd_answers(
    scale: SignScale | ScoreScale, at: int
) -> None:
    assert scale.read(ODD[at]) is None
