"""The random-proposal annealer in plain Python: slow, and what the kernel is tested against.

It runs when a move is a plain Python function, and gives the bytes that the kernel would give for
the same moves compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import SettingError
from campaignkit.graph.node_tables import DenseArrays, GraphArrays
from campaignkit.sample.arrays import Box, LabelWorld, Rows

if TYPE_CHECKING:
    from campaignkit.sample.moves.pick import MoveState

_BITS_64 = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_ATTEMPT = 0xD1B54A32D192ED03


class Words:
    """The generator of kernels.random64 on Python integers.

    Examples
    --------
    >>> words = Words(1, 2)
    >>> 0 <= words.next() < 2**64, 0 <= words.below(10) < 10
    (True, True)
    """

    def __init__(self, key: int, index: int) -> None:
        base = _mix(key ^ _mix((index + _GOLDEN) & _BITS_64))
        self._state = [_mix((base + i * _GOLDEN) & _BITS_64) for i in range(1, 5)]

    def next(self) -> int:
        """A word uniform over 0..2**64 - 1."""
        a, b, c, d = self._state
        word = (_rotate((a + d) & _BITS_64, 23) + a) & _BITS_64
        t = (b << 17) & _BITS_64
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        self._state = [a, b, c ^ t, _rotate(d, 45)]
        return word

    def below(self, n: int) -> int:
        """A number uniform over 0..n - 1."""
        surplus = (1 << 32) % n
        while True:
            product = (self.next() >> 32) * n
            if product & 0xFFFFFFFF >= surplus:
                return product >> 32


def anneal_in_python(
    world: LabelWorld, moves: Sequence[Any], chances: NDArray[np.uint64],
    shares: NDArray[np.uint64], first: int, schedule: NDArray[np.int64], rows: Rows,
    effort: NDArray[np.int64],
) -> tuple[int, int, int]:  # fmt: skip
    """What `kernels.proposals.anneal` does, for any callable moves."""
    signs, written = signs_of(world.graph), 0
    for row in range(len(rows.sizes)):
        nearest = 1 << 60
        for attempt in range(int(schedule[5]) + 1):
            key = int(world.key) ^ _mix(attempt * _ATTEMPT & _BITS_64)
            words = Words(key, first + row)
            nodes, lowest = walk(world, signs, moves, chances, shares, schedule, words, effort)
            nearest = min(nearest, lowest)
            if nodes is not None:
                break
            effort[3] += attempt < schedule[5]
        if nodes is None:
            return row, written, nearest
        written = rows.put(row, nodes, count_pairs(signs, nodes), written)
    return len(rows.sizes), written, 0


def walk(
    world: LabelWorld, signs: NDArray[np.int8], moves: Sequence[Any],
    chances: NDArray[np.uint64], shares: NDArray[np.uint64], schedule: NDArray[np.int64],
    words: Words, effort: NDArray[np.int64], seen: list[tuple[int, int, bool]] | None = None,
) -> tuple[list[int] | None, int]:  # fmt: skip
    """One chain: (its campaign or None, the least energy it saw).

    Where `seen` is given, (energy, level of the temperature, accepted) of the random start and of
    every step are appended to it.
    """
    stops_inside, num_visits, max_steps, patience, best_of, _ = (int(x) for x in schedule)
    from campaignkit.sample.moves.pick import MoveState  # numba's: not before it is needed

    box, num_slots = world.box, world.slots.type_of.size
    state = MoveState(
        world.graph.type_start, box.low, box.high, world.slots.start,
        np.full(num_slots, -1, np.int64), np.zeros(len(box.low), np.int64),
    )  # fmt: skip
    for node in random_set(world, words):
        _apply(state, -1, node)
    energy = _energy(signs, _members(state), box)
    lowest, since, visits, steps = energy, 0, 0, 0
    has_arrived = energy == 0
    levels = len(chances) - 1
    if seen is not None:
        seen.append((energy, 0, False))
    while steps < max_steps and not (has_arrived and (stops_inside or visits >= num_visits)):
        level = levels if has_arrived else steps * levels // max_steps
        best: tuple[int, int, int] | None = None
        for _ in range(best_of):
            r = words.next()
            which = next(i for i, share in enumerate(shares) if r <= int(share))
            a, b = np.uint64(words.next()), np.uint64(words.next())
            leaving, joining = proposed(moves[which], a, b, state)
            if leaving < 0 and joining < 0:
                continue
            changed = [n for n in _members(state) if n != leaving]
            changed += [joining] if joining >= 0 else []
            energy_new = _energy(signs, changed, box)
            if best is None or energy_new < best[0]:
                best = (energy_new, leaving, joining)
        steps += 1
        accepted = False
        if best is not None:
            r = words.next()
            rise = min(max(best[0] - energy, 0), chances.shape[1] - 1)
            if r <= int(chances[level, rise]):
                _apply(state, best[1], best[2])
                energy, accepted = best[0], True
        if seen is not None:
            seen.append((energy, level, accepted))
        visits += has_arrived and energy == 0
        since = 0 if energy < lowest else since + 1
        lowest = min(lowest, energy)
        if energy == 0 and not has_arrived:
            has_arrived = True
            effort[0] += steps
            steps = 0
        if not has_arrived and since >= patience:
            break
    effort[1 if has_arrived else 0] += steps
    effort[2] += visits
    is_done = has_arrived and energy == 0 and (bool(stops_inside) or visits >= num_visits)
    return (_members(state) if is_done else None), lowest


def proposed(move: Any, first: np.uint64, second: np.uint64, state: Any) -> tuple[int, int]:
    """The (leaving, joining) that a move proposes; `SettingError` where it gives none."""
    given = move(first, second, state)
    try:
        leaving, joining = map(int, given)
    except (TypeError, ValueError):
        name = getattr(move, "__name__", repr(move))
        raise SettingError(
            f"the move {name} gave {given!r}; expected (leaving, joining), -1 for none"
        ) from None
    return leaving, joining


def random_set(world: LabelWorld, words: Words) -> list[int]:
    """An unconstrained draw: numbers uniform in their ranges, nodes uniform given the numbers."""
    nodes: list[int] = []
    starts = world.graph.type_start.tolist()
    for t, (low, high) in enumerate(zip(world.box.low, world.box.high, strict=True)):
        count = int(low) + (words.below(int(high - low) + 1) if high > low else 0)
        for _ in range(count):
            while (node := starts[t] + words.below(starts[t + 1] - starts[t])) in nodes:
                pass
            nodes.append(node)
    return nodes


def signs_of(graph: GraphArrays) -> NDArray[np.int8]:
    """The signs of a graph as int8[n, n], whatever its form."""
    n = int(graph.type_start[-1])
    if isinstance(graph, DenseArrays):
        return graph.plane.reshape(n, graph.stride)[:, :n]
    signs = np.zeros((n, n), np.int8)
    signs[np.repeat(np.arange(n), np.diff(graph.indptr)), graph.indices] = graph.signs
    return signs


def count_pairs(signs: NDArray[np.int8], nodes: list[int]) -> tuple[int, int]:
    """Positive and negative pairs of a node set, counted one by one."""
    inside = signs[np.ix_(nodes, nodes)]
    return int((inside > 0).sum()) // 2, int((inside < 0).sum()) // 2


def _energy(signs: NDArray[np.int8], nodes: list[int], box: Box) -> int:
    p, g = count_pairs(signs, nodes)
    low_p, high_p, low_n, high_n = (int(edge) for edge in box.bounds[:, len(nodes)])
    return max(low_p - p, p - high_p, 0) + max(low_n - g, g - high_n, 0)


def _apply(state: MoveState, leaving: int, joining: int) -> None:
    for node, joins in ((leaving, False), (joining, True)):
        if node < 0:
            continue
        t = int(np.searchsorted(state.type_start, node, side="right")) - 1
        end = state.slot_start[t] + state.counts[t]
        if joins:
            state.slots[end] = node
        else:
            state.slots[state.slots == node] = state.slots[end - 1]
            state.slots[end - 1] = -1
        state.counts[t] += 1 if joins else -1


def _members(state: MoveState) -> list[int]:
    return [int(node) for node in state.slots if node >= 0]


def _mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _BITS_64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _BITS_64
    return x ^ (x >> 31)


def _rotate(x: int, by: int) -> int:
    return ((x << by) | (x >> (64 - by))) & _BITS_64
