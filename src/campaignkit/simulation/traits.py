"""What the attributes of a simulated world are like, their cards, and what both make of a pair."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from campaignkit.edges.methods.active.cards import (
    CATEGORIES,
    INTENTS,
    PRICE_TIERS,
    REGIONS,
    VALUES,
)
from campaignkit.simulation.latent import Floats, Ints, standard

Bools = NDArray[np.bool_]

_NUM_SEGMENTS = 14  # kinds of people and things, which run through all modalities


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits of n attributes as arrays.

    Attributes
    ----------
    price : int64[n]
        Position in ``PRICE_TIERS``.
    ages : float64[n, 2]
        Youngest and oldest.
    categories, shuns : bool[n, 24]
        What it is about, and what it wants nothing to do with.
    regions : bool[n, 12]
    values : bool[n, 16]
    intent : int64[n]
        Position in ``INTENTS``.
    """

    price: Ints
    ages: Floats
    categories: Bools
    shuns: Bools
    regions: Bools
    values: Bools
    intent: Ints

    def card(self, at: int) -> dict[str, str | list[str]]:
        """The traits of one attribute in words, as a model would fill in a card."""
        low, high = self.ages[at].tolist()
        return {
            "price_tier": PRICE_TIERS[self.price[at]],
            "ages": f"{low:.0f}-{high:.0f}",
            "categories": _named(CATEGORIES, self.categories[at]),
            "anti_categories": _named(CATEGORIES, self.shuns[at]),
            "regions": _named(REGIONS, self.regions[at]),
            "values": _named(VALUES, self.values[at]),
            "intent": INTENTS[self.intent[at]],
        }


def draw_traits(n: int, rng: Generator) -> Traits:
    """Draw n attributes of a few segments: those of one segment are alike, not the same."""
    segment_like = _draw_centres(rng)
    segment = rng.integers(_NUM_SEGMENTS, size=n)
    like = {name: centre[segment] for name, centre in segment_like.items()}
    categories = _members(like["categories"], 3, rng)
    # Nothing shuns what it is about itself.
    shuns = _members(np.where(categories, 0.0, like["shuns"]), 2, rng)
    middle = np.clip(like["age"] + rng.normal(0, 7, n), 16, 70)
    half = rng.uniform(5, 18, n)
    price = np.clip(np.rint(like["price"] + rng.normal(0, 0.8, n)), 0, 4)
    return Traits(
        price=price.astype(np.int64),
        ages=np.rint(np.stack([np.maximum(middle - half, 13), middle + half], axis=1)),
        categories=categories,
        shuns=shuns,
        regions=_members(like["regions"], 3, rng),
        values=_members(like["values"], 3, rng),
        intent=np.where(rng.random(n) < 0.6, like["intent"], rng.integers(len(INTENTS), size=n)),
    )


def with_errors(traits: Traits, error_frac: float, rng: Generator) -> Traits:
    """The traits with each entry of each card wrong with this chance: drawn from anybody else."""
    n = len(traits.price)

    def spoilt(column: NDArray[Any]) -> NDArray[Any]:  # of the column's own type
        wrong = rng.random(n) < error_frac
        chosen = np.where(wrong, rng.permutation(n), np.arange(n))
        return column[chosen]

    columns = {field.name: getattr(traits, field.name) for field in fields(traits)}
    return Traits(**{name: spoilt(column) for name, column in columns.items()})


def _draw_centres(rng: Generator) -> dict[str, NDArray[Any]]:  # arrays of floats, of ints
    """What the segments are like on average; one row a segment."""

    def leanings(width: int) -> Floats:
        return rng.dirichlet(np.full(width, 0.25), size=_NUM_SEGMENTS) + 0.1 / width

    return {
        "price": rng.uniform(0, 4, _NUM_SEGMENTS),
        "age": rng.uniform(20, 60, _NUM_SEGMENTS),
        "categories": leanings(len(CATEGORIES)),
        "shuns": leanings(len(CATEGORIES)),
        "regions": leanings(len(REGIONS)),
        "values": leanings(len(VALUES)),
        "intent": rng.integers(len(INTENTS), size=_NUM_SEGMENTS),
    }


def _members(weights: Floats, mean: int, rng: Generator) -> Bools:
    """bool[n, k]: one to twice `mean` - 1 different items a row, likelier where weights are."""
    n = len(weights)
    # The largest of -log(u) / weight first: sampling without replacement by weight.
    with np.errstate(divide="ignore"):
        keys = rng.exponential(size=weights.shape) / weights
    order = np.argsort(keys, axis=1)
    held = np.zeros(weights.shape, dtype=np.bool_)
    take = np.arange(weights.shape[1]) < rng.integers(1, 2 * mean, size=n)[:, None]
    np.put_along_axis(held, order, take, axis=1)
    return held & (weights > 0)


def _named(words: tuple[str, ...], held: Bools) -> list[str]:
    return [words[at] for at in np.flatnonzero(held)]


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


def visible_scores(traits: Traits, codes: Ints, pairs: Ints, rng: Generator) -> Floats:
    """float64[P]: what the traits of the two attributes say of each pair.

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
    ends = np.sort(codes[pairs], axis=1)
    for block in combinations(range(int(codes.max()) + 1), 2):
        rows = np.flatnonzero((ends == block).all(axis=1))
        weighed = {name: w * rng.lognormal(0, 0.5) for name, w in _WEIGHTS.items()}
        lift = rng.normal(0, 0.3)
        if len(rows):
            terms = laws.terms(pairs[rows, 0], pairs[rows, 1])
            total = sum(weighed[name] * standard(term) for name, term in terms.items())
            visible[rows] = standard(np.asarray(total)) + lift
    return visible


class _Laws:
    """How the traits of two attributes affect their score; drawn once for a world."""

    def __init__(self, traits: Traits, rng: Generator) -> None:
        self._of = traits
        self._intents = rng.normal(size=(5, 5))
        self._categories = _affinity(traits.categories.shape[1], rng)
        self._values = _affinity(traits.values.shape[1], rng)
        liking = rng.normal(size=traits.categories.shape[1])
        self._likable = traits.categories @ liking / traits.categories.sum(axis=1)
        self._likable -= 0.3 * traits.price

    def terms(self, one: Ints, other: Ints) -> dict[str, Floats]:
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


def _affinity(width: int, rng: Generator) -> Floats:
    """float64[width, width]: which items go together; of rank 4, as tastes are."""
    left, right = rng.normal(size=(2, width, 4))
    return np.asarray(left @ right.T)


def _shared(left: Bools, right: Bools, one: Ints, other: Ints) -> Floats:
    table = left.astype(np.float32) @ right.T.astype(np.float32)
    return np.asarray(table[one, other], dtype=np.float64)


def _bilinear(held: Bools, affinity: Floats, one: Ints, other: Ints) -> Floats:
    mean = held / np.maximum(held.sum(axis=1, keepdims=True), 1)
    table = mean @ affinity @ mean.T
    return np.asarray((table + table.T)[one, other], dtype=np.float64)
