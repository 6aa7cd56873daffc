"""An embedder that is always there: words and their parts, hashed into a fixed number of columns.

It knows spelling, not meaning: "shoes" and "shoe shop" are close, "shoes" and "sneakers" are not.
Good enough to rehearse, to test, and to group texts that share words.

References
----------
Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning": the signed hash,
which makes the dot product of two rows an unbiased estimate of that of their unhashed counts.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from campaignkit.checks import checked_count
from campaignkit.embed.embedder import FloatArray, checked_texts, unit_rows
from campaignkit.errors import EmbeddingError

_WORD = re.compile(r"\w+")
_BLANK = "\0blank"  # no text holds it: what a text without a word is made of
# A word says more than one of its parts, two words in a row say a little more than each; words of
# one to three letters are mostly grammar. Chosen by hand.
_WORD_WEIGHT, _SHORT_WEIGHT, _PART_WEIGHT, _COUPLE_WEIGHT = 1.0, 0.25, 0.3, 0.5
_SHORT = 3


class HashingEmbedder:
    """Embeds without a model: counts of words, of their parts and of couples, hashed.

    The same on every machine and for ever: the hash is a part of the library.

    Parameters
    ----------
    dimensions : int
        Columns, from 8 to 65,536. More of them, fewer collisions.

    Raises
    ------
    EmbeddingError
        If `dimensions` is out of range.

    Examples
    --------
    >>> rows = HashingEmbedder().embed(["running shoes", "shoes for runners", "private banking"])
    >>> bool(rows[0] @ rows[1] > rows[0] @ rows[2])
    True
    """

    def __init__(self, *, dimensions: int = 512) -> None:
        self._dimensions = checked_count(
            dimensions, "dimensions", least=8, most=65_536, error=EmbeddingError
        )

    @property
    def name(self) -> str:
        """``hashing-`` and the number of columns."""
        return f"hashing-{self._dimensions}"

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """One unit row for each text; float32[n, dimensions]."""
        listed = checked_texts(texts, name=self.name)
        rows = np.zeros((len(listed), self._dimensions))
        places: dict[str, tuple[int, float]] = {}
        for row, text in zip(rows, listed, strict=True):
            for feature, weight in _features(text):
                if feature not in places:
                    places[feature] = _place(feature, self._dimensions)
                column, sign = places[feature]
                row[column] += sign * weight
            # Two features may meet in a column and cancel; a text of nothing else keeps a row.
            if not row.any():
                column, sign = _place(_BLANK, self._dimensions)
                row[column] = sign
        return unit_rows(rows)

    def __repr__(self) -> str:
        return f"HashingEmbedder(dimensions={self._dimensions})"


def _features(text: str) -> Iterator[tuple[str, float]]:
    """What the text is made of, each once, with the root of its count as weight."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    counts: Counter[tuple[str, float]] = Counter()
    for word in words:
        counts["w:" + word, _SHORT_WEIGHT if len(word) <= _SHORT else _WORD_WEIGHT] += 1
        edged = f"<{word}>"
        for size in (3, 4):
            for start in range(len(edged) - size + 1):
                counts["p:" + edged[start : start + size], _PART_WEIGHT] += 1
    for one, other in pairwise(words):
        counts[f"c:{one} {other}", _COUPLE_WEIGHT] += 1
    if not words:
        counts[_BLANK, 1.0] += 1
    return ((feature, weight * count**0.5) for (feature, weight), count in counts.items())


def _place(feature: str, dimensions: int) -> tuple[int, float]:
    # A lone surrogate is no UTF-8; it still has to land somewhere, and always in the same place.
    digest = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    return (number >> 1) % dimensions, 1.0 if number & 1 else -1.0
