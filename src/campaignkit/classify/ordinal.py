"""Ordered classes from one score: probabilities, loss and slopes of ordered cuts.

``P(rank <= r) = sigmoid(cuts[r] - score)``; ranks go from 0, the worst, to the number of cuts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_GAP = 1e-6  # of neighbouring cuts: at less, a class would have no room and its loss no slope
_MAX_LOG_GAP = 12.0


class OrdinalLoss(NamedTuple):
    """Sums over rows, and the slope of each row's loss by its score.

    Attributes
    ----------
    value : float
        Sum of the weighted -log P(rank).
    by_score : float64[rows]
    by_cuts : float64[cuts]
        Slopes of `value` by the cuts.
    """

    value: float
    by_score: Floats
    by_cuts: Floats


def ordinal_loss(
    scores: Floats, ranks: NDArray[np.int64], weights: Floats, cuts: Floats
) -> OrdinalLoss:
    """The cumulative-logit loss of some scores.

    Parameters
    ----------
    scores, ranks, weights : float64[rows], int64[rows], float64[rows]
    cuts : float64[cuts]
        Ascending.

    Examples
    --------
    >>> ranks, ones, cuts = np.array([0, 1, 2]), np.ones(3), np.array([-4.0, 4.0])
    >>> sure = ordinal_loss(np.array([-9.0, 0, 9]), ranks, ones, cuts)
    >>> unsure = ordinal_loss(np.zeros(3), ranks, ones, cuts)
    >>> sure.value < unsure.value
    True
    """
    ends = np.concatenate([[-np.inf], cuts, [np.inf]])
    gaps = np.maximum(np.diff(ends), MIN_GAP)
    below, above = ends[ranks] - scores, ends[ranks + 1] - scores
    # log(sigmoid(b) - sigmoid(a)) = log sigmoid(b) + log sigmoid(-a) + log(1 - exp(a - b)).
    room = -np.log1p(-np.exp(-gaps))
    pull = 1 / np.expm1(np.minimum(gaps, 700.0))  # beyond, a double overflows and the pull is none
    loss = _softplus(-above) + _softplus(below) + room[ranks]
    # Slopes of the loss by the two differences below and above.
    by_below = weights * (_sigmoid(below) + pull[ranks])
    by_above = -weights * (_sigmoid(-above) + pull[ranks])
    by_cuts = np.zeros(len(gaps) + 1)
    by_cuts[:-1] += np.bincount(ranks, by_below, len(gaps))
    by_cuts[1:] += np.bincount(ranks, by_above, len(gaps))
    return OrdinalLoss(float(loss @ weights), -(by_below + by_above), by_cuts[1:-1])


def ordinal_probabilities(scores: Floats, cuts: Floats) -> Floats:
    """float64[rows, cuts + 1], probabilities of the ranks; they add up to 1.

    Examples
    --------
    >>> ordinal_probabilities(np.array([0.0]), np.array([-1.0, 1.0])).round(3).tolist()
    [[0.269, 0.462, 0.269]]
    """
    differences = np.asarray(cuts) - scores[:, np.newaxis]
    up_to = _sigmoid(differences)
    middle = np.maximum(np.diff(up_to, axis=1), 0.0)
    return np.concatenate([up_to[:, :1], middle, _sigmoid(-differences[:, -1:])], axis=1)


def cuts_of_shares(counts: NDArray[np.number]) -> Floats:
    """The cuts that give every row these shares where all scores are 0.

    Examples
    --------
    >>> cuts_of_shares(np.array([1.0, 2.0, 1.0])).round(3).tolist()
    [-0.847, 0.847]
    """
    shares = ((np.cumsum(counts) + 0.5) / (counts.sum() + 1))[:-1]
    cuts = np.log(shares / (1 - shares))
    # A class without a row would have no room.
    return np.asarray(np.maximum.accumulate(cuts + 2 * MIN_GAP * np.arange(len(cuts))))


def cuts_of_knobs(knobs: Floats) -> Floats:
    """Cuts, ascending by construction, from the first one and the logs of the gaps after it.

    Examples
    --------
    >>> cuts_of_knobs(np.array([-1.0, 0.0])).tolist()
    [-1.0, 0.0]
    """
    gaps = np.exp(np.clip(knobs[1:], -_MAX_LOG_GAP, _MAX_LOG_GAP))
    return np.asarray(knobs[0] + np.concatenate([[0.0], np.cumsum(gaps)]))


def knobs_of_cuts(cuts: Floats) -> Floats:
    """The inverse of :func:`cuts_of_knobs`."""
    return np.concatenate([cuts[:1], np.log(np.diff(cuts))])


def slopes_of_knobs(knobs: Floats, by_cuts: Floats) -> Floats:
    """Slopes by the knobs, of slopes by the cuts."""
    later = np.cumsum(by_cuts[::-1])[::-1]  # a gap moves all cuts after it
    is_free = np.abs(knobs[1:]) < _MAX_LOG_GAP
    return np.concatenate([later[:1], np.where(is_free, later[1:] * np.exp(knobs[1:]), 0.0)])


def _sigmoid(x: Floats) -> Floats:
    half: Floats = 0.5 * np.tanh(0.5 * x) + 0.5
    return half


def _softplus(x: Floats) -> Floats:
    told: Floats = np.logaddexp(0.0, x)
    return told
