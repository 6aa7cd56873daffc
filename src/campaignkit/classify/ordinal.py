"""Three ordered classes from one score: probabilities, loss and slopes of two ordered cuts.

``P(label <= neg) = sigmoid(low - score)`` and ``P(label <= avg) = sigmoid(high - score)``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_GAP = 1e-6  # of the cuts: at less, avg would have no room and its loss no slope


class OrdinalLoss(NamedTuple):
    """Sums over rows, and the slope of each row's loss by its score.

    Attributes
    ----------
    value : float
        Sum of the weighted -log P(label).
    by_score : float64[rows]
    by_low, by_high : float
        Slopes of `value` by the two cuts.
    """

    value: float
    by_score: Floats
    by_low: float
    by_high: float


def ordinal_loss(
    scores: Floats, codes: NDArray[np.int64], weights: Floats, *, low: float, high: float
) -> OrdinalLoss:
    """The cumulative-logit loss of some scores.

    Parameters
    ----------
    scores, codes, weights : float64[rows], int64[rows], float64[rows]
        Codes are 0 neg, 1 avg, 2 pos.
    low, high : float
        The cuts, low < high.

    Examples
    --------
    >>> codes, ones = np.array([0, 1, 2]), np.ones(3)
    >>> sure = ordinal_loss(np.array([-9.0, 0, 9]), codes, ones, low=-4, high=4)
    >>> unsure = ordinal_loss(np.zeros(3), codes, ones, low=-4, high=4)
    >>> sure.value < unsure.value
    True
    """
    gap = max(high - low, MIN_GAP)
    below, above = low - scores, high - scores
    # log(sigmoid(b) - sigmoid(a)) = log sigmoid(b) + log sigmoid(-a) + log(1 - exp(a - b)).
    room = -np.log1p(-np.exp(-gap))
    pull = 1 / np.expm1(min(gap, 700.0))  # beyond, a double overflows and the pull is none
    loss = np.where(codes == 0, _softplus(-below), 0.0)
    loss += np.where(codes == 2, _softplus(above), 0.0)
    is_avg = codes == 1
    loss += np.where(is_avg, _softplus(-above) + _softplus(below) + room, 0.0)
    # Slopes of the loss by the two differences below and above.
    by_below = np.where(codes == 0, -_sigmoid(-below), 0.0)
    by_below += np.where(is_avg, _sigmoid(below) + pull, 0.0)
    by_above = np.where(codes == 2, _sigmoid(above), 0.0)
    by_above -= np.where(is_avg, _sigmoid(-above) + pull, 0.0)
    by_below *= weights
    by_above *= weights
    return OrdinalLoss(
        float(loss @ weights), -(by_below + by_above), float(by_below.sum()), float(by_above.sum())
    )


def ordinal_probabilities(scores: Floats, *, low: float, high: float) -> Floats:
    """float64[rows, 3], probabilities of neg, avg, pos; they add up to 1.

    Examples
    --------
    >>> ordinal_probabilities(np.array([0.0]), low=-1, high=1).round(3).tolist()
    [[0.269, 0.462, 0.269]]
    """
    neg, pos = _sigmoid(low - scores), _sigmoid(scores - high)
    return np.stack([neg, np.maximum(1 - neg - pos, 0.0), pos], axis=1)


def cuts_of_shares(counts: NDArray[np.number]) -> tuple[float, float]:
    """The cuts that give every row these shares where all scores are 0.

    Examples
    --------
    >>> [round(cut, 3) for cut in cuts_of_shares(np.array([1.0, 2.0, 1.0]))]
    [-0.847, 0.847]
    """
    shares = (np.cumsum(counts) + 0.5) / (counts.sum() + 1)
    low, high = np.log(shares[:2] / (1 - shares[:2]))
    return float(low), float(max(high, low + 2 * MIN_GAP))


def _sigmoid(x: Floats) -> Floats:
    half: Floats = 0.5 * np.tanh(0.5 * x) + 0.5
    return half


def _softplus(x: Floats) -> Floats:
    told: Floats = np.logaddexp(0.0, x)
    return told
