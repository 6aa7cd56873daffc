"""The pair model: sums over rows, ordered cuts, learned signs, priors and calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from campaignkit.classify import GuessedOrder, PairwiseOrdinalClassifier, TargetLeakage
from campaignkit.classify.encoding import TrainingRows, encode, training_rows
from campaignkit.classify.labels import label_codes
from campaignkit.classify.ordinal import ordinal_loss, ordinal_probabilities
from campaignkit.classify.pair_fit import PENALTIES, STIFFER, Calibration, Candidate, calibrate
from campaignkit.classify.pair_tally import PairObjective, PairShape, num_pairs
from campaignkit.errors import ClassifierError
from campaignkit.graph import Edge, SignedGraph, compare
from campaignkit.metrics import log_loss, macro_f1
from told_campaigns import told_campaigns

RECORDS, TRUTH, GRAPH = told_campaigns(4000, seed=11)
MODEL = PairwiseOrdinalClassifier(rank=4).fit(RECORDS[:3000], TRUTH[:3000])


def _rows(num: int) -> TrainingRows:
    return training_rows(RECORDS[:num], label_codes(TRUTH[:num]))


def _shape(rows: TrainingRows, *, rank: int, with_prior: bool) -> PairShape:
    n = len(rows.vocabulary)
    signs = np.random.default_rng(1).integers(-1, 2, (n, n)).astype(np.int8)
    return PairShape(rows.vocabulary.starts, rank, signs if with_prior else None)


@given(st.integers(0, 3), st.booleans(), st.integers(0, 2**32 - 1), st.integers(1, 59))
def test_the_objective_of_all_rows_is_the_sum_of_its_parts(
    rank: int, with_prior: bool, seed: int, place: int
) -> None:
    rows = _rows(60)
    shape = _shape(rows, rank=rank, with_prior=with_prior)
    parameters = np.random.default_rng(seed).normal(0, 0.5, shape.size)
    parts = np.arange(place), np.arange(place, 60)

    value, slope = PairObjective(rows, shape, gain=5.0)(parameters)
    told = [PairObjective(rows.take(part), shape, gain=5.0)(parameters) for part in parts]

    assert value == pytest.approx(told[0][0] + told[1][0])
    assert slope == pytest.approx(told[0][1] + told[1][1], abs=1e-9)


@given(st.integers(0, 3), st.booleans(), st.integers(0, 2**32 - 1))
def test_the_slopes_are_those_of_the_objective_and_its_penalty(
    rank: int, with_prior: bool, seed: int
) -> None:
    rows = _rows(40)
    shape = _shape(rows, rank=rank, with_prior=with_prior)
    objective = PairObjective(rows, shape, gain=5.0)
    rng = np.random.default_rng(seed)
    parameters, along = rng.normal(0, 0.4, (2, shape.size))
    step = 1e-5

    def value(place: Any) -> float:
        return objective(place)[0] + objective.penalty(place, table=0.3, low_rank=0.7)[0]

    slope = objective(parameters)[1] + objective.penalty(parameters, table=0.3, low_rank=0.7)[1]
    measured = (value(parameters + step * along) - value(parameters - step * along)) / (2 * step)

    assert slope @ along == pytest.approx(measured, rel=1e-4, abs=1e-4)


@given(
    st.lists(st.floats(-40, 40), min_size=1, max_size=9),
    st.floats(-20, 20),
    st.floats(1e-4, 30),
    st.integers(0, 2),
)
def test_ordinal_loss_is_minus_the_log_of_its_probabilities(
    scores: list[float], low: float, gap: float, code: int
) -> None:
    given_scores = np.array(scores)
    codes = np.full(len(scores), code)
    cuts = np.array([low, low + gap])

    loss = ordinal_loss(given_scores, codes, np.ones(len(scores)), cuts)
    proba = ordinal_probabilities(given_scores, cuts)

    assert proba.sum(axis=1) == pytest.approx(np.ones(len(scores)))
    assert np.isfinite(loss.value) and np.isfinite(loss.by_score).all()
    if (proba[:, code] > 1e-7).all():
        assert loss.value == pytest.approx(-np.log(proba[:, code]).sum(), rel=1e-4, abs=1e-6)


def test_it_learns_what_pairs_decide() -> None:
    f1 = macro_f1(label_codes(TRUTH[3000:]), label_codes(MODEL.predict(RECORDS[3000:])))

    assert f1 > 0.82  # a tenth of the rows lie on a cut: balances come in steps


def test_cuts_are_ordered_and_a_better_score_is_never_a_worse_label() -> None:
    score = MODEL.latent_score(RECORDS)
    codes = label_codes(MODEL.predict(RECORDS))

    assert MODEL.cuts_[0] < MODEL.cuts_[1]
    assert (np.diff(codes[np.argsort(score)]) >= 0).all()


def test_learned_signs_are_those_of_the_graph_that_decided() -> None:
    found = MODEL.effect_graph(pos_frac=0.35, neg_frac=0.35)

    told = compare(GRAPH, found).overall
    strengths = {
        sign: np.mean([MODEL.pair_effects_.edge(e.source, e.target).strength for e in edges])
        for sign in (-1, 1)
        if (edges := [e for e in GRAPH.edges() if e.sign == sign])
    }

    assert told.sign_agreement > 0.95
    assert strengths[1] > 0.2 > -0.2 > strengths[-1]


def test_the_graph_has_every_pair_of_modalities_once_and_says_which_it_met() -> None:
    records = [{"a": "x", "b": "y"}, {"a": "x", "b": "z"}, {"a": "w", "b": "y"}]
    graph = PairwiseOrdinalClassifier().fit(records, ["neg", "avg", "pos"]).pair_effects_

    told = {(e.source[1], e.target[1]): e.decided_by for e in graph.edges()}

    assert told == {
        ("w", "y"): "learned", ("w", "z"): "predicted", ("x", "y"): "learned",
        ("x", "z"): "learned",
    }  # fmt: skip


def test_a_known_graph_helps_where_rows_are_few() -> None:
    plain = PairwiseOrdinalClassifier().fit(RECORDS[:150], TRUTH[:150])
    told = PairwiseOrdinalClassifier(prior=GRAPH).fit(RECORDS[:150], TRUTH[:150])

    truth = label_codes(TRUTH[3000:])
    f1 = [macro_f1(truth, label_codes(m.predict(RECORDS[3000:]))) for m in (plain, told)]

    assert f1[1] > f1[0] + 0.1


@pytest.mark.slow
def test_a_prior_of_random_signs_costs_no_more_than_noise() -> None:
    source, target = np.nonzero(np.triu(GRAPH.modality_codes[:, None] != GRAPH.modality_codes))
    signs = np.random.default_rng(3).integers(-1, 2, len(source))
    nonsense = SignedGraph.from_arrays(GRAPH.catalogue, source, target, signs, neutral="drop")
    plain = PairwiseOrdinalClassifier(rank=4).fit(RECORDS[:3000], TRUTH[:3000])

    told = PairwiseOrdinalClassifier(rank=4, prior=nonsense).fit(RECORDS[:3000], TRUTH[:3000])

    truth = label_codes(TRUTH[3000:])
    f1 = [macro_f1(truth, label_codes(m.predict(RECORDS[3000:]))) for m in (plain, told)]
    assert f1[1] > f1[0] - 0.04  # three standard errors of a difference on 1,000 rows
    assert {c.uses_prior for c in told.candidates_} == {True, False}


def test_a_prior_of_other_attributes_is_refused() -> None:
    other = SignedGraph.from_edges([Edge(("season", "spring"), ("weather", "rain"), -1)])

    with pytest.raises(ClassifierError, match="contains none of the"):
        PairwiseOrdinalClassifier(prior=other).fit(RECORDS[:100], TRUTH[:100])
    with pytest.raises(ClassifierError, match="prior is a str; expected a graph"):
        PairwiseOrdinalClassifier(prior="edges.csv").fit(RECORDS[:100], TRUTH[:100])  # type: ignore[arg-type]


def test_penalties_are_chosen_by_held_out_log_loss() -> None:
    best = min(MODEL.candidates_, key=lambda c: c.log_loss)

    assert MODEL.is_calibrated_
    assert MODEL.penalty_ == list(best.penalty)


def test_probabilities_are_about_as_often_right_as_they_say() -> None:
    records, truth, _ = told_campaigns(6000, seed=12, noise=0.08)
    model = PairwiseOrdinalClassifier().fit(records[:3000], truth[:3000])

    proba = model.predict_proba(records[3000:])
    right = model.predict(records[3000:]) == truth[3000:]

    # Three standard errors of a mean of 3,000 rows are about .025.
    assert proba.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.04)


def test_a_model_that_fits_its_rows_too_closely_is_scaled_down_to_what_it_can_tell() -> None:
    records, truth, _ = told_campaigns(2000, seed=12, noise=0.15)
    model = PairwiseOrdinalClassifier(4, penalty=(0.03, 0.2)).fit(records[:800], truth[:800])

    codes = np.searchsorted(model.classes_, truth[800:])
    loss = log_loss(codes, model.predict_proba(records[800:]))

    # Its own scale would give 1.34; on rows held out the calibrated one gave .88.
    assert loss < 1.1 * model.candidates_[0].log_loss < 1.0


def test_any_number_of_ordered_labels_is_learned() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 8, (900, 3))
    records = [{"a": f"a{i}", "b": f"b{j}", "c": f"c{k}"} for i, j, k in values]
    place = values.sum(axis=1)
    for names, least in ((["low", "high"], 0.9), (["e", "d", "c", "b", "a"], 0.75)):
        cuts = np.quantile(place, np.linspace(0, 1, len(names) + 1)[1:-1])
        labels = np.array(names)[np.searchsorted(cuts, place)]
        model = PairwiseOrdinalClassifier(2, order=names).fit(records[:700], labels[:700])

        assert model.score(records[700:], labels[700:]) > least
        assert model.cuts_.shape == (len(names) - 1,) and (np.diff(model.cuts_) > 0).all()
        assert model.order_.tolist() == names


def test_the_signs_of_two_labels_without_an_order_are_warned_of(tmp_path: Path) -> None:
    won = np.where(np.array(TRUTH[:200]) == "pos", "hit", "miss")
    quick = PairwiseOrdinalClassifier(rank=0, penalty=(3.0, 10.0), max_iterations=5)
    guessed = quick.fit(RECORDS[:200], won)
    guessed.save(tmp_path / "model")

    for model in (guessed, PairwiseOrdinalClassifier.load(tmp_path / "model")):
        with pytest.warns(GuessedOrder, match="of 'hit' and 'miss' .*taken for 'miss'"):
            _ = model.pair_effects_
    quick.order = ["miss", "hit"]
    assert quick.fit(RECORDS[:200], won).effect_graph().num_edges > 0  # no warning


def test_an_ordered_categorical_column_tells_the_order() -> None:
    pd = pytest.importorskip("pandas")
    names = ["low", "mid", "high", "best"]
    told = pd.Categorical(np.resize(names[:3], 60), names, ordered=True)
    model = PairwiseOrdinalClassifier(rank=0, penalty=(3.0, 10.0), max_iterations=5)

    assert model.fit(RECORDS[:60], told).order_.tolist() == names[:3]
    assert model.fit(pd.DataFrame(RECORDS[:60]).assign(label=told)).is_order_known_


def test_few_rows_told_apart_without_a_fault_do_not_make_a_model_sure() -> None:
    rows = training_rows(RECORDS[:30], [0, 1, 2] * 10)
    scores = np.tile([-3.0, 0.0, 3.0], 10)

    told = calibrate(scores, rows, np.array([-1.5, 1.5]))

    assert 1 < told.scale < 5
    assert told.probabilities(scores).max() < 0.9999


def test_few_rows_are_fitted_without_calibration() -> None:
    labels = ["neg", "avg", "pos"] * 3

    model = PairwiseOrdinalClassifier().fit(RECORDS[:9], labels)

    assert not model.is_calibrated_
    assert model.candidates_ == ()


def test_rows_of_one_value_and_rows_all_alike_are_fitted() -> None:
    lone = PairwiseOrdinalClassifier().fit(
        [{"a": "x"}, {"a": "y"}, {"a": "x"}], ["neg", "avg", "pos"]
    )
    alike = PairwiseOrdinalClassifier().fit(
        [{"a": "x", "b": "y"}] * 60, ["neg", "avg", "pos"] * 20
    )

    assert np.isfinite(lone.predict_proba([{"a": "x"}])).all()
    assert alike.predict_proba([{"a": "x", "b": "y"}])[0] == pytest.approx([1 / 3] * 3, abs=0.02)


def test_a_separable_sample_gives_finite_numbers() -> None:
    records = [{"a": v, "b": "y"} for v in "xyz"] * 200

    with pytest.warns(TargetLeakage, match="^a decides the label of every training row"):
        model = PairwiseOrdinalClassifier().fit(records, ["neg", "avg", "pos"] * 200)

    assert np.isfinite(model.effects_).all() and np.isfinite(model.predict_proba(records)).all()
    assert model.score(records, ["neg", "avg", "pos"] * 200) == 1.0


def test_a_row_predicted_alone_gets_what_it_gets_among_others() -> None:
    together = MODEL.predict_proba(RECORDS[:20])

    alone = np.concatenate([MODEL.predict_proba([record]) for record in RECORDS[:20]])

    assert alone == pytest.approx(together)


def test_saved_effects_make_the_same_graph(tmp_path: Path) -> None:
    MODEL.save(tmp_path / "m")

    again = PairwiseOrdinalClassifier.load(tmp_path / "m")

    assert again.pair_effects_ == MODEL.pair_effects_


def test_scores_are_those_of_the_written_formula() -> None:
    rows = encode(RECORDS[:5], MODEL.vocabulary_)
    expected = []
    for i in range(5):
        x = np.zeros(len(MODEL.vocabulary_))
        x[rows.nodes[rows.offsets[i] : rows.offsets[i + 1]]] = 1
        pairs = num_pairs(np.array([int(x.sum())]))[0]
        expected.append(MODEL.gain_ * (x @ MODEL.effects_ @ x) / (2 * pairs))

    assert MODEL.latent_score(RECORDS[:5]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"rank": -1}, "rank is -1"),
        ({"rank": 2.5}, "rank is 2.5"),
        ({"penalty": (0, 1)}, "two positive numbers"),
        ({"penalty": 3.0}, "two positive numbers"),
        ({"held_out": 0.9}, "held_out is 0.9"),
        ({"max_iterations": 0}, "max_iterations is 0"),
        ({"seed": "x"}, "seed is 'x'"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError if "seed" not in settings else Exception, match=told):
        PairwiseOrdinalClassifier(**settings).fit(RECORDS[:90], TRUTH[:90])


def test_shares_of_signs_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ClassifierError, match="add up to at most 1"):
        MODEL.effect_graph(pos_frac=0.7, neg_frac=0.7)
    with pytest.raises(ClassifierError, match="both or neither"):
        MODEL.effect_graph(pos_frac=0.7)


def test_a_rank_that_no_rows_can_fill_is_refused() -> None:
    records = [{"a": ["x"], "b": [value]} for value in ("p", "q", "r")] * 20
    with pytest.raises(ClassifierError, match="rank is 10,000; the rows have 4 values"):
        PairwiseOrdinalClassifier(rank=10_000).fit(records, np.repeat(["neg", "avg", "pos"], 20))


def test_stiffer_penalties_are_tried_where_outcomes_are_mostly_noise() -> None:
    rng = np.random.default_rng(0)
    effects = rng.normal(0, 1, (12, 12))
    a, b, c = rng.integers(0, 12, (3, 2_000))
    records = [{"a": f"a{i}", "b": f"b{j}", "c": f"c{k}"} for i, j, k in zip(a, b, c, strict=True)]
    signal = (effects[a, b] + effects[b, c]) / 2
    for strength, stiff in ((0.2, True), (4.0, False)):
        outcome = strength * signal + rng.normal(0, 1, len(a))
        labels = np.array(["neg", "avg", "pos"])[np.digitize(outcome, [-0.7, 0.7])]
        model = PairwiseOrdinalClassifier().fit(records, labels)
        tried = {found.penalty for found in model.candidates_}
        assert (tuple(model.penalty_) in STIFFER) is stiff
        assert bool(tried & set(STIFFER)) is stiff  # a clear outcome takes no fit more
    # A scale that undoes the shrinkage of the penalty would not fit a model of all rows.
    shape, cuts = PairShape(np.array([0, 2]), rank=1), np.zeros(2)
    stiffest = [Candidate(STIFFER[-1], 0.3, shape, Calibration(s, cuts)) for s in (1.0, 5.0)]
    assert [found.is_too_stiff for found in stiffest] == [False, True]
    assert not Candidate(PENALTIES[0], 0.3, shape, Calibration(5.0, cuts)).is_too_stiff


def test_a_stiff_penalty_that_was_asked_for_is_calibrated() -> None:
    model = PairwiseOrdinalClassifier(rank=4, penalty=STIFFER[-1]).fit(RECORDS[:600], TRUTH[:600])

    (only,) = model.candidates_
    assert model.is_calibrated_
    assert only.is_too_stiff  # to be chosen, but not to be asked for
