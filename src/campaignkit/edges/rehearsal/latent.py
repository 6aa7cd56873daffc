"""The score behind every sign of a simulated world, and how much of it can be seen."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from campaignkit.edges.rehearsal.traits import Traits

# Shares of a score's variance: what traits show, what a few hidden properties of the attributes
# make, and what is the pair's own. They are those the published comparison was simulated with.
VISIBLE, HIDDEN, OWN = 0.75, 0.10, 0.15
_HIDDEN_RANK = 3

# What matters how much, before each pair of modalities weighs it in its own way.
_WEIGHTS = {
    "price gap": -0.8,
    "ages shared": 0.7,
    "categories shared": 0.8,
    "categories shunned": -0.9,
    "regions shared": 0.5,
    "values shared": 0.6,
    "intents": 0.4,
    "categories that go together": 0.9,
    "values that go together": 0.7,
    "right price in the right category": 0.5,
    "liked by all": 0.7,
}


def draw_scores(
    traits: Traits, codes: NDArray[np.int32], pairs: NDArray[np.int32], rng: Generator
) -> NDArray[np.float64]:
    """float64[P]: the scores of the pairs, mean 0 and variance 1 over all of them.

    Parameters
    ----------
    traits : Traits
        Of the n attributes, without errors.
    codes : int32[n]
        Modality of each attribute.
    pairs : int32[P, 2]
        Positions of the attributes of each pair.
    rng : Generator
        The world's own.
    """
    laws = _Laws(traits, rng)
    visible = np.empty(len(pairs))
    modality_pair = _modality_pairs(codes, pairs)
    for block in range(int(modality_pair.max()) + 1):
        rows = np.flatnonzero(modality_pair == block)
        weighed = {name: w * rng.lognormal(0, 0.5) for name, w in _WEIGHTS.items()}
        lift = rng.normal(0, 0.3)
        if len(rows):
            terms = laws.terms(pairs[rows, 0], pairs[rows, 1])
            total = sum(weighed[name] * _standard(term) for name, term in terms.items())
            visible[rows] = _standard(np.asarray(total)) + lift
    left, right = (rng.normal(size=(len(codes), _HIDDEN_RANK)) for _ in range(2))
    hidden = np.einsum("pr,pr->p", left[pairs[:, 0]], right[pairs[:, 1]])
    own = rng.normal(size=len(pairs))
    parts = ((VISIBLE, visible), (HIDDEN, hidden), (OWN, own))
    return _standard(sum(np.sqrt(share) * _standard(part) for share, part in parts))


class _Laws:
    """How the traits of two attributes bear on their score; drawn once for a world."""

    def __init__(self, traits: Traits, rng: Generator) -> None:
        self._of = traits
        self._intents = rng.normal(size=(5, 5))
        self._categories = _affinity(traits.categories.shape[1], rng)
        self._values = _affinity(traits.values.shape[1], rng)
        liking = rng.normal(size=traits.categories.shape[1])
        self._likable = traits.categories @ liking / traits.categories.sum(axis=1)
        self._likable -= 0.3 * traits.price

    def terms(
        self, one: NDArray[np.int32], other: NDArray[np.int32]
    ) -> dict[str, NDArray[np.float64]]:
        of = self._of
        price_gap = np.abs(of.price[one] - of.price[other]).astype(np.float64)
        shared = _shared(of.categories, of.categories, one, other)
        low = np.maximum(of.ages[one, 0], of.ages[other, 0])
        high = np.minimum(of.ages[one, 1], of.ages[other, 1])
        widths = of.ages[:, 1] - of.ages[:, 0]
        shunned = _shared(of.shuns, of.categories, one, other)
        shunned += _shared(of.categories, of.shuns, one, other)
        return {
            "price gap": price_gap,
            "ages shared": np.clip(high - low, 0, None) / np.minimum(widths[one], widths[other]),
            "categories shared": np.sqrt(shared),
            "categories shunned": np.sqrt(shunned),
            "regions shared": np.sqrt(_shared(of.regions, of.regions, one, other)),
            "values shared": np.sqrt(_shared(of.values, of.values, one, other)),
            "intents": self._intents[of.intent[one], of.intent[other]],
            "categories that go together": _bilinear(of.categories, self._categories, one, other),
            "values that go together": _bilinear(of.values, self._values, one, other),
            "right price in the right category": (price_gap < 2) * (shared > 0),
            "liked by all": self._likable[one] + self._likable[other],
        }


def _modality_pairs(codes: NDArray[np.int32], pairs: NDArray[np.int32]) -> NDArray[np.int64]:
    """int64[P]: which pair of modalities each pair is of, counted from 0."""
    m = int(codes.max()) + 1
    number = np.zeros((m, m), dtype=np.int64)
    for at, (one, other) in enumerate(combinations(range(m), 2)):
        number[one, other] = number[other, one] = at
    return np.asarray(number[codes[pairs[:, 0]], codes[pairs[:, 1]]])


def _affinity(width: int, rng: Generator) -> NDArray[np.float64]:
    """float64[width, width]: which items go together; of rank 4, as tastes are."""
    left, right = rng.normal(size=(2, width, 4))
    return np.asarray(left @ right.T)


def _shared(
    left: NDArray[np.bool_],
    right: NDArray[np.bool_],
    one: NDArray[np.int32],
    other: NDArray[np.int32],
) -> NDArray[np.float64]:
    table = left.astype(np.float32) @ right.T.astype(np.float32)
    return np.asarray(table[one, other], dtype=np.float64)


def _bilinear(
    held: NDArray[np.bool_],
    affinity: NDArray[np.float64],
    one: NDArray[np.int32],
    other: NDArray[np.int32],
) -> NDArray[np.float64]:
    mean = held / np.maximum(held.sum(axis=1, keepdims=True), 1)
    table = mean @ affinity @ mean.T
    return np.asarray((table + table.T)[one, other], dtype=np.float64)


def _standard(column: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = column.std()
    return np.asarray((column - column.mean()) / (spread if spread > 0 else 1.0))
