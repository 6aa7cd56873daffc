"""A uniform sample of the rows of a stream, however it is cut; and how alike its rows are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block, concat_blocks
from campaignkit.dataset.evaluation import Similarity
from campaignkit.dataset.row_hash import scramble
from campaignkit.seeds import key64

if TYPE_CHECKING:
    import scipy.sparse

_NUM_PAIRS = 10_000
_SLACK = 4  # times the rows wanted that are held before they are cut to size: few cuts, small ones


class RowSample:
    """Keeps the rows with the smallest of one random word per row position.

    The word depends on (seed, position) alone, so the sample does not depend on the size of the
    blocks the rows come in.

    Examples
    --------
    >>> sample = RowSample(2, seed=0)
    >>> sample.update(Block.of_rows([[0], [1], [2]], labels=[0, 0, 0]))
    >>> len(sample.rows())
    2
    """

    def __init__(self, num_rows: int, *, seed: int, expected: int | None = None) -> None:
        self._num_rows = num_rows
        self._key = np.uint64(key64(seed, "dataset", "row sample"))
        self._seen = 0
        # Rows with a greater word have lost already. Of as many rows as are expected, ten standard
        # deviations more than are wanted lie below the first limit.
        below = (num_rows + 10 * num_rows**0.5 + 10) / max(expected or 1, 1)
        self._limit = np.uint64(min(int(below * 2**64), 2**64 - 1))
        self._words: list[NDArray[np.uint64]] = []
        self._blocks: list[Block] = []
        self._held = 0

    def update(self, block: Block) -> None:
        """Look at the next rows of the stream."""
        positions = np.arange(self._seen, self._seen + len(block), dtype=np.uint64)
        self._seen += len(block)
        words = scramble(scramble(positions) ^ self._key)
        chosen = np.flatnonzero(words <= self._limit)
        self._words.append(words[chosen])
        self._blocks.append(block.take(chosen))
        self._held += len(chosen)
        if self._held > _SLACK * self._num_rows:
            self.rows()

    def rows(self) -> Block:
        """The sample so far, in the order of the stream; all rows while there are few."""
        words = np.concatenate([np.zeros(0, np.uint64), *self._words])
        block = concat_blocks(self._blocks)
        if len(words) > self._num_rows:
            # In stream order, so that the sample is a data set like the whole.
            kept = np.sort(np.argpartition(words, self._num_rows - 1)[: self._num_rows])
            words, block = words[kept], block.take(kept)
            self._limit = words.max()
        self._words, self._blocks, self._held = [words], [block], len(words)
        return block


def random_pairs(num_rows: int, num_pairs: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """int64[pairs, 2], pairs of different rows: all of them, or `num_pairs` drawn ones.

    Examples
    --------
    >>> random_pairs(3, 10, np.random.Generator(np.random.PCG64(0))).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    if num_rows * (num_rows - 1) // 2 <= num_pairs:
        return np.stack(np.triu_indices(num_rows, 1), axis=1).astype(np.int64)
    one = rng.integers(num_rows, size=num_pairs)
    other = (one + rng.integers(1, num_rows, size=num_pairs)) % num_rows
    return np.stack([one, other], axis=1)


def one_hot(block: Block, num_nodes: int) -> scipy.sparse.csr_array:
    """float64[rows, nodes] in CSR form: 1 where a row contains a node.

    Examples
    --------
    >>> one_hot(Block.of_rows([[0, 2]], labels=[0]), 3).toarray().tolist()
    [[1.0, 0.0, 1.0]]
    """
    import scipy.sparse

    ones = np.ones(len(block.nodes))
    shape = (len(block), num_nodes)
    return scipy.sparse.csr_array((ones, block.nodes, block.offsets), shape=shape)


def compare_rows(block: Block, num_nodes: int, rng: np.random.Generator) -> Similarity | None:
    """The Jaccard index of up to 10,000 pairs of different rows; None below two rows.

    Two rows without a node are alike.

    Examples
    --------
    >>> rng = np.random.Generator(np.random.PCG64(0))
    >>> compare_rows(Block.of_rows([[0, 1], [1, 2]], labels=[0, 0]), 3, rng).mean
    0.333333333
    """
    if len(block) < 2:
        return None
    pairs = random_pairs(len(block), _NUM_PAIRS, rng)
    rows = one_hot(block, num_nodes)
    shared = np.asarray((rows[pairs[:, 0]] * rows[pairs[:, 1]]).sum(axis=1)).ravel()
    either = block.sizes[pairs].sum(axis=1) - shared
    index = np.divide(shared, either, out=np.ones(len(pairs)), where=either > 0)
    return Similarity(
        num_pairs=len(pairs),
        mean=round(float(index.mean()), 9),
        p95=round(float(np.quantile(index, 0.95)), 9),
        max=round(float(index.max()), 9),
    )
