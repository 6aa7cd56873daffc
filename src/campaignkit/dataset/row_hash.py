"""A 64-bit number per node set, to find identical rows without holding them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block


def hash_rows(block: Block) -> NDArray[np.uint64]:
    """uint64[rows], equal for equal node sets, whatever their labels.

    The sum of a scrambled 64-bit word per node. Two different node sets share a number with
    probability 2**-64: among ten million different rows, once in 370,000 data sets.

    Examples
    --------
    >>> hashes = hash_rows(Block.of_rows([[0, 1], [1], [0, 1]], labels=[0, 0, 1]))
    >>> bool(hashes[0] == hashes[2]), bool(hashes[0] == hashes[1])
    (True, False)
    """
    total = np.zeros(len(block.nodes) + 1, np.uint64)
    if len(block.nodes):
        np.cumsum(node_words(int(block.nodes.max()) + 1)[block.nodes], out=total[1:])
    return total[block.offsets[1:]] - total[block.offsets[:-1]]


def node_words(num_nodes: int) -> NDArray[np.uint64]:
    """uint64[nodes], the word of each node.

    Examples
    --------
    >>> node_words(2).shape
    (2,)
    """
    return scramble(np.arange(1, num_nodes + 1, dtype=np.uint64))


def scramble(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """uint64 of the same shape: the SplitMix64 step of each word.

    References
    ----------
    Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators.

    Examples
    --------
    >>> hex(scramble(np.array([0], np.uint64))[0])
    '0xe220a8397b1dcdaf'
    """
    mixed = words + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
