"""Trait cards as columns of numbers: spans on a scale, and sets of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute

# Words that have an order; what a card says in them is compared as numbers.
SCALES: Mapping[str, tuple[str, ...]] = {
    "price": ("budget", "value", "mid", "premium", "luxury"),
    "level": ("very low", "low", "medium", "high", "very high"),
    "grade": ("low", "lower-middle", "middle", "upper-middle", "high"),
}
_SPAN = re.compile(r"^(\d+(?:\.\d+)?)\s*(?:(?:-|–|to)\s*(\d+(?:\.\d+)?)|(\+)|)$")
_OPEN_END = 1.5  # "55+" reaches half as far again as where it starts


@dataclass(frozen=True, slots=True)
class Spans:
    """A trait that lies on a scale, such as ages or a price tier.

    Attributes
    ----------
    scale : str
        Traits of one scale can be compared, whatever they are called.
    ends : float32[n, 2]
        Lowest and highest; NaN where the attribute says nothing.
    """

    scale: str
    ends: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Words:
    """A trait that is a set of words, such as categories.

    Attributes
    ----------
    vocabulary : tuple of str
    held : bool[n, k]
        Which attribute holds which word.
    """

    vocabulary: tuple[str, ...]
    held: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CardColumns:
    """The traits of n attributes by name.

    Attributes
    ----------
    spans : dict of str to Spans
    words : dict of str to Words

    Examples
    --------
    >>> columns = read_cards([
    ...     Attribute("brand", "Nike", traits={"price_tier": "mid", "ages": "15-40"}),
    ...     Attribute("brand", "Rolex", traits={"price_tier": "luxury", "about": ["watches"]}),
    ... ])
    >>> columns.spans["price_tier"].ends[:, 0].tolist(), columns.words["about"].vocabulary
    ([2.0, 4.0], ('watches',))
    """

    spans: dict[str, Spans]
    words: dict[str, Words]


def read_cards(attributes: Iterable[Attribute]) -> CardColumns:
    """The traits of attributes as columns; a trait is a span where all that is said of it is one.

    A span is a number, ``"18-34"``, ``"55+"``, or words of one of the ``SCALES``; everything else
    is a set of words, compared without regard to case.
    """
    cards = list(attributes)
    spans: dict[str, Spans] = {}
    words: dict[str, Words] = {}
    for name in sorted({name for card in cards for name in card.traits}):
        items = [tuple(item.casefold() for item in card.items(name)) for card in cards]
        found = _as_spans(name, items)
        if found is None:
            words[name] = _as_words(items)
        else:
            spans[name] = found
    return CardColumns(spans, words)


def _as_spans(name: str, items: list[tuple[str, ...]]) -> Spans | None:
    said = {item for row in items for item in row}
    for scale, order in SCALES.items():
        if said <= set(order):
            place = {word: float(at) for at, word in enumerate(order)}
            return Spans(scale, _ends([[(place[i], place[i]) for i in row] for row in items]))
    if all(_SPAN.match(item) for item in said):
        # "age_range" and "min_age" speak of the same: numbers are of one scale by a shared word.
        scale = "ages" if "age" in re.split(r"[_\W]+", name.casefold()) else name.casefold()
        return Spans(scale, _ends([[_numbers(item) for item in row] for row in items]))
    return None


def _numbers(item: str) -> tuple[float, float]:
    found = _SPAN.match(item)
    assert found is not None
    low = float(found[1])
    high = float(found[2]) if found[2] else low * _OPEN_END if found[3] else low
    return min(low, high), max(low, high)


def _ends(rows: list[list[tuple[float, float]]]) -> NDArray[np.float32]:
    ends = np.full((len(rows), 2), np.nan, dtype=np.float32)
    for at, row in enumerate(rows):
        if row:
            ends[at] = min(low for low, _ in row), max(high for _, high in row)
    return ends


def _as_words(items: list[tuple[str, ...]]) -> Words:
    vocabulary = tuple(sorted({item for row in items for item in row}))
    number = {word: at for at, word in enumerate(vocabulary)}
    held = np.zeros((len(items), len(vocabulary)), dtype=np.bool_)
    for at, row in enumerate(items):
        held[at, [number[item] for item in row]] = True
    return Words(vocabulary, held)
