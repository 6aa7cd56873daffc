"""Rules from probabilities to labels: never worse than argmax, blind to constants."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.classify import BoostWarning, DecisionTuner, calibration_curve
from campaignkit.classify.ordinal import ordinal_probabilities
from campaignkit.errors import ClassifierError, NotFitted
from campaignkit.metrics import macro_f1

TUNED = ("cuts", "offsets", "tau")
FEWER = settings(max_examples=min(30, settings().max_examples))


def _sample(num: int, *, seed: int, shares: tuple[float, float] = (0.08, 0.92)) -> Any:
    """Calibrated ordinal probabilities, labels drawn from them, logits."""
    rng = np.random.default_rng(seed)
    score = 3 * rng.standard_normal(num)
    low, high = np.quantile(score, shares)
    proba = ordinal_probabilities(score, np.array([low - 1, high + 1]))
    labels = (rng.random(num)[:, None] > np.cumsum(proba, axis=1)[:, :2]).sum(axis=1)
    return proba, labels, np.log(proba)


@pytest.mark.parametrize("method", TUNED)
@pytest.mark.parametrize("seed", range(3))
def test_tuned_rules_gain_on_imbalanced_data(method: Any, seed: int) -> None:
    proba, labels, _ = _sample(12_000, seed=seed)
    tuner = DecisionTuner(method, order=[0, 1, 2]).fit(proba[:6000], labels[:6000])

    tuned = macro_f1(labels[6000:], tuner.predict(proba[6000:]))
    plain = macro_f1(labels[6000:], proba[6000:].argmax(axis=1))

    assert tuned > plain + 0.01
    assert tuner.macro_f1_["tuned"] > tuner.macro_f1_["argmax"]


@pytest.mark.parametrize("method", TUNED)
@FEWER  # each tunes on 2,000 rows; a rule that costs more costs it often
@given(st.integers(0, 10_000))
def test_tuning_never_costs_more_than_noise(method: Any, seed: int) -> None:
    proba, labels, _ = _sample(4000, seed=seed, shares=(0.3, 0.7))
    tuner = DecisionTuner(method, order=[0, 1, 2]).fit(proba[:2000], labels[:2000])

    tuned = macro_f1(labels[2000:], tuner.predict(proba[2000:]))
    plain = macro_f1(labels[2000:], proba[2000:].argmax(axis=1))

    assert tuned > plain - 0.03  # three standard errors of a difference on 2,000 rows


@pytest.mark.parametrize("method", ["argmax", *TUNED])
@FEWER  # each tunes and applies three rules
@given(st.integers(0, 1000), st.floats(-200, 200))
def test_a_constant_added_to_all_logits_changes_nothing(
    method: Any, seed: int, constant: float
) -> None:
    _, labels, logits = _sample(400, seed=seed)
    plain = DecisionTuner(method, scale="logits", order=[0, 1, 2]).fit(logits, labels)
    by_row = np.random.default_rng(seed).normal(0, 50, (400, 1))

    moved = DecisionTuner(method, scale="logits", order=[0, 1, 2]).fit(logits + constant, labels)

    assert moved.predict(logits + constant).tolist() == plain.predict(logits).tolist()
    assert plain.predict(logits + by_row).tolist() == plain.predict(logits).tolist()


@pytest.mark.parametrize("method", ["argmax", *TUNED])
def test_logits_and_their_probabilities_give_the_same_labels(method: Any) -> None:
    proba, labels, logits = _sample(2000, seed=4)

    one = DecisionTuner(method, order=[0, 1, 2]).fit(proba, labels).predict(proba)
    two = (
        DecisionTuner(method, scale="logits", order=[0, 1, 2])
        .fit(logits + 7, labels)
        .predict(logits + 7)
    )

    assert (one == two).mean() > 0.999


def test_the_published_boost_warns_and_depends_on_a_constant() -> None:
    _, labels, logits = _sample(6000, seed=5)
    centred = logits - logits.mean(axis=1, keepdims=True)

    with pytest.warns(BoostWarning, match="known up to a constant"):
        plain = DecisionTuner("published-boost", scale="logits").fit(centred, labels)
    with pytest.warns(BoostWarning):
        moved = DecisionTuner("published-boost", scale="logits").fit(centred + 10, labels)

    assert plain.rule_["factors"] == [2.5, 1.0, 2.5]
    assert (plain.predict(centred) != moved.predict(centred + 10)).mean() > 0.3


def test_the_published_boost_is_of_the_worst_and_the_best_label() -> None:
    labels = np.array(["pos"] * 6 + ["neg"] * 2 + ["avg"] * 2)

    with pytest.warns(BoostWarning):
        tuner = DecisionTuner("published-boost").fit(np.full((10, 3), 1 / 3), labels)

    assert tuner.classes_.tolist() == ["avg", "neg", "pos"]
    assert tuner.rule_["factors"] == [1.0, 2.5, 2.5]


def test_cuts_divide_one_score_in_order() -> None:
    proba, labels, _ = _sample(6000, seed=6)
    tuner = DecisionTuner("cuts", order=[0, 1, 2], keep_argmax=False).fit(proba, labels)

    rise = np.argsort(proba[:, 2] - proba[:, 0], kind="stable")
    codes = tuner.predict(proba)[rise]

    assert tuner.rule_["cuts"] == sorted(tuner.rule_["cuts"])
    assert (np.diff(codes) >= 0).all()


def test_a_gain_within_its_standard_error_is_no_reason_to_leave_argmax() -> None:
    kept = 0
    for seed in range(40):
        proba, labels, _ = _sample(300, seed=seed, shares=(0.3, 0.7))
        kept += DecisionTuner("tau").fit(proba, labels).rule_ == {"kind": "argmax"}

    assert kept >= 15  # 22 of 40; of any gain at all, 3


@pytest.mark.parametrize("method", TUNED)
@pytest.mark.parametrize("num", [2, 4])
def test_rules_are_tuned_for_any_number_of_labels(method: Any, num: int) -> None:
    rng = np.random.default_rng(1)
    score = 3 * rng.standard_normal(4000)
    shares = np.linspace(0, 1, num + 1)[1:-1] ** 3  # unequal classes
    proba = ordinal_probabilities(score, np.quantile(score, shares))
    codes = (rng.random(4000)[:, None] > np.cumsum(proba, axis=1)[:, :-1]).sum(axis=1)
    names = np.array(["d", "c", "b", "a"])[:num]  # from worst to best; sorted the other way
    sorted_columns = proba[:, ::-1]

    tuner = DecisionTuner(method, order=names, keep_argmax=False)
    tuner.fit(sorted_columns[:2000], names[codes[:2000]])
    told = np.searchsorted(names[::-1], tuner.predict(sorted_columns[2000:]))

    truth = num - 1 - codes[2000:]
    assert tuner.macro_f1_["tuned"] >= tuner.macro_f1_["argmax"]
    assert macro_f1(truth, told) > macro_f1(truth, sorted_columns[2000:].argmax(axis=1)) - 0.05


def test_cuts_are_the_best_that_there_are() -> None:
    rng = np.random.default_rng(2)
    proba = rng.dirichlet([1, 1, 1], 30)
    labels = rng.integers(0, 3, 30)
    tuner = DecisionTuner("cuts", order=[0, 1, 2], keep_argmax=False).fit(proba, labels)

    logs = np.log(proba)
    rise = logs[:, 2] - np.logaddexp(logs[:, 0], logs[:, 1])
    rise = (rise - logs[:, 0] + np.logaddexp(logs[:, 1], logs[:, 2])) / 2
    every = [(low, high) for low in [-99, *rise] for high in [-99, *rise] if low <= high]
    best = max(macro_f1(labels, (rise > a).astype(int) + (rise > b)) for a, b in every)

    assert tuner.macro_f1_["tuned"] == pytest.approx(best)


def test_the_columns_of_a_data_frame_are_read_by_name() -> None:
    pd = pytest.importorskip("pandas")
    proba, codes, _ = _sample(600, seed=3)
    labels = np.array(["neg", "avg", "pos"])[codes]
    plain = DecisionTuner("cuts").fit(proba[:, [1, 0, 2]], labels)
    frame = pd.DataFrame(proba, columns=["neg", "avg", "pos"])

    tuner = DecisionTuner("cuts").fit(frame, labels)

    assert tuner.rule_ == plain.rule_
    assert tuner.predict(frame[["pos", "neg", "avg"]]).tolist() == tuner.predict(frame).tolist()
    curve = calibration_curve(frame, labels, label="neg")
    assert curve.error == calibration_curve(proba[:, [1, 0, 2]], labels, label="neg").error
    for wrong in (frame.rename(columns={"pos": "good"}), frame[["neg", "avg"]]):
        with pytest.raises(ClassifierError, match="expected one for each of avg, neg, pos"):
            tuner.predict(wrong)


def test_cuts_of_labels_without_a_known_order_ask_for_it() -> None:
    told = r"order of the labels a, b, c is not known\n.*DecisionTuner\(\"cuts\", order=\['a', 'b'"
    with pytest.raises(ClassifierError, match=told):
        DecisionTuner("cuts").fit(np.full((3, 3), 1 / 3), ["a", "b", "c"])


def test_what_is_certain_stays_so() -> None:
    proba = np.eye(3)[np.arange(300) % 3]

    for method in ("argmax", *TUNED):
        tuner = DecisionTuner(method, order=[0, 1, 2]).fit(proba, np.arange(300) % 3)  # type: ignore[arg-type]
        assert tuner.predict(np.eye(3)).tolist() == [0, 1, 2]
        assert tuner.rule_ == {"kind": "argmax"}


@pytest.mark.parametrize(
    ("proba", "labels", "told"),
    [
        (np.ones((3, 3)), [0, 1, 2], "are not probabilities"),
        (np.full((3, 3), np.nan), [0, 1, 2], "are not probabilities"),
        (np.full((3, 2), 0.5), [0, 1, 2], r"shape \(3, 2\); expected \(rows, 3\)"),
        (np.zeros((0, 3)), [], r"shape \(0, 3\)"),
        (np.full((3, 3), 1 / 3), [0, 1, 2, 2], "3 rows of probabilities and 4 labels"),
        (np.full((3, 3), 1 / 3), [0, 1, 1], "expected \\(rows, 2\\)"),
        ([["a", "b", "c"]], [0], "not an array of numbers"),
    ],
)
def test_what_cannot_be_tuned_on_is_refused(proba: Any, labels: Any, told: str) -> None:
    with pytest.raises(ClassifierError, match=told):
        DecisionTuner().fit(proba, labels)


def test_unknown_methods_and_unfitted_tuners_are_said() -> None:
    with pytest.raises(ClassifierError, match="expected one of argmax, tau"):
        DecisionTuner("best").fit(np.full((3, 3), 1 / 3), [0, 1, 2])  # type: ignore[arg-type]
    with pytest.raises(NotFitted):
        DecisionTuner().predict(np.full((3, 3), 1 / 3))


@pytest.mark.parametrize("method", ["argmax", *TUNED])
def test_a_rule_that_was_written_down_decides_the_same(method: Any) -> None:
    proba, labels, _ = _sample(3000, seed=7)
    tuner = DecisionTuner(method, order=[0, 1, 2]).fit(proba, labels)

    again = DecisionTuner.from_dict(json.loads(json.dumps(tuner.to_dict())))

    assert again.predict(proba).tolist() == tuner.predict(proba).tolist()


@pytest.mark.parametrize("told", [{}, {"method": "cuts"}, {"rule": 3}])
def test_what_is_no_rule_is_refused(told: Any) -> None:
    with pytest.raises(ClassifierError, match="not a decision rule"):
        DecisionTuner.from_dict(told)


def test_a_rule_of_numbers_that_are_none_is_refused() -> None:
    proba, labels, _ = _sample(3000, seed=7)
    told = DecisionTuner("cuts", order=[0, 1, 2], keep_argmax=False).fit(proba, labels).to_dict()
    told["rule"] = {**told["rule"], "cuts": [float("nan"), 1.0]}

    with pytest.raises(ClassifierError, match="are not 2 numbers that are finite"):
        DecisionTuner.from_dict(told)


@pytest.mark.parametrize("label", [0, 1, 2])
def test_calibrated_probabilities_come_true_as_often_as_said(label: int) -> None:
    proba, labels, _ = _sample(20_000, seed=8)

    curve = calibration_curve(proba, labels, label=label)

    assert curve.rows.sum() == 20_000
    assert curve.error < 0.02  # about two standard errors of a bin of 2,000 rows
    assert (
        calibration_curve(proba**3 / (proba**3).sum(axis=1, keepdims=True), labels, label=2).error
        > 0.02
    )


def test_a_calibration_of_unknown_labels_or_bins_is_refused() -> None:
    proba, labels, _ = _sample(30, seed=1)

    with pytest.raises(ClassifierError, match="label is 'good'"):
        calibration_curve(proba, labels, label="good")
    with pytest.raises(ClassifierError, match="num_bins is 0"):
        calibration_curve(proba, labels, label=2, num_bins=0)
    with pytest.raises(ClassifierError, match="30 rows of probabilities and 29 labels"):
        calibration_curve(proba, labels[:29])
