"""A second simulated world for building graphs, of other laws than ``RehearsalWorld``.

It was written before the learner that is measured in it, and without looking at one. What is in a
card here, and what cards make of a pair, follows rules of its own: attributes come in no segments,
words have popularities, the best match of two lists counts and not their mean, one shunned word
outweighs the next, and card entries are as often missed as wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute
from campaignkit.edges import PairTable
from campaignkit.seeds import stream
from campaignkit.simulation import RehearsalWorld
from campaignkit.simulation.latent import standard
from campaignkit.simulation.traits import Traits
from campaignkit.simulation.world import _cut, _noise_for

Floats = NDArray[np.float64]
Rest = Literal["low rank", "own tastes"]

CARDS, REST, OWN = 0.75, 0.10, 0.15  # shares of a score's variance, as in the first world
_RANK = 4
_WIDTHS = {"categories": 24, "shuns": 24, "regions": 12, "values": 16}
_MOST = {"categories": 4, "shuns": 3, "regions": 5, "values": 4}


class SecondWorld(RehearsalWorld):
    """Signs by other laws; the model, its flips and its prompts are those of the first world.

    Parameters
    ----------
    size : int
        Attributes, in the published shares of modalities.
    seed : int
    wrong_cards : float
        Chance of each entry of a card to be missed (half of it) or another attribute's (half).
    rest : {"low rank", "own tastes"}
        What no card shows: products of four hidden properties, or what each attribute makes of
        each word of the others, which has as many dimensions as there are words.
    """

    def __init__(
        self, size: int, *, seed: int, wrong_cards: float = 0.15, rest: Rest = "low rank"
    ) -> None:
        super().__init__(size, seed=seed, wrong_cards=0.0)
        table = PairTable(self.catalogue)
        traits = _drawn(size, stream(seed, "second world", "traits"))
        laws = stream(seed, "second world", "laws")
        parts = {
            CARDS: _by_cards(traits, table, laws),
            REST: _by_rest(traits, table, laws, rest),
            OWN: laws.normal(size=len(table)),
        }
        self.score = standard(sum(np.sqrt(share) * standard(x) for share, x in parts.items()))
        self.truth, self._borders = _cut(self.score, 0.5, 0.09)
        self._noise_sd = _noise_for(self.score, self._borders, self.flip_rate)
        self._told = _spoilt(traits, wrong_cards, stream(seed, "second world", "cards"))
        self._silent = stream(seed, "second world", "silence").random((size, 7)) < wrong_cards / 2

    def cards(self, attribute: Attribute) -> dict[str, str | list[str]]:
        """The card as the simulated model fills it in: entries are missed, others are wrong."""
        at = self.catalogue.index(attribute.key)
        card = self._told.card(at)
        return {n: held for n, held in card.items() if not self._silent[at, list(card).index(n)]}

    def describe(self, attribute: Attribute) -> str:
        """Nothing: descriptions are not what this world is about."""
        return ""


def _drawn(size: int, rng: Generator) -> Traits:
    """Attributes without segments: words by popularity, prices and ages by themselves."""
    held: dict[str, NDArray[np.bool_]] = {}
    for name, width in _WIDTHS.items():
        popular = rng.permutation(1 / (1 + np.arange(width)) ** 0.6)
        rank = rng.exponential(size=(size, width)) / popular
        if name == "shuns":
            rank[held["categories"]] = np.inf
        many = rng.integers(0 if name == "shuns" else 1, _MOST[name] + 1, size=size)
        held[name] = np.argsort(np.argsort(rank, axis=1), axis=1) < many[:, None]
    youngest = 13 + rng.gamma(2.5, 7.0, size=size)
    return Traits(
        price=rng.choice(5, size=size, p=(0.15, 0.25, 0.3, 0.2, 0.1)),
        ages=np.rint(np.stack([youngest, youngest + rng.uniform(6, 40, size)], axis=1)),
        intent=rng.integers(5, size=size),
        **held,
    )


def _spoilt(traits: Traits, wrong_cards: float, rng: Generator) -> Traits:
    size = len(traits.price)
    made: dict[str, NDArray[Any]] = {}  # of each trait's own type
    for name in ("price", "ages", "categories", "shuns", "regions", "values", "intent"):
        wrong = rng.random(size) < wrong_cards / 2
        chosen = np.where(wrong, rng.integers(size, size=size), np.arange(size))
        made[name] = getattr(traits, name)[chosen]
    return replace(traits, **made)


def _by_cards(of: Traits, table: PairTable, rng: Generator) -> Floats:
    """What the cards make of each pair; each two modalities weigh the laws in their own way."""
    one, other = table.pairs.T
    middle, width = of.ages.mean(axis=1), of.ages[:, 1] - of.ages[:, 0]
    fit = rng.gamma(0.6, size=(24, 24))
    fit = fit + fit.T + 3 * np.eye(24)
    best = _best_match(of.categories, fit)
    hits = of.shuns.astype(float) @ of.categories.T
    hits = hits + hits.T
    views = rng.normal(size=(16, 16))
    agreed = of.values @ (views + views.T) @ of.values.T
    meet = (of.regions.astype(int) @ of.regions.T) > 0
    steps = rng.normal(size=(5, 5))
    taste = rng.normal(size=24)
    charm = (of.categories * taste).max(axis=1) + 0.5 * np.cos(of.price)
    laws = {
        "price": (1.1, -np.square(of.price[one] - of.price[other]) - 4.0 * (
            np.abs(of.price[one] - of.price[other]) >= 3)),
        "ages": (0.8, np.exp(-0.5 * np.square(
            (middle[one] - middle[other]) / (6 + (width[one] + width[other]) / 4)))),
        "categories": (0.9, best[one, other]),
        "shunned": (-0.9, 1 - np.exp(-1.5 * hits[one, other])),
        "regions": (0.5, meet[one, other]),
        "values": (0.8, agreed[one, other]),
        "prices by intent": (0.5, steps[of.intent[one], of.price[other]]
                             + steps[of.intent[other], of.price[one]]),
        "charm": (0.7, charm[one] + charm[other]),
    }  # fmt: skip
    total = np.zeros(len(table))
    ends = np.sort(table.codes[table.pairs], axis=1)
    for block in np.unique(ends, axis=0):
        rows = (ends == block).all(axis=1)
        for weight, law in laws.values():
            total[rows] += weight * rng.uniform(0.4, 1.6) * standard(law[rows].astype(float))
        total[rows] += rng.normal(0, 0.5)
    return total


def _best_match(held: NDArray[np.bool_], fit: Floats) -> Floats:
    """float64[n, n]: the best fit of any word of the one with any word of the other."""
    to_word = np.stack([np.where(row, fit, -np.inf).max(axis=1) for row in held])
    return np.stack([np.where(row, to_word, -np.inf).max(axis=1) for row in held])


def _by_rest(of: Traits, table: PairTable, rng: Generator, rest: Rest) -> Floats:
    one, other = table.pairs.T
    size = len(of.price)
    if rest == "low rank":
        hidden = rng.normal(size=(size, _RANK))
        return np.asarray((hidden[one] * hidden[other]).sum(axis=1))
    words = np.hstack([of.categories, of.shuns, of.regions, of.values]).astype(float)
    words = (words - words.mean(axis=0)) / words.std(axis=0)
    seen = rng.normal(size=words.shape) @ words.T
    return np.asarray((seen + seen.T)[one, other])
