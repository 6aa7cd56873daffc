"""Soft priorities: which pairs of types should carry the label themselves.

A row keeps its box whatever its priorities: they are sought in a second phase that never leaves
it. Among the pairs of a tier, the shares of positive and negative edges should lie in the label's
own ranges; the tier's energy is the number of edges outside. The high tier comes first; the low
one decides only between states that the high one does not tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_tables import GraphArrays, NodeTables
from campaignkit.sample.arrays import Box, Rows
from campaignkit.sample.walls import rise_chances
from campaignkit.spec import LabelSpec, SamplingSpec

_STEPS = 200
_TEMP = 0.25  # edges: a rise of one is accepted with probability .018
_EPSILON = 1e-9


@dataclass(frozen=True, eq=False)
class Priorities:
    """The tiers of a spec over a graph's types, and one label's bounds within them.

    Attributes
    ----------
    tier_of : int8[T, T]
        1 for a high-priority pair of types, 2 for a low one, else 0; symmetric.
    bounds : int64[4, M]
        Lowest and highest number of + pairs, then of - pairs, among m pairs of a tier.
    """

    tier_of: NDArray[np.int8]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, label: LabelSpec, spec: SamplingSpec, tables: NodeTables) -> Priorities | None:
        """The priorities of a spec, or None where it has none."""
        tiers = ((1, spec.high_priority_type_pairs), (2, spec.low_priority_type_pairs))
        type_of = {name: t for t, name in enumerate(tables.modalities)}
        tier_of = np.zeros((len(type_of), len(type_of)), np.int8)
        largest = 0
        for tier, pairs in tiers:
            for a, b in pairs:
                tier_of[type_of[a], type_of[b]] = tier_of[type_of[b], type_of[a]] = tier
                largest += spec.type_ranges[a][1] * spec.type_ranges[b][1]
        if not tier_of.any():
            return None
        pairs_held = np.arange(largest + 1)
        ranges = (label.pos_frac_range, label.neg_frac_range)
        rows = [
            edge
            for low, high in ranges
            for edge in (
                np.ceil(low * pairs_held - _EPSILON), np.floor(high * pairs_held + _EPSILON)
            )
        ]  # fmt: skip
        return cls(tier_of, np.stack(rows).astype(np.int64))

    def improve(
        self, graph: GraphArrays, box: Box, key: np.uint64, first: int, rows: Rows,
        gains: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Improve rows in place; adds to int64[4] high before, high after, low before, after."""
        from campaignkit.sample.kernels.priorities import improve

        improve(
            graph, box, self.tier_of, self.bounds, rise_chances(_TEMP), key, first, _STEPS, rows,
            gains.reshape(2, 2),
        )  # fmt: skip
