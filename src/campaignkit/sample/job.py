"""One label's work, cut into chunks that any process can do from what they carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_tables import GraphLists, expanded
from campaignkit.sample.arrays import HIGH_TIER, NUM_EFFORTS, Box, LabelWorld, Rows
from campaignkit.sample.priorities import Priorities
from campaignkit.sample.strategies import Strategy
from campaignkit.spec import SamplingSpec


@dataclass(frozen=True, eq=False)
class LabelJob:
    """All that a worker needs to draw any rows of one label.

    Attributes
    ----------
    label : str
    lists : GraphLists
        The graph; workers expand it once and keep it.
    box : Box
    strategy : Strategy
        Tuned to the label.
    spec : SamplingSpec
    key : int
        The label's 64-bit stream key.
    priorities : Priorities or None
    """

    label: str
    lists: GraphLists
    box: Box
    strategy: Strategy
    spec: SamplingSpec
    key: int
    priorities: Priorities | None = None


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows `first` .. `first` + `num_rows` - 1 of a label."""

    job: LabelJob
    first: int
    num_rows: int


@dataclass(frozen=True, eq=False)
class ChunkRows:
    """A finished chunk.

    Attributes
    ----------
    nodes : int32[total]
    sizes : uint8[rows]
    counts : int32[rows, 2]
        Positive and negative pairs.
    effort : int64[NUM_EFFORTS]
        What it cost; see :mod:`campaignkit.sample.arrays`.
    """

    nodes: NDArray[np.int32]
    sizes: NDArray[np.uint8]
    counts: NDArray[np.int32]
    effort: NDArray[np.int64]


def draw_chunk(chunk: Chunk) -> ChunkRows:
    """Draw a chunk's rows; they depend on the label's key and their index only.

    Raises
    ------
    SamplingFailed
        If a row could not be drawn, with how close the search came.
    """
    job = chunk.job
    world = LabelWorld.of(job.label, job.spec, expanded(job.lists), job.box, job.key)
    rows = Rows.of(chunk.num_rows, int(job.box.high.sum()))
    effort = np.zeros(NUM_EFFORTS, np.int64)
    written = job.strategy.draw(world, rows, first=chunk.first, effort=effort)
    if job.priorities is not None:
        job.priorities.improve(world, rows, first=chunk.first, tally=effort[HIGH_TIER:])
    return ChunkRows(rows.nodes[:written].copy(), rows.sizes, rows.counts, effort)
