"""Paired tests: exact against brute force, quiet where there is nothing, loud where there is."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, strategies as st

import campaignkit as ck
from campaignkit.errors import EvaluationError
from campaignkit.evaluation.paired_test import _exchange
from campaignkit.metrics import count_confusion, macro_f1_of

codes = st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=30).map(np.array)


@given(rows=codes)
def test_exchanging_the_models_turns_the_sign(rows: np.ndarray) -> None:
    truth, one, two = rows.T

    here, there = (
        ck.compare_predictions(truth, *pair, num_resamples=50) for pair in ((one, two), (two, one))
    )

    assert here.difference == -there.difference
    assert (here.num_only_first, here.num_only_second) == (
        there.num_only_second, there.num_only_first,
    )  # fmt: skip
    assert here.mcnemar_p == there.mcnemar_p


@given(rows=codes)
def test_exchanged_counts_keep_every_row_and_its_truth(rows: np.ndarray) -> None:
    cells = np.zeros((3, 3, 3), np.int64)
    np.add.at(cells, tuple(rows.T), 1)
    rng = np.random.Generator(np.random.PCG64(0))

    swapped = _exchange(cells, 20, rng)

    assert (swapped >= 0).all()
    assert (swapped.sum(axis=(2, 3)) == cells.sum(axis=(1, 2))).all()
    both = swapped + swapped.swapaxes(-1, -2)
    assert (both == cells + cells.swapaxes(-1, -2)).all()


def test_the_p_value_is_that_of_all_exchanges() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    truth = rng.integers(3, size=12)
    one = np.where(rng.random(12) < 0.8, truth, rng.integers(3, size=12))
    two = np.where(rng.random(12) < 0.4, truth, rng.integers(3, size=12))

    def gap(a: np.ndarray, b: np.ndarray) -> float:
        tables = (count_confusion(truth, told, num_labels=3) for told in (a, b))
        return float(np.subtract(*map(macro_f1_of, tables)))

    seen = gap(one, two)
    masks = (np.arange(2**12)[:, None] >> np.arange(12)) & 1
    gaps = [gap(np.where(m, two, one), np.where(m, one, two)) for m in masks]
    exact = np.mean(np.abs(gaps) >= abs(seen) - 1e-12)

    found = ck.compare_predictions(truth, one, two, num_resamples=20_000)

    assert found.p_value == pytest.approx(exact, abs=0.015)


def test_two_equal_models_are_told_apart_as_often_as_the_level_says() -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    told_apart = 0
    for repeat in range(300):
        truth = rng.integers(3, size=200)
        one, two = (
            np.where(rng.random(200) < 0.7, truth, rng.integers(3, size=200)) for _ in range(2)
        )
        found = ck.compare_predictions(truth, one, two, num_resamples=400, seed=repeat)
        told_apart += found.is_significant

    assert 0.01 <= told_apart / 300 <= 0.09  # .05, 3.2 standard errors


def test_mcnemar_is_the_exact_test() -> None:
    truth = np.zeros(30, np.int64)
    one = np.array([0] * 15 + [1] * 15)
    two = np.array([0] * 11 + [1] * 4 + [0] * 1 + [1] * 14)

    found = ck.compare_predictions(truth, one, two, num_resamples=10)

    assert (found.num_only_first, found.num_only_second) == (4, 1)
    assert found.mcnemar_p == pytest.approx(scipy.stats.binomtest(4, 5).pvalue)


def test_log_losses_are_compared_where_both_give_probabilities() -> None:
    sure, unsure = np.tile([0.8, 0.1, 0.1], (50, 1)), np.tile([0.4, 0.3, 0.3], (50, 1))

    found = ck.compare_predictions([0] * 50, sure, unsure, num_resamples=50)

    assert found.log_loss_difference == pytest.approx(-np.log(2))
    assert found.log_loss_interval == pytest.approx((-np.log(2), -np.log(2)))
    assert ck.compare_predictions([0] * 50, [0] * 50, unsure).log_loss_difference is None


def test_predictions_of_other_rows_are_refused() -> None:
    with pytest.raises(EvaluationError, match="has 1 row; expected 2"):
        ck.compare_predictions(["neg", "pos"], ["neg", "pos"], ["neg"])
