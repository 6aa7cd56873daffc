"""What rows of a rare box should look like: chains watched several times as long.

Where the pilot met too few campaigns of a label to say, these do. They are no proof, for a chain
can be slow; but rows that stopped too early differ from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from campaignkit.graph.node_set import DrawCounts
from campaignkit.graph.node_tables import expanded
from campaignkit.sample.arrays import ARRIVAL, CHANGES, NUM_EFFORTS, Rows, Scratch, SlotPlan
from campaignkit.sample.job import MAX_RESTARTS, LabelJob
from campaignkit.sample.quality import Share
from campaignkit.sample.walls import wall_thresholds
from campaignkit.seeds import key64

_CHAINS = 200
_TIMES_AS_LONG = 4
_LONGEST = 1 << 40  # visits and steps


@dataclass(frozen=True, eq=False)
class LongChains:
    """The share of rows near a bound of a label's box, from long heat-bath chains.

    Parameters
    ----------
    job : LabelJob
        With a heat-bath plan, whatever the label itself is sampled by.
    """

    job: LabelJob

    def near_bound(self) -> Share | None:
        """The share and its standard error; None if a chain did not get there."""
        from campaignkit.sample.kernels.heat_bath import heat_bath

        job, plan = self.job, self.job.plan
        graph, slots = expanded(job.lists), SlotPlan.of(job.box.high)
        rows = Rows.of(_CHAINS, int(job.box.high.sum()))
        visits = _TIMES_AS_LONG * plan.first_visits
        steps = min(_TIMES_AS_LONG * job.spec.max_iters, _LONGEST)
        filled, _, _ = heat_bath(
            graph, job.box, slots, Scratch.of(graph, slots), wall_thresholds(plan.rho),
            np.uint64(key64(0, "pilot", "long chains", plan.label)), 0,
            np.array([1, visits, visits, steps, MAX_RESTARTS], np.int64), rows,
            np.zeros(NUM_EFFORTS, np.int64)[ARRIVAL : CHANGES + 1],
        )  # fmt: skip
        if filled < _CHAINS:
            return None
        counts = DrawCounts(rows.sizes, rows.counts[:, 0], rows.counts[:, 1])
        return Share.of(counts.near_bound(job.box.bounds))
