"""Advice: what it promises, what it refuses, and what it says of itself."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from campaignkit.classify import OneHotLogistic, PairwiseOrdinalClassifier
from campaignkit.dataset import CampaignDataset
from campaignkit.errors import ClassifierError, InfeasibleSpec, SettingError, SpecError
from campaignkit.graph import Edge, SignedGraph
from campaignkit.recommend import Completions, PartialCampaign, Recommender
from campaignkit.recommend.partial import Question
from campaignkit.testing import check_scores

KNOWN = {"brand": "brand 1", "audience": ["audience 03", "audience 07"]}


@pytest.fixture(scope="session")
def trained(model: PairwiseOrdinalClassifier, campaigns: CampaignDataset) -> Recommender:
    return Recommender(model, campaigns)


def test_advice_agrees_with_the_model_and_with_its_graph(
    trained: Recommender, model: PairwiseOrdinalClassifier
) -> None:
    advice = trained.complete(KNOWN, k=5, diversity=0)

    assert [of.campaign["brand"] for of in advice] == [["brand 1"]] * 5
    scores = [of.score for of in advice]
    assert scores == sorted(scores, reverse=True)
    np.testing.assert_allclose(scores, model.latent_score([of.campaign for of in advice]))
    for of in advice:
        assert of.proven
        assert of.gap == 0
        assert [*of.probabilities] == ["neg", "avg", "pos"]
        assert sum(of.probabilities.values()) == pytest.approx(1)
        low, high = of.interval
        assert low < of.chance < high
        assert of.percentile > 0.5
        assert [n.overlap for n in of.nearest] == sorted(n.overlap for n in of.nearest)[::-1]


def test_reasons_are_shares_of_the_campaigns_own_effects(
    trained: Recommender, model: PairwiseOrdinalClassifier
) -> None:
    (advice,) = trained.complete(KNOWN, k=1)
    learned = model.pair_effects_
    keys = [(name, value) for name, values in advice.campaign.items() for value in values]
    strengths = [learned.edge(a, b).strength for a, b in combinations(keys, 2) if a[0] != b[0]]

    reason = advice.reasons[0]

    assert reason.effect == pytest.approx(max(strengths))
    assert reason.share == pytest.approx(max(strengths) / np.abs(strengths).sum())
    assert reason.origin == learned.edge(*reason.pair).decided_by


def test_chances_allow_for_the_search(trained: Recommender) -> None:
    """A pick owes a part of its score to being picked; what is told is less."""
    (advice,) = trained.complete(KNOWN, k=1)

    stated = trained.scores.chances(np.array([advice.score]))[0, -1]

    assert 0 < trained.spread.pick(("creative", "platform")) < 1
    assert 0 < trained.spread.swap < 1
    assert advice.chance < stated


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ({"free": ["platfrom"]}, "did you mean platform"),
        ({"known": {"brand": "brand1"}}, "did you mean 'brand 1'"),
        ({"known": {"brand": "platform 2"}}, "it is a value of platform"),
        ({"known": {"brand": "Germany"}}, "there are 8, such as brand 1, brand 2"),
        ({"known": {"brand": ["brand 1", "brand 1"]}}, "has a value twice"),
        ({"known": {"geo": "Peru"}}, "no modality of the model"),
        ({"allowed": {"platform": []}}, "is empty"),
        ({"allowed": {"brand": ["brand 2"]}}, "is not free"),
        ({"forbidden": {"platform": ["platform 9"]}}, "no value that the model knows"),
        ({"free": ["brand"], "forbidden": {"brand": ["brand 1"]}}, "may not be chosen"),
        ({"free": ["brand"], "allowed": {"brand": ["brand 2"]}}, "may not be chosen"),
        ({"type_ranges": {"platform": (6, 7)}}, "0 are known, 5 more may be chosen"),
        ({"type_ranges": {"platform": (2, 1)}}, "low 2 above high 1"),
        ({"type_ranges": {"brand": (1, 2)}}, "is not free"),
        ({"forbidden_pairs": [(("brand", "brand 1"), ("audience", "audience 03"))]}, "is known"),
        ({"forbidden_pairs": [("brand", "brand 1")]}, "forbidden_pairs"),
        ({"costs": {("brand", "brand 1"): -1}}, "costs"),
        ({"costs": {("brand", "brand 1"): float("nan")}}, "costs"),
        ({"costs": {("brand", "brand 1"): 3}, "budget": 2}, "what is known costs 3"),
        ({"known": 7}, "known"),
        ({"fre": ["platform"]}, "did you mean free"),
    ],
)
def test_a_wrong_question_is_told_where_and_how(
    trained: Recommender, rules: dict[str, Any], found: str
) -> None:
    known = rules.pop("known", KNOWN)

    with pytest.raises(SpecError, match=found):
        trained.complete(known, **rules)


def test_all_faults_come_at_once(trained: Recommender) -> None:
    with pytest.raises(SpecError) as raised:
        trained.complete({"brand": "x", "geo": "y"}, free=["z"], budget=1)

    assert [fault.where for fault in raised.value.faults] == ["known.brand", "known.geo", "free"]


def test_impossible_rules_are_said_to_be(trained: Recommender) -> None:
    platforms = [key for key in trained.vocabulary.keys if key[0] == "platform"]

    with pytest.raises(InfeasibleSpec):
        trained.complete(KNOWN, costs=dict.fromkeys(platforms, 5.0), budget=1.0)
    with pytest.raises(SettingError, match="k is 0"):
        trained.complete(KNOWN, k=0)
    with pytest.raises(SettingError, match="diversity"):
        trained.complete(KNOWN, diversity=2)
    with pytest.raises(SpecError, match="no values"):
        trained.what_if({})


def test_nothing_free_everything_free_and_more_than_there_are(trained: Recommender) -> None:
    (alone,) = trained.complete(KNOWN, free=[])
    few = trained.complete(KNOWN, free=["platform"], type_ranges={"platform": (1, 1)}, k=50)
    whole = trained.complete({}, k=3)

    assert alone.campaign == {"audience": KNOWN["audience"], "brand": ["brand 1"]}
    assert "nothing is free" in " ".join(alone.warnings)
    assert "left out: creative, platform" in " ".join(alone.warnings)
    assert len(few) == 5
    assert "there are 5 completions; 50 were asked for" in few[0].warnings
    assert all({*of.campaign} == {"audience", "brand", "creative", "platform"} for of in whole)


def test_required_values_stay_and_ranges_count_them(trained: Recommender) -> None:
    rules = {"free": ["audience", "platform"], "type_ranges": {"audience": (3, 3)}}

    for advice in trained.complete(KNOWN, **rules):
        assert len(advice.campaign["audience"]) == 3
        assert {*KNOWN["audience"]} <= {*advice.campaign["audience"]}


def test_diversity_lowers_likeness_and_keeps_the_best(trained: Recommender) -> None:
    def likeness(diversity: float) -> float:
        found = trained.complete(KNOWN, diversity=diversity)
        sets = [{(n, v) for n in ("creative", "platform") for v in of.campaign[n]} for of in found]
        return float(np.mean([len(a & b) / len(a | b) for a, b in combinations(sets, 2)]))

    best = trained.complete(KNOWN, diversity=0)[0]

    assert trained.complete(KNOWN)[0] == best
    assert likeness(0.9) < likeness(0)


def test_many_are_completed_alike_by_any_number_of_workers(
    trained: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaignkit.recommend.recommender._CHUNK", 7)
    brands = [{"brand": f"brand {i % 8 + 1}", "platform": f"platform {i % 5 + 1}"}
              for i in range(1200)]  # fmt: skip
    alone = [trained.complete(known, k=1, explain=False) for known in brands[:40]]

    many = trained.complete_many(brands)
    with ThreadPoolExecutor(3) as workers:
        spread_out = trained.complete_many(brands, executor=workers)
    travelled = copy.deepcopy(trained)  # as it travels to a worker

    assert many[:40] == alone
    assert many == spread_out
    assert travelled.complete(KNOWN) == trained.complete(KNOWN)


def test_what_if_finds_the_best_single_change(
    trained: Recommender, model: PairwiseOrdinalClassifier
) -> None:
    campaign = trained.complete(KNOWN, k=30, diversity=0)[-1].campaign

    changes = trained.what_if(campaign)

    def chance(of: Any) -> float:
        return float(model.predict_proba([of])[0, -1])

    swaps = [of for of in changes if of.kind == "swap" and of.modality == "platform"]
    platforms = trained.vocabulary.to_values()["platform"]
    others = [
        chance({**campaign, "platform": [*({*campaign["platform"]} - {out}), new]})
        for out in campaign["platform"]
        for new in platforms
        if new not in campaign["platform"]
    ]
    assert swaps[0].stated == pytest.approx(max(others) - chance(campaign))
    assert [of.gain for of in changes] == sorted((of.gain for of in changes), reverse=True)
    for of in changes:
        assert of.gain == pytest.approx(trained.spread.swap * of.stated)
        assert of.interval[0] < of.gain < of.interval[1]
        assert chance(of.campaign) - chance(campaign) == pytest.approx(of.stated)


def test_what_if_without_campaigns_shrinks_by_the_measured_figure(
    model: PairwiseOrdinalClassifier,
) -> None:
    change = Recommender(model).what_if({**KNOWN, "platform": "platform 1"})[0]

    assert change.gain == pytest.approx(0.7 * change.stated)
    assert change.interval is None


def test_a_graph_has_net_fractions_and_no_probabilities(graph: SignedGraph) -> None:
    advice = Recommender(graph).complete(KNOWN)[0]

    keys = [(name, value) for name, values in advice.campaign.items() for value in values]
    signs = [graph.sign(a, b) for a, b in combinations(keys, 2) if a[0] != b[0]]
    assert advice.score == pytest.approx(sum(signs) / (len(keys) * (len(keys) - 1) / 2))
    assert advice.probabilities is None
    assert "no probabilities" in advice.warnings[0]
    assert {reason.origin for reason in advice.reasons} <= {"imported", "not judged"}


def test_graphs_without_negative_edges_and_ties_are_served_in_a_stable_order() -> None:
    edges = [Edge(("a", "x"), ("b", name), 1) for name in ("p", "q", "r")]
    tied = Recommender(SignedGraph.from_edges(edges)).complete({"a": "x"}, k=3, diversity=0)

    assert [of.campaign["b"] for of in tied] == [["p"], ["q"], ["r"]]


def test_another_classifier_is_searched_by_ascents_and_says_so(
    campaigns: CampaignDataset,
) -> None:
    advice = Recommender(OneHotLogistic().fit(campaigns), campaigns).complete(KNOWN)[0]

    assert not advice.proven
    assert advice.gap == np.inf
    assert "unproven" in advice.warnings[0]
    assert advice.probabilities is None


def test_probabilities_need_penalties_that_were_chosen(campaigns: CampaignDataset) -> None:
    fixed = PairwiseOrdinalClassifier(rank=2, penalty=(1.0, 1.0), max_iterations=5).fit(campaigns)

    advice = Recommender(fixed, campaigns).complete(KNOWN)[0]

    assert advice.probabilities is None
    assert advice.interval is None
    assert "not chosen by log-loss" in advice.warnings[0]


def test_models_that_cannot_be_searched_are_refused(model: PairwiseOrdinalClassifier) -> None:
    with pytest.raises(ClassifierError, match="fit it first"):
        Recommender(PairwiseOrdinalClassifier())
    with pytest.raises(ClassifierError, match="model is a str"):
        Recommender("model")
    broken = copy.deepcopy(model)
    broken.effects_[0, -1] = np.nan
    with pytest.raises(ClassifierError, match="not finite"):
        Recommender(broken)


def test_a_model_of_constant_effects_says_that_all_is_one(
    model: PairwiseOrdinalClassifier,
) -> None:
    flat = copy.deepcopy(model)
    flat.effects_ = np.where(flat.effects_ == 0, 0.0, 1.0)

    advice = Recommender(flat).complete(KNOWN, k=3)

    assert len(advice) == 3
    assert "all pairs have one effect" in " ".join(advice[0].warnings)


def test_rules_are_kept_in_every_answer(trained: Recommender) -> None:
    platforms = trained.vocabulary.to_values()["platform"]
    rules = {
        "free": ["platform", "creative"],
        "forbidden": {"platform": platforms[:2]},
        "allowed": {"creative": ["creative 1", "creative 2", "creative 3"]},
        "forbidden_pairs": [(("platform", platforms[2]), ("creative", "creative 1"))],
        "type_ranges": {"creative": (1, 2), "platform": (1, 2)},
        "costs": {("platform", p): 1.0 + i for i, p in enumerate(platforms)},
        "budget": 7.0,
    }

    for advice in trained.complete(PartialCampaign(known=KNOWN).known, k=40, **rules):
        chosen = advice.campaign
        assert not {*chosen["platform"]} & {*platforms[:2]}
        assert {*chosen["creative"]} <= {"creative 1", "creative 2", "creative 3"}
        assert not (platforms[2] in chosen["platform"] and "creative 1" in chosen["creative"])
        assert sum(1.0 + platforms.index(p) for p in chosen["platform"]) <= 7


def test_scores_of_graphs_models_and_classifiers_keep_the_contract(
    graph: SignedGraph, trained: Recommender, campaigns: CampaignDataset
) -> None:
    check_scores(Recommender(graph).scores)
    check_scores(trained.scores)
    check_scores(Recommender(OneHotLogistic().fit(campaigns)).scores)


def test_each_answer_has_its_own_gap(trained: Recommender) -> None:
    """What the search did not look at may exceed the third answer and not the first."""

    class Bounded:
        vocabulary, labels, notes = trained.vocabulary, (), ()
        of, chances = staticmethod(trained.scores.of), staticmethod(trained.scores.chances)

        def find(self, question: Question, *, k: int, max_steps: int) -> Completions:
            sets = trained.scores.find(question, k=3, max_steps=max_steps).sets
            return Completions(sets, float(np.mean(self.of(sets)[:2])))

    first, *others = Recommender(Bounded()).complete(KNOWN, k=3, diversity=0)

    assert (first.proven, first.gap) == (True, 0)
    assert [of.proven for of in others] == [False, False]
    assert 0 < others[0].gap < others[1].gap


def test_changes_keep_the_rules_or_the_campaign_is_refused(trained: Recommender) -> None:
    campaign = {**KNOWN, "platform": "platform 1"}
    for rules, found in (
        ({"forbidden": {"platform": ["platform 1"]}}, "may not be chosen"),
        ({"type_ranges": {"audience": (1, 1)}}, "2 are known"),
        ({"forbidden_pairs": [(("brand", "brand 1"), ("platform", "platform 1"))]}, "is known"),
        ({"costs": {("brand", "brand 1"): 3.0}, "budget": 2.0}, "what is known costs 3"),
    ):
        with pytest.raises(SpecError, match=found):
            trained.what_if(campaign, **rules)

    changes = trained.what_if(campaign, type_ranges={"audience": (3, 3)})

    assert {of.kind for of in changes if of.modality == "audience"} == {"add"}
    with pytest.raises(SpecError, match="known"):
        trained.what_if(7)  # type: ignore[arg-type]


def test_intervals_of_clean_campaigns_are_no_wider_than_their_doubt(
    graph: SignedGraph, campaigns: CampaignDataset
) -> None:
    """Each half calibrates itself; where labels are clean, scales differ, and this is no doubt."""
    values = [{name: [*of] for name, of in row.attributes.items()} for row in campaigns][:500]
    net = Recommender(graph).scores.of([
        np.array(sorted(campaigns.vocabulary.node_of[n, v] for n, of in row.items() for v in of))
        for row in values
    ])  # fmt: skip
    labels = np.array(["neg", "avg", "pos"])[np.digitize(net, np.quantile(net, [0.25, 0.75]))]
    clean = PairwiseOrdinalClassifier(rank=2, max_iterations=40).fit(values, labels)
    recommender = Recommender(clean, values, labels=labels)

    advice = [
        of
        for brand in range(1, 9)
        for of in recommender.complete({"brand": f"brand {brand}"}, diversity=0, explain=False)
    ]

    sure = [of for of in advice if of.chance > 0.98]
    assert len(sure) > 20
    assert np.mean([of.interval[0] < 0.1 for of in sure]) < 0.3


def test_of_many_the_one_that_cannot_be_completed_is_named(trained: Recommender) -> None:
    with pytest.raises(SpecError, match="brand 77"):
        trained.complete_many([{"brand": "brand 1"}, {"brand": "brand 77"}])
    with pytest.raises(InfeasibleSpec, match="'brand': 'brand 2'"):
        trained.complete_many(
            [{"brand": "brand 1"}, {"brand": "brand 2"}],
            free=["platform"],
            forbidden_pairs=[
                (("brand", "brand 2"), key)
                for key in trained.vocabulary.keys
                if key[0] == "platform"
            ],
        )


def test_a_campaign_far_smaller_than_those_of_training_has_no_probability(
    trained: Recommender,
) -> None:
    """Its few pairs are all of its score: the model would be certain of nearly nothing."""
    small = trained.complete({"brand": "brand 1"}, free=["platform"], k=1)[0]
    usual = trained.complete({"brand": "brand 1"}, k=1)[0]

    assert (small.probabilities, small.interval) == (None, None)
    assert "far smaller than training campaigns" in " ".join(small.warnings)
    assert usual.probabilities is not None
