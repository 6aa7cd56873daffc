"""Numbered items: what a reply lacks is asked again, alone, and nothing else is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from campaignkit.llm import (
    Account,
    Budget,
    NumberedAnswers,
    Prompt,
    Request,
    ScriptedModel,
    ask_numbered,
    numbered_reply,
    read_numbers,
)

SIGN = {"type": "string"}
Say = Callable[[list[str], int], object]


def ask(
    say: Say, calls: Sequence[Sequence[str]], *, budget: Budget | None = None, **how: Any
) -> tuple[NumberedAnswers[str, str], int]:
    """Ask a model that answers by ``say(names, asked)``; the answers, and the calls it took."""

    def request(names: Sequence[str], asked: int) -> Request:
        prompt = Prompt(json.dumps(list(names)), template=f"names@1 ask {asked}")
        return Request(prompt, numbered_reply(len(names), SIGN))

    def answer(prompt: Prompt, schema: dict[str, Any]) -> str:
        return json.dumps(say(json.loads(prompt.user), int(prompt.template[-1])))

    def read(name: str, said: object) -> str | None:
        return said if said in ("+", "-") else None  # type: ignore[return-value]

    with Account(ScriptedModel(answer), budget=budget) as account:
        told = ask_numbered(account.ask_many, calls, request=request, read=read, **how)
        return told, account.spent.calls


def every(sign: object) -> Say:
    return lambda names, asked: {str(i): sign for i, _ in enumerate(names, 1)}


def test_what_a_reply_lacks_is_asked_again_alone() -> None:
    seen: list[list[str]] = []

    def say(names: list[str], asked: int) -> object:
        seen.append(names)
        return {
            str(i): "?" if name == "b" and asked == 1 else "+" for i, name in enumerate(names, 1)
        }

    told, _ = ask(say, [["a", "b", "c"]])

    assert told.values == {"a": "+", "b": "+", "c": "+"}
    assert seen == [["a", "b", "c"], ["b"]]
    assert [answer.place for answer in told.answers] == [0.0, 1.0, 0.0]


def test_what_never_comes_is_told_with_what_came_instead() -> None:
    def say(names: list[str], asked: int) -> object:
        return {"1": "+"} if "a" in names else {"1": "maybe"}

    told, calls = ask(say, [["a", "b"]], asks=3)

    assert told.failures == {"b": "no valid answer, asked 3 times: 'maybe'"}
    assert calls == 3


def test_what_is_asked_once_is_let_go_unmentioned() -> None:
    told, calls = ask(lambda names, asked: {"1": "+"}, [["a", "b"]], only_once=lambda n: n == "b")

    assert (told.values, told.failures, calls) == ({"a": "+"}, {}, 1)


def test_missing_items_are_regrouped_and_arranged_as_told() -> None:
    seen: list[list[str]] = []

    def say(names: list[str], asked: int) -> object:
        seen.append(names)
        return {"1": "+"} if asked == 1 else every("+")(names, asked)

    ask(
        say,
        [["a", "b"], ["c", "d"]],
        arrange=lambda names, asked: names[::-1],
        regroup=lambda left, asked: [[name for names in left for name in names]],
    )

    assert sorted(seen[:2]) == [["b", "a"], ["d", "c"]]
    assert sorted(seen[2]) == ["a", "c"]


def test_what_the_budget_does_not_cover_is_not_asked_again() -> None:
    told, calls = ask(every("+"), [["a"], ["b"]], budget=Budget(calls=1))

    assert calls == 1
    assert list(told.failures.values()) == ["the budget was spent before it was asked"]


def test_a_model_that_says_one_useless_word_is_stopped_early() -> None:
    calls = [[f"{call} {i}" for i in range(10)] for call in range(50)]
    asked = []

    def say(names: list[str], times: int) -> object:
        asked.append(times)
        return every("Positive")(names, times)

    with pytest.warns(
        UserWarning, match=r"not one of the first 80 answers can be read.*'Positive'"
    ):
        told, _ = ask(say, calls)

    assert len(told.failures) == 500
    assert Counter(told.failures.values()).most_common(1)[0] == (
        "not asked: not one of the first 80 answers can be read",
        420,
    )
    assert len(asked) == 16  # eight, and the same eight again: not 50, and not three times over


def test_a_model_that_slips_at_first_on_everything_is_asked_again_and_loses_nothing() -> None:
    calls = [[f"{call} {i}" for i in range(10)] for call in range(20)]

    def say(names: list[str], asked: int) -> object:
        return every("+" if asked == 2 else "Positive")(names, asked)

    told, num_calls = ask(say, calls)

    assert (len(told.values), told.failures, num_calls) == (200, {}, 8 + 8 + 12 + 12)


def test_two_spellings_of_one_key_are_one_answer_where_they_agree() -> None:
    assert read_numbers({"[1]": "+", "1": "+"}) == {1: "+"}
    assert read_numbers({"[1]": "+", "1": "-"}) == {}
    assert read_numbers({"1": True, "01": 1}) == {}
    assert read_numbers({"9" * 5000: 1, "²": 1, "": 1, "-1": 1}) == {}


def test_two_spellings_that_differ_are_asked_again() -> None:
    def say(names: list[str], asked: int) -> object:
        return {"1": "+", "[1]": "-", "2": "-"} if asked == 1 else every("-")(names, asked)

    told, calls = ask(say, [["a", "b"]])

    assert (told.values, calls) == ({"b": "-", "a": "-"}, 2)
