"""Rows whose nodes were numbered as they were met, renumbered canonically."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class NumberedRows:
    """What a reader gives: a block with what its codes stand for.

    Examples
    --------
    >>> block = Block.of_rows([[0, 1]], labels=[0])
    >>> rows = NumberedRows.of(block, [("geo", "Peru"), ("brand", "Nike")], ("pos",))
    >>> rows.vocabulary.keys[0], rows.block.nodes.tolist()
    (('brand', 'Nike'), [0, 1])
    """

    block: Block
    vocabulary: Vocabulary
    label_names: tuple[str, ...]

    @classmethod
    def of(
        cls,
        block: Block,
        keys: Sequence[tuple[str, str]],
        label_names: tuple[str, ...],
        *,
        modalities: Iterable[str] = (),
    ) -> NumberedRows:
        """Renumber a block whose node ``i`` is ``keys[i]``, in any order.

        `modalities` are there even if no key is theirs.
        """
        values: dict[str, list[str]] = {modality: [] for modality in modalities}
        for modality, value in keys:
            values.setdefault(modality, []).append(value)
        vocabulary = Vocabulary.from_values(values)
        canonical = np.array([vocabulary.node_of[key] for key in keys], np.int32)
        return cls(renumber(block, canonical), vocabulary, label_names)

    def labelled(self, codes: NDArray[np.int64]) -> Block:
        """The block with these label codes, one a row."""
        return Block(self.block.nodes, self.block.offsets, codes.astype(np.uint8))


def renumber(block: Block, new_of: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Block:
    """The block with node ``i`` called ``new_of[i]``, each row ascending again.

    Examples
    --------
    >>> block = Block.of_rows([[0, 1]], labels=[0])
    >>> renumber(block, np.array([5, 3], np.int32)).nodes.tolist()
    [3, 5]
    """
    nodes = new_of[block.nodes] if len(block.nodes) else block.nodes
    row_of = np.repeat(np.arange(len(block)), block.sizes)
    falls = (nodes[1:] < nodes[:-1]) & (row_of[1:] == row_of[:-1])
    if falls.any():
        nodes = nodes[np.lexsort((nodes, row_of))]
    return Block(nodes, block.offsets, block.labels)
