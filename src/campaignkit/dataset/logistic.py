"""Multinomial logistic regression on any columns, its penalty chosen on held-out rows.

The core stands without scikit-learn; a test holds the weights to its `LogisticRegression`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.metrics import log_loss
from campaignkit.pools import one_blas_thread
from campaignkit.progress import Steps

Floats = NDArray[np.float64]
Matrix = Any  # scipy.sparse.csr_array or float64[rows, columns]

PENALTIES = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)  # 1 is scikit-learn's C=1
_MAX_STEPS = 100  # the third decimal of the log-loss is settled by then


@dataclass(frozen=True, eq=False)
class SoftmaxFit:
    """Weights of the classes, and how they were chosen.

    Attributes
    ----------
    weights, bias : float64[columns, classes], float64[classes]
    penalty : float
        On half the squared weights; the bias is free.
    tried : dict of float to float
        Held-out log-loss by penalty; empty where there was no choice.

    Examples
    --------
    >>> fit = SoftmaxFit(np.zeros((2, 3)), np.zeros(3), 1.0, {})
    >>> fit.probabilities(np.ones((1, 2))).round(2).tolist()
    [[0.33, 0.33, 0.33]]
    """

    weights: Floats
    bias: Floats
    penalty: float
    tried: dict[float, float]

    def probabilities(self, columns: Matrix) -> Floats:
        """float64[rows, classes]."""
        return softmax(np.asarray(columns @ self.weights) + self.bias)


def softmax(scores: Floats) -> Floats:
    """Probabilities of rows of scores.

    Examples
    --------
    >>> softmax(np.zeros((1, 2))).tolist()
    [[0.5, 0.5]]
    """
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    told: Floats = odds / odds.sum(axis=1, keepdims=True)
    return told


def fit_softmax(
    columns: Matrix,
    codes: NDArray[np.int64],
    weights: Floats,
    *,
    penalty: float,
    num_classes: int,
    start: SoftmaxFit | None = None,
    max_steps: int = _MAX_STEPS,
) -> SoftmaxFit:
    """The penalised maximum of the likelihood, by L-BFGS.

    Parameters
    ----------
    columns : csr_array or float64[rows, columns]
    codes, weights : int64[rows], float64[rows]
    penalty : float
    num_classes : int
        Codes are below it.
    start : SoftmaxFit, optional
        Where to begin.
    max_steps : int
        Of L-BFGS.

    Examples
    --------
    >>> fit = fit_softmax(np.eye(3), np.array([0, 1, 2]), np.ones(3), penalty=0.1, num_classes=3)
    >>> fit.probabilities(np.eye(3)).argmax(axis=1).tolist()
    [0, 1, 2]
    """
    from scipy.optimize import minimize

    num_columns = columns.shape[1]
    transposed = columns.T.tocsr() if hasattr(columns, "tocsr") else columns.T
    own = np.arange(len(codes)) * num_classes + codes  # where a flat table holds each row's class

    def loss(flat: Floats) -> tuple[float, Floats]:
        free = flat.reshape(num_columns + 1, num_classes)
        scores = np.asarray(columns @ free[:-1]) + free[-1]
        # Column by column: numpy takes long over the rows of a table of three columns.
        scores -= reduce(np.maximum, scores.T)[:, np.newaxis]
        odds = np.exp(scores)
        total = reduce(np.add, odds.T)
        value = float((np.log(total) - scores.ravel()[own]) @ weights)
        error = odds
        error *= (weights / total)[:, np.newaxis]
        error.ravel()[own] -= weights
        slope = np.empty_like(free)
        slope[:-1] = np.asarray(transposed @ error) + penalty * free[:-1]
        slope[-1] = error.sum(axis=0)
        return value + penalty / 2 * float((free[:-1] ** 2).sum()), slope.ravel()

    begin = np.zeros((num_columns + 1, num_classes))
    if start is not None:
        begin[:-1], begin[-1] = start.weights, start.bias
    options = {"maxiter": max_steps, "gtol": 1e-3}
    with one_blas_thread():
        best = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options=options).x
    free = best.reshape(num_columns + 1, num_classes)
    return SoftmaxFit(free[:-1].copy(), free[-1].copy(), penalty, {})


def choose_softmax(
    columns: Matrix,
    codes: NDArray[np.int64],
    weights: Floats,
    *,
    num_classes: int,
    parts: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    penalties: tuple[float, ...] = PENALTIES,
) -> SoftmaxFit:
    """Choose the penalty by held-out log-loss, from stiff to loose, then fit all rows with it.

    Parameters
    ----------
    parts : (int64[k], int64[h]) or None
        Positions of the rows to learn from and of those held out; None takes the penalty 1.

    Examples
    --------
    >>> columns, codes = np.tile(np.eye(3), (20, 1)), np.tile([0, 1, 2], 20)
    >>> parts = np.arange(45), np.arange(45, 60)
    >>> fit = choose_softmax(columns, codes, np.ones(60), num_classes=3, parts=parts)
    >>> fit.penalty, len(fit.tried)
    (0.1, 7)
    """
    if parts is None:
        return fit_softmax(columns, codes, weights, penalty=1.0, num_classes=num_classes)
    kept, held = parts
    train = columns[kept], codes[kept], weights[kept]
    tried: dict[float, float] = {}
    best = last = None
    steps = Steps(None, "fitting", len(penalties) + 1)
    for penalty in sorted(penalties, reverse=True):
        last = fit_softmax(*train, penalty=penalty, num_classes=num_classes, start=last)
        steps.step()
        loss = log_loss(codes[held], last.probabilities(columns[held]), weights[held])
        tried[penalty] = loss
        if best is None or loss < tried[best.penalty]:
            best = last
        elif loss > 1.05 * tried[best.penalty]:
            break  # looser penalties fit the training rows ever closer
    assert best is not None
    whole = fit_softmax(
        columns, codes, weights, penalty=best.penalty, num_classes=num_classes, start=best
    )
    steps.finish()
    return SoftmaxFit(whole.weights, whole.bias, best.penalty, tried)
