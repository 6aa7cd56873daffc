"""Hidden factors: what no card shows, but many judgements of an attribute give away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from campaignkit.pools import one_blas_thread

Float = NDArray[np.float32]

_START = 0.3  # spread of the factors before anything is known


@dataclass(frozen=True, slots=True)
class Factors:
    """Vectors of all attributes, as the first and as the second of a pair.

    Attributes
    ----------
    first, second : float32[n, rank]
    """

    first: Float
    second: Float

    @classmethod
    def drawn(cls, num_attributes: int, rank: int, rng: Generator) -> Factors:
        """Small ones by chance, to start from."""
        shape = (2, num_attributes, rank)
        first, second = (_START * rng.standard_normal(shape)).astype(np.float32)
        return cls(first, second)

    def products(self, pairs: NDArray[np.integer]) -> Float:
        """float32[P]: what the factors say of each pair."""
        return np.asarray(np.einsum("pr,pr->p", self.first[pairs[:, 0]], self.second[pairs[:, 1]]))


@one_blas_thread()
def fit_factors(
    pairs: NDArray[np.integer],
    rest: Float,
    start: Factors,
    *,
    ridge: float,
    num_steps: int,
) -> Factors:
    """Fit factors to what is left of some pairs' targets, by alternating least squares.

    Parameters
    ----------
    pairs : int[k, 2]
        Attributes of each pair.
    rest : float32[k]
        What the factors' product is to be.
    start : Factors
        Where to begin; nearer to the end, fewer steps are needed.
    ridge : float
        How many judgements an attribute needs for its vector to be believed by half.
    num_steps : int

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pairs = np.argwhere(np.triu(np.ones((30, 30)), 1))
    >>> hidden = rng.normal(size=30)
    >>> rest = (hidden[pairs[:, 0]] * hidden[pairs[:, 1]]).astype(np.float32)
    >>> found = fit_factors(pairs, rest, Factors.drawn(30, 1, rng), ridge=1.0, num_steps=5)
    >>> round(float(np.corrcoef(found.products(pairs), rest)[0, 1]), 1)
    1.0
    """
    factors = start
    sides = [_Side(pairs[:, side], len(start.first)) for side in (0, 1)]
    for _ in range(num_steps):
        first = sides[0].solved(factors.second[pairs[:, 1]], rest, ridge)
        second = sides[1].solved(first[pairs[:, 0]], rest, ridge)
        factors = Factors(first, second)
    return factors


class _Side:
    """The pairs in order of their attribute on one side."""

    def __init__(self, attribute: NDArray[np.integer], num_attributes: int) -> None:
        self._order = np.argsort(attribute, kind="stable")
        self._num = num_attributes
        self._there, self._starts = np.unique(attribute[self._order], return_index=True)

    def solved(self, partners: Float, rest: Float, ridge: float) -> Float:
        """float32[n, rank]: each attribute's vector, given those of its partners."""
        rank = partners.shape[1]
        solved = np.zeros((self._num, rank), dtype=np.float32)
        if not len(self._there):
            return solved
        rows = partners[self._order]
        outer = np.add.reduceat(rows[:, :, None] * rows[:, None, :], self._starts, axis=0)
        wanted = np.add.reduceat(rows * rest[self._order, None], self._starts, axis=0)
        outer += ridge * np.eye(rank, dtype=np.float32)
        solved[self._there] = np.linalg.solve(outer, wanted[:, :, None])[:, :, 0]
        return solved
