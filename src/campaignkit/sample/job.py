"""One label's work, cut into chunks that any process can do from what they carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import SamplingFailed
from campaignkit.graph.node_tables import GraphArrays, GraphLists, expanded
from campaignkit.sample.arrays import (
    ARRIVAL,
    CHANGES,
    DRAWS,
    HIGH_TIER,
    NUM_EFFORTS,
    Box,
    Rows,
    Scratch,
    SlotPlan,
)
from campaignkit.sample.plan import LabelPlan
from campaignkit.sample.priorities import Priorities
from campaignkit.sample.walls import cumulative_shares, metropolis_chances, wall_thresholds
from campaignkit.spec import SamplingSpec

MAX_RESTARTS = 20
# A box that accepts 2% fails this often with probability e**-20000: a stop for impossible input.
_MAX_REJECTIONS = 1_000_000
_LONGEST = 1 << 62  # steps: kernels count in 64 bits, a spec without a limit
_PROPOSAL_VISITS = 500  # visits to the box before a campaign is taken: at noise, as measured


@dataclass(frozen=True, eq=False)
class LabelJob:
    """All that a worker needs to draw any rows of one label.

    Attributes
    ----------
    lists : GraphLists
        The graph; workers expand it once and keep it.
    box : Box
    plan : LabelPlan
    spec : SamplingSpec
    key : int
        The label's 64-bit stream key.
    chain_block : int
    moves : tuple of (move, share), or None
        For the random-proposal annealer; None are the default moves.
    priorities : Priorities or None
    """

    lists: GraphLists
    box: Box
    plan: LabelPlan
    spec: SamplingSpec
    key: int
    chain_block: int = 1
    moves: tuple[tuple[Any, float], ...] | None = None  # Any: numba dispatchers have no type
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
    graph = expanded(job.lists)
    slots = SlotPlan.of(job.box.high)
    scratch = Scratch.of(graph, slots)
    rows = Rows.of(chunk.num_rows, int(job.box.high.sum()))
    key = np.uint64(job.key)
    effort = np.zeros(NUM_EFFORTS, np.int64)
    nearest = 0
    if job.plan.mode == "rejection":
        from campaignkit.sample.kernels.rejection import reject

        filled, written, effort[DRAWS] = reject(
            graph, job.box, scratch, key, chunk.first, _MAX_REJECTIONS, rows
        )
    elif job.plan.mode == "heat_bath":
        from campaignkit.sample.kernels.heat_bath import heat_bath

        schedule = [job.chain_block, job.plan.first_visits, job.plan.next_visits]
        schedule += [min(job.spec.max_iters, _LONGEST), MAX_RESTARTS]
        filled, written, nearest = heat_bath(
            graph, job.box, slots, scratch, wall_thresholds(job.plan.rho), key, chunk.first,
            np.array(schedule, np.int64), rows, effort[ARRIVAL : CHANGES + 1],
        )  # fmt: skip
    else:
        filled, written, nearest = _propose(job, graph, slots, scratch, rows, chunk.first, effort)
    if filled < chunk.num_rows:
        raise _failure(job, chunk.first + filled, nearest)
    if job.priorities is not None:
        job.priorities.improve(graph, job.box, key, chunk.first, rows, effort[HIGH_TIER:])
    return ChunkRows(rows.nodes[:written].copy(), rows.sizes, rows.counts, effort)


def _propose(
    job: LabelJob, graph: GraphArrays, slots: SlotPlan, scratch: Scratch, rows: Rows,
    first: int, effort: NDArray[np.int64],
) -> tuple[int, int, int]:  # fmt: skip
    from campaignkit.sample.annealers import annealer_of
    from campaignkit.sample.moves.defaults import DEFAULT_MOVES

    spec = job.spec
    moves = job.moves or DEFAULT_MOVES
    stops_inside = int(job.plan.stop == "first_feasible")
    limits = [spec.max_iters, spec.patience, spec.proposals_per_step]
    schedule = [stops_inside, _PROPOSAL_VISITS, *(min(limit, _LONGEST) for limit in limits)]
    schedule.append(MAX_RESTARTS)
    filled, written, nearest = annealer_of(job.moves)(
        graph, job.box, slots, scratch, metropolis_chances(spec.start_temp, spec.end_temp),
        cumulative_shares([share for _, share in moves]), np.uint64(job.key), first,
        np.array(schedule, np.int64), rows, effort[ARRIVAL : CHANGES + 1],
    )  # fmt: skip
    return filled, written, nearest


def _failure(job: LabelJob, row: int, nearest: int) -> SamplingFailed:
    label = job.plan.label
    if job.plan.mode == "rejection":
        return SamplingFailed(
            f"label '{label}': no campaign {row} among {_MAX_REJECTIONS:,} unconstrained draws; "
            "its box accepts too few of them for rejection. Nothing was emitted",
            hint="leave mode out: annealing reaches such boxes",
        )
    came = (
        f"the nearest came within {nearest} edge{'' if nearest == 1 else 's'} of the box"
        if nearest > 0
        else "the box was reached, but left again too often to mix inside it"
    )
    return SamplingFailed(
        f"label '{label}': campaign {row} was not found in {MAX_RESTARTS + 1} chains of "
        f"{job.spec.max_iters} steps; {came}. Nothing was emitted",
        hint=f"widen pos_frac_range or neg_frac_range of '{label}', or raise max_iters",
    )
