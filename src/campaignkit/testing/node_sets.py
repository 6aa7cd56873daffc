"""Every node set of a world small enough to list them, with its probability."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np


def all_node_sets(
    sizes: Sequence[int], ranges: Sequence[tuple[int, int]]
) -> dict[frozenset[int], float]:
    """The node sets that type ranges allow, and their probability under Q.

    Examples
    --------
    >>> sets = all_node_sets((2, 1), ((1, 2), (1, 1)))
    >>> sets[frozenset({0, 2})], sets[frozenset({0, 1, 2})]
    (0.25, 0.5)
    """
    ends = np.cumsum([0, *sizes]).tolist()
    states = {}
    for counts in itertools.product(*(range(low, high + 1) for low, high in ranges)):
        choices = [
            list(itertools.combinations(range(ends[t], ends[t + 1]), count))
            for t, count in enumerate(counts)
        ]
        for parts in itertools.product(*choices):
            members = frozenset(itertools.chain(*parts))
            states[members] = 1.0 / float(np.prod([len(choice) for choice in choices]))
    total = sum(states.values())
    return {members: weight / total for members, weight in states.items()}
