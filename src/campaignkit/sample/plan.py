"""How each label is sampled, decided once from a pilot with a fixed seed.

The pilot's seed is not the user's: the way of working is a property of graph and spec, so two
seeds differ in their campaigns and in nothing else. Its streams are named apart from those of
campaigns: a campaign that were a draw of the pilot would have been chosen with the mode.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_set import DrawCounts, draw_counts, pair_bounds, range_arrays
from campaignkit.graph.node_tables import GraphArrays, NodeTables
from campaignkit.sample.arrays import (
    ARRIVAL,
    CHANGES,
    MIXING,
    NUM_EFFORTS,
    VISITS,
    Box,
    Rows,
    Scratch,
    SlotPlan,
)
from campaignkit.sample.walls import wall_thresholds
from campaignkit.seeds import key64
from campaignkit.spec import LabelSpec, SamplingSpec

Mode = Literal["rejection", "heat_bath", "proposals"]
Stop = Literal["mixed", "first_feasible"]

PILOT_DRAWS = 10_000
# Below this acceptance a heat-bath chain costs less than the draws of a rejection.
REJECTION_PAYS = 0.02
# The soft wall's geometric parameter. The first mixes fastest; the others are for narrow boxes, of
# which a high wall loses sight, down to a hard wall for boxes in very large, sparse graphs.
_RHOS = (0.4, 0.3, 0.2, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0)
_LOWEST_SCALED = 0.1  # visits grow as the wall falls, up to here
# Visits to the box, for each slot, before a campaign is taken, as a line over the share of steps
# inside: at these node frequencies and sizes were at noise against rejection and, in tail boxes,
# against runs six times as long (docs/sampling.md).
_VISITS_A_SLOT, _VISITS_SLOPE = 4.4, -1.9
_LEAST_INSIDE = 0.15  # share of steps inside the box below which the next wall is taken
_FIRST_OF_BLOCK = 5 / 3  # a block's first campaign waits longer: all its rows follow from it
_NEXT_OF_BLOCK = 1 / 3
_MIN_VISITS = 24
_PILOT_CHAINS = 32
_PILOT_VISITS = 16
_PILOT_STEPS = 20_000
_PILOT_RESTARTS = 3


@dataclass(frozen=True)
class LabelPlan:
    """How one label is sampled, and why.

    Attributes
    ----------
    label : str
    mode : {"rejection", "heat_bath", "proposals"}
    stop : {"mixed", "first_feasible"}
    reason : str
        Why this mode, in words.
    acceptance : float
        Share of unconstrained draws that the box accepts, from the pilot.
    pilot_draws, pilot_accepted : int
    rho : float
        Geometric parameter of the soft wall (heat-bath only).
    inside_share : float
        Share of the pilot's steps inside the box (heat-bath only).
    first_visits, next_visits : int
        Visits to the box before a chain's first campaign, and between two of a block.

    Examples
    --------
    >>> LabelPlan("pos", "rejection", "mixed", "asked for", 0.2, 10_000, 2_000).mode
    'rejection'
    """

    label: str
    mode: Mode
    stop: Stop
    reason: str
    acceptance: float
    pilot_draws: int
    pilot_accepted: int
    rho: float = 0.0
    inside_share: float = 0.0
    first_visits: int = 0
    next_visits: int = 0


@dataclass(frozen=True)
class Pilot:
    """Draws from Q that decide how every label is sampled, and show what to expect of it."""

    draws: DrawCounts
    accepted: dict[str, NDArray[np.bool_]]


def scarcity_notes(tables: NodeTables, spec: SamplingSpec) -> tuple[str, ...]:
    """One sentence for each label that asks for more campaigns than there are different ones."""
    sets = num_node_sets(tables, spec.type_ranges)
    return tuple(
        f"label '{label}' asks for {box.num_samples:,} campaigns, but the type ranges allow "
        f"{sets:,} different ones: expect repeats"
        for label, box in spec.label_params.items()
        if sets < box.num_samples
    )


def num_node_sets(tables: NodeTables, type_ranges: Mapping[str, tuple[int, int]]) -> int:
    """How many node sets the type ranges allow."""
    sizes = np.diff(tables.lists.listed.type_start).tolist()
    ranges = [type_ranges[name] for name in tables.modalities]
    return math.prod(
        sum(math.comb(size, count) for count in range(low, high + 1))
        for size, (low, high) in zip(sizes, ranges, strict=True)
    )


def run_pilot(tables: NodeTables, spec: SamplingSpec) -> Pilot:
    """Draw the pilot of a graph and a spec."""
    draws = draw_counts(
        tables, spec.type_ranges, num_draws=PILOT_DRAWS, key=key64(0, "pilot", "draws")
    )
    accepted = {
        label: draws.accepted(pair_bounds(box.pos_frac_range, box.neg_frac_range))
        for label, box in spec.label_params.items()
    }
    return Pilot(draws, accepted)


def plan_label(
    label: str,
    spec: SamplingSpec,
    tables: NodeTables,
    pilot: Pilot,
    *,
    mode: Mode | None,
    stop: Stop,
    chain_block: int = 1,
) -> LabelPlan:
    """Choose how to sample one label; `mode` None leaves the choice to the pilot."""
    count = int(pilot.accepted[label].sum())
    share = count / PILOT_DRAWS
    if mode is None:
        mode = "rejection" if share >= REJECTION_PAYS else "heat_bath"
        word = "at least" if mode == "rejection" else "below"
        reason = (
            f"{count} of {PILOT_DRAWS} pilot draws lie in the box: {word} {REJECTION_PAYS:.0%}, "
            f"where {'rejection' if mode == 'rejection' else 'annealing'} costs less"
        )
    else:
        reason = "asked for"
    plan = LabelPlan(
        label=label, mode=mode, stop=stop, reason=reason, acceptance=share,
        pilot_draws=PILOT_DRAWS, pilot_accepted=count,
    )  # fmt: skip
    if mode != "heat_bath":
        return plan
    return _with_wall(plan, spec.label_params[label], spec, tables, chain_block)


def _with_wall(
    plan: LabelPlan, label: LabelSpec, spec: SamplingSpec, tables: NodeTables, chain_block: int
) -> LabelPlan:
    box, slots = box_of(label, spec, tables)
    for rho in _RHOS:
        share = _inside_share(tables.arrays, box, slots, plan.label, rho)
        if share is None or share >= _LEAST_INSIDE:
            break
    # A box that the pilot never reached says nothing about its wall: the first one, not the last,
    # which would keep a chain on the island it arrives on.
    share = share or 0.0
    visits_a_slot = (_VISITS_A_SLOT + _VISITS_SLOPE * share) * _RHOS[0] / max(rho, _LOWEST_SCALED)
    visits = max(_MIN_VISITS, round(visits_a_slot * slots.type_of.size))
    return replace(
        plan,
        rho=rho,
        inside_share=share,
        first_visits=visits if chain_block == 1 else round(_FIRST_OF_BLOCK * visits),
        next_visits=round(_NEXT_OF_BLOCK * visits),
    )


def _inside_share(
    graph: GraphArrays, box: Box, slots: SlotPlan, label: str, rho: float
) -> float | None:
    """Share of steps inside the box once it was reached; None if it never was."""
    from campaignkit.sample.kernels.heat_bath import heat_bath

    effort = np.zeros(NUM_EFFORTS, np.int64)
    rows = Rows.of(_PILOT_CHAINS, int(box.high.sum()))
    schedule = np.array([1, _PILOT_VISITS, _PILOT_VISITS, _PILOT_STEPS, _PILOT_RESTARTS], np.int64)
    key = np.uint64(key64(0, "pilot", "chains", label))
    scratch = Scratch.of(graph, slots)
    heat_bath(
        graph,
        box,
        slots,
        scratch,
        wall_thresholds(rho),
        key,
        0,
        schedule,
        rows,
        effort[ARRIVAL : CHANGES + 1],
    )
    return float(effort[VISITS] / effort[MIXING]) if effort[MIXING] else None


def box_of(label: LabelSpec, spec: SamplingSpec, tables: NodeTables) -> tuple[Box, SlotPlan]:
    """A label's box and the slots of its types, as kernels take them."""
    low, high = range_arrays(tables, spec.type_ranges)
    bounds = pair_bounds(label.pos_frac_range, label.neg_frac_range)
    return Box(low, high, bounds), SlotPlan.of(high)


def plan_labels(
    spec: SamplingSpec,
    tables: NodeTables,
    pilot: Pilot,
    *,
    mode: Mode | None,
    stop: Stop,
    chain_block: int = 1,
) -> Sequence[LabelPlan]:
    """The plans of all labels, in the order of the spec."""
    return [
        plan_label(label, spec, tables, pilot, mode=mode, stop=stop, chain_block=chain_block)
        for label in spec.label_params
    ]
