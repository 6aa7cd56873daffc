"""Records as rows of numbers: those of training, and later ones that may contain new values."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.labels import declared_order, read_labels
from campaignkit.dataset import Block, Campaign, CampaignDataset, Vocabulary
from campaignkit.dataset.records import empty_rows, read_records
from campaignkit.dataset.vocabulary import MAX_LABELS, RESERVED
from campaignkit.errors import ClassifierError, Fault

_SHOWN = 20
_SURE = 10  # rows a value, below which values of one label each may be chance
_MIN_UNIQUE = 100  # values; fewer cost nothing, and may be all there are
_UNIQUE = 0.8  # of the cells of a modality hold a value of their own: that is an id


class UnseenValues(UserWarning):
    """Rows to predict have values or modalities that training had not, or lack some that it had.

    Examples
    --------
    >>> issubclass(UnseenValues, UserWarning)
    True
    """


class CombinedCells(UserWarning):
    """Cells look like lists that were written as one text; the message says how to split them.

    Examples
    --------
    >>> issubclass(CombinedCells, UserWarning)
    True
    """


class TargetLeakage(UserWarning):
    """A modality of the training rows decides every label; the message says which.

    Examples
    --------
    >>> issubclass(TargetLeakage, UserWarning)
    True
    """


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Labelled rows as arrays: what every classifier here learns from.

    Attributes
    ----------
    block : Block
        Node numbers, and label codes: positions in `classes`.
    vocabulary : Vocabulary
        The attributes that occur in the rows, and no others.
    weights : float64[rows]
        How much each row counts; 1 by default.
    classes : array
        The labels, sorted.
    order : list or None
        The labels from worst to best, if an ordered categorical column gives an order.

    Examples
    --------
    >>> rows = training_rows([{"geo": "Peru"}] * 3, ["pos", "neg", "avg"])
    >>> len(rows.vocabulary), rows.classes.tolist(), rows.codes.tolist()
    (1, ['avg', 'neg', 'pos'], [2, 1, 0])
    """

    block: Block
    vocabulary: Vocabulary
    weights: NDArray[np.float64]
    classes: NDArray[Any]
    order: list[Any] | None = None

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """int64[rows], positions in `classes`."""
        return self.block.labels.astype(np.int64)

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """int64[classes], rows of each."""
        return np.bincount(self.codes, minlength=len(self.classes))

    def __len__(self) -> int:
        return len(self.block)

    def take(self, rows: NDArray[np.integer]) -> TrainingRows:
        """The rows at these positions; vocabulary and classes stay."""
        return replace(self, block=self.block.take(rows), weights=self.weights[rows])

    def recoded(self, code_of: NDArray[np.int64]) -> TrainingRows:
        """The rows with other codes for their labels: ``code_of[code]``."""
        block = self.block
        codes = code_of[self.codes].astype(np.uint8)
        classes = self.classes[np.argsort(code_of)]
        return replace(self, block=Block(block.nodes, block.offsets, codes), classes=classes)


def training_rows(
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    separator: str | None = None,
    allow_unique: bool = True,
) -> TrainingRows:
    """Read and check all that a classifier is given to learn from.

    Parameters
    ----------
    X : CampaignDataset, data frame, list of {modality: [values]}, or array of cells
    y : sequence, optional
        One label per row; without it the labels that `X` brings.
    sample_weight : float[rows], optional
    separator : str, optional
        What divides the values of one cell; None warns where cells look divided, "" does not.
    allow_unique : bool
        Whether a modality may have a value of its own in nearly every row, as ids have.

    Raises
    ------
    ClassifierError
        If numbers of rows differ, a row is empty, there is one label alone, a weight is negative
        or no number, or a modality is an id.
    DatasetError
        If records cannot be read.

    Examples
    --------
    >>> training_rows([{"geo": "Peru"}], ["pos"])
    Traceback (most recent call last):
        ...
    campaignkit.errors.ClassifierError: one class alone: all training rows are 'pos' (1 row)
      hint: a classifier learns from rows of two labels or more
    """
    found = read_records(X, separator=separator)
    refuse_empty(found.block)
    block, weights = found.block, row_weights(sample_weight, len(found.block))
    labels = own_labels(X) if y is None else y
    classes, codes = training_labels(None, labels, len(block))
    if not weights.all():  # a row of no weight is no row
        kept = np.flatnonzero(weights)
        block, weights = block.take(kept), weights[kept]
        classes, codes = training_labels(None, classes[codes[kept]], len(kept))
    used, nodes = np.unique(block.nodes, return_inverse=True)
    vocabulary = Vocabulary(tuple(found.vocabulary.keys[node] for node in used.tolist()))
    block = Block(nodes.astype(np.int32), block.offsets, codes.astype(np.uint8))
    if not allow_unique:
        _refuse_ids(block, vocabulary)
    if separator is None:
        warn_of_combined(vocabulary)
    _warn_of_leakage(block, vocabulary)
    return TrainingRows(block, vocabulary, weights, classes, declared_order(labels))


def training_labels(X: Any, y: Any, num_rows: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The labels that there are, sorted, and int64[rows], the position of each row's.

    Parameters
    ----------
    X : any
        Where the labels are taken from if `y` is None: a `CampaignDataset`, a data frame with a
        column ``label``, or records that contain one.
    y : sequence or None
    num_rows : int

    Raises
    ------
    ClassifierError
        If there are more or fewer labels than rows, or one label alone.

    Examples
    --------
    >>> classes, codes = training_labels(None, ["pos", "avg", "neg", "pos"], 4)
    >>> classes.tolist(), codes.tolist()
    (['avg', 'neg', 'pos'], [2, 0, 1, 2])
    """
    labels = read_labels(own_labels(X) if y is None else y)
    if len(labels) != num_rows:
        raise ClassifierError(
            f"{num_rows:,} records and {len(labels):,} labels; expected the same number of each"
        )
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        rows = f"{num_rows:,} row" + ("s" if num_rows != 1 else "")
        raise ClassifierError(
            f"one class alone: all training rows are {classes.tolist()[0]!r} ({rows})",
            hint="a classifier learns from rows of two labels or more",
        )
    if len(classes) > MAX_LABELS:
        raise ClassifierError(
            f"{len(classes):,} different labels in {num_rows:,} rows; at most {MAX_LABELS} can "
            "be distinguished",
            hint="is this the column of labels, or one of ids or measures?",
        )
    return classes, codes.astype(np.int64)


def own_labels(X: Any) -> Any:
    """The labels that campaigns bring themselves.

    Raises
    ------
    ClassifierError
        If they bring none.

    Examples
    --------
    >>> own_labels([{"geo": "Peru", "label": "good"}])
    ['good']
    """
    if isinstance(X, CampaignDataset):
        return X.labels
    if RESERVED in list(getattr(X, "columns", ())):
        return X[RESERVED]
    if isinstance(X, list | tuple) and len(X):
        if all(isinstance(row, Campaign) for row in X):
            return [row.label for row in X]
        if all(isinstance(row, Mapping) and RESERVED in row for row in X):
            return [row[RESERVED] for row in X]
    raise ClassifierError(
        "no labels given; expected one per row",
        hint=f"fit(X, y), or X that brings its own: a CampaignDataset, or a column {RESERVED!r}",
    )


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
    missing : tuple of str
        Modalities of training that these rows do not have.

    Examples
    --------
    >>> len(EncodedRows(np.zeros(0, np.int32), np.zeros(1, np.int64), {}))
    0
    """

    nodes: NDArray[np.int32]
    offsets: NDArray[np.int64]
    unseen: dict[str, int]
    missing: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def part(self, start: int, num: int) -> EncodedRows:
        """So many rows from one on."""
        offsets = self.offsets[start : start + num + 1]
        return EncodedRows(self.nodes[offsets[0] : offsets[-1]], offsets - offsets[0], {})


def encode(records: Any, vocabulary: Vocabulary, *, separator: str | None = None) -> EncodedRows:
    """Number the values of some records as in training; no warning is given here.

    Raises
    ------
    ClassifierError
        If a row is empty, or the rows have no modality of training.
    DatasetError
        If records cannot be read.

    Examples
    --------
    >>> rows = encode([{"geo": ["Chile", "Peru"]}], Vocabulary.of([("geo", "Peru")]))
    >>> rows.nodes.tolist(), rows.unseen
    ([0, 1], {'geo': 1})
    """
    found = read_records(records, separator=separator)
    refuse_empty(found.block)
    n, keys = len(vocabulary), found.vocabulary.keys
    met, known = found.vocabulary.modalities, vocabulary.modalities
    missing = tuple(modality for modality in known if modality not in met)
    if missing == known:
        raise ClassifierError(
            f"the rows have {_listed(met)}; training had {_listed(known)}: no modality is in both",
            hint="name modalities as in training; an array needs to be one in training too",
        )
    stand_in = {modality: n + code for code, modality in enumerate(vocabulary.modalities)}
    number = [vocabulary.node_of.get(key, stand_in.get(key[0], -1)) for key in keys]
    nodes = np.array(number, np.int32)[found.block.nodes]
    is_new = (nodes < 0) | (nodes >= n)
    unseen = Counter(keys[node][0] for node in found.block.nodes[is_new].tolist())
    row_of = np.repeat(np.arange(len(found.block)), found.block.sizes)[nodes >= 0]
    nodes = nodes[nodes >= 0]
    nodes = nodes[np.lexsort((nodes, row_of))]
    offsets = np.searchsorted(row_of, np.arange(len(found.block) + 1))
    return EncodedRows(nodes, offsets, dict(sorted(unseen.items())), missing)


def warn_of_unseen(rows: EncodedRows, vocabulary: Vocabulary, *, treated: str) -> None:
    """Say once for all rows what is new or missing, and how new values are `treated`."""
    told = []
    new = {name: num for name, num in rows.unseen.items() if name in vocabulary.modalities}
    unknown = [name for name in rows.unseen if name not in new]
    if new:
        counts = ", ".join(f"{num:,} of {name}" for name, num in new.items())
        values = f"{sum(new.values()):,} values in {len(rows):,} rows"
        told.append(f"{values} were in no training row ({counts}); {treated}")
    if unknown:
        told.append(f"{_listed(unknown)} was not in training and is left out")
    if rows.missing:
        told.append(f"no row has {_listed(rows.missing)}, which training had")
    if unknown and rows.missing:
        told.append("are these the same under another name? Then rename them as in training")
    if told:
        warnings.warn("; ".join(told), UnseenValues, stacklevel=4)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


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
        faults = [Fault(f"row {row}", "contains no attribute") for row in empty[:_SHOWN].tolist()]
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
        raise ClassifierError("all sample weights are zero; expected some rows to count")
    return weights


def _refuse_ids(block: Block, vocabulary: Vocabulary) -> None:
    """Raise if a modality has a value of its own in nearly every row."""
    cells = np.bincount(vocabulary.modality_of[block.nodes], minlength=len(vocabulary.modalities))
    values = np.diff(vocabulary.starts)
    faults = [
        Fault(modality, f"{num:,} values in {of:,} cells")
        for modality, num, of in zip(
            vocabulary.modalities, values.tolist(), cells.tolist(), strict=True
        )
        if num >= _MIN_UNIQUE and num >= _UNIQUE * of
    ]
    if faults:
        raise ClassifierError(
            "values that come in one row or so, as ids do, teach nothing and cost time and memory",
            hint="leave the column out, or keep it with allow_unique=True",
            faults=faults,
        )


def _warn_of_leakage(block: Block, vocabulary: Vocabulary) -> None:
    """Warn of modalities of which each row has a value, and each value one label alone."""
    met = np.zeros((len(vocabulary), MAX_LABELS), bool)
    met[block.nodes, np.repeat(block.labels, block.sizes)] = True
    num_labels = np.maximum.reduceat(met.sum(axis=1), vocabulary.starts[:-1])
    cells = np.bincount(vocabulary.modality_of[block.nodes])
    rows_a_value = cells / np.diff(vocabulary.starts)
    is_leak = (num_labels == 1) & (cells >= len(block)) & (rows_a_value >= _SURE)
    is_leak &= not is_leak.all()  # one column among others; toys decide by all
    if leaks := [vocabulary.modalities[m] for m in np.flatnonzero(is_leak).tolist()]:
        warnings.warn(
            f"{_listed(leaks)} decides the label of every training row: if that is the outcome "
            "itself, leave the column out",
            TargetLeakage,
            stacklevel=4,
        )


def warn_of_combined(vocabulary: Vocabulary) -> None:
    """Warn of values that are made of others: ``"Cyclists, Audiophiles"``."""
    for modality, values in vocabulary.to_values().items():
        for separator in (", ", ",", ";", "|", " & "):
            parts = {v: [p.strip() for p in v.split(separator)] for v in values}
            count = Counter(part for found in parts.values() for part in {*found})
            made = [v for v, of in parts.items() if len(of) > 1 and min(count[p] for p in of) > 1]
            if made:
                warnings.warn(
                    f"{len(made):,} of {len(values):,} values of {modality} are made of others, "
                    f"such as {made[0]!r}; separator={separator!r} splits them, "
                    'separator="" takes them as they are',
                    CombinedCells,
                    stacklevel=4,
                )
                break
