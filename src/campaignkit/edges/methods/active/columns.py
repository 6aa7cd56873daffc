"""Trait cards as columns of numbers, and as fields that compare two cards, like with like."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.methods.active.cards import CardColumns
from campaignkit.seeds import stream

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int32]

_BINS = 7  # of a scale
_MOST_COLUMNS = 96  # words that most attributes hold
_MOST_DIRECTIONS = 16  # of descriptions
_MOST_FIELDS = 48  # of shared words
_MOST_SCALED = 500_000  # pairs that tell the scale of a block's comparisons


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


class LikeFields:
    """Comparisons of two cards, trait with trait.

    Spans of one scale have their difference, its size and what they share; sets of words the
    share of common words and whether there is one, descriptions their cosine. 0 where a card is
    silent.

    Parameters
    ----------
    blocks : list of (int32[a], int32[b])
        The attributes of each two modalities: fields are of one scale among their pairs.

    Attributes
    ----------
    num : int
        f, how many comparisons there are.
    """

    def __init__(
        self, cards: CardColumns, vectors: Float | None, blocks: list[tuple[Rows, Rows]]
    ) -> None:
        self._vectors = None if vectors is None else np.ascontiguousarray(vectors, np.float32)
        self._spans = [
            (span, like)
            for name, span in cards.spans.items()
            for name_2, like in cards.spans.items()
            if cards.scales[name] == cards.scales[name_2]
        ]
        self._words = [
            (_WordSets(held), _WordSets(like)) for held, like in _shared_words(cards, blocks)
        ]
        self.num = 1 + 3 * len(self._spans) + 2 * len(self._words) + (vectors is not None)
        self._middles: list[Float] = []
        self._spreads: list[Float] = []
        for one, other in blocks:
            at = np.arange(len(one) * len(other))
            if len(at) > _MOST_SCALED:
                at = stream(0, "active", "fields").integers(len(at), size=_MOST_SCALED)
            found = self._compared(one[at // len(other)], other[at % len(other)])
            middle, spread = zip(*map(_middle_and_spread, found.T), strict=True)
            self._middles.append(np.array(middle, dtype=np.float32))
            self._spreads.append(np.array(spread, dtype=np.float32))

    def of_block(self, block: int, one: Rows, other: Rows) -> Float:
        """float32[k, f]: the comparisons of k pairs of a block; the first is 1.

        Parameters
        ----------
        block : int
            Its place among the blocks.
        one, other : int32[k]
            The pairs' attributes.
        """
        found = self._compared(one, other)
        found[:, 1:] -= self._middles[block][1:]
        found[:, 1:] /= self._spreads[block][1:]
        return np.asarray(np.nan_to_num(found, copy=False))

    def _compared(self, one: Rows, other: Rows) -> Float:
        """float32[k, f]: before scaling; NaN where a card is silent."""
        from campaignkit.edges.kernels.pair_products import pair_overlaps, pair_products

        found = np.ones((self.num, len(one)), dtype=np.float32)
        for at, (span, like) in enumerate(self._spans):
            a, b = span[one], like[other]
            apart = a.mean(axis=1) - b.mean(axis=1)
            shared = np.minimum(a, b)[:, 1] - np.maximum(a, b)[:, 0]
            found[1 + 3 * at : 4 + 3 * at] = apart, np.abs(apart), np.clip(shared, 0, None)
        for number, (held, counterpart) in enumerate(self._words):
            at = 1 + 3 * len(self._spans) + 2 * number
            pair_overlaps(held.bits, counterpart.bits, one, other, found[at])
            found[at] /= np.sqrt(held.sizes[one] * counterpart.sizes[other])
            found[at + 1] = np.where(found[at] > 0, 1, 0 * found[at])
        if self._vectors is not None:
            pair_products(self._vectors, self._vectors, one, other, found[-1])
        return np.ascontiguousarray(found.T)


class _WordSets:
    """uint64[n, k / 64] and float32[n]: sets of words as bits, and their sizes; NaN for none."""

    def __init__(self, words: Mask) -> None:
        room = np.zeros((len(words), -(-words.shape[1] // 64) * 64), dtype=np.bool_)
        room[:, : words.shape[1]] = words
        self.bits = np.packbits(room, axis=1).view(np.uint64)
        self.sizes = _silent(words.sum(axis=1)).astype(np.float32)


def _middle_and_spread(column: Float) -> tuple[float, float]:
    known = column[np.isfinite(column)]
    return (float(known.mean()), max(float(known.std()), 1e-6)) if len(known) else (0.0, 1.0)


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


def _centred(part: NDArray[np.floating]) -> NDArray[np.floating]:
    """Mean 0, a card's squares add up to 1 on average; NaN becomes 0."""
    known = np.isfinite(part).all(axis=1)
    made = np.zeros(part.shape)
    if known.any():
        made[known] = part[known] - part[known].mean(axis=0)
    size = np.sqrt(np.square(made).sum(axis=1).mean())
    return np.asarray(made / max(float(size), 1e-6))
