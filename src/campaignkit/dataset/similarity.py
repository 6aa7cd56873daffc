"""How alike the rows of a data set are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from campaignkit.dataset.block import Block
from campaignkit.dataset.evaluation import Similarity
from campaignkit.dataset.row_sample import random_pairs

if TYPE_CHECKING:
    import scipy.sparse

_NUM_PAIRS = 10_000


def one_hot(block: Block, num_nodes: int) -> scipy.sparse.csr_array:
    """float64[rows, nodes] in CSR form: 1 where a row holds a node.

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
