"""Records as rows of numbers: those of training, and later ones that may hold new values."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.labels import LABELS, label_codes
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.dataset.records import empty_rows, read_records
from campaignkit.errors import ClassifierError, Fault

_SHOWN = 20


class UnseenValues(UserWarning):
    """Rows to predict hold values that no training row held; the message says how many.

    Examples
    --------
    >>> issubclass(UnseenValues, UserWarning)
    True
    """


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Labelled rows as arrays: what every classifier here learns from.

    Attributes
    ----------
    block : Block
        Node numbers; label codes are 0 neg, 1 avg, 2 pos.
    vocabulary : Vocabulary
        The attributes that occur in the rows, and no others.
    weights : float64[rows]
        How much each row counts; 1 by default.

    Examples
    --------
    >>> rows = training_rows([{"geo": "Peru"}] * 3, ["pos", "neg", "avg"])
    >>> len(rows.vocabulary), rows.codes.tolist()
    (1, [2, 0, 1])
    """

    block: Block
    vocabulary: Vocabulary
    weights: NDArray[np.float64]

    @property
    def codes(self) -> NDArray[np.int64]:
        """int64[rows], 0 neg, 1 avg, 2 pos."""
        return self.block.labels.astype(np.int64)

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """int64[3], rows that are neg, avg, pos."""
        return np.bincount(self.codes, minlength=3)

    def __len__(self) -> int:
        return len(self.block)

    def take(self, rows: NDArray[np.integer]) -> TrainingRows:
        """The rows at these positions; the vocabulary stays."""
        return TrainingRows(self.block.take(rows), self.vocabulary, self.weights[rows])


def training_rows(records: Any, labels: Any = None, *, sample_weight: Any = None) -> TrainingRows:
    """Read and check all that a classifier is given to learn from.

    Parameters
    ----------
    records : CampaignDataset, data frame, or list of {modality: [values]}
    labels : sequence, optional
        One a row; a `CampaignDataset` brings its own where none are given.
    sample_weight : float[rows], optional

    Raises
    ------
    ClassifierError
        If numbers of rows differ, a row is empty, a class has no row, or a weight is negative or
        no number.
    DatasetError
        If records cannot be read.

    Examples
    --------
    >>> training_rows([{"geo": "Peru"}], ["pos"])
    Traceback (most recent call last):
        ...
    campaignkit.errors.ClassifierError: no training row is neg or avg
      hint: 1 row: 0 neg, 0 avg, 1 pos; a classifier needs rows of all three
    """
    found = read_records(records)
    if labels is None:
        if not isinstance(records, CampaignDataset):
            raise ClassifierError(
                "no labels given; expected one a row",
                hint="fit(records, labels); only a CampaignDataset brings its own",
            )
        labels = records.labels
    if not len(found.block):
        raise ClassifierError("there are no records; expected some of each label")
    codes = training_codes(labels, len(found.block))
    refuse_empty(found.block)
    used, nodes = np.unique(found.block.nodes, return_inverse=True)
    vocabulary = Vocabulary(tuple(found.vocabulary.keys[node] for node in used.tolist()))
    block = Block(nodes.astype(np.int32), found.block.offsets, codes.astype(np.uint8))
    return TrainingRows(block, vocabulary, row_weights(sample_weight, len(codes)))


def training_codes(labels: Any, num_rows: int) -> NDArray[np.int64]:
    """int64[rows], the labels of training rows: as many as rows, and all three classes.

    Raises
    ------
    ClassifierError
        If there are others, more or fewer, or a class has no row.

    Examples
    --------
    >>> training_codes(["pos", "avg", "neg"], 3).tolist()
    [2, 1, 0]
    """
    codes = label_codes(labels)
    if len(codes) != num_rows:
        raise ClassifierError(
            f"{num_rows:,} records and {len(codes):,} labels; expected as many of each"
        )
    counts = np.bincount(codes, minlength=3)
    if (counts == 0).any():
        absent = " or ".join(label for label, num in zip(LABELS, counts, strict=True) if not num)
        told = ", ".join(f"{num:,} {label}" for label, num in zip(LABELS, counts, strict=True))
        rows = f"{len(codes):,} row" + ("s" if len(codes) != 1 else "")
        raise ClassifierError(
            f"no training row is {absent}",
            hint=f"{rows}: {told}; a classifier needs rows of all three",
        )
    return codes


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """Rows to predict, in the numbers of the training rows.

    Attributes
    ----------
    nodes, offsets : int32[total], int64[rows + 1]
        As in a block, ascending within a row. Node ``len(vocabulary) + m`` stands for an unseen
        value of modality m, and may come several times in a row.
    unseen : dict of str to int
        Number of unseen values by modality, modalities that training never met included; these
        have no number and are left out of `nodes`.

    Examples
    --------
    >>> EncodedRows(np.zeros(0, np.int32), np.zeros(1, np.int64), {}).num_unseen
    0
    """

    nodes: NDArray[np.int32]
    offsets: NDArray[np.int64]
    unseen: dict[str, int]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def num_unseen(self) -> int:
        """How many values were not met in training."""
        return sum(self.unseen.values())

    @cached_property
    def row_of(self) -> NDArray[np.int64]:
        """int64[total], the row that each entry of `nodes` belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))


def encode(records: Any, vocabulary: Vocabulary) -> EncodedRows:
    """Number the values of some records as in training; no warning is given here.

    Raises
    ------
    ClassifierError
        If a row is empty.
    DatasetError
        If records cannot be read.

    Examples
    --------
    >>> rows = encode([{"geo": ["Chile", "Peru"]}], Vocabulary.of([("geo", "Peru")]))
    >>> rows.nodes.tolist(), rows.unseen
    ([0, 1], {'geo': 1})
    """
    found = read_records(records)
    refuse_empty(found.block)
    code_of = {modality: code for code, modality in enumerate(vocabulary.modalities)}
    known = vocabulary.node_of
    number = np.empty(len(found.vocabulary), np.int32)
    for node, key in enumerate(found.vocabulary.keys):
        stand_in = code_of.get(key[0], -1)
        fallback = len(vocabulary) + stand_in if stand_in >= 0 else -1
        number[node] = known.get(key, fallback)
    nodes = number[found.block.nodes] if len(number) else np.zeros(0, np.int32)
    is_new = (nodes < 0) | (nodes >= len(vocabulary))
    unseen: Counter[str] = Counter()
    for node, num in zip(*np.unique(found.block.nodes[is_new], return_counts=True), strict=True):
        unseen[found.vocabulary.keys[node][0]] += int(num)
    row_of = np.repeat(np.arange(len(found.block)), found.block.sizes)
    kept = nodes >= 0
    nodes, row_of = nodes[kept], row_of[kept]
    order = np.lexsort((nodes, row_of))
    offsets = np.zeros(len(found.block) + 1, np.int64)
    np.cumsum(np.bincount(row_of, minlength=len(found.block)), out=offsets[1:])
    return EncodedRows(nodes[order], offsets, dict(sorted(unseen.items())))


def warn_of_unseen(rows: EncodedRows, *, treated: str) -> None:
    """Say once for all rows how many values are new, and how they are `treated`."""
    if rows.num_unseen:
        told = ", ".join(f"{num:,} of {modality}" for modality, num in rows.unseen.items())
        warnings.warn(
            f"{rows.num_unseen:,} values in {len(rows):,} rows were in no training row ({told}); "
            f"{treated}",
            UnseenValues,
            stacklevel=4,
        )


def refuse_empty(block: Block) -> None:
    """Raise ClassifierError if there are no rows, or some hold no attribute.

    Examples
    --------
    >>> from campaignkit.dataset.records import read_records
    >>> refuse_empty(read_records([{"geo": ["Peru"]}]).block)
    """
    if not len(block):
        raise ClassifierError("there are no records; expected one row or more")
    empty = empty_rows(block)
    if len(empty):
        faults = [Fault(f"row {row}", "holds no attribute") for row in empty[:_SHOWN].tolist()]
        raise ClassifierError(
            f"{len(empty):,} of {len(block):,} records are empty",
            hint="drop these rows, or give them a value of at least one modality",
            faults=faults,
        )


def row_weights(given: Any, num_rows: int) -> NDArray[np.float64]:
    """float64[rows], sample weights that can be used; ones where none are given.

    Raises
    ------
    ClassifierError
        If there are more or fewer, or one is negative or no number.

    Examples
    --------
    >>> row_weights(None, 2).tolist()
    [1.0, 1.0]
    """
    if given is None:
        return np.ones(num_rows)
    try:
        weights = np.asarray(given, np.float64)
    except (TypeError, ValueError) as err:
        raise ClassifierError("sample_weight is not a list of numbers") from err
    if weights.shape != (num_rows,):
        raise ClassifierError(f"sample_weight has shape {weights.shape}; expected ({num_rows},)")
    wrong = ~np.isfinite(weights) | (weights < 0)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ClassifierError(
            f"{int(wrong.sum()):,} of {num_rows:,} sample weights are negative or no number; "
            f"row {row} weighs {weights[row]}",
            hint="weights are finite and 0 or more",
        )
    if not weights.sum() > 0:
        raise ClassifierError("all sample weights are 0; expected some rows to count")
    return weights
