"""Noise strikes as many rows as it should, records what it did, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from campaignkit.dataset import Block, Vocabulary
from campaignkit.errors import DatasetError
from campaignkit.recipes import NoiseRecord
from campaignkit.recipes.apply_noise import apply_noise

SIZES = {"a": 4, "b": 2, "c": 1, "d": 5}
VOCABULARY = Vocabulary.of(
    (name, f"{name}{i}") for name, size in SIZES.items() for i in range(size)
)
NUM_LABELS = 3

# c has one attribute: always drawn, or a row of c alone would have nothing to replace.
NODE_SETS = st.sets(st.integers(0, len(VOCABULARY) - 1)).map(lambda nodes: sorted(nodes | {0}))
BLOCKS = st.lists(
    st.tuples(
        NODE_SETS.filter(lambda nodes: len({0, 1, 2, 3} & {*nodes}) < 4),
        st.integers(0, NUM_LABELS - 1),
    ),
    max_size=30,
).map(lambda rows: Block.of_rows([row for row, _ in rows], labels=[code for _, code in rows]))
RATES = st.sampled_from([0.0, 0.1, 0.5, 1.0])


def _spoil(
    block: Block, label_noise: float, attribute_noise: float, seed: int = 3
) -> tuple[Block, NoiseRecord]:
    return apply_noise(
        block,
        VOCABULARY,
        num_labels=NUM_LABELS,
        label_noise=label_noise,
        attribute_noise=attribute_noise,
        seed=seed,
    )


@given(BLOCKS, RATES, RATES, st.integers(0, 99))
def test_the_record_undoes_the_noise_and_nothing_else_has_changed(
    block: Block, label_noise: float, attribute_noise: float, seed: int
) -> None:
    spoilt, record = _spoil(block, label_noise, attribute_noise, seed)

    spoilt.check(num_nodes=len(VOCABULARY), num_labels=NUM_LABELS)
    rows = []
    for row in range(len(block)):
        nodes = set(spoilt.row(row).tolist())
        if record.nodes_after[row] >= 0:
            nodes = nodes - {int(record.nodes_after[row])} | {int(record.nodes_before[row])}
        rows.append(sorted(nodes))

    assert rows == [block.row(row).tolist() for row in range(len(block))]
    assert record.labels_before.tolist() == block.labels.tolist()


@given(BLOCKS, RATES, RATES)
def test_the_marks_are_what_happened_and_the_counts_are_exact(
    block: Block, label_noise: float, attribute_noise: float
) -> None:
    spoilt, record = _spoil(block, label_noise, attribute_noise)

    label_hit = spoilt.labels != block.labels
    attribute_hit = np.array(
        [spoilt.row(i).tolist() != block.row(i).tolist() for i in range(len(block))], bool
    )
    names = [
        {(0, 0): "none", (1, 0): "label", (0, 1): "attribute", (1, 1): "both"}[(a, b)]
        for a, b in zip(label_hit.tolist(), attribute_hit.tolist(), strict=True)
    ]

    assert record.names.tolist() == names
    assert label_hit.sum() == int(label_noise * len(block) + 0.5)
    assert attribute_hit.sum() == int(attribute_noise * len(block) + 0.5)
    assert sum(record.counts.values()) == len(block)


@given(BLOCKS)
def test_an_attribute_is_replaced_by_another_of_its_modality(block: Block) -> None:
    _, record = _spoil(block, 0.0, 1.0)

    modality = VOCABULARY.modality_of

    assert (record.nodes_before != record.nodes_after).all()
    assert (modality[record.nodes_before] == modality[record.nodes_after]).all()


@given(BLOCKS)
def test_neither_kind_of_noise_changes_what_the_other_does(block: Block) -> None:
    alone_label, one = _spoil(block, 0.5, 0.0)
    alone_attribute, two = _spoil(block, 0.0, 0.5)

    both, record = _spoil(block, 0.5, 0.5)

    assert both.labels.tolist() == alone_label.labels.tolist()
    assert both.nodes.tolist() == alone_attribute.nodes.tolist()
    assert record.kinds.tolist() == (one.kinds | two.kinds).tolist()


@given(BLOCKS)
def test_the_rows_of_a_lower_rate_are_spoilt_the_same_way_at_a_higher_one(block: Block) -> None:
    few, at_few = _spoil(block, 0.1, 0.1)
    many, at_many = _spoil(block, 0.5, 0.5)

    for kind in (1, 2):
        hit = (at_few.kinds & kind) > 0
        assert ((at_many.kinds & kind) > 0)[hit].all()
    hit = (at_few.kinds & 1) > 0
    assert (few.labels[hit] == many.labels[hit]).all()
    hit = (at_few.kinds & 2) > 0
    assert (at_few.nodes_after[hit] == at_many.nodes_after[hit]).all()


def test_every_other_label_and_every_free_attribute_is_equally_likely() -> None:
    rows = 24_000
    block = Block.of_rows([[0, 1, 5]] * rows, labels=[1] * rows)  # a0, a1 and b1

    spoilt, record = _spoil(block, 1.0, 1.0)

    labels = np.bincount(spoilt.labels, minlength=NUM_LABELS)
    swaps = {
        swap: int(((record.nodes_before == swap[0]) & (record.nodes_after == swap[1])).sum())
        for swap in [(0, 2), (0, 3), (1, 2), (1, 3), (5, 4)]
    }
    # Within 5 standard deviations of rows * share.
    assert labels[1] == 0
    assert abs(labels[0] - rows / 2) < 5 * (rows / 4) ** 0.5
    for swap, count in swaps.items():
        share = 1 / 3 if swap == (5, 4) else 1 / 6
        assert abs(count - rows * share) < 5 * (rows * share * (1 - share)) ** 0.5, swap
    assert sum(swaps.values()) == rows


def test_a_modality_without_another_attribute_is_never_chosen() -> None:
    block = Block.of_rows([[6, 7]] * 50, labels=[0] * 50)  # c0, the only one of c, and d0

    _, record = _spoil(block, 0.0, 1.0)

    assert set(record.nodes_before.tolist()) == {7}


def test_rows_that_cannot_be_spoilt_are_told() -> None:
    block = Block.of_rows([[6], [0]], labels=[0, 0])

    with pytest.raises(DatasetError, match="change 2 rows, but only 1 have"):
        _spoil(block, 0.0, 1.0)


@given(BLOCKS, RATES, RATES)
def test_lines_give_the_record_back(
    block: Block, label_noise: float, attribute_noise: float
) -> None:
    spoilt, record = _spoil(block, label_noise, attribute_noise)
    names = ["neg", "avg", "pos"]

    lines = [line.encode() for line in record.to_lines(VOCABULARY, names)]
    back = NoiseRecord.from_lines(lines, VOCABULARY, names, labels=spoilt.labels)

    assert back == record


def test_lines_that_are_no_record_are_told_with_their_numbers() -> None:
    lines = [b'{"noise":"label","label_before":"x"}\n', b"?\n", b'{"noise":"none"}\n', b"[]\n"]

    with pytest.raises(DatasetError) as caught:
        NoiseRecord.from_lines(lines, VOCABULARY, ["neg"], labels=np.zeros(3, np.uint8))

    assert [fault.where for fault in caught.value.faults] == ["line 1", "line 2", "lines"]
