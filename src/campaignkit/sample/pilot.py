"""How each label is sampled, decided once from a pilot with a fixed seed.

The pilot's seed is not the user's: the way of working is a property of graph and spec, so two
seeds differ in their campaigns and in nothing else. Its streams are named apart from those of
campaigns: a campaign that were a draw of the pilot would have been chosen with the strategy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_set import DrawCounts, draw_counts, pair_bounds
from campaignkit.graph.node_tables import NodeTables
from campaignkit.sample.strategies import Annealing, HeatBath, Rejection, Strategy
from campaignkit.seeds import key64
from campaignkit.spec import SamplingSpec

PILOT_DRAWS = 10_000
# Below this acceptance a heat-bath chain costs less than the draws of a rejection.
REJECTION_PAYS = 0.02


@dataclass(frozen=True)
class LabelPlan:
    """How one label is sampled, and why.

    Attributes
    ----------
    label : str
    strategy : Strategy
        Tuned to the label, as it draws.
    reason : str
        Why this strategy, in words.
    acceptance : float
        Share of unconstrained draws that the box accepts, from the pilot.
    """

    label: str
    strategy: Strategy
    reason: str
    acceptance: float


@dataclass(frozen=True)
class Pilot:
    """Draws from Q that decide how every label is sampled, and show what to expect of it."""

    draws: DrawCounts
    accepted: dict[str, NDArray[np.bool_]]

    @classmethod
    def run(cls, tables: NodeTables, spec: SamplingSpec) -> Self:
        """Draw the pilot of a graph and a spec."""
        draws = draw_counts(
            tables, spec.type_ranges, num_draws=PILOT_DRAWS, key=key64(0, "pilot", "draws")
        )
        accepted = {
            label: draws.accepted(pair_bounds(box.pos_frac_range, box.neg_frac_range))
            for label, box in spec.label_params.items()
        }
        return cls(draws, accepted)

    def choose(self, label: str) -> tuple[Strategy, str]:
        """The exact strategy that costs least for a label, and why, in words."""
        count = int(self.accepted[label].sum())
        found = f"{count} of {PILOT_DRAWS} pilot draws are in the box"
        if count >= REJECTION_PAYS * PILOT_DRAWS:
            return (
                Rejection(),
                f"{found}: at least {REJECTION_PAYS:.0%}, where rejection costs less",
            )
        return HeatBath(), f"{found}: below {REJECTION_PAYS:.0%}, where annealing costs less"


def scarcity_notes(tables: NodeTables, spec: SamplingSpec) -> tuple[str, ...]:
    """One sentence for each label that asks for more campaigns than there are different ones."""
    sizes = np.diff(tables.lists.listed.type_start).tolist()
    sets = 1
    for name, size in zip(tables.modalities, sizes, strict=True):
        low, high = spec.type_ranges[name]
        sets *= sum(math.comb(size, count) for count in range(low, high + 1))
    return tuple(
        f"label '{label}' asks for {box.num_samples:,} campaigns, but the type ranges allow "
        f"{sets:,} different ones: expect repeats"
        for label, box in spec.label_params.items()
        if sets < box.num_samples
    )


def unused_notes(spec: SamplingSpec, strategy: Strategy | None) -> tuple[str, ...]:
    """One sentence that names the annealing parameters a spec gives and no label will use.

    Given is what a caller or a file sets, also to its default value; where all parameters are set,
    as in a file that `SamplingSpec.write` made, those with their default values say nothing.
    """
    fields, given = type(spec).model_fields, spec.model_fields_set
    if given == {*fields}:
        given = {name for name in given if getattr(spec, name) != fields[name].default}
    exact = Rejection.parameters | HeatBath.parameters
    unused = Annealing.parameters - (exact if strategy is None else strategy.parameters)
    idle = [name for name in fields if name in given & unused]
    if not idle:
        return ()
    who = "the strategies the pilot chooses among" if strategy is None else repr(strategy)
    whose = "belongs" if len(idle) == 1 else "belong"
    return (
        f"{', '.join(idle)}: not used by {who}; {whose} to the published algorithm, which "
        "strategy=Annealing() runs",
    )
