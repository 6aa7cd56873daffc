"""What two rows of numbers, or two sets of bits, have in common: for some pairs of rows alone."""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import ENTRY
from campaignkit.graph.kernels.vectors import count_bits


# A sum may be taken in any order, which lets it be taken eight numbers at a time.
@njit(**ENTRY, fastmath={"reassoc", "contract"})
def pair_products(left, right, one, other, out):
    """Fill float32[k] with the products of rows: a sampled product of two dense matrices.

    left : float32[a, d]; right : float32[b, d]; one, other : int32[k], rows of either.
    """
    for k in range(out.size):
        i, j = one[k], other[k]
        total = np.float32(0)
        for d in range(left.shape[1]):
            total += left[i, d] * right[j, d]
        out[k] = total


@njit(**ENTRY)
def add_rows(values, rows, one, other, out):
    """Add rows, times a value for each pair: a sparse matrix of the values by a dense one.

    values : float32[k]; rows : float32[b, d]; out : float32[a, d], added to; one, other :
    int32[k], rows of `out` and of `rows`.
    """
    for k in range(values.size):
        i, j, value = one[k], other[k], values[k]
        for d in range(out.shape[1]):
            out[i, d] += value * rows[j, d]


@njit(**ENTRY)
def pair_overlaps(left, right, one, other, out):
    """Fill float32[k] with the numbers of bits that rows share.

    left, right : uint64[n, words]; one, other : int32[k], rows of either.
    """
    for k in range(out.size):
        i, j = one[k], other[k]
        total = 0
        for word in range(left.shape[1]):
            total += count_bits(left[i, word] & right[j, word])
        out[k] = total
