"""The exact ceiling that type counts alone put on the share of signed pairs.

Attributes of one modality share no edge, so a campaign with c_t attributes of type t has at most
C(k, 2) - sum_t C(c_t, 2) signed pairs among its k.
"""

from __future__ import annotations

from collections.abc import Mapping


def pair_ceilings(type_ranges: Mapping[str, tuple[int, int]]) -> dict[int, int]:
    """The most pairs between different modalities, for each reachable number of nodes.

    Examples
    --------
    >>> pair_ceilings({"brand": (1, 1), "audience": (1, 3)})
    {2: 1, 3: 2, 4: 3}
    """
    counts = {name: low for name, (low, _) in type_ranges.items()}
    size = sum(counts.values())
    within = sum(c * (c - 1) // 2 for c in counts.values())
    ceilings = {size: size * (size - 1) // 2 - within}
    # C(c, 2) is convex, so giving each next node to the smallest type that has room is optimal.
    while open_types := [n for n, (_, high) in type_ranges.items() if counts[n] < high]:
        smallest = min(open_types, key=lambda name: counts[name])
        within += counts[smallest]
        counts[smallest] += 1
        size += 1
        ceilings[size] = size * (size - 1) // 2 - within
    return ceilings


def pair_ceiling(type_ranges: Mapping[str, tuple[int, int]]) -> float:
    """The highest share of signed pairs any campaign can have, in [0, 1].

    Examples
    --------
    >>> pair_ceiling({"brand": (1, 1), "audience": (2, 2)})  # two of three pairs
    0.6666666666666666
    """
    return max(
        most / (size * (size - 1) / 2)
        for size, most in pair_ceilings(type_ranges).items()
        if size >= 2
    )
