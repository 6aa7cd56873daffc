"""What two cards say of a pair: gaps between their spans, and words that both hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.methods.active.card_columns import CardColumns, Spans, Words

_MOST_COLUMNS = 24  # of shared words; those that speak of most pairs are kept
_FEWEST_PAIRS = 0.02  # share of the pairs that a column must speak of


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """The features of all pairs.

    Attributes
    ----------
    names : tuple of str
    values : float32[P, F]
        NaN where a card is silent.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]


def pair_features(
    cards: CardColumns,
    codes: NDArray[np.int32],
    pairs: NDArray[np.int32],
    *,
    vectors: NDArray[np.float32] | None = None,
) -> PairFeatures:
    """The features of pairs of attributes, from their cards and descriptions.

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
    >>> from campaignkit.catalogue import Attribute
    >>> from campaignkit.edges.methods.active.card_columns import read_cards
    >>> cards = read_cards([
    ...     Attribute("brand", "Rolex", traits={"price_tier": "luxury"}),
    ...     Attribute("audience", "Students", traits={"price_tier": "budget"}),
    ... ])
    >>> found = pair_features(cards, np.array([0, 1]), np.array([[0, 1]]))
    >>> dict(zip(found.names, found.values[0].tolist()))["price_tier - price_tier: difference"]
    4.0
    """
    # The same side for the same modality throughout, however the catalogue is ordered.
    swap = codes[pairs[:, 0]] > codes[pairs[:, 1]]
    one = np.where(swap, pairs[:, 1], pairs[:, 0])
    other = np.where(swap, pairs[:, 0], pairs[:, 1])
    columns: dict[str, NDArray[np.float32]] = {}
    number = codes[one] * np.int32(codes.max() + 1) + codes[other]
    columns["modalities"] = number.astype(np.float32)
    for name, span in cards.spans.items():
        columns[f"{name}: of one"] = span.ends[one].mean(axis=1)
        columns[f"{name}: of the other"] = span.ends[other].mean(axis=1)
        for name_2, span_2 in cards.spans.items():
            if span.scale == span_2.scale:
                columns |= _span_columns(f"{name} - {name_2}", span, span_2, one, other)
    columns |= _word_columns(cards.words, one, other)
    if vectors is not None:
        columns["descriptions: cosine"] = (vectors @ vectors.T)[one, other]
    kept = {name: column for name, column in columns.items() if not np.isnan(column).all()}
    values = np.empty((len(pairs), len(kept)), dtype=np.float32)
    for at, column in enumerate(kept.values()):
        values[:, at] = column
    return PairFeatures(tuple(kept), values)


def _span_columns(
    name: str, of_one: Spans, of_other: Spans, one: NDArray[np.int32], other: NDArray[np.int32]
) -> dict[str, NDArray[np.float32]]:
    a, b = of_one.ends[one], of_other.ends[other]
    shared = np.minimum(a[:, 1], b[:, 1]) - np.maximum(a[:, 0], b[:, 0])
    width = np.minimum(a[:, 1] - a[:, 0], b[:, 1] - b[:, 0])
    part = np.clip(shared, 0, None) / np.maximum(width, 1e-6)
    columns = {f"{name}: difference": a.mean(axis=1) - b.mean(axis=1)}
    if np.nanmax(width, initial=0.0) > 0:
        columns[f"{name}: shared part"] = np.minimum(part, 1)
        columns[f"{name}: gap"] = np.maximum(-shared, 0)
    return columns


def _word_columns(
    words: dict[str, Words], one: NDArray[np.int32], other: NDArray[np.int32]
) -> dict[str, NDArray[np.float32]]:
    found: list[tuple[float, str, NDArray[np.float32]]] = []
    for name, left in words.items():
        for name_2, right in words.items():
            shared = _shared_words(left, right)
            if shared is None:
                continue
            column = shared[one, other]
            known = float((~np.isnan(column)).mean())
            if known >= _FEWEST_PAIRS and np.nanmax(column) > 0:
                found.append((known, f"{name} - {name_2}: shared", column))
    found.sort(key=lambda entry: -entry[0])
    return {name: column for _, name, column in found[:_MOST_COLUMNS]}


def _shared_words(left: Words, right: Words) -> NDArray[np.float32] | None:
    """float32[n, n]: the share of common words, of the shorter list; NaN where one is silent."""
    vocabulary = sorted(set(left.vocabulary) & set(right.vocabulary))
    if not vocabulary:
        return None
    tables = []
    for column in (left, right):
        place = {word: at for at, word in enumerate(column.vocabulary)}
        tables.append(column.held[:, [place[word] for word in vocabulary]].astype(np.float32))
    common = tables[0] @ tables[1].T
    sizes = [column.held.sum(axis=1).astype(np.float32) for column in (left, right)]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = common / np.sqrt(sizes[0][:, None] * sizes[1][None, :])
    return np.asarray(share)
