"""What strategies and their kernels take: groups of arrays, made once a label or a worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_set import MAX_NODES, pair_bounds, range_arrays
from campaignkit.graph.node_tables import GraphArrays, NodeTables
from campaignkit.spec import SamplingSpec


class Box(NamedTuple):
    """What a campaign of one label may be.

    Attributes
    ----------
    low, high : int64[T]
        Type ranges.
    bounds : int64[4, 256]
        Lowest and highest number of + pairs, then of - pairs, by number of nodes.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, label: str, spec: SamplingSpec, tables: NodeTables) -> Self:
        """The box of a label of a spec, over the types of a graph."""
        box = spec.label_params[label]
        low, high = range_arrays(tables, spec.type_ranges)
        return cls(low, high, pair_bounds(box.pos_frac_range, box.neg_frac_range))


class SlotPlan(NamedTuple):
    """The slots that types own, and the fixed order of the scan over them.

    Attributes
    ----------
    start : int64[T + 1]
        Type t owns the slots start[t] .. start[t + 1] - 1.
    type_of : int64[S]
    order : int64[S]
        The types interleaved, so that no type waits long for its next update.
    """

    start: NDArray[np.int64]
    type_of: NDArray[np.int64]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, high: NDArray[np.int64]) -> SlotPlan:
        """The plan for types with at most high[t] nodes each."""
        start = np.concatenate([[0], np.cumsum(high)]).astype(np.int64)
        within = np.arange(start[-1]) - np.repeat(start[:-1], high)
        evenly = (within + 0.5) / np.repeat(high, high)
        order = np.argsort(evenly, kind="stable").astype(np.int64)
        return cls(start, np.repeat(np.arange(len(high), dtype=np.int64), high), order)


class Scratch(NamedTuple):
    """One worker's memory; kernels allocate nothing.

    Attributes
    ----------
    mask : uint64[num_words]
        The node set as bits; empty between calls.
    nodes : int32[256]
    fitting : uint64[blocks]
        Which nodes of a type fit, 64 to a word.
    pos_degree, neg_degree : uint8[stride + 64]
        How many + and - edges each node has to the set. The last 64 bytes are never nodes: the
        scan reads whole vectors.
    slots : int64[S]
        Content of each slot: a node, or -1.
    counts : int64[T]
        Nodes of each type.
    """

    mask: NDArray[np.uint64]
    nodes: NDArray[np.int32]
    fitting: NDArray[np.uint64]
    pos_degree: NDArray[np.uint8]
    neg_degree: NDArray[np.uint8]
    slots: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, graph: GraphArrays, plan: SlotPlan) -> Scratch:
        """Memory for one worker over this graph and these slots."""
        from campaignkit.graph.kernels.vectors import aligned_zeros

        largest = int(np.diff(graph.type_start).max())
        return cls(
            mask=aligned_zeros(graph.num_words, np.uint64),
            nodes=np.zeros(MAX_NODES + 1, np.int32),
            fitting=np.zeros(-(-largest // 64), np.uint64),
            pos_degree=aligned_zeros(graph.stride + 64, np.uint8),
            neg_degree=aligned_zeros(graph.stride + 64, np.uint8),
            slots=np.zeros(plan.type_of.size, np.int64),
            counts=np.zeros(plan.start.size - 1, np.int64),
        )


class Effort(IntEnum):
    """What a chunk cost, as positions in an int64[NUM_EFFORTS].

    Unconstrained draws; steps on arrival; steps near the box; visits to it; restarts; changes of a
    slot near the box; then, for high- and for low-priority pairs, how many there were and how many
    of them had an edge, before and after priorities were sought.
    """

    DRAWS = 0
    ARRIVAL = 1
    MIXING = 2
    VISITS = 3
    RESTARTS = 4
    CHANGES = 5
    HIGH_TIER = 6
    LOW_TIER = 9


NUM_EFFORTS = 12
CHAINS = slice(Effort.ARRIVAL, Effort.CHANGES + 1)  # what kernels of chains add to
LONGEST = 1 << 62  # steps: kernels count in 64 bits, a spec without a limit


class Rows(NamedTuple):
    """Finished rows.

    Attributes
    ----------
    nodes : int32[>= rows * kmax]
        Ascending within a row, back to back.
    sizes : uint8[rows]
    counts : int32[rows, 2]
        Positive and negative pairs of each row.
    effort : int64[NUM_EFFORTS]
        What they cost, see :class:`Effort`.
    """

    nodes: NDArray[np.int32]
    sizes: NDArray[np.uint8]
    counts: NDArray[np.int32]
    effort: NDArray[np.int64]

    @classmethod
    def of(cls, num_rows: int, box: Box) -> Rows:
        """Room for rows of a box."""
        return cls(
            np.zeros(num_rows * int(box.high.sum()), np.int32),
            np.zeros(num_rows, np.uint8),
            np.zeros((num_rows, 2), np.int32),
            np.zeros(NUM_EFFORTS, np.int64),
        )

    def put(self, row: int, nodes: Sequence[int], counts: tuple[int, int], written: int) -> int:
        """Write one row after `written` nodes, from Python; the nodes written then."""
        end = written + len(nodes)
        self.nodes[written:end] = sorted(nodes)
        self.sizes[row] = len(nodes)
        self.counts[row] = counts
        return end


@dataclass(frozen=True, eq=False)
class LabelWorld:
    """What one worker draws the campaigns of one label from.

    Attributes
    ----------
    label : str
    spec : SamplingSpec
    graph : GraphArrays
        Nodes type by type, with their signs.
    box : Box
    slots : SlotPlan
    scratch : Scratch
        Memory of this worker alone.
    key : uint64
        The label's stream: campaign i draws from the generator (key, i).
    """

    label: str
    spec: SamplingSpec
    graph: GraphArrays
    box: Box
    slots: SlotPlan
    scratch: Scratch
    key: np.uint64

    @classmethod
    def of(cls, label: str, spec: SamplingSpec, graph: GraphArrays, box: Box, key: int) -> Self:
        """The world of a label, with memory of its own."""
        slots = SlotPlan.of(box.high)
        return cls(label, spec, graph, box, slots, Scratch.of(graph, slots), np.uint64(key))
