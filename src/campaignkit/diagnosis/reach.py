"""What campaigns of a graph can reach under type ranges: proven bounds, and searches for a box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from campaignkit.diagnosis.ceiling import pair_ceilings
from campaignkit.graph.node_set import MAX_SIZE, range_arrays
from campaignkit.graph.node_tables import NodeTables
from campaignkit.seeds import key64

# Constraints of a box, as bits of a set.
POS_LOW, POS_HIGH, NEG_LOW, NEG_HIGH = 1, 2, 4, 8
# What can exclude a box: a direction (weights of + and - pairs), or a range too narrow to hold a
# whole number of pairs. With the constraints that each needs.
WEIGHTS: Final = np.array(
    [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)], np.int64
)
NEEDS: Final = (
    POS_LOW, POS_HIGH, NEG_LOW, NEG_HIGH,
    POS_LOW | NEG_LOW, POS_LOW | NEG_HIGH, POS_HIGH | NEG_LOW, POS_HIGH | NEG_HIGH,
    POS_LOW | POS_HIGH, NEG_LOW | NEG_HIGH,
)  # fmt: skip
_CAUSES_OF: Final = np.array(
    [
        sum(1 << cause for cause, needs in enumerate(NEEDS) if needs & ~constraints == 0)
        for constraints in range(16)
    ],
    np.int64,
)

MAX_VECTORS = 200_000  # vectors of type counts tested one by one: 0.1 s; above, sizes alone
NUM_DRAWS = 2_000
_NUM_WALKS, _WALK_STEPS = 8, 1_000
_MAX_LOOKED_AHEAD = 1 << 26  # entries of the exact search's table, 128 MB


@dataclass(frozen=True)
class Extreme:
    """The highest proven bound in one direction, as a share of all pairs.

    Attributes
    ----------
    share : float
        No campaign lies higher.
    counts : dict of str to int, optional
        The type counts with this bound; None where only sizes were looked at.
    """

    share: float
    counts: dict[str, int] | None


@dataclass(frozen=True)
class CountScan:
    """Which type counts a box leaves open.

    Attributes
    ----------
    num_vectors : int
        Vectors of type counts looked at, or sizes where there are too many vectors.
    open_counts : int64[16]
        How many of them each set of constraints does not exclude.
    extremes : tuple of Extreme
        In each direction of `WEIGHTS`.
    vectors : uint8[rows, T], optional
        Those the box leaves open; None where only sizes were looked at.
    """

    num_vectors: int
    open_counts: NDArray[np.int64]
    extremes: tuple[Extreme, ...]
    vectors: NDArray[np.uint8] | None


@dataclass(frozen=True)
class Found:
    """The nearest campaign of a search: its nodes, edges outside the box, and the effort."""

    nodes: NDArray[np.int32]
    edges_outside: int
    draws: int
    steps: int


@dataclass(frozen=True)
class Searched:
    """The outcome of an exact search.

    Attributes
    ----------
    has_one : bool, optional
        Whether there is a campaign in the box; None if the search stopped undecided.
    nodes : int32[k]
        The campaign, if there is one.
    visits : int
        Partial campaigns looked at.
    used : int
        The constraints that a proof of absence rests on, as bits.
    """

    has_one: bool | None
    nodes: NDArray[np.int32]
    visits: int
    used: int


class Reach:
    """Degrees and pair bounds of a graph under type ranges, made once for all labels.

    Parameters
    ----------
    tables : NodeTables
        Of exactly the modalities in `type_ranges`.
    type_ranges : mapping of str to (int, int)
    """

    def __init__(self, tables: NodeTables, type_ranges: Mapping[str, tuple[int, int]]) -> None:
        self.tables = tables
        self.type_ranges = dict(type_ranges)
        self.low, self.high = range_arrays(tables, type_ranges)
        self.num_vectors = prod(int(n) for n in self.high - self.low + 1)
        self._degrees = _degrees_to_types(tables)
        self._start, self._limits = self._bound_pairs()

    def scan(self, bounds: NDArray[np.int64]) -> CountScan:
        """Test all type counts against a box, given as by :func:`pair_bounds`."""
        if self.num_vectors > MAX_VECTORS:
            return self._scan_sizes(bounds)
        from campaignkit.diagnosis.kernels.count_bounds import scan_counts

        num_types = self.low.size
        open_counts = np.zeros(16, np.int64)
        extremes = np.zeros((len(WEIGHTS), 2), np.int64)
        extreme_counts = np.zeros((len(WEIGHTS), num_types), np.int64)
        vectors = np.zeros((self.num_vectors, num_types), np.uint8)
        num_open = scan_counts(
            self.low, self.high, bounds, WEIGHTS, self._start, self._limits, _CAUSES_OF,
            np.zeros(num_types, np.int64), np.zeros((num_types + 1, len(WEIGHTS)), np.int64),
            open_counts, extremes, extreme_counts, vectors,
        )  # fmt: skip
        found = tuple(
            Extreme(int(most) / int(pairs), self._named(counts))
            for (most, pairs), counts in zip(extremes, extreme_counts, strict=True)
        )
        return CountScan(self.num_vectors, open_counts, found, vectors[:num_open])

    def approach(self, bounds: NDArray[np.int64], *, num_draws: int = NUM_DRAWS) -> Found:
        """The nearest campaign that draws and a guided search find; always the same one."""
        from campaignkit.diagnosis.kernels.guided_search import seek
        from campaignkit.graph.kernels.vectors import aligned_zeros

        graph = self.tables.arrays
        best, effort = np.zeros(MAX_SIZE + 1, np.int32), np.zeros(2, np.int64)
        edges_outside, size = seek(
            graph, self.low, self.high, bounds, np.uint64(key64(0, "feasible")),
            num_draws, _NUM_WALKS, _WALK_STEPS,
            aligned_zeros(graph.num_words, np.uint64), np.zeros(MAX_SIZE + 1, np.int32),
            np.zeros(self.low.size, np.int64), np.zeros(self.tables.num_nodes, np.uint8),
            aligned_zeros(graph.stride, np.uint8), aligned_zeros(graph.stride, np.uint8),
            best, effort,
        )  # fmt: skip
        nodes = np.sort(best[:size])
        return Found(nodes, int(edges_outside), int(effort[0]), int(effort[1]))

    def search(
        self, bounds: NDArray[np.int64], scan: CountScan, *, constraints: int, max_visits: int
    ) -> Searched:
        """Look through all campaigns the scan leaves open."""
        directions = np.array(
            [d for d, needs in enumerate(NEEDS[: len(WEIGHTS)]) if needs & ~constraints == 0],
            np.int64,
        )
        largest = int(self.high.sum())
        entries = largest * len(directions) * self.tables.num_nodes
        if scan.vectors is None or entries > _MAX_LOOKED_AHEAD:
            return Searched(None, np.zeros(0, np.int32), 0, 0)
        from campaignkit.diagnosis.kernels.depth_first import FOUND, PROVEN, depth_first
        from campaignkit.graph.kernels.vectors import aligned_zeros

        graph = self.tables.arrays
        sizes = np.diff(graph.type_start)
        best = np.zeros(MAX_SIZE + 1, np.int32)
        outcome, size, visits, used = depth_first(
            graph, np.argsort(sizes, kind="stable").astype(np.int64), bounds, WEIGHTS, directions,
            np.array(NEEDS, np.int64), self._degrees, scan.vectors, len(scan.vectors), max_visits,
            np.zeros(MAX_SIZE + 1, np.int64), np.zeros(MAX_SIZE + 1, np.uint8),
            np.zeros(MAX_SIZE + 1, np.int64), np.zeros(self.low.size, np.int64),
            np.zeros((largest, len(directions), self.tables.num_nodes), np.int16),
            np.zeros(MAX_SIZE + 1, np.int64),
            aligned_zeros(graph.stride, np.uint8), aligned_zeros(graph.stride, np.uint8), best,
        )  # fmt: skip
        has_one = {FOUND: True, PROVEN: False}.get(outcome)
        if has_one is False:
            used = _with_excluded(int(used), scan.open_counts)
        return Searched(has_one, np.sort(best[:size]), int(visits), int(used))

    def count(self, nodes: NDArray[np.int32]) -> tuple[int, int]:
        """Positive and negative pairs of some nodes, from the lists of edges alone."""
        listed = self.tables.lists.listed
        positives = negatives = 0
        for node in nodes:
            row = slice(listed.indptr[node], listed.indptr[node + 1])
            signs = listed.signs[row][np.isin(listed.indices[row], nodes)]
            positives += int((signs > 0).sum())
            negatives += int((signs < 0).sum())
        return positives // 2, negatives // 2

    def campaign(self, nodes: NDArray[np.int32]) -> dict[str, tuple[str, ...]]:
        """Some nodes by name: values by modality."""
        named: dict[str, list[str]] = {}
        for node in nodes:
            modality, value = self.tables.keys[int(node)]
            named.setdefault(modality, []).append(value)
        return {modality: tuple(values) for modality, values in named.items()}

    def _bound_pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        num_types = self.low.size
        start = np.zeros((num_types, num_types), np.int64)
        entries = 0
        for a in range(num_types):
            for b in range(a + 1, num_types):
                start[a, b] = entries
                entries += int((self.high[a] + 1) * (self.high[b] + 1))
        limits = np.zeros((entries, len(WEIGHTS)), np.int64)
        if self.num_vectors <= MAX_VECTORS:
            from campaignkit.diagnosis.kernels.count_bounds import pair_limits

            pair_limits(
                self.tables.lists.listed.type_start, self.high, self._degrees, WEIGHTS, start,
                np.zeros(2 * MAX_SIZE + 3, np.int64), limits,
            )  # fmt: skip
        return start, limits

    def _scan_sizes(self, bounds: NDArray[np.int64]) -> CountScan:
        open_counts = np.zeros(16, np.int64)
        ceilings = pair_ceilings(self.type_ranges)
        shares = np.full(len(WEIGHTS), -np.inf)
        is_up = WEIGHTS.max(axis=1) > 0
        for size, ceiling in ceilings.items():
            most = np.where(is_up, ceiling, 0)
            shares = np.maximum(shares, most / (size * (size - 1) // 2))
            low_p, high_p, low_n, high_n = (int(bound) for bound in bounds[:, size])
            demands = [
                sum(w * (low if w > 0 else high) for w, low, high in parts)
                for parts in (
                    ((int(wp), low_p, high_p), (int(wn), low_n, high_n)) for wp, wn in WEIGHTS
                )
            ]
            excluded = [*(most < demands), low_p > high_p, low_n > high_n]
            causes = sum(1 << cause for cause, is_one in enumerate(excluded) if is_one)
            open_counts += (causes & _CAUSES_OF) == 0
        extremes = tuple(Extreme(float(share), None) for share in shares)
        return CountScan(len(ceilings), open_counts, extremes, None)

    def _named(self, counts: NDArray[np.int64]) -> dict[str, int]:
        at = dict(zip(self.tables.modalities, (int(count) for count in counts), strict=True))
        return {name: at[name] for name in self.type_ranges}


def _with_excluded(used: int, open_counts: NDArray[np.int64]) -> int:
    """The constraints used, and those that excluded the vectors not searched."""
    enough = [c for c in range(16) if used & ~c == 0 and open_counts[c] == open_counts[15]]
    return min(enough, key=int.bit_count)


def _degrees_to_types(tables: NodeTables) -> NDArray[np.int32]:
    """How many + and - edges each node has to each type: int32[n, T, 2]."""
    listed = tables.lists.listed
    num_types = listed.type_start.size - 1
    type_of = np.repeat(np.arange(num_types), np.diff(listed.type_start))
    rows = np.repeat(np.arange(tables.num_nodes), np.diff(listed.indptr))
    at = (rows * num_types + type_of[listed.indices]) * 2 + (listed.signs < 0)
    counts = np.bincount(at, minlength=tables.num_nodes * num_types * 2)
    return counts.astype(np.int32).reshape(tables.num_nodes, num_types, 2)
