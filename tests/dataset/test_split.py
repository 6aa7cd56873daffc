"""Splits: by label, to the row, with identical node sets on one side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

import strategies
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.errors import DatasetError

VOCABULARY = Vocabulary.of([("geo", f"{i:04}") for i in range(1000)])


def dataset_of(rows: list[list[int]], labels: list[int]) -> CampaignDataset:
    return CampaignDataset(Block.of_rows(rows, labels=labels), VOCABULARY, ["pos", "avg", "neg"])


def test_every_label_is_cut_at_its_share_to_the_row() -> None:
    labels = [0] * 401 + [1] * 500 + [2] * 99
    dataset = dataset_of([[i] for i in range(1000)], labels)

    train, test = dataset.split(test=0.3, seed=1)

    assert test.label_counts == {"pos": 120, "avg": 150, "neg": 30}
    assert train.label_counts == {"pos": 281, "avg": 350, "neg": 69}
    assert train.provenance.steps == ("split(test=0.3, seed=1): train",)


def test_shares_hold_where_many_rows_are_identical() -> None:
    rng = np.random.default_rng(5)
    rows = [[int(i)] for i in rng.zipf(1.5, 3000) % 900]
    labels = [i % 3 for i in range(3000)]

    _, test = dataset_of(rows, labels).split(test=0.3, seed=0)

    assert all(abs(num - 300) <= 3 for num in test.label_counts.values())


@settings(max_examples=60)
@given(strategies.datasets(min_rows=2, max_rows=30), st.floats(0.05, 0.95), st.integers())
def test_a_split_loses_nothing_and_keeps_identical_rows_together(
    dataset: CampaignDataset, test: float, seed: int
) -> None:
    try:
        left, right = dataset.split(test=test, seed=seed)
    except DatasetError:
        assume(False)

    sides = [{tuple(c.attributes.items()) for c in side} for side in (left, right)]
    joined = sorted(str(c) for side in (left, right) for c in side)

    assert sides[0] & sides[1] == set()
    assert joined == sorted(map(str, dataset))
    assert dataset.split(test=test, seed=seed) == (left, right)


def test_another_seed_gives_another_split() -> None:
    dataset = dataset_of([[i] for i in range(100)], [0] * 100)

    assert dataset.split(seed=0) != dataset.split(seed=1)


def test_a_split_never_changes() -> None:
    dataset = dataset_of([[i // 2] for i in range(20)] + [[i] for i in range(20, 30)], [0] * 30)

    _, test = dataset.split(test=0.3, seed=7)

    assert sorted(int(c.attributes["geo"][0]) for c in test) == GOLDEN


@pytest.mark.parametrize("test", [0, 1, -0.1, float("nan")])
def test_a_share_outside_0_and_1_is_refused(test: float) -> None:
    with pytest.raises(DatasetError, match="expected a share between 0 and 1"):
        dataset_of([[0], [1]], [0, 0]).split(test=test)


def test_a_side_without_rows_is_refused() -> None:
    with pytest.raises(DatasetError, match="a side would be empty"):
        dataset_of([[0], [0], [0]], [0, 0, 0]).split(test=0.5)
    with pytest.raises(DatasetError, match="a side would be empty"):
        dataset_of([], []).split(test=0.5)


GOLDEN = [0, 0, 2, 2, 9, 9, 24, 27, 29]
