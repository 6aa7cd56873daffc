"""How well single attributes alone tell the label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.evaluation import LeakageBaseline
from campaignkit.dataset.logistic import SoftmaxFit, fit_softmax
from campaignkit.dataset.row_hash import hash_rows
from campaignkit.dataset.row_sample import one_hot
from campaignkit.dataset.vocabulary import Vocabulary
from campaignkit.metrics import macro_f1
from campaignkit.seeds import stream

if TYPE_CHECKING:
    import scipy.sparse

_NUM_FOLDS = 5
_MIN_ROWS = 50  # fewer say nothing about held-out rows
_PENALTY = 1.0  # times half the squared weights, as scikit-learn's C=1
_MAX_STEPS = 60  # macro F1 is settled to the third decimal by then
_SHOWN = 10


def measure_leakage(
    block: Block, vocabulary: Vocabulary, label_names: Sequence[str], *, seed: int = 0
) -> LeakageBaseline | None:
    """The macro F1 of a one-hot logistic regression on held-out rows, against the majority's.

    Parameters
    ----------
    block : Block
        Up to some ten thousand rows; take a sample of more.
    seed : int
        Decides the folds. Identical rows share one.

    Returns
    -------
    LeakageBaseline or None
        None below 50 rows or two labels, where there is nothing to cross-validate.

    Notes
    -----
    Attributes in no row of a training fold weigh nothing. A campaign's label comes from its
    pairs, but an attribute that has mostly positive edges tells of them by itself; this says how
    far that alone goes.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("geo", f"{i:02}") for i in range(60)])
    >>> rows = [[i % 2, 2 + i] for i in range(58)]
    >>> block = Block.of_rows(rows, labels=[i % 2 for i in range(58)])
    >>> baseline = measure_leakage(block, vocabulary, ["pos", "neg"])
    >>> baseline.macro_f1, round(baseline.majority_macro_f1, 2)
    (1.0, 0.33)
    """
    classes, labels = np.unique(block.labels, return_inverse=True)
    if len(block) < _MIN_ROWS or len(classes) < 2:
        return None
    used, columns = np.unique(block.nodes, return_inverse=True)
    compact = Block(columns.astype(np.int32), block.offsets, block.labels)
    rows = one_hot(compact, len(used))
    fold_of = _folds(block, labels, seed)
    guesses = np.empty(len(block), np.int64)
    for fold in range(_NUM_FOLDS):
        held = fold_of == fold
        guesses[held] = _fit(rows[~held], labels[~held]).probabilities(rows[held]).argmax(axis=1)
    majority = np.full(len(block), np.bincount(labels).argmax())
    names = [label_names[code] for code in classes]
    return LeakageBaseline(
        num_rows=len(block),
        num_folds=_NUM_FOLDS,
        macro_f1=_macro_f1(labels, guesses),
        accuracy=round(float((labels == guesses).mean()), 9),
        majority_macro_f1=_macro_f1(labels, majority),
        strongest=_strongest(
            _fit(rows, labels).weights, [vocabulary.keys[i] for i in used], names
        ),
    )


def measure_held_out_leakage(
    train: Block, test: Block, vocabulary: Vocabulary, label_names: Sequence[str]
) -> LeakageBaseline | None:
    """The same regression fitted on one block and scored on another; `num_folds` is 1.

    Returns
    -------
    LeakageBaseline or None
        None where either block is empty or training has one label alone.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("geo", "Chile"), ("geo", "Peru")])
    >>> block = Block.of_rows([[0], [1], [0], [1]], labels=[0, 1, 0, 1])
    >>> measure_held_out_leakage(block, block, vocabulary, ["pos", "neg"]).macro_f1
    1.0
    """
    classes, labels = np.unique(train.labels, return_inverse=True)
    if not len(test) or len(classes) < 2:
        return None
    fit = _fit(one_hot(train, len(vocabulary)), labels)
    shares = fit.probabilities(one_hot(test, len(vocabulary)))
    guesses = classes[shares.argmax(axis=1)].astype(np.intp)
    truth = test.labels.astype(np.intp)
    majority = np.full(len(test), classes[np.bincount(labels).argmax()], np.intp)
    names = [label_names[code] for code in classes]
    return LeakageBaseline(
        num_rows=len(test),
        num_folds=1,
        macro_f1=_macro_f1(truth, guesses),
        accuracy=round(float((truth == guesses).mean()), 9),
        majority_macro_f1=_macro_f1(truth, majority),
        strongest=_strongest(fit.weights, list(vocabulary.keys), names),
    )


def _folds(block: Block, labels: NDArray[np.intp], seed: int) -> NDArray[np.int64]:
    """int64[rows]: groups of identical rows dealt round, label by label."""
    _, first, group_of = np.unique(hash_rows(block), return_index=True, return_inverse=True)
    mixed = stream(seed, "dataset", "folds").permutation(np.argsort(first, kind="stable"))
    dealt = mixed[np.argsort(labels[first[mixed]], kind="stable")]
    fold_of_group = np.empty(len(first), np.int64)
    fold_of_group[dealt] = np.arange(len(first)) % _NUM_FOLDS
    return fold_of_group[group_of]


def _fit(rows: scipy.sparse.csr_array, codes: NDArray[np.intp]) -> SoftmaxFit:
    ones = np.ones(len(codes))
    return fit_softmax(
        rows, codes, ones,
        penalty=_PENALTY, num_classes=int(codes.max()) + 1, max_steps=_MAX_STEPS,
    )  # fmt: skip


def _macro_f1(truth: NDArray[np.intp], guesses: NDArray[np.intp]) -> float:
    return round(macro_f1(truth, guesses), 9)


def _strongest(
    weights: NDArray[np.float64], keys: list[tuple[str, str]], names: list[str]
) -> list[list[str | float]]:
    order = np.argsort(-weights, axis=None, kind="stable")[:_SHOWN]
    told: list[list[str | float]] = []
    for node, code in zip(*np.unravel_index(order, weights.shape), strict=True):
        told.append([*keys[node], names[code], round(float(weights[node, code]), 4)])
    return told
