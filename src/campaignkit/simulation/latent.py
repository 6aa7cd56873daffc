"""The one generator of simulated signs: latent factors make scores, the ends of them are signs.

:func:`synthetic_graph` draws its pairs from the factors and noise; :class:`RehearsalWorld` adds
what traits show (:mod:`.traits`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]

COMMUNITY = 1.5  # how much higher two attributes of one community score than two of two


@dataclass(frozen=True, slots=True)
class LatentFactors:
    """What is hidden behind the scores of n attributes: one row an attribute.

    Attributes
    ----------
    left, right : float64[n, r]
        A pair's score contains the product of the one's left row and the other's right row.
    community : int64[n] or None
        Which community each attribute belongs to; communities run through all modalities.
    num_communities : int
    liking : float64[n] or None
        What each attribute adds to all its scores.

    Examples
    --------
    >>> factors = LatentFactors(np.eye(2), np.ones((2, 2)), liking=np.array([0.5, 0.25]))
    >>> factors.scores(np.array([0]), np.array([1])).tolist()
    [1.75]
    """

    left: Floats
    right: Floats
    community: Ints | None = None
    num_communities: int = 1
    liking: Floats | None = None

    def scores(self, one: Ints, other: Ints) -> Floats:
        """float64[k]: the scores of k pairs of positions, before noise."""
        score = np.zeros(len(one))
        # Term by term, not as a matrix product: its sums depend on the machine, these do not.
        for left, right in zip(self.left.T, self.right.T, strict=True):
            score += left[one] * right[other]
        if self.community is not None and self.num_communities > 1:
            same = self.community[one] == self.community[other]
            # Centred, so that communities move signs and not the balance of + and -.
            score += COMMUNITY * (same - 1 / self.num_communities)
        if self.liking is not None:
            score += self.liking[one] + self.liking[other]
        return score


def ends_of(scores: Floats, num_negative: int, num_positive: int) -> tuple[Ints, Ints]:
    """The rows of the lowest scores, which are -, and of the highest, which are +.

    Examples
    --------
    >>> low, high = ends_of(np.array([0.5, -2.0, 3.0, 1.0]), 1, 2)
    >>> low.tolist(), sorted(high.tolist())
    ([1], [2, 3])
    """
    first_positive = len(scores) - num_positive
    # Where all pairs are - or all +, one of the two bounds is the end and nothing is parted there.
    bounds = sorted({num_negative, first_positive} - {len(scores)})
    order = np.argpartition(scores, bounds) if bounds else np.arange(len(scores))
    return order[:num_negative], order[first_positive:]


def standard(column: Floats) -> Floats:
    """The column with mean 0 and variance 1.

    Examples
    --------
    >>> standard(np.array([1.0, 3.0])).tolist()
    [-1.0, 1.0]
    """
    spread = column.std()
    return np.asarray((column - column.mean()) / (spread if spread > 0 else 1.0))
