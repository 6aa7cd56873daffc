"""Whether a box contains a campaign: proven bounds, then a guided search, then an exact one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from math import prod
from operator import itemgetter
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from campaignkit.diagnosis.ceiling import pair_ceilings
from campaignkit.graph.node_set import MAX_NODES, pair_bounds, range_arrays
from campaignkit.graph.node_tables import NodeTables
from campaignkit.seeds import key64
from campaignkit.spec import LabelSpec

Status = Literal["feasible", "infeasible", "unknown"]

# Constraints of a box, as bits of a set.
CONSTRAINTS = POS_LOW, POS_HIGH, NEG_LOW, NEG_HIGH = 1, 2, 4, 8
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
# The constraints a proof by search rests on are left out in turn, with this part of the effort.
_NAMING_SHARE = 5
_FEWEST_FIRST = sorted(
    range(1, 16), key=lambda constraints: (constraints.bit_count(), constraints)
)


@dataclass(frozen=True)
class CountScan:
    """Which type counts a box leaves open.

    Attributes
    ----------
    num_vectors : int
        Vectors of type counts looked at, or sizes where there are too many vectors.
    open_counts : int64[16]
        How many of them each set of constraints does not exclude.
    shares : tuple of float
        The highest proven bound in each direction of `WEIGHTS`, as a share of all pairs.
    counts : tuple of dict of str to int, optional
        The type counts with these bounds; None where only sizes were looked at.
    vectors : uint8[rows, T], optional
        Those the box leaves open; None where only sizes were looked at.
    """

    num_vectors: int
    open_counts: NDArray[np.int64]
    shares: tuple[float, ...]
    counts: tuple[dict[str, int], ...] | None = None
    vectors: NDArray[np.uint8] | None = None


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
        place = [self.tables.modalities.index(name) for name in self.type_ranges]
        named = tuple(
            dict(zip(self.type_ranges, counts, strict=True))
            for counts in extreme_counts[:, place].tolist()
        )
        shares = tuple((extremes[:, 0] / extremes[:, 1]).tolist())
        return CountScan(self.num_vectors, open_counts, shares, named, vectors[:num_open])

    def approach(self, bounds: NDArray[np.int64], *, num_draws: int = NUM_DRAWS) -> Found:
        """The nearest campaign that draws and a guided search find; always the same one."""
        from campaignkit.diagnosis.kernels.guided_search import seek
        from campaignkit.graph.kernels.vectors import aligned_zeros

        graph = self.tables.arrays
        best, effort = np.zeros(MAX_NODES + 1, np.int32), np.zeros(2, np.int64)
        edges_outside, size = seek(
            graph, self.low, self.high, bounds, np.uint64(key64(0, "feasible")),
            num_draws, _NUM_WALKS, _WALK_STEPS,
            aligned_zeros(graph.num_words, np.uint64), np.zeros(MAX_NODES + 1, np.int32),
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
        best = np.zeros(MAX_NODES + 1, np.int32)
        outcome, size, visits, used = depth_first(
            graph, np.argsort(sizes, kind="stable").astype(np.int64), bounds, WEIGHTS, directions,
            np.array(NEEDS, np.int64), self._degrees, scan.vectors, len(scan.vectors), max_visits,
            np.zeros(MAX_NODES + 1, np.int64), np.zeros(MAX_NODES + 1, np.uint8),
            np.zeros(MAX_NODES + 1, np.int64), np.zeros(self.low.size, np.int64),
            np.zeros((largest, len(directions), self.tables.num_nodes), np.int16),
            np.zeros(MAX_NODES + 1, np.int64),
            aligned_zeros(graph.stride, np.uint8), aligned_zeros(graph.stride, np.uint8), best,
        )  # fmt: skip
        has_one = {FOUND: True, PROVEN: False}.get(outcome)
        if has_one is False:
            used = _with_excluded(int(used), scan.open_counts)
        return Searched(has_one, np.sort(best[:size]), int(visits), int(used))

    def count(self, nodes: NDArray[np.int32]) -> tuple[int, int]:
        """Positive and negative pairs of some nodes, from the lists of edges alone."""
        listed = self.tables.lists.listed
        rows = [slice(listed.indptr[node], listed.indptr[node + 1]) for node in nodes]
        signs = [listed.signs[row][np.isin(listed.indices[row], nodes)] for row in rows]
        inside = np.concatenate(signs)
        return int((inside > 0).sum()) // 2, int((inside < 0).sum()) // 2

    def campaign(self, nodes: NDArray[np.int32]) -> dict[str, tuple[str, ...]]:
        """Ascending nodes by name: values by modality."""
        keys = (self.tables.keys[node] for node in nodes.tolist())
        return {
            modality: tuple(value for _, value in held)
            for modality, held in groupby(keys, key=itemgetter(0))
        }

    def _bound_pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        entries = np.triu(np.outer(self.high + 1, self.high + 1), 1)
        start = np.cumsum(entries).reshape(entries.shape) - entries
        limits = np.zeros((int(entries.sum()), len(WEIGHTS)), np.int64)
        if self.num_vectors <= MAX_VECTORS:
            from campaignkit.diagnosis.kernels.count_bounds import pair_limits

            pair_limits(
                self.tables.lists.listed.type_start, self.high, self._degrees, WEIGHTS, start,
                np.zeros(2 * MAX_NODES + 3, np.int64), limits,
            )  # fmt: skip
        return start, limits

    def _scan_sizes(self, bounds: NDArray[np.int64]) -> CountScan:
        open_counts = np.zeros(16, np.int64)
        ceilings = pair_ceilings(self.type_ranges)
        shares = np.full(len(WEIGHTS), -np.inf)
        for size, ceiling in ceilings.items():
            low, high = bounds[[0, 2], size], bounds[[1, 3], size]
            most = np.where(WEIGHTS.max(axis=1) > 0, ceiling, 0)
            shares = np.maximum(shares, most / (size * (size - 1) // 2))
            demands = (WEIGHTS * np.where(WEIGHTS > 0, low, high)).sum(axis=1)
            excluded = [*(most < demands), *(low > high)]
            causes = sum(1 << cause for cause, is_one in enumerate(excluded) if is_one)
            open_counts += (causes & _CAUSES_OF) == 0
        return CountScan(len(ceilings), open_counts, tuple(shares.tolist()))


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
    binds = (pos_low > 0, pos_high < 1, neg_low > 0, neg_high < 1)
    return sum(one for one, is_one in zip(CONSTRAINTS, binds, strict=True) if is_one)


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
    is_kept = np.array([constraints & one != 0 for one in CONSTRAINTS])
    return np.where(is_kept[:, None], bounds, pair_bounds((0, 1), (0, 1)))
