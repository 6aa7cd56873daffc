"""What the attributes of a simulated world are like, and the cards that tell of it with errors."""

from __future__ import annotations

from dataclasses import dataclass

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

    price: NDArray[np.int64]
    ages: NDArray[np.float64]
    categories: NDArray[np.bool_]
    shuns: NDArray[np.bool_]
    regions: NDArray[np.bool_]
    values: NDArray[np.bool_]
    intent: NDArray[np.int64]

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
    centres = _draw_centres(rng)
    segment = rng.integers(_NUM_SEGMENTS, size=n)
    categories = _members(centres.categories[segment], 3, rng)
    # Nothing shuns what it is about itself.
    shuns = _members(np.where(categories, 0.0, centres.shuns[segment]), 2, rng)
    middle = np.clip(centres.age[segment] + rng.normal(0, 7, n), 16, 70)
    half = rng.uniform(5, 18, n)
    price = np.clip(np.rint(centres.price[segment] + rng.normal(0, 0.8, n)), 0, 4)
    return Traits(
        price=price.astype(np.int64),
        ages=np.rint(np.stack([np.maximum(middle - half, 13), middle + half], axis=1)),
        categories=categories,
        shuns=shuns,
        regions=_members(centres.regions[segment], 3, rng),
        values=_members(centres.values[segment], 3, rng),
        intent=np.where(
            rng.random(n) < 0.6, centres.intent[segment], rng.integers(len(INTENTS), size=n)
        ),
    )


def with_errors(traits: Traits, error_frac: float, rng: Generator) -> Traits:
    """The traits with each entry of each card wrong with this chance: drawn from anybody else."""
    n = len(traits.price)

    def spoilt(column: NDArray[np.generic]) -> NDArray[np.generic]:
        wrong = rng.random(n) < error_frac
        chosen = np.where(wrong, rng.permutation(n), np.arange(n))
        return column[chosen]

    names = ("price", "ages", "categories", "shuns", "regions", "values", "intent")
    return Traits(**{name: spoilt(getattr(traits, name)) for name in names})  # type: ignore[arg-type]  # arrays of the column's own type


@dataclass(frozen=True, slots=True)
class _Centres:
    """What the segments are like on average."""

    price: NDArray[np.float64]
    age: NDArray[np.float64]
    categories: NDArray[np.float64]
    shuns: NDArray[np.float64]
    regions: NDArray[np.float64]
    values: NDArray[np.float64]
    intent: NDArray[np.int64]


def _draw_centres(rng: Generator) -> _Centres:
    def leanings(width: int) -> NDArray[np.float64]:
        return rng.dirichlet(np.full(width, 0.25), size=_NUM_SEGMENTS) + 0.1 / width

    return _Centres(
        price=rng.uniform(0, 4, _NUM_SEGMENTS),
        age=rng.uniform(20, 60, _NUM_SEGMENTS),
        categories=leanings(len(CATEGORIES)),
        shuns=leanings(len(CATEGORIES)),
        regions=leanings(len(REGIONS)),
        values=leanings(len(VALUES)),
        intent=rng.integers(len(INTENTS), size=_NUM_SEGMENTS),
    )


def _members(weights: NDArray[np.float64], mean: int, rng: Generator) -> NDArray[np.bool_]:
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


def _named(words: tuple[str, ...], held: NDArray[np.bool_]) -> list[str]:
    return [words[at] for at in np.flatnonzero(held)]
