"""A recommender's scores in a world whose truth is known, and by logs where it is not."""

from __future__ import annotations

import numpy as np
import pytest

import campaignkit as ck
from campaignkit.errors import EvaluationError
from campaignkit.evaluation.recommendations import NO_OFF_POLICY
from campaignkit.graph import SignedGraph
from campaignkit.seeds import stream
from campaignkit.simulation import synthetic_graph

SIZES = {"audience": 9, "brand": 7, "platform": 4}
Rows = tuple[list[dict[str, str]], list[str]]


@pytest.fixture(scope="module")
def graph() -> SignedGraph:
    return synthetic_graph(SIZES, pos_frac=0.3, neg_frac=0.2, seed=4)


@pytest.fixture(scope="module")
def rows(graph: SignedGraph) -> Rows:
    """Campaigns whose chance of pos rises with their signs; platforms are drawn evenly."""
    rng, values = stream(1, "recommendations"), ck.Recommender(graph).vocabulary.to_values()
    records = [{name: str(rng.choice(of)) for name, of in values.items()} for _ in range(900)]
    labels = ["pos" if rng.random() < chance(graph, row) else "neg" for row in records]
    return records, labels


def chance(graph: SignedGraph, row: dict[str, str]) -> float:
    keys = [*row.items()]
    return 0.5 + 0.15 * sum(graph.sign(keys[i], keys[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.fixture(scope="module")
def learned(rows: Rows) -> ck.Recommender:
    model = ck.PairwiseOrdinalClassifier(rank=2, max_iterations=30).fit(*rows)
    return ck.Recommender(model, rows[0], labels=rows[1])


def test_the_truth_itself_captures_all_of_the_gain(graph: SignedGraph, rows: Rows) -> None:
    for score in ck.evaluate_recommender(ck.Recommender(graph), rows, truth=graph, num_rows=40):
        assert score.scores["gain_captured"] == pytest.approx(1)
        assert score.scores["regret"] == pytest.approx(0)
        assert score.ranking["recommender"] == score.ranking["oracle"]
        assert score.notes == (NO_OFF_POLICY,)


def test_a_learned_recommender_lies_between_random_and_the_truth(
    learned: ck.Recommender, graph: SignedGraph, rows: Rows
) -> None:
    (score,) = ck.evaluate_recommender(
        learned,
        rows,
        truth=graph,
        chance=lambda net: 0.5 + 0.45 * net,
        hide=["audience", "platform"],
        num_rows=60,
    )

    told = score.scores
    assert 0.5 < told["gain_captured"] < 1
    assert told["random"] < told["true"] < told["optimum"]
    assert told["regret"] == pytest.approx(told["optimum"] - told["true"])
    assert told["true"] <= told["best_of_k"] <= told["optimum"]
    assert abs(told["told"] - told["true"]) < 0.15
    assert 0 <= told["likeness"] <= 1
    assert 0 < told["values_used"] <= 1
    assert score.ranking == {}


def test_logged_propensities_give_the_value_of_the_recommenders_choices(
    learned: ck.Recommender, graph: SignedGraph, rows: Rows
) -> None:
    (score,) = ck.evaluate_recommender(
        learned, rows, hide=["platform"], num_rows=20, propensities=[0.25] * len(rows[0])
    )

    known = [{name: of for name, of in row.items() if name != "platform"} for row in rows[0]]
    picks = [of[0].campaign for of in learned.complete_many(known, free=["platform"])]
    true = np.mean([chance(graph, {n: of[0] for n, of in pick.items()}) for pick in picks])
    told = score.off_policy
    assert told["logged"] < true
    assert told["matched"] == sum(
        pick["platform"] == [row["platform"]] for pick, row in zip(picks, rows[0], strict=True)
    )
    assert told["snips"] == pytest.approx(true, abs=0.08)
    assert told["doubly_robust"] == pytest.approx(true, abs=0.08)
    assert score.notes == ()


def test_what_cannot_be_judged_is_refused(learned: ck.Recommender, rows: Rows) -> None:
    with pytest.raises(EvaluationError, match="no labels"):
        ck.evaluate_recommender(learned, rows[0])
    for wrong in ([0.5], [0.0] * 900, [float("nan")] * 900):
        with pytest.raises(EvaluationError, match="propensities"):
            ck.evaluate_recommender(learned, rows, propensities=wrong)
    other = synthetic_graph({"geo": 3, "brand": 7}, pos_frac=0.3, neg_frac=0.2)
    with pytest.raises((EvaluationError, ck.errors.SpecError), match="audience"):
        ck.evaluate_recommender(learned, rows, truth=other, num_rows=3)


def test_intervals_are_judged_against_probabilities_alone(
    learned: ck.Recommender, graph: SignedGraph, rows: Rows
) -> None:
    """A net fraction of signs lies in no interval of a probability, or by chance."""
    signs, chances = (
        ck.evaluate_recommender(
            learned, rows, truth=graph, chance=rising, hide="platform", num_rows=20
        )[0]
        for rising in (None, lambda net: 0.5 + 0.45 * net)
    )

    assert signs.hidden == ("platform",)
    assert "covered" not in signs.scores
    assert 0 <= chances.scores["covered"] <= 1
    assert signs.scores["gain_captured"] == pytest.approx(chances.scores["gain_captured"])
