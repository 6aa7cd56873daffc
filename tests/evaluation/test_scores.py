"""Scores against a second opinion, and what cannot be scored."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pandas
import polars
import pytest
import sklearn.metrics
from hypothesis import assume, given, strategies as st

import campaignkit as ck
import campaignkit.evaluation
from campaignkit.errors import EvaluationError
from campaignkit.metrics import expected_calibration_error

LABELS = ("neg", "avg", "pos")
labels = st.lists(st.sampled_from(LABELS), min_size=1, max_size=40)


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[str], list[str], np.ndarray]:
    truth = draw(labels)
    told = draw(st.lists(st.sampled_from(LABELS), min_size=len(truth), max_size=len(truth)))
    shares = np.array(
        draw(
            st.lists(
                st.lists(st.integers(1, 20), min_size=3, max_size=3),
                min_size=len(truth), max_size=len(truth),
            )
        ),
        np.float64,
    )  # fmt: skip
    return truth, told, shares / shares.sum(axis=1, keepdims=True)


@given(case=answers())
def test_scores_equal_those_of_scikit_learn(case: tuple[list[str], list[str], np.ndarray]) -> None:
    truth, told, shares = case
    there = sorted({*truth, *told})

    scores = ck.evaluate(truth, told, probabilities=shares[:, [1, 0, 2]], num_resamples=20)

    theirs = sklearn.metrics.f1_score(truth, told, average="macro", zero_division=0.0)
    by_label = sklearn.metrics.f1_score(truth, told, average=None, labels=there, zero_division=0.0)
    assert scores.macro_f1 == pytest.approx(theirs)
    assert [scores.f1[name] for name in there] == pytest.approx(by_label.tolist())
    assert scores.accuracy == pytest.approx(np.mean(np.array(truth) == np.array(told)))
    assert np.array_equal(
        scores.confusion, sklearn.metrics.confusion_matrix(truth, told, labels=list(LABELS))
    )
    codes = np.array([LABELS.index(name) for name in truth])
    assert scores.log_loss == pytest.approx(-np.log(shares[np.arange(len(codes)), codes]).mean())


@given(case=answers())
def test_intervals_hold_the_score_or_say_that_it_cannot_move(
    case: tuple[list[str], list[str], np.ndarray],
) -> None:
    truth, told, shares = case
    assume(len(truth) >= 10)

    scores = ck.evaluate(truth, told, probabilities=shares, num_resamples=200)

    for name in ("accuracy", "log_loss"):
        low, high = scores.intervals[name]
        assert low - 1e-12 <= scores.to_flat()[name] <= high + 1e-12


def test_ninety_five_of_a_hundred_intervals_hold_the_true_score() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    joint = np.array([[0.12, 0.05, 0.01], [0.06, 0.5, 0.05], [0.01, 0.05, 0.15]])
    from campaignkit.metrics import macro_f1_of

    true_score = float(macro_f1_of((joint * 1e6).astype(np.int64)))
    held = 0
    for repeat in range(400):
        cells = rng.choice(9, size=600, p=joint.ravel() / joint.sum())
        scores = ck.evaluate(cells // 3, cells % 3, num_resamples=300, seed=repeat)
        low, high = scores.intervals["macro_f1"]
        held += low <= true_score <= high

    assert 0.915 <= held / 400 <= 0.98  # .95 less what percentiles lose; 3.2 standard errors


def test_the_same_seed_gives_the_same_intervals() -> None:
    truth, told = ["neg", "avg", "pos"] * 9, ["neg", "avg", "avg"] * 9

    one, two, other = (ck.evaluate(truth, told, seed=seed) for seed in (4, 4, 5))

    assert one == two
    assert one.intervals != other.intervals


def test_scores_are_shown_in_one_line() -> None:
    scores = ck.evaluation.evaluate(["neg", "avg", "pos"], ["neg", "avg", "avg"])

    assert repr(scores) == "Scores(3 rows, 3 labels: macro F1 0.556, accuracy 0.667)"


def test_labels_may_be_written_in_three_ways() -> None:
    words = ["Underperforming", "Average performance", "Overperforming"]

    found = [ck.evaluate(["neg", "avg", "pos"], told).accuracy for told in ([0, 1, 2], words)]

    assert found == [1.0, 1.0]


def test_probabilities_are_read_by_the_names_of_their_columns() -> None:
    truth = ["neg", "avg", "pos"] * 4
    frame = pandas.DataFrame(
        {name: [float(name == t) for t in truth] for name in ("pos", "neg", "avg")}
    )

    for told in (frame, polars.from_pandas(frame), frame[["avg", "neg", "pos"]].to_numpy()):
        assert ck.evaluate(truth, told).macro_f1 == 1.0
    words = ["Overperforming", "Average performance", "Underperforming"]
    spelled = [words[["pos", "avg", "neg"].index(t)] for t in truth]
    by_word = pandas.DataFrame({word: [float(word == t) for t in spelled] for word in words})
    assert ck.evaluate(spelled, by_word).macro_f1 == 1.0
    assert ck.evaluate(spelled, by_word[sorted(words)].to_numpy()).macro_f1 == 1.0
    assert ck.evaluate(truth, by_word).macro_f1 == 1.0  # other words for the same labels
    unnamed = pandas.DataFrame(frame[["avg", "neg", "pos"]].to_numpy())
    with pytest.raises(EvaluationError, match="have the columns 0, 1, 2"):
        ck.evaluate(truth, unnamed)  # avg, neg, pos by place, and neg, avg, pos by number
    codes = [["neg", "avg", "pos"].index(t) for t in truth]
    assert ck.evaluate(codes, unnamed[[1, 0, 2]].set_axis([0, 1, 2], axis=1)).macro_f1 == 1.0
    with pytest.raises(EvaluationError, match="have the columns pos, neg, best"):
        ck.evaluate(truth, frame.rename(columns={"avg": "best"}))
    with pytest.raises(EvaluationError, match="have the columns pos, neg"):
        ck.evaluate(truth, frame[["pos", "neg"]])


@pytest.mark.parametrize("names", [["low", "high"], ["a", "b", "c", "d", "e"], [1, 0]])
def test_scores_of_own_labels_equal_those_of_scikit_learn(names: list[object]) -> None:
    rng = np.random.default_rng(0)
    truth, told = (np.array(names)[rng.integers(0, len(names), 60)] for _ in range(2))
    shares = rng.dirichlet(np.ones(len(names)), 60)

    scores = ck.evaluate(truth, told, probabilities=shares, num_resamples=20)

    assert scores.macro_f1 == pytest.approx(sklearn.metrics.f1_score(truth, told, average="macro"))
    assert scores.log_loss == pytest.approx(sklearn.metrics.log_loss(truth, shares))
    assert scores.labels == tuple(str(name) for name in sorted(names))


def test_other_labels_are_scored_as_they_are_named() -> None:
    scores = ck.evaluate(["low", "high"], ["low", "low"], labels=["low", "high"])

    assert scores.f1["high"] == 0.0
    with pytest.raises(EvaluationError, match=r"y_pred\[0\]: 'medium' is not a label"):
        ck.evaluate(["low"], ["medium"], labels=["low", "high"])


def test_a_label_that_is_nowhere_is_left_out_and_said() -> None:
    scores = ck.evaluate(["neg", "neg", "avg"], ["neg", "neg", "avg"])

    assert scores.macro_f1 == 1.0
    assert "no row is truly pos; it is left out of the mean" in scores.notes
    assert "f1_pos" not in scores.to_flat()


def test_a_true_label_given_no_chance_is_said_and_the_loss_stays_a_number() -> None:
    scores = ck.evaluate(["neg", "avg"], [[0, 1, 0], [0, 1, 0]])

    assert scores.log_loss == pytest.approx(-np.log(1e-15) / 2)
    assert "1 rows gave their true label a probability of 0" in " ".join(scores.notes)


def test_calibration_error_of_a_known_model() -> None:
    # Always 80% sure and right in 6 of 10 rows: off by .2.
    shares = np.tile([0.8, 0.1, 0.1], (10, 1))
    truth = np.array([0] * 6 + [1] * 4)

    assert expected_calibration_error(truth, shares) == pytest.approx(0.2)
    assert ck.evaluate(truth, shares).calibration_error == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("y_true", "given", "said"),
    [
        (["neg", "bad"], {"y_pred": ["neg", "neg"]}, r"y_true\[1\]: 'bad' in 1 of 2 rows"),
        (["neg"], {"y_pred": ["neg", "neg"]}, "y_pred: has 2 rows; expected 1, as y_true"),
        (["neg"], {}, "there are no predictions"),
        ([], {"y_pred": []}, "has no rows"),
        (["neg"], {"y_pred": [[0.5, 0.5]]}, r"shape \(1, 2\); expected \(rows, 3\)"),
        (
            ["neg"],
            {"y_pred": [[float("nan"), 0.5, 0.5]]},
            r"\[0\]: contain NaN or infinity in 1 of",
        ),
        (["neg"], {"y_pred": [[0.9, 0.9, 0.9]]}, "do not add up to 1"),
        (["neg"], {"y_pred": [[1.5, -0.5, 0.0]]}, "are not between 0 and 1"),
        (["neg"], {"y_pred": [["a", "b", "c"]]}, "not a table of numbers"),
        (["neg"], {"y_pred": ["neg"], "level": 1.0}, "level: is 1.0"),
        (["neg"], {"y_pred": ["neg"], "labels": "ab"}, "two or more different ones"),
        ("neg", {"y_pred": ["neg"]}, "labels are str; expected one label per row|y_true"),
    ],
)
def test_what_cannot_be_scored_is_a_clear_error(
    y_true: object, given: dict[str, object], said: str
) -> None:
    with pytest.raises(EvaluationError, match=said):
        ck.evaluate(y_true, **given)  # type: ignore[arg-type]


def test_all_faults_come_at_once() -> None:
    with pytest.raises(EvaluationError) as caught:
        ck.evaluate(["neg", "?"], ["avg", "!", "pos"], probabilities=[[1, 1, 1]])

    assert {fault.where for fault in caught.value.faults} == {
        "y_true[1]", "y_pred[1]", "probabilities[0]",
    }  # fmt: skip


def test_scores_show_what_they_are_to_be_read_against() -> None:
    rows = ([{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "<i>"}] * 20, ["neg", "avg", "pos"] * 20)
    beside = ck.Yardsticks.measure(rows, train=rows)

    scores = ck.evaluate(rows[1], ["avg"] * 60, yardsticks=beside)

    assert scores.to_flat()["one_hot_macro_f1"] == 1.0
    assert "single attributes alone" in str(scores)
    assert "the graph itself" in scores.to_markdown()
    assert "not measured" in scores._repr_html_()
    assert scores.to_dict()["yardsticks"]["one_hot"]["num_folds"] == 1


@pytest.mark.parametrize(
    "name", [m.name for m in pkgutil.walk_packages(campaignkit.evaluation.__path__)]
)
def test_the_examples_of_the_room_run(name: str) -> None:
    module = importlib.import_module(f"campaignkit.evaluation.{name}")

    assert doctest.testmod(module).failed == 0
