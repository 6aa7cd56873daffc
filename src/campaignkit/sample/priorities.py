"""Soft priorities: pairs of modalities that should be well connected, or should not be.

Connected is a pair of attributes with an edge, whatever its sign. Priorities are sought in a
second phase that never leaves the label's box: swaps of attributes under Metropolis' rule, by
which a campaign with h connected pairs of high and l of low priority comes exp((2 h - l) / T)
times as often as one with none. High priorities therefore outweigh low ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_tables import NodeTables
from campaignkit.sample.arrays import Effort, LabelWorld, Rows
from campaignkit.sample.chances import rise_chances
from campaignkit.spec import SamplingSpec

_STEPS = 200
_TEMP = 0.7  # edges: one connected low-priority pair more is accepted with probability .24
_HIGH, _LOW = 2, -1  # what a connected pair is worth


def worth_of(spec: SamplingSpec, tables: NodeTables) -> NDArray[np.int64] | None:
    """What connected pairs of a graph's types are worth; None where nothing is asked for.

    Returns
    -------
    int64[T, T] or None
        2 for a high-priority pair of types, -1 for a low one, else 0; symmetric.
    """
    at, num_types = tables.modalities.index, len(tables.modalities)
    worth = np.zeros((num_types, num_types), np.int64)
    for a, b in spec.high_priority_type_pairs:
        worth[at(a), at(b)] = worth[at(b), at(a)] = _HIGH
    for a, b in spec.low_priority_type_pairs:
        worth[at(a), at(b)] = worth[at(b), at(a)] = _LOW
    return worth if worth.any() else None


def improve_rows(world: LabelWorld, rows: Rows, worth: NDArray[np.int64], *, first: int) -> None:
    """Improve rows in place; adds pairs, connected before and after of high, then of low."""
    from campaignkit.sample.kernels.priorities import improve

    improve(
        world.graph, world.box, worth, rise_chances(_TEMP), world.key, first, _STEPS, rows,
        rows.effort[Effort.HIGH_TIER :].reshape(2, 3),
    )  # fmt: skip
