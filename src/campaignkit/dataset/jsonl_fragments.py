"""The pieces a JSONL line is put together from, escaped once per data set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.vocabulary import RESERVED, Vocabulary

_PADDING = 16  # the kernel reads up to 15 bytes past a fragment


@dataclass(frozen=True, eq=False)
class JsonlFragments:
    """UTF-8 fragments in one arena, with begin and length of each.

    A line is, per modality, its head and its values (each with a comma behind, the last taken
    back), then the tail of its label. Joined they are what ``json.dumps`` gives with
    ``ensure_ascii=False`` and separators ``,`` and ``:``.

    Examples
    --------
    >>> fragments = JsonlFragments.of(Vocabulary.of([("brand", "Nike")]), ["pos"])
    >>> bytes(fragments.arena[: fragments.tails[0].sum()]).decode()
    '"Nike",{"brand":[],"label":"pos"}\\n'
    """

    arena: NDArray[np.uint8]
    values: NDArray[np.int64]
    heads: NDArray[np.int64]
    tails: NDArray[np.int64]

    @classmethod
    def of(cls, vocabulary: Vocabulary, label_names: Sequence[str]) -> JsonlFragments:
        """The fragments of a vocabulary and its labels."""
        values = [f"{_escape(value)}," for _, value in vocabulary.keys]
        heads = [f"],{_escape(modality)}:[" for modality in vocabulary.modalities]
        heads[:1] = ["{" + head.removeprefix("],") for head in heads[:1]]
        close = "]," if heads else "{"
        tails = [f"{close}{_escape(RESERVED)}:{_escape(name)}}}\n" for name in label_names]
        pieces = [text.encode() for text in (*values, *heads, *tails)]
        spans = np.zeros((len(pieces), 2), np.int64)
        spans[:, 1] = [len(piece) for piece in pieces]
        spans[1:, 0] = np.cumsum(spans[:-1, 1])
        arena = np.frombuffer(b"".join(pieces) + bytes(_PADDING), np.uint8)
        cut = (len(values), len(values) + len(heads))
        return cls(arena.copy(), *(part.copy() for part in np.split(spans, cut)))


def _escape(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
