"""The simulated model: it answers the library's prompts as its world does, errors and all."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from campaignkit.edges import LLMEdgeScorer, PairPrompt, ScoreScale, SignScale, build_graph
from campaignkit.edges.prompt_data import data_block
from campaignkit.errors import CampaignkitError
from campaignkit.graph import compare
from campaignkit.llm import MalformedReply, Prompt, numbered_reply
from campaignkit.simulation import RehearsalModel, RehearsalWorld

WORLD = RehearsalWorld(160, seed=2)
BRAND = WORLD.catalogue.of("brand")
AUDIENCES = WORLD.catalogue.of("audience")


def said(model: RehearsalModel, user: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(model.answer(user, None))
    return found


def test_a_build_errs_as_often_as_the_world_says() -> None:
    for flip_rate in (0.0, 0.05, 0.2):
        world = RehearsalWorld(
            {"brand": 30, "audience": 30, "geo": 10},
            seed=5, flip_rate=flip_rate, malformed=0.0, position_bias=0.0,
        )  # fmt: skip
        build = build_graph(world.catalogue, scorer=LLMEdgeScorer(RehearsalModel(world)))

        agreement = compare(world.truth_graph(), build.graph).overall.three_way_agreement

        assert agreement == pytest.approx(1 - flip_rate, abs=0.02)


def test_a_reply_depends_on_the_prompt_alone() -> None:
    pairs = [(BRAND[0], audience) for audience in AUDIENCES[:25]]
    prompt = PairPrompt().render(pairs, scale=SignScale())
    other = PairPrompt().render(pairs[::-1], scale=SignScale())
    one, two = (RehearsalModel(WORLD, broken=0.0) for _ in range(2))

    two.answer(other.text, None)

    assert one.answer(prompt.text, None) == two.answer(prompt.text, None)
    assert one.answer(prompt.text, None) == one.answer(prompt.text, None)


def test_some_answers_are_none_and_some_replies_break_off_once() -> None:
    careless = RehearsalWorld({"brand": 20, "audience": 30}, seed=1, malformed=0.2)
    model = RehearsalModel(careless, broken=1.0)
    pairs = [(careless.catalogue[0], other) for other in careless.catalogue.of("audience")]
    prompt = PairPrompt().render(pairs, scale=SignScale())
    form = numbered_reply(len(pairs), SignScale().schema)

    with pytest.raises(MalformedReply):
        model.ask(prompt, form)
    reply = model.ask(prompt, form).value

    valid = [a for a in reply.values() if a in ("+", "-", "0")]
    assert 15 <= len(valid) < 30


def test_points_are_on_the_scale_that_is_asked_for() -> None:
    pairs = [(BRAND[0], audience) for audience in AUDIENCES]
    points = ScoreScale(top=100, positive_from=70, negative_to=30)
    prompt = PairPrompt().render(pairs, scale=points)

    reply = (
        RehearsalModel(WORLD, broken=0.0)
        .ask(prompt, numbered_reply(len(pairs), points.schema))
        .value
    )

    assert set(Counter(map(str, reply.values()))) & {"90", "10", "50"} == {"90", "10", "50"}


def test_descriptions_cards_labels_and_scores_are_those_of_the_world() -> None:
    careful = RehearsalWorld(160, seed=2, malformed=0.0)
    model = RehearsalModel(careful, broken=0.0)
    names = [a.value for a in careful.catalogue.of("brand")[:3]]
    brands, audiences = careful.catalogue.of("brand"), careful.catalogue.of("audience")
    numbered = {f"[{i}]": {"name": name} for i, name in enumerate(names, 1)}
    clusters = {
        "source": {"modality": "brand", "label": "b", "members": names},
        "[1]": {"modality": "audience", "members": [a.value for a in audiences[:4]]},
        "[2]": {"modality": "audience", "members": [a.value for a in audiences[4:9]]},
    }

    described = said(model, data_block({"modality": "brand", **numbered}))
    cards = said(
        model, data_block({"modality": "brand", **{f"[{i}]": n for i, n in enumerate(names, 1)}})
    )
    members = {"members": [["brand", n] for n in names]}
    labels = said(model, data_block({"modality": "brand", "[1]": members}))
    scores = said(model, data_block(clusters))

    assert described == {str(i): careful.describe(b) for i, b in enumerate(brands[:3], 1)}
    assert cards == {str(i): careful.cards(b) for i, b in enumerate(brands[:3], 1)}
    assert len(labels["1"]["characteristics"]) == 3  # type: ignore[index]
    assert scores == {
        "1": careful.cluster_score(brands[:3], audiences[:4]),
        "2": careful.cluster_score(brands[:3], audiences[4:9]),
    }


def test_a_pull_of_position_shows_in_the_answers() -> None:
    world = RehearsalWorld({"brand": 30, "audience": 30}, seed=1, position_bias=1.0, malformed=0)
    model = RehearsalModel(world, broken=0.0)
    first, last = [], []
    for brand in world.catalogue.of("brand"):
        pairs = [(brand, audience) for audience in world.catalogue.of("audience")]
        for ordered in (pairs, pairs[::-1]):
            prompt = PairPrompt().render(ordered, scale=SignScale())
            signs = list(json.loads(model.answer(prompt.text, None)).values())
            first.append("-0+".index(signs[0]) - 1)
            last.append("-0+".index(signs[-1]) - 1)

    assert np.mean(first) > np.mean(last) + 0.2


@pytest.mark.parametrize("text", ["Who are you?", data_block({"question": "why"}), data_block([])])
def test_other_prompts_are_refused(text: str) -> None:
    model = RehearsalModel(WORLD)

    with pytest.raises(CampaignkitError, match=r"data block|does not know this prompt"):
        model.ask(Prompt(text), dict[str, str])
    with pytest.raises(CampaignkitError, match="broken is 2"):
        RehearsalModel(WORLD, broken=2)
