"""Logistic regressions on the values of a campaign, and on its pairs of values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import EncodedRows, TrainingRows
from campaignkit.classify.estimator import RecordClassifier
from campaignkit.classify.held_out import hold_out
from campaignkit.dataset import Vocabulary
from campaignkit.dataset.logistic import Matrix, choose_softmax, fit_softmax, softmax
from campaignkit.errors import ClassifierError
from campaignkit.progress import Steps

Floats = NDArray[np.float64]


@dataclass(kw_only=True, eq=False, repr=False)
class PenalisedLogistic(RecordClassifier):
    """What logistic regressions share: a penalty chosen on held-out rows, weights.

    Parameters
    ----------
    penalty : float or None
        On half the squared weights. None chooses it on held-out rows, by log-loss.
    held_out : float
        Share of the rows to choose on; all rows are fitted in the end.
    seed : int
        Decides which rows are held out.

    Examples
    --------
    >>> PenalisedLogistic(penalty=0.5).get_params()["penalty"]
    0.5
    """

    penalty: float | None = None
    held_out: float = 0.15
    seed: int = 0

    weights_: Floats = field(init=False)
    bias_: Floats = field(init=False)
    penalty_: float = field(init=False)

    def _fit_columns(self, columns: Matrix, rows: TrainingRows) -> None:
        given = columns, rows.codes, rows.weights
        num = len(rows.classes)
        if self.penalty is None:
            parts = hold_out(rows, self.held_out, seed=self.seed)
            fit = choose_softmax(*given, num_classes=num, parts=parts)
        else:
            steps = Steps(None, "fitting", 1)
            fit = fit_softmax(*given, num_classes=num, penalty=self.penalty)
            steps.finish()
        self.weights_, self.bias_, self.penalty_ = fit.weights, fit.bias, fit.penalty

    def _check_parameters(self) -> None:
        if self.penalty is None:
            return
        is_number = isinstance(self.penalty, int | float) and not isinstance(self.penalty, bool)
        if not is_number or not 0 < self.penalty < np.inf:
            raise ClassifierError(
                f"penalty is {self.penalty!r}; expected a positive number, or None to choose one"
            )


@dataclass(kw_only=True, eq=False, repr=False)
class OneHotLogistic(PenalisedLogistic):
    """Logistic regression on single values: how far one gets without any pair.

    On campaigns drawn for their label this is the leak of the sampling: an attribute with mostly
    positive edges tells of a positive campaign by itself.

    Parameters
    ----------
    penalty : float or None
        On half the squared weights. None chooses it on held-out rows, by log-loss.
    held_out : float
        Share of the rows to choose on; all rows are fitted in the end.
    seed : int
        Decides which rows are held out.
    separator, allow_unique
        As for :class:`RecordClassifier`.

    Attributes
    ----------
    weights_, bias_ : float64[attributes, classes], float64[classes]
    penalty_ : float

    Examples
    --------
    >>> records = [{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "Brazil"}] * 4
    >>> model = OneHotLogistic(penalty=0.1).fit(records, ["good", "bad", "so so"] * 4)
    >>> model.predict(records[:3]).tolist()
    ['good', 'bad', 'so so']
    """

    def _learn(self, rows: TrainingRows) -> None:
        columns = value_columns(rows.block.nodes, rows.block.offsets, len(rows.vocabulary))
        self._fit_columns(columns, rows)

    def _probabilities(self, rows: EncodedRows) -> Floats:
        weights = np.concatenate([self.weights_, _means(self.weights_, self.vocabulary_)])
        columns = value_columns(rows.nodes, rows.offsets, len(weights))
        return softmax(np.asarray(columns @ weights) + self.bias_)


@dataclass(kw_only=True, eq=False, repr=False)
class PairLogistic(PenalisedLogistic):
    """Logistic regression on single values and on all pairs that came in training rows.

    Parameters
    ----------
    penalty, held_out, seed, separator, allow_unique
        As for :class:`OneHotLogistic`.

    Attributes
    ----------
    weights_, bias_ : float64[attributes + pairs, classes], float64[classes]
    pairs_ : int64[pairs]
        ``u * attributes + v`` of each pair u < v, ascending.

    Examples
    --------
    >>> records = [{"a": a, "b": b} for a in "xy" for b in "xy"] + [{"a": "z", "b": "z"}]
    >>> labels = ["pos", "neg", "neg", "pos", "avg"]
    >>> PairLogistic(penalty=0.01).fit(records, labels).predict(records).tolist()
    ['pos', 'neg', 'neg', 'pos', 'avg']
    """

    _UNSEEN = "each counts as the mean of its modality, and its pairs nothing"

    pairs_: NDArray[np.int64] = field(init=False)

    def _learn(self, rows: TrainingRows) -> None:
        nodes, offsets, n = rows.block.nodes, rows.block.offsets, len(rows.vocabulary)
        row, code = pair_codes(nodes, offsets, n)
        self.pairs_, column = np.unique(code, return_inverse=True)
        pairs = _entries(row, column, (len(rows), len(self.pairs_)))
        self._fit_columns(_beside(value_columns(nodes, offsets, n), pairs), rows)

    def _probabilities(self, rows: EncodedRows) -> Floats:
        n = len(self.vocabulary_)
        # A row more for each modality: what an unseen value of it weighs.
        values = np.concatenate([self.weights_[:n], _means(self.weights_, self.vocabulary_)])
        columns = value_columns(rows.nodes, rows.offsets, len(values))
        row, code = pair_codes(rows.nodes, rows.offsets, len(values))
        first, second = np.divmod(code, len(values))
        code = np.where(second < n, first * n + second, -1)
        found = np.isin(code, self.pairs_)
        column = np.searchsorted(self.pairs_, code[found])
        pairs = _entries(row[found], column, (len(rows), len(self.pairs_)))
        weights = np.concatenate([values, self.weights_[n:]])
        return softmax(np.asarray(_beside(columns, pairs) @ weights) + self.bias_)


def value_columns(
    nodes: NDArray[np.int32], offsets: NDArray[np.int64], num_columns: int
) -> Matrix:
    """A column a node: how often each row holds it.

    Examples
    --------
    >>> value_columns(np.array([0, 2], np.int32), np.array([0, 2]), 3).toarray().tolist()
    [[1.0, 0.0, 1.0]]
    """
    import scipy.sparse

    shape = (len(offsets) - 1, num_columns)
    columns = scipy.sparse.csr_array((np.ones(len(nodes)), nodes, offsets), shape=shape)
    columns.sum_duplicates()
    return columns


def pair_codes(
    nodes: NDArray[np.int32], offsets: NDArray[np.int64], num_nodes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair u < v of every row: the row, and ``u * num_nodes + v``.

    Examples
    --------
    >>> rows, codes = pair_codes(np.array([0, 1, 2], np.int32), np.array([0, 3]), 3)
    >>> codes.tolist()
    [1, 2, 5]
    """
    sizes = np.diff(offsets)
    row_of = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(nodes)) - offsets[:-1][row_of]
    later = sizes[row_of] - 1 - place  # partners of each entry
    first = np.repeat(np.arange(len(nodes)), later)
    step = np.arange(len(first)) - np.repeat(np.cumsum(later) - later, later)
    second = first + 1 + step
    return row_of[first], nodes[first].astype(np.int64) * num_nodes + nodes[second]


def _entries(row: NDArray[np.int64], column: NDArray[np.int64], shape: tuple[int, int]) -> Matrix:
    import scipy.sparse

    return scipy.sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)


def _beside(one: Matrix, other: Matrix) -> Matrix:
    import scipy.sparse

    return scipy.sparse.hstack([one, other], format="csr")


def _means(weights: Floats, vocabulary: Vocabulary) -> Floats:
    """float64[modalities, classes], the mean weights of a modality's values: for unseen ones."""
    sums = np.zeros((len(vocabulary.modalities), weights.shape[1]))
    np.add.at(sums, vocabulary.modality_of, weights[: len(vocabulary)])
    return sums / np.maximum(np.diff(vocabulary.starts), 1)[:, np.newaxis]
