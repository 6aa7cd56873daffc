"""Soft priorities: pairs of modalities that should be well connected, or should not be.

Connected is a pair of attributes with an edge, whatever its sign. Priorities are sought in a
second phase that never leaves the label's box: swaps of attributes under Metropolis' rule, by
which a campaign with h connected pairs of high and l of low priority comes exp((2 h - l) / T)
times as often as one with none. High priorities therefore outweigh low ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_tables import NodeTables
from campaignkit.sample.arrays import LabelWorld, Rows
from campaignkit.sample.chances import rise_chances
from campaignkit.spec import SamplingSpec

_STEPS = 200
_TEMP = 0.7  # edges: one connected low-priority pair more is accepted with probability .24
_HIGH, _LOW = 2, -1  # what a connected pair is worth


@dataclass(frozen=True, eq=False)
class Priorities:
    """What connected pairs of a graph's types are worth.

    Attributes
    ----------
    worth : int64[T, T]
        2 for a high-priority pair of types, -1 for a low one, else 0; symmetric.
    """

    worth: NDArray[np.int64]

    @classmethod
    def of(cls, spec: SamplingSpec, tables: NodeTables) -> Priorities:
        """The priorities of a spec."""
        type_of = {name: t for t, name in enumerate(tables.modalities)}
        worth = np.zeros((len(type_of), len(type_of)), np.int64)
        for value, pairs in (
            (_HIGH, spec.high_priority_type_pairs),
            (_LOW, spec.low_priority_type_pairs),
        ):
            for a, b in pairs:
                worth[type_of[a], type_of[b]] = worth[type_of[b], type_of[a]] = value
        return cls(worth)

    def improve(
        self, world: LabelWorld, rows: Rows, *, first: int, tally: NDArray[np.int64]
    ) -> None:
        """Improve rows in place; adds pairs, connected before and after of high, then of low."""
        from campaignkit.sample.kernels.priorities import improve

        improve(
            world.graph, world.box, self.worth, rise_chances(_TEMP), world.key, first, _STEPS,
            rows, tally.reshape(2, 3),
        )  # fmt: skip
