"""How alike two attributes of one modality are, by their cards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.methods.active.card_columns import CardColumns

_UNKNOWN = 0.3  # likeness where one of the two cards is silent; about that of two chance cards


def likeness(
    cards: CardColumns, rows: NDArray[np.int64], *, vectors: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """float32[k, k] in [0, 1]: the mean over traits of how alike these attributes are.

    Parameters
    ----------
    cards : CardColumns
        Of all attributes.
    rows : int64[k]
        The attributes to compare; a trait that none of them has is left out.
    vectors : float32[n, d], optional
        Unit vectors of the attributes' descriptions; their cosine counts as one trait more.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> from campaignkit.edges.methods.active.card_columns import read_cards
    >>> cards = read_cards([
    ...     Attribute("geo", name, traits={"climate": climate})
    ...     for name, climate in (("Japan", "temperate"), ("Italy", "temperate"), ("Peru", "dry"))
    ... ])
    >>> likeness(cards, np.arange(3))[0].tolist()
    [1.0, 1.0, 0.0]
    """
    parts = [_of_spans(span.ends[rows]) for span in cards.spans.values()]
    parts += [_of_words(word.held[rows]) for word in cards.words.values()]
    if vectors is not None:
        parts.append(np.clip(vectors[rows] @ vectors[rows].T, 0, 1))
    told = [part for part in parts if part is not None]
    if not told:
        return np.eye(len(rows), dtype=np.float32)
    return np.asarray(np.mean(told, axis=0, dtype=np.float32))


def _of_spans(ends: NDArray[np.float32]) -> NDArray[np.float32] | None:
    known: NDArray[np.bool_] = np.asarray(np.isfinite(ends[:, 0]), dtype=np.bool_)
    if not known.any():
        return None
    spread = np.maximum(ends[known].std(axis=0), 1e-3)
    place = np.where(known[:, None], ends / spread, 0.0).astype(np.float32)
    gap = sum(np.square(place[:, None, side] - place[None, :, side]) for side in (0, 1))
    alike = np.exp(-0.5 * np.asarray(gap, dtype=np.float32))
    return _where_known(alike, known)


def _of_words(held: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    known: NDArray[np.bool_] = np.asarray(held.any(axis=1), dtype=np.bool_)
    if not known.any():
        return None
    unit = held / np.sqrt(np.maximum(held.sum(axis=1, keepdims=True), 1))
    alike = (unit.astype(np.float32)) @ unit.T.astype(np.float32)
    return _where_known(alike, known)


def _where_known(alike: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    both = known[:, None] & known[None, :]
    return np.where(both, alike, np.float32(_UNKNOWN))
