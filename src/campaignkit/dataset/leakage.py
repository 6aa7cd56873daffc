"""How well single attributes alone tell the label."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.evaluation import LeakageBaseline
from campaignkit.dataset.row_hash import hash_rows
from campaignkit.dataset.row_sample import one_hot
from campaignkit.dataset.vocabulary import Vocabulary
from campaignkit.pools import one_blas_thread
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
    targets = np.eye(len(classes))[labels]
    fold_of = _folds(block, labels, seed)
    guesses = np.empty(len(block), np.int64)
    for fold in range(_NUM_FOLDS):
        held = fold_of == fold
        weights, bias = _fit(rows[~held], targets[~held])
        guesses[held] = np.argmax(rows[held] @ weights + bias, axis=1)
    majority = np.full(len(block), np.bincount(labels).argmax())
    names = [label_names[code] for code in classes]
    return LeakageBaseline(
        num_rows=len(block),
        num_folds=_NUM_FOLDS,
        macro_f1=_macro_f1(labels, guesses, len(classes)),
        accuracy=round(float((labels == guesses).mean()), 9),
        majority_macro_f1=_macro_f1(labels, majority, len(classes)),
        strongest=_strongest(_fit(rows, targets)[0], [vocabulary.keys[i] for i in used], names),
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
    weights, bias = _fit(one_hot(train, len(vocabulary)), np.eye(len(classes))[labels])
    scores = one_hot(test, len(vocabulary)) @ weights + bias
    guesses = classes[np.argmax(scores, axis=1)].astype(np.intp)
    truth = test.labels.astype(np.intp)
    majority = np.full(len(test), classes[np.bincount(labels).argmax()], np.intp)
    names = [label_names[code] for code in classes]
    return LeakageBaseline(
        num_rows=len(test),
        num_folds=1,
        macro_f1=_macro_f1(truth, guesses, len(label_names)),
        accuracy=round(float((truth == guesses).mean()), 9),
        majority_macro_f1=_macro_f1(truth, majority, len(label_names)),
        strongest=_strongest(weights, list(vocabulary.keys), names),
    )


def _folds(block: Block, labels: NDArray[np.intp], seed: int) -> NDArray[np.int64]:
    """int64[rows]: groups of identical rows dealt round, label by label."""
    _, first, group_of = np.unique(hash_rows(block), return_index=True, return_inverse=True)
    mixed = stream(seed, "dataset", "folds").permutation(np.argsort(first, kind="stable"))
    dealt = mixed[np.argsort(labels[first[mixed]], kind="stable")]
    fold_of_group = np.empty(len(first), np.int64)
    fold_of_group[dealt] = np.arange(len(first)) % _NUM_FOLDS
    return fold_of_group[group_of]


def _fit(
    rows: scipy.sparse.csr_array, targets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights float64[nodes, classes] and bias float64[classes] of the penalised likelihood."""
    from scipy.optimize import minimize

    num_nodes, num_classes = rows.shape[1], targets.shape[1]
    columns = rows.T.tocsr()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(num_nodes + 1, num_classes)
        scores = rows @ weights[:-1] + weights[-1]
        # Column by column: numpy takes long over the rows of a table of three columns.
        scores -= reduce(np.maximum, scores.T)[:, np.newaxis]
        odds = np.exp(scores)
        total = reduce(np.add, odds.T)[:, np.newaxis]
        value = np.log(total).sum() - (scores * targets).sum()
        slope = np.empty_like(weights)
        error = odds / total - targets
        slope[:-1] = columns @ error + _PENALTY * weights[:-1]
        slope[-1] = error.sum(axis=0)
        return value + _PENALTY / 2 * (weights[:-1] ** 2).sum(), slope.ravel()

    start = np.zeros((num_nodes + 1) * num_classes)
    options = {"maxiter": _MAX_STEPS, "gtol": 1e-3}
    with one_blas_thread():
        best = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    weights = best.reshape(num_nodes + 1, num_classes)
    return weights[:-1], weights[-1]


def _macro_f1(truth: NDArray[np.intp], guesses: NDArray[np.intp], num_classes: int) -> float:
    pairs = np.zeros((num_classes, num_classes))
    np.add.at(pairs, (truth, guesses), 1)
    both = pairs.sum(axis=0) + pairs.sum(axis=1)
    met = both > 0  # a label neither there nor guessed has no F1
    return round(float(np.mean(2 * np.diag(pairs)[met] / both[met])), 9)


def _strongest(
    weights: NDArray[np.float64], keys: list[tuple[str, str]], names: list[str]
) -> list[list[str | float]]:
    order = np.argsort(-weights, axis=None, kind="stable")[:_SHOWN]
    told: list[list[str | float]] = []
    for node, code in zip(*np.unravel_index(order, weights.shape), strict=True):
        told.append([*keys[node], names[code], round(float(weights[node, code]), 4)])
    return told
