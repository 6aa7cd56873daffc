"""Heat-bath annealing: Gibbs updates that mix inside the box. For boxes that accept few draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_count, checked_share
from campaignkit.graph.node_set import DrawCounts
from campaignkit.sample.arrays import CHAINS, LONGEST, Effort, LabelWorld, Rows
from campaignkit.sample.chances import wall_thresholds
from campaignkit.sample.strategies.strategy import MAX_RESTARTS, Strategy, chains_failed
from campaignkit.seeds import key64

_LONGEST_BLOCK = 1_000_000  # a block is one chunk: it has to fit into memory
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
_PILOT_CHAINS, _PILOT_VISITS, _PILOT_STEPS, _PILOT_RESTARTS = 32, 16, 20_000, 3
_LONG_CHAINS, _TIMES_AS_LONG = 200, 4


@dataclass(frozen=True)
class HeatBath(Strategy):
    """Redraws one place of a campaign at a time from its exact conditional law.

    A chain goes from an unconstrained draw into the box under a falling wall, then mixes there
    under a soft one until it is at noise. Of the annealing parameters it reads `max_iters` only:
    it has no temperature.

    Parameters
    ----------
    chain_block : int
        Campaigns taken from one chain, 1 to a million. 1 (default) makes them independent; 32
        costs half to a third, and consecutive rows share slightly more nodes.
    rho : float, optional
        Geometric parameter of the soft wall, in [0, 0.5]. By default a pilot finds the highest at
        which chains stay near the box.
    first_visits, next_visits : int, optional
        Visits to the box before a chain's first campaign, and between two of a block. By default
        they follow from the wall and the sizes of campaigns.

    References
    ----------
    Geman and Geman 1984, Stochastic relaxation, Gibbs distributions, and the Bayesian restoration
    of images.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> spec = profile.suggest({"pos": 64})
    >>> len(ck.AnnealingSampler(graph, spec, strategy=HeatBath(chain_block=32)).sample())
    64
    """

    name = "heat_bath"
    parameters = frozenset({"max_iters"})
    is_compiled = True

    chain_block: int = 1
    rho: float | None = None
    first_visits: int | None = None
    next_visits: int | None = None

    def __post_init__(self) -> None:
        checked_count(self.chain_block, "chain_block", most=_LONGEST_BLOCK)
        if self.rho is not None:
            checked_share(self.rho, "rho", high=0.5)
        for name in ("first_visits", "next_visits"):
            if getattr(self, name) is not None:
                checked_count(getattr(self, name), name, most=LONGEST)

    def tuned(self, world: LabelWorld) -> Self:
        """With the wall and the visits that suit a label, from a pilot of its own chains."""
        if None not in (self.rho, self.first_visits, self.next_visits):
            return self
        rho, share = 0.0, None
        for rho in _RHOS if self.rho is None else (self.rho,):
            share = _inside_share(world, rho)
            if share is None or share >= _LEAST_INSIDE:
                break
        # A box that the pilot never reached says nothing about its wall: the first one, not the
        # last, which would keep a chain on the island it arrives on.
        share = share or 0.0
        a_slot = (_VISITS_A_SLOT + _VISITS_SLOPE * share) * _RHOS[0] / max(rho, _LOWEST_SCALED)
        visits = max(_MIN_VISITS, round(a_slot * world.slots.type_of.size))
        first = visits if self.chain_block == 1 else round(_FIRST_OF_BLOCK * visits)
        return replace(
            self,
            rho=rho,
            first_visits=self.first_visits or first,
            next_visits=self.next_visits or round(_NEXT_OF_BLOCK * visits),
        )

    def draw(self, world: LabelWorld, rows: Rows, *, first: int, effort: NDArray[np.int64]) -> int:
        """See :meth:`Strategy.draw`."""
        ready = self.tuned(world)
        schedule = (
            self.chain_block, ready.first_visits, ready.next_visits, world.spec.max_iters,
            MAX_RESTARTS,
        )  # fmt: skip
        filled, written, nearest = _run(world, rows, ready.rho, schedule, first, effort)
        if filled < len(rows.sizes):
            raise chains_failed(world, first + filled, nearest)
        return written

    def near_bound(self, world: LabelWorld) -> NDArray[np.bool_] | None:
        """Which campaigns of chains watched four times as long lie near a bound of the box.

        What rows of a rare box should look like, where the pilot met too few to say. It is no
        proof, for a chain can be slow; but rows that stopped too early differ. None if a chain did
        not get there.
        """
        ready = self.tuned(world)
        visits = _TIMES_AS_LONG * (ready.first_visits or 1)
        steps = _TIMES_AS_LONG * world.spec.max_iters
        world = replace(world, key=np.uint64(key64(0, "pilot", "long chains", world.label)))
        rows = Rows.of(_LONG_CHAINS, world.box)
        schedule = (1, visits, visits, steps, MAX_RESTARTS)
        filled, _, _ = _run(world, rows, ready.rho, schedule, 0, rows.effort)
        if filled < _LONG_CHAINS:
            return None
        return DrawCounts(rows.sizes, *rows.counts.T).near_bound(world.box.bounds)


def _inside_share(world: LabelWorld, rho: float) -> float | None:
    """Share of steps inside the box once it was reached; None if it never was."""
    rows = Rows.of(_PILOT_CHAINS, world.box)
    world = replace(world, key=np.uint64(key64(0, "pilot", "chains", world.label)))
    schedule = (1, _PILOT_VISITS, _PILOT_VISITS, _PILOT_STEPS, _PILOT_RESTARTS)
    _run(world, rows, rho, schedule, 0, rows.effort)
    visits, steps = rows.effort[Effort.VISITS], rows.effort[Effort.MIXING]
    return float(visits / steps) if steps else None


def _run(
    world: LabelWorld, rows: Rows, rho: float | None, schedule: Iterable[int | None], first: int,
    effort: NDArray[np.int64],
) -> tuple[int, int, int]:  # fmt: skip
    """Rows filled, nodes written, nearest violation."""
    from campaignkit.sample.kernels.heat_bath import heat_bath

    filled, written, nearest = heat_bath(
        world.graph, world.box, world.slots, world.scratch, wall_thresholds(rho or 0.0),
        world.key, first, np.array([min(n or 1, LONGEST) for n in schedule], np.int64), rows,
        effort[CHAINS],
    )  # fmt: skip
    return int(filled), int(written), int(nearest)
