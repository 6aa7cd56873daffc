"""Features from trait cards: columns of attributes, their similarity, and features of pairs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute

Float = NDArray[np.float32]

# Words that have an order; what a card says in them is compared as numbers.
SCALES: Mapping[str, tuple[str, ...]] = {
    "price": ("budget", "value", "mid", "premium", "luxury"),
    "level": ("very low", "low", "medium", "high", "very high"),
    "grade": ("low", "lower-middle", "middle", "upper-middle", "high"),
}
# Longer numbers are no ages, prices or years, and would not fit the arithmetic.
_NUMBER = r"(\d{1,12}(?:\.\d{1,12})?)"
SPAN = re.compile(rf"^{_NUMBER}\s*(?:(?:-|–|to)\s*{_NUMBER}|(\+)|)$")
"""A number, ``"18-34"``, ``"18 to 34"`` or ``"55+"``."""

_OPEN_END = 1.5  # "55+" reaches half as far again as where it starts
_SILENT = 0.3  # similarity where one of the two cards is silent; about that of two chance cards
_MOST_COLUMNS = 24  # of shared words; those that speak of most pairs are kept
_FEWEST_PAIRS = 0.02  # share of the pairs that a column must speak of


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
    ends: Float


@dataclass(frozen=True, slots=True)
class CardColumns:
    """The traits of n attributes by name.

    Attributes
    ----------
    spans : dict of str to Spans
        Traits that lie on a scale.
    words : dict of str to bool[n, k]
        Traits that are sets of words: which attribute holds which of all k words, in order.

    Examples
    --------
    >>> columns = read_cards([
    ...     Attribute("brand", "Nike", traits={"price_tier": "mid", "ages": "15-40"}),
    ...     Attribute("brand", "Rolex", traits={"price_tier": "luxury", "about": ["watches"]}),
    ... ])
    >>> columns.spans["price_tier"].ends[:, 0].tolist(), columns.words["about"].tolist()
    ([2.0, 4.0], [[False], [True]])
    """

    spans: dict[str, Spans]
    words: dict[str, NDArray[np.bool_]]


def read_cards(attributes: Iterable[Attribute]) -> CardColumns:
    """The traits of attributes as columns; a trait is a span where all that is said of it is one.

    A span is a number, ``"18-34"``, ``"55+"``, or words of one of the ``SCALES``; everything else
    is a set of words, compared without regard to case.
    """
    cards = list(attributes)
    spans: dict[str, Spans] = {}
    said: dict[str, list[tuple[str, ...]]] = {}
    for name in sorted({name for card in cards for name in card.traits}):
        items = [tuple(item.casefold() for item in card.items(name)) for card in cards]
        found = _as_spans(name, items)
        if found is None:
            said[name] = items
        else:
            spans[name] = found
    vocabulary = sorted({item for items in said.values() for row in items for item in row})
    number = {word: at for at, word in enumerate(vocabulary)}
    words = {name: np.zeros((len(cards), len(number)), dtype=np.bool_) for name in said}
    for name, items in said.items():
        for at, row in enumerate(items):
            words[name][at, [number[item] for item in row]] = True
    return CardColumns(spans, words)


def _as_spans(name: str, items: list[tuple[str, ...]]) -> Spans | None:
    said = {item for row in items for item in row}
    for known, order in SCALES.items():
        if said <= set(order):
            scale, ends = known, {word: (float(at),) * 2 for at, word in enumerate(order)}
            break
    else:
        # "age_range" and "min_age" speak of the same: numbers are of one scale by a shared word.
        scale = "ages" if "age" in re.split(r"[_\W]+", name.casefold()) else name.casefold()
        ends = {}
        for item in said:
            found = SPAN.match(item)
            if found is None:
                return None
            low = float(found[1])
            high = float(found[2]) if found[2] else low * _OPEN_END if found[3] else low
            ends[item] = min(low, high), max(low, high)
    column = np.full((len(items), 2), np.nan, dtype=np.float32)
    for at, row in enumerate(items):
        if row:
            column[at] = min(ends[item][0] for item in row), max(ends[item][1] for item in row)
    return Spans(scale, column)


def similarity_matrix(
    cards: CardColumns, rows: NDArray[np.int64], *, vectors: Float | None = None
) -> Float:
    """float32[k, k] in [0, 1]: how similar attributes of one modality are, on average over traits.

    Parameters
    ----------
    cards : CardColumns
        Of all n attributes.
    rows : int64[k]
        The attributes to compare; a trait that none of them has is left out.
    vectors : float32[n, d], optional
        Unit vectors of the attributes' descriptions; their cosine counts as one trait more.

    Examples
    --------
    >>> cards = read_cards([
    ...     Attribute("geo", name, traits={"climate": climate})
    ...     for name, climate in (("Japan", "temperate"), ("Italy", "temperate"), ("Peru", "dry"))
    ... ])
    >>> similarity_matrix(cards, np.arange(3))[0].tolist()
    [1.0, 1.0, 0.0]
    """
    found: list[tuple[NDArray[np.bool_], Float]] = []  # who has the trait, how similar it is
    for span in cards.spans.values():
        ends = span.ends[rows]
        known = np.isfinite(ends[:, 0])
        if known.any():
            spread = np.maximum(ends[known].std(axis=0), 1e-3)
            place = np.where(known[:, None], ends / spread, 0.0).astype(np.float32)
            gaps = [np.square(place[:, None, side] - place[None, :, side]) for side in (0, 1)]
            found.append((known, np.exp(-0.5 * (gaps[0] + gaps[1]))))
    for words in cards.words.values():
        held = words[rows][:, words.any(axis=0)]
        unit = (held / np.sqrt(np.maximum(held.sum(axis=1, keepdims=True), 1))).astype(np.float32)
        if held.any():
            found.append((np.asarray(held.any(axis=1)), unit @ unit.T))
    parts = [
        np.where(known[:, None] & known[None, :], similar, np.float32(_SILENT))
        for known, similar in found
    ]
    if vectors is not None:
        parts.append(np.clip(vectors[rows] @ vectors[rows].T, 0, 1))
    if not parts:
        return np.eye(len(rows), dtype=np.float32)
    return np.asarray(np.mean(parts, axis=0, dtype=np.float32))


def pair_features(
    cards: CardColumns,
    codes: NDArray[np.int32],
    pairs: NDArray[np.int32],
    *,
    vectors: Float | None = None,
) -> dict[str, Float]:
    """float32[P] by name: what two cards and descriptions say of each pair; NaN for silence.

    Parameters
    ----------
    cards : CardColumns
        Of all n attributes.
    codes : int32[n]
        Modality of each attribute.
    pairs : int32[P, 2]
        Positions of the attributes of each pair.
    vectors : float32[n, d], optional
        Unit vectors of the attributes' descriptions, for their cosine.

    Examples
    --------
    >>> cards = read_cards([
    ...     Attribute("brand", "Rolex", traits={"price_tier": "luxury"}),
    ...     Attribute("audience", "Students", traits={"price_tier": "budget"}),
    ... ])
    >>> found = pair_features(cards, np.array([0, 1]), np.array([[0, 1]]))
    >>> found["price_tier - price_tier: difference"].tolist()
    [4.0]
    """
    # The same side for the same modality throughout, however the catalogue is ordered.
    swap = codes[pairs[:, 0]] > codes[pairs[:, 1]]
    one = np.where(swap, pairs[:, 1], pairs[:, 0])
    other = np.where(swap, pairs[:, 0], pairs[:, 1])
    number = codes[one] * np.int32(codes.max() + 1) + codes[other]
    columns = {"modalities": number.astype(np.float32)}
    for name, span in cards.spans.items():
        columns[f"{name}: of one"] = span.ends[one].mean(axis=1)
        columns[f"{name}: of the other"] = span.ends[other].mean(axis=1)
        for name_2, span_2 in cards.spans.items():
            if span.scale == span_2.scale:
                columns |= _span_columns(f"{name} - {name_2}", span.ends[one], span_2.ends[other])
    columns |= _word_columns(cards.words, one, other)
    if vectors is not None:
        columns["descriptions: cosine"] = (vectors @ vectors.T)[one, other]
    return {name: column for name, column in columns.items() if not np.isnan(column).all()}


def _span_columns(name: str, a: Float, b: Float) -> dict[str, Float]:
    """Difference, overlap and gap of two spans, each float32[P, 2]."""
    shared = np.minimum(a[:, 1], b[:, 1]) - np.maximum(a[:, 0], b[:, 0])
    width = np.minimum(a[:, 1] - a[:, 0], b[:, 1] - b[:, 0])
    columns = {f"{name}: difference": a.mean(axis=1) - b.mean(axis=1)}
    if np.nanmax(width, initial=0.0) > 0:
        overlap = np.clip(shared, 0, None) / np.maximum(width, 1e-6)
        columns[f"{name}: overlap"] = np.minimum(overlap, 1)
        columns[f"{name}: gap"] = np.maximum(-shared, 0)
    return columns


def _word_columns(
    words: Mapping[str, NDArray[np.bool_]], one: NDArray[np.int32], other: NDArray[np.int32]
) -> dict[str, Float]:
    """The cosine of the words of one trait and those of another, which may be the same."""
    found: list[tuple[float, str, Float]] = []
    for name, left in words.items():
        for name_2, right in words.items():
            shared = left.any(axis=0) & right.any(axis=0)
            if not shared.any():
                continue
            common = left[:, shared].astype(np.float32) @ right[:, shared].T.astype(np.float32)
            sizes = [held.sum(axis=1).astype(np.float32) for held in (left, right)]
            with np.errstate(invalid="ignore", divide="ignore"):
                cosine = common / np.sqrt(sizes[0][:, None] * sizes[1][None, :])
            column = cosine[one, other]
            known = float((~np.isnan(column)).mean())
            if known >= _FEWEST_PAIRS and np.nanmax(column) > 0:
                found.append((known, f"{name} - {name_2}: shared", column))
    found.sort(key=lambda entry: -entry[0])
    return {name: column for _, name, column in found[:_MOST_COLUMNS]}
