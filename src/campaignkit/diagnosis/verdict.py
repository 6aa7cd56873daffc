"""Whether a box holds a campaign: bounds first, then a guided search, then an exact one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from campaignkit.diagnosis.reach import (
    NEG_HIGH,
    NEG_LOW,
    NUM_DRAWS,
    POS_HIGH,
    POS_LOW,
    CountScan,
    Found,
    Reach,
)
from campaignkit.graph.node_set import MAX_SIZE, pair_bounds
from campaignkit.spec import LabelSpec

Status = Literal["feasible", "infeasible", "unknown"]
# The constraints a proof by search rests on are left out in turn, with this part of the effort.
_NAMING_SHARE = 5
_FEWEST_FIRST = sorted(
    range(1, 16), key=lambda constraints: (constraints.bit_count(), constraints)
)


@dataclass(frozen=True)
class Effort:
    """How much was looked at before a verdict; counts, never times.

    Attributes
    ----------
    count_vectors : int
        Vectors of type counts tested by arithmetic.
    draws, steps : int
        Unconstrained draws, and exchanges of the guided search.
    visits, max_visits : int
        Partial campaigns that the exact search looked at, and at most would have.
    """

    count_vectors: int
    draws: int
    steps: int
    visits: int
    max_visits: int

    def __str__(self) -> str:
        return (
            f"{self.count_vectors} vectors of type counts, {self.draws} draws, {self.steps} "
            f"guided steps, {self.visits} of at most {self.max_visits} visits of the exact search"
        )


@dataclass(frozen=True)
class Verdict:
    """What was decided about one box, and what it rests on.

    Attributes
    ----------
    status : {"feasible", "infeasible", "unknown"}
    found : Found
        The nearest campaign; a witness if it lies in the box.
    scan : CountScan
    blocking : int
        Constraints that together exclude everything, as few as were found (0 unless infeasible).
    is_arithmetic : bool
        Whether bounds alone decided, without an exact search.
    effort : Effort
    """

    status: Status
    found: Found
    scan: CountScan
    blocking: int
    is_arithmetic: bool
    effort: Effort


def decide(
    reach: Reach, label: LabelSpec, *, max_visits: int, num_draws: int = NUM_DRAWS
) -> Verdict:
    """Decide whether a label has a campaign; infeasible only with a proof."""
    bounds = pair_bounds(label.pos_frac_range, label.neg_frac_range)
    scan = reach.scan(bounds)
    found = reach.approach(bounds, num_draws=num_draws)
    blocking = next((c for c in _FEWEST_FIRST if scan.open_counts[c] == 0), 0)
    visits = 0
    status: Status = "infeasible" if blocking else "unknown"
    if found.edges_outside == 0:
        status = "feasible"
    elif not blocking:
        searched = reach.search(
            bounds, scan, constraints=constraints_of(label), max_visits=max_visits
        )
        visits = searched.visits
        if searched.has_one is True:
            status, found = "feasible", Found(searched.nodes, 0, found.draws, found.steps)
        elif searched.has_one is False:
            status = "infeasible"
            blocking, more = _fewest(
                reach, bounds, searched.used, max_visits=max_visits // _NAMING_SHARE
            )
            visits += more
    is_arithmetic = status == "infeasible" and visits == 0
    effort = Effort(scan.num_vectors, found.draws, found.steps, visits, max_visits)
    return Verdict(status, found, scan, blocking, is_arithmetic, effort)


def constraints_of(label: LabelSpec) -> int:
    """The bounds of a box that exclude anything at all, as a set of bits."""
    (pos_low, pos_high), (neg_low, neg_high) = label.pos_frac_range, label.neg_frac_range
    return (
        POS_LOW * (pos_low > 0)
        | POS_HIGH * (pos_high < 1)
        | NEG_LOW * (neg_low > 0)
        | NEG_HIGH * (neg_high < 1)
    )


def _fewest(
    reach: Reach, bounds: NDArray[np.int64], constraints: int, *, max_visits: int
) -> tuple[int, int]:
    """Leave out each constraint that a short proof does without: (constraints left, visits)."""
    visits = 0
    for one in (NEG_HIGH, POS_HIGH, NEG_LOW, POS_LOW):
        rest = constraints & ~one
        if rest in (0, constraints):
            continue
        relaxed = _only(bounds, rest)
        if reach.approach(relaxed, num_draws=0).edges_outside == 0:
            continue
        searched = reach.search(
            relaxed, reach.scan(relaxed), constraints=rest, max_visits=max_visits
        )
        visits += searched.visits
        if searched.has_one is False:
            constraints = rest
    return constraints, visits


def _only(bounds: NDArray[np.int64], constraints: int) -> NDArray[np.int64]:
    """The box with the other constraints lifted."""
    sizes = np.arange(MAX_SIZE + 1)
    pairs = sizes * (sizes - 1) // 2
    free = np.stack([pairs * 0, pairs, pairs * 0, pairs])
    is_kept = [bool(constraints & one) for one in (POS_LOW, POS_HIGH, NEG_LOW, NEG_HIGH)]
    return np.where(np.array(is_kept)[:, None], bounds, free)
