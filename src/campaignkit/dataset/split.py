"""Which rows go to the test side: by label, with identical node sets together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.row_hash import hash_rows
from campaignkit.errors import DatasetError
from campaignkit.seeds import stream


def split_rows(
    block: Block, *, test: float, seed: int, test_counts: Sequence[int] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row positions of the train and of the test side, ascending.

    Rows with the same node set are dealt as one, the largest groups first, else in random order,
    each to the side that keeps every label nearest to its share; single rows then fill each
    label's test side up to ``round(test * rows)``, met exactly where there are single rows enough.
    `test_counts` gives other numbers of test rows, one for each label code.

    Raises
    ------
    DatasetError
        If `test` is not between 0 and 1, or a side would be left empty.

    Examples
    --------
    >>> block = Block.of_rows([[0], [1], [2], [3]], labels=[0, 0, 1, 1])
    >>> train, test = split_rows(block, test=0.5, seed=0)
    >>> sorted(block.labels[test].tolist())
    [0, 1]
    """
    if not 0 < test < 1:
        raise DatasetError(f"test is {test}; expected a share between 0 and 1", hint="test=0.3")
    rng = stream(seed, "dataset", "split")
    num_labels = int(block.labels.max(initial=0)) + 1
    target = np.floor(test * np.bincount(block.labels, minlength=num_labels) + 0.5)
    if test_counts is not None:
        target = np.array(test_counts[:num_labels], np.float64)
    _, group_of, group_sizes = np.unique(hash_rows(block), return_inverse=True, return_counts=True)
    in_test = np.zeros(len(block), bool)
    repeated = np.flatnonzero(group_sizes[group_of] > 1)
    in_test[repeated] = _deal_groups(
        group_of[repeated], block.labels[repeated], num_labels, test, rng
    )
    taken = np.bincount(block.labels[in_test], minlength=num_labels)
    for label in range(num_labels):
        single = np.flatnonzero((block.labels == label) & (group_sizes[group_of] == 1))
        need = min(max(int(target[label] - taken[label]), 0), len(single))
        in_test[rng.permutation(single)[:need]] = True
    if not in_test.any() or in_test.all():
        raise DatasetError(
            f"{len(block)} rows in {len(group_sizes)} different node sets cannot be split "
            f"with test={test}: a side would be empty",
            hint="take more rows or another share",
        )
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def _deal_groups(
    groups: NDArray[np.int64],
    labels: NDArray[np.uint8],
    num_labels: int,
    test: float,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """bool[rows]: whether the group of each row goes to the test side."""
    names, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    counts = np.zeros((len(names), num_labels))
    np.add.at(counts, (group_of, labels), 1)
    # By first appearance before shuffling: hashes must not decide, only rows and the seed. Then
    # the largest first: what one leaves over, smaller ones make up for.
    order = rng.permutation(np.argsort(first, kind="stable"))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    lag = np.zeros(num_labels)  # rows that the test side is short of, by label
    in_test = np.zeros(len(names), bool)
    for group in order:
        lag += test * counts[group]
        after = lag - counts[group]
        if after @ after < lag @ lag:
            in_test[group] = True
            lag = after
    return in_test[group_of]
