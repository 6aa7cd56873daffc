"""Affinities of pairs, learnt from the signs of similar pairs: ridge regression on a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.pools import one_blas_thread

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Block:
    """The pairs of two modalities, as a table.

    Attributes
    ----------
    left, right : float32[a, a], float32[b, b]
        Kernels of the attributes of either modality.
    pairs : int64[a, b]
        Number of the pair in each cell.
    """

    left: Float
    right: Float
    pairs: NDArray[np.int64]


def kernel(alike: Float, *, sharp: float = 4.0, own: float = 0.25) -> Float:
    """A kernel of attributes: all alike a little, those with like cards more, oneself most.

    The constant lets an attribute be liked by all; the part that is one's own lets it differ from
    what its card says, which is wrong now and then.
    """
    linear = (alike - alike.mean()) + 1.0
    near = np.exp(sharp * (alike - 1.0))
    mixed = 0.5 * linear + near
    mixed = mixed / mixed.diagonal().mean()
    return np.asarray(mixed + own * np.eye(len(alike), dtype=np.float32), dtype=np.float32)


@one_blas_thread()
def affinities(
    blocks: Sequence[Block],
    target: Float,
    known: NDArray[np.bool_],
    *,
    noise: float = 1.0,
    start: Float | None = None,
    num_steps: int = 25,
) -> tuple[Float, Float]:
    """float32[P], float32[P]: the affinity of each pair, and the weights to start from next time.

    Solves (K + noise I) w = y over the known pairs of each block by conjugate gradients, where
    K((i, j), (k, l)) = left(i, k) right(j, l), and returns K w for all pairs.

    Parameters
    ----------
    blocks : sequence of Block
        Every pair in one of them.
    target : float32[P]
        What is to be learnt; used where known.
    known : bool[P]
    noise : float
        Variance of what no kernel explains, in that of the kernel.
    start : float32[P], optional
        Weights of an earlier solution.
    num_steps : int
        Steps of conjugate gradients.
    """
    learnt = np.zeros(len(target), dtype=np.float32)
    weights = np.zeros(len(target), dtype=np.float32)
    for block in blocks:
        mask = known[block.pairs].astype(np.float32)
        if not mask.any():
            continue
        num = mask.sum()
        wanted = target[block.pairs] * mask
        mean = wanted.sum() / (num + 5.0)
        wanted = (wanted - mean) * mask
        first = np.zeros_like(wanted) if start is None else start[block.pairs] * mask
        solved = _solve(block, wanted, mask, noise=noise, start=first, num_steps=num_steps)
        learnt[block.pairs] = block.left @ solved @ block.right + mean
        weights[block.pairs] = solved
    return learnt, weights


def _solve(
    block: Block, wanted: Float, mask: Float, *, noise: float, start: Float, num_steps: int
) -> Float:
    def applied(weights: Float) -> Float:
        return np.asarray(mask * (block.left @ weights @ block.right) + noise * weights)

    solved = start
    rest = wanted - applied(solved) if start.any() else wanted.copy()
    step = rest.copy()
    size = float(np.vdot(rest, rest))
    goal = 1e-4 * float(np.vdot(wanted, wanted))
    for _ in range(num_steps):
        if size <= goal:
            break
        image = applied(step)
        length = size / float(np.vdot(step, image))
        solved = solved + length * step
        rest = rest - length * image
        size, before = float(np.vdot(rest, rest)), size
        step = rest + (size / before) * step
    return solved
