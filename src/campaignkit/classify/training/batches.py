"""Which rows share a batch, and which batches a step: the same for a seed, whoever computes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.seeds import stream

_BUCKET_BATCHES = 32  # rows sorted among each other; more saves little padding and mixes less


@dataclass(frozen=True, eq=False, slots=True)
class MicroBatch:
    """Rows that are run at once.

    Attributes
    ----------
    rows : int64[num]
        Positions among the process's rows.
    share : float
        Their part of the step's rows; a step's shares, over all processes, add up to 1. 0 for a
        batch that only keeps a process in step with the others.

    Examples
    --------
    >>> MicroBatch(np.array([4, 2]), 0.5).share
    0.5
    """

    rows: NDArray[np.int64]
    share: float


def rows_of(num_rows: int, *, rank: int, size: int) -> NDArray[np.int64]:
    """The rows of one of several processes, in all epochs.

    Examples
    --------
    >>> rows_of(5, rank=1, size=2).tolist()
    [1, 3]
    """
    return np.arange(rank, num_rows, size, dtype=np.int64)


def plan_epoch(
    lengths: NDArray[np.int64],
    *,
    epoch: int,
    batch_size: int,
    accumulate: int,
    bucket: bool,
    seed: int,
    rank: int = 0,
    size: int = 1,
) -> list[list[MicroBatch]]:
    """The steps of an epoch for one process, each a list of batches.

    Parameters
    ----------
    lengths : int64[rows]
        Own tokens of all rows, those of other processes included.
    accumulate : int
        Batches to a step.
    bucket : bool
        Whether rows of like length share a batch.

    Examples
    --------
    >>> steps = plan_epoch(np.array([5, 9, 5, 9]), epoch=0, batch_size=2, accumulate=1,
    ...                    bucket=True, seed=0)
    >>> sorted(tuple(sorted(batch.rows.tolist())) for (batch,) in steps)
    [(0, 2), (1, 3)]
    """
    everyone = []
    for one in range(size):
        rng = stream(seed, "train", "order", epoch, one)
        theirs = lengths[rows_of(len(lengths), rank=one, size=size)]
        everyone.append(_batches(theirs, rng, batch_size=batch_size, bucket=bucket))
    num_batches = max(map(len, everyone))
    steps = []
    for start in range(0, num_batches, accumulate):
        stop = min(start + accumulate, num_batches)
        total = sum(len(batch) for batches in everyone for batch in batches[start:stop])
        own = everyone[rank][start:stop]
        step = [MicroBatch(rows, len(rows) / total) for rows in own]
        idle = MicroBatch(np.zeros(1, dtype=np.int64), 0.0)
        steps.append(step + [idle] * (stop - start - len(own)))
    return steps


def _batches(
    lengths: NDArray[np.int64], rng: np.random.Generator, *, batch_size: int, bucket: bool
) -> list[NDArray[np.int64]]:
    order = rng.permutation(len(lengths))
    if not bucket:
        return [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
    span = batch_size * _BUCKET_BATCHES
    batches = []
    for start in range(0, len(order), span):
        near = order[start : start + span]
        near = near[np.argsort(lengths[near], kind="stable")]
        batches += [near[at : at + batch_size] for at in range(0, len(near), batch_size)]
    return [batches[place] for place in rng.permutation(len(batches))]
