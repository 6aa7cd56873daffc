"""Every method keeps the contract of methods, and the contract catches those that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from campaignkit.edges import (
    PACKINGS,
    ActiveBuilder,
    BruteForce,
    BuildSession,
    ClusterPrefilter,
    GraphMethod,
    LLMEdgeScorer,
    PairStates,
)
from campaignkit.edges.methods.brute_force import InOrder
from campaignkit.errors import GraphError, SettingError
from campaignkit.llm import ScriptedModel
from campaignkit.simulation import RehearsalModel, RehearsalWorld
from campaignkit.testing import check_graph_method

WORLD = RehearsalWorld(80, seed=5)
SMALL = RehearsalWorld({"brand": 12, "audience": 12, "geo": 6}, seed=5)
SURE = RehearsalModel(WORLD, broken=0.0)


@pytest.mark.parametrize("packing", PACKINGS)
def test_brute_force_keeps_the_contract(packing: str) -> None:
    check_graph_method(BruteForce(packing=packing), world=SMALL)  # type: ignore[arg-type]


def test_asking_in_order_keeps_the_contract() -> None:
    check_graph_method(InOrder(7), world=SMALL)


@pytest.mark.slow
def test_the_active_builder_keeps_the_contract() -> None:
    world = RehearsalWorld(64, seed=5)
    check_graph_method(ActiveBuilder(0.5), world=world)
    check_graph_method(ActiveBuilder(None), world=world, calls=20)


@pytest.mark.slow
def test_the_pre_filter_keeps_the_contract() -> None:
    check_graph_method(ClusterPrefilter(model=SURE), world=WORLD)


def leave_a_pair(session: BuildSession) -> None:
    session.judge([np.arange(25)], stage="some")
    rest = np.arange(25, len(session.pairs) - 1)
    session.states.decide(rest, np.ones(len(rest)), by="predicted")


def ask_the_scorer_oneself(session: BuildSession) -> None:
    ends = [session.pairs.pair(pair) for pair in range(len(session.pairs))]
    for _ in range(2):
        session.scorer.score(ends)  # type: ignore[union-attr]
    session.states.decide(np.arange(len(ends)), np.ones(len(ends)), by="scored")


def draw_without_the_seed(session: BuildSession) -> None:
    order = np.random.default_rng().permutation(len(session.pairs))
    session.judge(np.split(order[:100], 4), stage="some")
    session.states.decide(order[100:], np.ones(len(order) - 100), by="predicted")


@pytest.mark.parametrize(
    ("does", "expected"),
    [
        (leave_a_pair, "1 of 288 pairs have no outcome"),
        (ask_the_scorer_oneself, "a call asked about 288 pairs; expected at most 25"),
        (draw_without_the_seed, "the same seed gave another graph"),
    ],
)
def test_a_method_that_breaks_the_contract_is_caught(
    does: Callable[[BuildSession], None], expected: str
) -> None:
    class Broken:
        def build(self, session: BuildSession) -> PairStates:
            does(session)
            return session.states

    assert isinstance(Broken(), GraphMethod)
    with pytest.raises(Exception, match=expected):
        check_graph_method(Broken(), world=SMALL)


_SCRIPTED = ScriptedModel(lambda prompt, schema: "{}")

# What is made, and what the error must say.
NO_SUCH_SETTINGS = {
    "a target in words": (lambda: ActiveBuilder(target_disagreement="low"), "is 'low'"),
    "a delta in words": (lambda: ActiveBuilder(delta="small"), "is 'small'"),
    "a weight of nothing": (lambda: ActiveBuilder(negative_weight=0), "is 0"),
    "a name for a card model": (lambda: ActiveBuilder(card_model="gpt"), "is 'gpt'"),
    "a name for a model": (lambda: ClusterPrefilter(model="gpt"), "is 'gpt'"),
    "a text for a prompt": (lambda: LLMEdgeScorer(_SCRIPTED, prompt="Judge!"), "is 'Judge!'"),
    "a cold temperature": (lambda: LLMEdgeScorer(_SCRIPTED, temperature=-1), "is -1"),
    "a temperature in words": (lambda: LLMEdgeScorer(_SCRIPTED, temperature="hot"), "is 'hot'"),
}


@pytest.mark.parametrize("name", NO_SUCH_SETTINGS)
def test_settings_of_another_kind_are_refused_when_they_are_given(name: str) -> None:
    make, expected = NO_SUCH_SETTINGS[name]
    with pytest.raises((GraphError, SettingError)) as refused:
        make()
    assert expected in str(refused.value)
