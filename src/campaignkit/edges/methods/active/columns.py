"""Trait cards as columns of numbers, and as fields that compare two cards, like with like."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.methods.active.cards import CardColumns

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]

_BINS = 7  # of a scale
_MOST_COLUMNS = 96  # words that most attributes hold
_MOST_DIRECTIONS = 16  # of descriptions
_MOST_FIELDS = 48  # of shared words


def card_columns(
    cards: CardColumns, vectors: Float | None, num_attributes: int
) -> tuple[Float, NDArray[np.int64]]:
    """float32[n, d], int64[d]: columns of numbers, and the trait of each.

    The first column is 1. A span has one for each of seven bins of its scale, near 1 where it
    covers the bin; a word one that is larger, the fewer words the attribute holds. All
    are centred, and 0 where a card is silent.
    """
    parts: list[NDArray[np.floating]] = [np.ones((num_attributes, 1))]
    for span in cards.spans.values():
        ends = span[np.isfinite(span[:, 0])].mean(axis=1)
        values = np.unique(ends)
        if len(values) > _BINS:
            low, high = np.quantile(ends, [0.03, 0.97]).tolist()
            values = np.linspace(low, high, _BINS, dtype=np.float32)
        width = max(0.6 * float(np.diff(values).mean()), 1e-6) if len(values) > 1 else 1.0
        gap = np.maximum(np.maximum(span[:, :1] - values, values - span[:, 1:]), 0)
        parts.append(np.exp(-0.5 * np.square(gap / width)))
    held = [words.sum(axis=0) for words in cards.words.values()]
    least = np.sort(np.concatenate([[0, 0], *held]))[::-1][:_MOST_COLUMNS][-1]
    for words, count in zip(cards.words.values(), held, strict=True):
        kept = words[:, count >= max(least, 2)] / _silent(words.sum(axis=1, keepdims=True)) ** 0.5
        parts += [kept] if kept.size else []
    if vectors is not None:
        left, sizes, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
        parts.append((left * sizes)[:, :_MOST_DIRECTIONS])
    columns = np.hstack([parts[0], *map(_centred, parts[1:])])
    return columns.astype(np.float32), np.repeat(range(len(parts)), [p.shape[1] for p in parts])


def like_fields(
    cards: CardColumns, vectors: Float | None, blocks: list[tuple[Rows, Rows]]
) -> list[Float]:
    """float32[a, b, f] of each block: comparisons of two cards, trait with trait.

    Spans of one scale have their difference, its size and what they share; sets of words the
    share of common words, and so have descriptions their cosine. 0 where a card is silent.

    Parameters
    ----------
    blocks : list of (int64[a], int64[b])
        The attributes of each two modalities.
    """
    words = _shared_words(cards, blocks)
    return [_block_fields(cards, words, vectors, one, other) for one, other in blocks]


def _block_fields(
    cards: CardColumns,
    words: list[tuple[Mask, Mask]],
    vectors: Float | None,
    one: Rows,
    other: Rows,
) -> Float:
    found: list[NDArray[np.floating]] = [np.ones((len(one), len(other)))]
    for name, span in cards.spans.items():
        for name_2, like in cards.spans.items():
            if cards.scales[name] == cards.scales[name_2]:
                a, b = span[one][:, None], like[other][None]
                apart = a.mean(axis=2) - b.mean(axis=2)
                shared = np.minimum(a, b)[:, :, 1] - np.maximum(a, b)[:, :, 0]
                found += [apart, np.abs(apart), np.clip(shared, 0, None)]
    for held, counterpart in words:
        sides = held[one].astype(np.float32), counterpart[other].astype(np.float32)
        units = [side / _silent(side.sum(axis=1, keepdims=True)) ** 0.5 for side in sides]
        found.append(units[0] @ units[1].T)
    if vectors is not None:
        found.append(vectors[one] @ vectors[other].T)
    return np.stack([found[0].astype(np.float32), *map(_standard, found[1:])], axis=-1)


def _shared_words(cards: CardColumns, blocks: list[tuple[Rows, Rows]]) -> list[tuple[Mask, Mask]]:
    """Each two sets of words that some pair has in common; those that speak of most pairs."""
    both, spoken = [], []
    for held, counterpart in product(cards.words.values(), repeat=2):
        sides = [(held[one], counterpart[other]) for one, other in blocks]
        # What meets within one modality alone says nothing of any pair.
        if any((a.any(axis=0) & b.any(axis=0)).any() for a, b in sides):
            both.append((held, counterpart))
            counts = (a.any(axis=1).sum() * b.any(axis=1).sum() for a, b in sides)
            spoken.append(-int(sum(counts)))
    return [both[at] for at in np.argsort(spoken, kind="stable")[:_MOST_FIELDS]]


def _silent(count: NDArray[np.number]) -> NDArray[np.float64]:
    return np.where(count > 0, count, np.nan)


def _standard(field: NDArray[np.floating]) -> Float:
    spread = max(float(np.nanstd(field)), 1e-6) if np.isfinite(field).any() else 1.0
    middle = float(np.nanmean(field)) if np.isfinite(field).any() else 0.0
    return np.asarray(np.nan_to_num((field - middle) / spread), dtype=np.float32)


def _centred(part: NDArray[np.floating]) -> NDArray[np.floating]:
    """Mean 0, a card's squares add up to 1 on average; NaN becomes 0."""
    known = np.isfinite(part).all(axis=1)
    made = np.zeros(part.shape)
    if known.any():
        made[known] = part[known] - part[known].mean(axis=0)
    size = np.sqrt(np.square(made).sum(axis=1).mean())
    return np.asarray(made / max(float(size), 1e-6))
