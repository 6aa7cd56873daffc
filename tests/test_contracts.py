"""Contracts answer for what is no plug-in, or fails as one, with an `AssertionError` in words."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from campaignkit import testing
from campaignkit.auditing import ALL_CHECKS, Rule
from campaignkit.classify import MajorityClassifier
from campaignkit.embed import HashingEmbedder
from campaignkit.inject import Outliers
from campaignkit.sample import Rejection

RULE = Rule("non_negative:spend", "non_negative", "negative_metrics", ("spend",))
SPEND = {"spend": [1.0]}
CONTRACTS: dict[str, Callable[[Any], None]] = {
    name: getattr(testing, name) for name in testing.__all__ if name.startswith("check_")
} | {"check_audit_check": lambda it: testing.check_audit_check(it, RULE, clean=SPEND, dirty=SPEND)}


KINDS = ["number", "None", "text", "object", "class", "function"]


class Empty:
    """Has no member of any protocol."""


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("thing", [5, None, "text", Empty(), Empty, lambda: 0], ids=KINDS)
def test_what_is_no_plug_in_is_a_breach_that_says_what_is_lacking(
    contract: str, thing: object
) -> None:
    with pytest.raises(AssertionError, match=r"\w+ \w+"):
        CONTRACTS[contract](thing)


def test_a_rule_that_is_none_is_told_apart_from_the_check() -> None:
    with pytest.raises(AssertionError, match="is not a valid rule: it has no id"):
        testing.check_audit_check(ALL_CHECKS["non_negative"], 5, clean=SPEND, dirty=SPEND)  # type: ignore[arg-type]


class Failing:
    """Every member that a contract calls fails in its own way."""

    name, form, kind, stage = "failing", "non_negative", "failing", 0
    sets_aside = False

    def ask(self, prompt: object) -> object: ...  # one argument too few

    def rules(self, scene: object) -> list[Any]:
        return []

    def applies(self, rule: object, table: object) -> bool:
        return True

    def conditions(self, rule: object, table: object) -> list[str]:
        return []

    def find(self, rule: object, scene: object) -> list[Any]:
        return {}["rows"]  # type: ignore[no-any-return]

    def score(self, pairs: object) -> list[int]:
        raise ZeroDivisionError("by nothing")

    build = score

    def __call__(self, *given: object) -> None: ...


class ReadsLists(MajorityClassifier):
    def fit(self, X: Any, y: Any = None, **given: Any) -> Any:
        return super().fit([{**row, "more": "x"} for row in X.copy()], y, **given)


class Undeclared(MajorityClassifier):
    def _learn(self, rows: Any) -> None:
        super()._learn(rows)
        self.extra_ = self.shares_

    def _probabilities(self, rows: Any) -> Any:
        return super()._probabilities(rows) + 0 * self.extra_[0]


class Raises(Rejection):
    def draw(self, world: Any, rows: Any, **given: Any) -> int:
        raise KeyError("no such box")


class NoService(Failing):
    def ask(self, prompt: object, reply_type: object = None) -> object:
        raise ValueError("no service")


class OtherTexts(HashingEmbedder):
    def embed(self, texts: Any) -> Any:
        return super().embed([text[1:].decode() for text in texts])


class SpoilsNothing(Outliers):
    def spoil(self, bench: Any, rate: float, rng: Any) -> None:
        bench.no_such_member()


def fails(one: object, two: object, three: object = None) -> None:
    """A move that gives nothing."""


FAILING = {
    "classifier of lists": ("check_classifier", ReadsLists(), "fit.* raised TypeError"),
    "learned value that is no field": (
        "check_classifier",
        Undeclared(),
        "has no attribute 'extra_'",
    ),
    "move without an answer": ("check_moves", fails, "the move fails gave None; expected"),
    "strategy that raises": ("check_strategy", Raises(), "no such box.* in draw, test_contracts"),
    "model of one argument": (
        "check_chat_model",
        Failing(),
        r"model\.ask\(.* raised TypeError",
    ),
    "model that raises": ("check_chat_model", NoService(), "ValueError: no service, in ask"),
    "scorer that raises": ("check_scorer", Failing(), "ZeroDivisionError: by nothing, in score"),
    "method that raises": (
        "check_graph_method",
        Failing(),
        "ZeroDivisionError: by nothing, in score",
    ),
    "check that raises": ("check_audit_check", Failing(), "rows"),
    "embedder that raises": (
        "check_embedder",
        OtherTexts(),
        "'decode', in",
    ),
    "corruption that raises": ("check_corruption", SpoilsNothing(), "no_such_member.* in spoil"),
}


@pytest.mark.parametrize("case", FAILING)
def test_an_error_of_a_plug_in_is_a_breach_that_says_what_was_called_and_what_came(
    case: str,
) -> None:
    contract, plug_in, told = FAILING[case]

    with pytest.raises(AssertionError, match=told):
        CONTRACTS[contract](plug_in)


def test_a_strategy_without_draw_cannot_be_made() -> None:
    from campaignkit.sample import Strategy

    with pytest.raises(TypeError, match="draw"):
        type("Drawless", (Strategy,), {})()


def test_a_contract_called_wrongly_is_an_error_of_the_call() -> None:
    with pytest.raises(TypeError, match="no_such_option"):
        testing.check_embedder(HashingEmbedder(), no_such_option=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_example_of_a_contract_runs(contract: str) -> None:
    check = inspect.unwrap(getattr(testing, contract))
    (example,) = doctest.DocTestFinder(recurse=False).find(check, contract)

    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0
