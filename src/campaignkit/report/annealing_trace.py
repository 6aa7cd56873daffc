"""One annealing run step by step, for a look at how a label is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import SpecError
from campaignkit.graph.node_tables import NodeTables
from campaignkit.sample.arrays import NUM_EFFORTS, Box, LabelWorld
from campaignkit.sample.chances import cumulative_shares, metropolis_chances
from campaignkit.sample.strategies import Annealing
from campaignkit.seeds import checked_seed, key64
from campaignkit.spec import SamplingSpec, check_fit

if TYPE_CHECKING:
    from campaignkit.graph import SignedGraph


@dataclass(frozen=True, eq=False)
class AnnealingTrace:
    """What happened at each step of one chain.

    Attributes
    ----------
    label : str
    energy : int64[steps]
        Edges outside the box: of the random start, then after each step; 0 is inside.
    temperature : float64[steps]
        In units of energy.
    accepted : bool[steps]
        Whether the step's proposal was taken.
    arrival : int or None
        The step after which the chain was inside the box, 0 if it began there; None if never.

    Examples
    --------
    >>> trace = AnnealingTrace(
    ...     "pos", np.array([2, 0]), np.array([1.0, 0.5]), np.array([False, True]), 1)
    >>> int(trace.energy[trace.arrival])
    0
    """

    label: str
    energy: NDArray[np.int64]
    temperature: NDArray[np.float64]
    accepted: NDArray[np.bool_]
    arrival: int | None


def trace_annealing(
    graph: SignedGraph,
    spec: SamplingSpec,
    label: str,
    *,
    seed: int = 0,
    index: int = 0,
    moves: Any = None,  # Any: numba dispatchers have no static type
) -> AnnealingTrace:
    """Anneal one campaign of a label as :class:`~campaignkit.Annealing` does; keep every step.

    It is the first chain of that campaign: it ends at the first state inside the box, or with its
    patience. This is the slow reference annealer, for pictures and for understanding; data sets
    are drawn by :class:`AnnealingSampler`.

    Parameters
    ----------
    graph : SignedGraph
    spec : SamplingSpec
        Its `start_temp`, `end_temp`, `max_iters` and `patience` are those of the chain.
    label : str
    seed, index : int
        The chain is that of campaign `index` under this seed.
    moves : list of moves, or of (move, share), optional
        As of :class:`~campaignkit.Annealing`.

    Raises
    ------
    SpecError
        If the spec does not fit the graph or has no such label.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> trace = trace_annealing(graph, profile.suggest({"pos": 20}), "pos", seed=1)
    >>> trace.arrival == len(trace.energy) - 1, int(trace.energy[-1])
    (True, 0)
    """
    from campaignkit.sample.reference import Words, signs_of, walk

    check_fit(spec, graph)
    if label not in spec.label_params:
        raise SpecError(
            f"the spec has no label {label!r}", hint=f"it has {', '.join(spec.label_params)}"
        )
    tables = NodeTables.from_graph(graph, spec.type_ranges)
    box, key = Box.of(label, spec, tables), key64(checked_seed(seed), "sample", label)
    world = LabelWorld.of(label, spec, tables.arrays, box, key)
    strategy = Annealing(moves=moves)
    used = strategy.shares_of_moves()
    chances = metropolis_chances(spec.start_temp, spec.end_temp)
    steps: list[tuple[int, int, bool]] = []
    walk(
        world, signs_of(world.graph), [move for move, _ in used], chances,
        cumulative_shares([share for _, share in used]), strategy.schedule(world),
        Words(key, index), np.zeros(NUM_EFFORTS, np.int64), steps,
    )  # fmt: skip
    energy = np.array([step[0] for step in steps], np.int64)
    levels = np.array([step[1] for step in steps], np.float64) / (len(chances) - 2)
    inside = np.flatnonzero(energy == 0)
    return AnnealingTrace(
        label=label,
        energy=energy,
        temperature=spec.start_temp * (spec.end_temp / spec.start_temp) ** levels,
        accepted=np.array([step[2] for step in steps], bool),
        arrival=int(inside[0]) if inside.size else None,
    )
