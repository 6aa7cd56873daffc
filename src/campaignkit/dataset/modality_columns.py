"""A block cut into one list column per modality, still as numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class ModalityColumn:
    """One modality's share of every row.

    Attributes
    ----------
    modality : str
        Its name.
    codes : int32[total]
        Positions among the modality's values, row after row.
    offsets : int32[rows + 1]
        Row ``i`` contains ``codes[offsets[i]:offsets[i + 1]]``.

    Examples
    --------
    >>> ModalityColumn("geo", np.zeros(1, np.int32), np.array([0, 1], np.int32)).modality
    'geo'
    """

    modality: str
    codes: NDArray[np.int32]
    offsets: NDArray[np.int32]


def modality_columns(block: Block, vocabulary: Vocabulary) -> Iterator[ModalityColumn]:
    """The columns of a block, in the order of the modalities.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("brand", "Nike"), ("geo", "Chile"), ("geo", "Peru")])
    >>> block = Block.of_rows([[0, 2], [1, 2]], labels=[0, 0])
    >>> [(c.codes.tolist(), c.offsets.tolist()) for c in modality_columns(block, vocabulary)]
    [([0], [0, 1, 1]), ([1, 0, 1], [0, 1, 3])]
    """
    for m, modality in enumerate(vocabulary.modalities):
        first, last = vocabulary.starts[m : m + 2]
        inside = (block.nodes >= first) & (block.nodes < last)
        seen = np.zeros(len(block.nodes) + 1, np.int32)
        np.cumsum(inside, out=seen[1:])
        codes = block.nodes[inside] - np.int32(first)
        yield ModalityColumn(modality, codes, seen[block.offsets])
