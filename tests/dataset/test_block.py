"""Blocks: rows in, the same rows out, whatever is cut and joined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from campaignkit.dataset import Block, concat_blocks
from campaignkit.errors import DatasetError

rows_of_nodes = st.lists(st.sets(st.integers(0, 9), max_size=5).map(sorted), max_size=8)


def rows_of(block: Block) -> list[list[int]]:
    return [block.row(i).tolist() for i in range(len(block))]


def block_of(rows: list[list[int]]) -> Block:
    return Block.of_rows(rows, labels=[i % 3 for i in range(len(rows))])


@given(rows_of_nodes, rows_of_nodes)
def test_joined_blocks_hold_the_rows_of_both(one: list[list[int]], two: list[list[int]]) -> None:
    joined = concat_blocks([block_of(one), block_of(two)])

    assert rows_of(joined) == one + two
    joined.check(num_nodes=10, num_labels=3)


@given(
    rows_of_nodes,
    st.slices(8),
)
def test_a_slice_of_a_block_is_the_block_of_the_slice(rows: list[list[int]], cut: slice) -> None:
    block = block_of(rows)[cut]

    assert rows_of(block) == rows[cut]
    assert block.labels.tolist() == [i % 3 for i in range(len(rows))][cut]


@given(rows_of_nodes, st.data())
def test_taken_rows_come_in_the_order_asked_for(
    rows: list[list[int]], data: st.DataObject
) -> None:
    where = data.draw(st.lists(st.integers(0, len(rows) - 1))) if rows else []

    taken = block_of(rows).take(np.array(where, np.int64))

    assert rows_of(taken) == [rows[i] for i in where]


def test_no_blocks_make_an_empty_block() -> None:
    assert len(concat_blocks([])) == 0


@pytest.mark.parametrize(
    ("nodes", "offsets", "labels", "error"),
    [
        (np.zeros(2, np.int64), [0, 2], [0], "block arrays are int64, int64, uint8"),
        (np.zeros(2, np.int32), [0, 1, 2], [0], "one offset more than labels"),
        (np.zeros(2, np.int32), [0, 1], [0], "expected 0 to 2, the number of nodes"),
    ],
)
def test_arrays_that_contradict_each_other_are_refused(
    nodes: np.ndarray, offsets: list[int], labels: list[int], error: str
) -> None:
    with pytest.raises(DatasetError, match=error):
        Block(nodes, np.array(offsets, np.int64), np.array(labels, np.uint8))


@pytest.mark.parametrize(
    ("nodes", "offsets", "labels", "error"),
    [
        ([0, 5], [0, 2], [0], "node codes run from 0 to 5; expected 0 to 4"),
        ([0, -1], [0, 2], [0], "node codes run from -1 to 0"),
        ([0, 1], [0, 2], [2], "label codes run from 2 to 2; expected 0 to 1"),
        ([0, 1, 2], [0, 2, 1, 3], [0, 0, 0], "offsets fall"),
        ([0, 3, 2, 1], [0, 1, 1, 4], [0, 0, 0], r"row 2 is not ascending: \[3, 2, 1\]"),
        ([0, 1, 1], [0, 1, 3], [0, 0], r"row 1 is not ascending: \[1, 1\]"),
    ],
)
def test_what_lies_in_a_block_is_checked_where_it_enters(
    nodes: list[int], offsets: list[int], labels: list[int], error: str
) -> None:
    block = Block(
        np.array(nodes, np.int32), np.array(offsets, np.int64), np.array(labels, np.uint8)
    )

    with pytest.raises(DatasetError, match=error):
        block.check(num_nodes=5, num_labels=2)
