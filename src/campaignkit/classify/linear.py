"""Logistic regressions on the values of a campaign, and on its pairs of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import EncodedRows, TrainingRows, training_rows
from campaignkit.classify.estimator import CampaignEstimator
from campaignkit.classify.held_out import hold_out_rows
from campaignkit.classify.softmax import (
    Matrix,
    SoftmaxFit,
    choose_softmax,
    fit_softmax,
    softmax,
)
from campaignkit.dataset import Vocabulary
from campaignkit.errors import ClassifierError

if TYPE_CHECKING:
    import scipy.sparse

Floats = NDArray[np.float64]


class PenalisedLogistic(CampaignEstimator):
    """What logistic regressions share: a penalty chosen on held-out rows, weights, saving.

    Examples
    --------
    >>> PenalisedLogistic(penalty=0.5).get_params()["penalty"]
    0.5
    """

    _SAVED: ClassVar[tuple[str, ...]] = ("weights_", "bias_", "penalty_")

    weights_: Floats
    bias_: Floats
    penalty_: float

    def __init__(
        self, *, penalty: float | None = None, held_out: float = 0.15, seed: int = 0
    ) -> None:
        self.penalty = penalty
        self.held_out = held_out
        self.seed = seed

    def _fit(self, columns: Matrix, rows: TrainingRows) -> None:
        codes, weights = rows.codes, rows.weights
        fit: SoftmaxFit
        if self.penalty is None:
            parts = hold_out_rows(rows, self.held_out, seed=self.seed)
            fit = choose_softmax(columns, codes, weights, parts=parts)
        else:
            fit = fit_softmax(columns, codes, weights, penalty=self.penalty)
        self.weights_, self.bias_ = fit.weights, fit.bias
        self.penalty_ = fit.penalty

    def _check_parameters(self) -> None:
        if self.penalty is None:
            return
        is_number = isinstance(self.penalty, int | float) and not isinstance(self.penalty, bool)
        if not is_number or not 0 < self.penalty < np.inf:
            raise ClassifierError(
                f"penalty is {self.penalty!r}; expected a positive number, or None to choose one"
            )


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

    Attributes
    ----------
    weights_, bias_ : float64[attributes, 3], float64[3]
    penalty_ : float

    Examples
    --------
    >>> records = [{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "Brazil"}] * 4
    >>> model = OneHotLogistic(penalty=0.1).fit(records, ["pos", "neg", "avg"] * 4)
    >>> model.predict(records[:3]).tolist()
    ['pos', 'neg', 'avg']
    """

    def fit(self, records: Any, labels: Any = None, *, sample_weight: Any = None) -> Self:
        """Learn from labelled records; see :meth:`Classifier.fit`."""
        self._check_parameters()
        rows = training_rows(records, labels, sample_weight=sample_weight)
        columns = value_columns(rows.block.nodes, rows.block.offsets, len(rows.vocabulary))
        self._fit(columns, rows)
        self._learned(rows.vocabulary)
        return self

    def _probabilities(self, rows: EncodedRows) -> Floats:
        weights = np.concatenate([self.weights_, _means(self.weights_, self.vocabulary_)])
        columns = value_columns(rows.nodes, rows.offsets, len(weights))
        return softmax(np.asarray(columns @ weights) + self.bias_)


class PairLogistic(PenalisedLogistic):
    """Logistic regression on single values and on all pairs that came in training rows.

    Parameters
    ----------
    penalty, held_out, seed
        As for :class:`OneHotLogistic`.

    Attributes
    ----------
    weights_, bias_ : float64[attributes + pairs, 3], float64[3]
    pairs_ : int64[pairs]
        ``u * attributes + v`` of each pair u < v, ascending.

    Examples
    --------
    >>> records = [{"a": a, "b": b} for a in "xy" for b in "xy"] + [{"a": "z", "b": "z"}]
    >>> labels = ["pos", "neg", "neg", "pos", "avg"]
    >>> PairLogistic(penalty=0.01).fit(records, labels).predict(records).tolist()
    ['pos', 'neg', 'neg', 'pos', 'avg']
    """

    _SAVED = (*PenalisedLogistic._SAVED, "pairs_")
    _UNSEEN = "each counts as the mean of its modality, and its pairs nothing"

    pairs_: NDArray[np.int64]

    def fit(self, records: Any, labels: Any = None, *, sample_weight: Any = None) -> Self:
        """Learn from labelled records; see :meth:`Classifier.fit`."""
        self._check_parameters()
        rows = training_rows(records, labels, sample_weight=sample_weight)
        nodes, offsets, n = rows.block.nodes, rows.block.offsets, len(rows.vocabulary)
        _, found = pair_codes(nodes, offsets, n)
        self.pairs_ = np.unique(found)
        self._fit(self._columns(nodes, offsets, n), rows)
        self._learned(rows.vocabulary)
        return self

    def _probabilities(self, rows: EncodedRows) -> Floats:
        n = len(self.vocabulary_)
        is_known = rows.nodes < n
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(np.bincount(rows.row_of[is_known], minlength=len(rows)), out=offsets[1:])
        scores = self._columns(rows.nodes[is_known], offsets, n) @ self.weights_
        new = EncodedRows(rows.nodes[~is_known] - n, _offsets_of(rows, ~is_known), {})
        means = _means(self.weights_[:n], self.vocabulary_)
        scores = np.asarray(scores) + value_columns(new.nodes, new.offsets, len(means)) @ means
        return softmax(scores + self.bias_)

    def _columns(
        self, nodes: NDArray[np.int32], offsets: NDArray[np.int64], n: int
    ) -> scipy.sparse.csr_array:
        import scipy.sparse

        row, code = pair_codes(nodes, offsets, n)
        column = np.searchsorted(self.pairs_, code)
        column = np.minimum(column, max(len(self.pairs_) - 1, 0))
        known = self.pairs_[column] == code if len(self.pairs_) else np.zeros(len(code), bool)
        shape = (len(offsets) - 1, len(self.pairs_))
        pairs = scipy.sparse.csr_array(
            (np.ones(int(known.sum())), (row[known], column[known])), shape=shape
        )
        return scipy.sparse.hstack([value_columns(nodes, offsets, n), pairs], format="csr")


def value_columns(
    nodes: NDArray[np.int32], offsets: NDArray[np.int64], num_columns: int
) -> scipy.sparse.csr_array:
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


def _offsets_of(rows: EncodedRows, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.bincount(rows.row_of[kept], minlength=len(rows)), out=offsets[1:])
    return offsets


def _means(weights: Floats, vocabulary: Vocabulary) -> Floats:
    """float64[modalities, 3], the mean weights of each modality's values: for unseen ones."""
    sums = np.zeros((len(vocabulary.modalities), weights.shape[1]))
    np.add.at(sums, vocabulary.modality_of, weights[: len(vocabulary)])
    return sums / np.maximum(np.diff(vocabulary.starts), 1)[:, np.newaxis]
