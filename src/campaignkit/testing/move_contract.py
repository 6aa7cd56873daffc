"""The contract of annealing moves: legal, and symmetric under the law Q."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from campaignkit.checks import takes
from campaignkit.sample.strategies.annealing import checked_moves
from campaignkit.seeds import stream
from campaignkit.testing.breaches import contract
from campaignkit.testing.node_sets import all_node_sets

if TYPE_CHECKING:
    from campaignkit.sample.moves import MoveState

_SIZES = (3, 4, 2)
_RANGES = ((1, 2), (0, 3), (1, 1))
_SIGMAS = 6.0  # of about 3,000 pairs of states none is this far off by chance
_DRAWS = 400  # proposals from each of 132 node sets


@contract
def check_moves(moves: Any, *, seed: int = 0) -> None:  # Any: a move, or a list as the sampler's
    """Assert that moves keep every node set legal and are together symmetric under Q.

    All 132 node sets of a small world are listed. From each, moves propose with seeded random
    words, each move as often as its share says. What is proposed must keep the type ranges, let
    leave only what is in and join only what is out, and change nothing in the state. And the flow
    Q(x) * P(x -> y) must equal Q(y) * P(y -> x) for all x and y, up to chance: else the
    random-proposal annealer samples another law.

    Parameters
    ----------
    moves : list of moves, or of (move, share)
        As for :class:`campaignkit.Annealing`.
    seed : int

    Raises
    ------
    AssertionError
        That names the state and what is wrong there.

    Examples
    --------
    >>> from campaignkit.sample.moves import DEFAULT_MOVES
    >>> check_moves(list(DEFAULT_MOVES))
    """
    from campaignkit.sample.reference import proposed

    pairs = checked_moves(moves)
    for move, _ in pairs:
        assert takes(move, 3), f"{move!r} cannot be called with (first, second, state)"
    shares = np.cumsum([share for _, share in pairs]) / sum(share for _, share in pairs)
    rng = stream(seed, "testing", "moves")
    states = all_node_sets(_SIZES, _RANGES)
    flows: Counter[tuple[frozenset[int], frozenset[int]]] = Counter()
    for members in states:
        kinds = np.searchsorted(shares, rng.random(_DRAWS), side="right")
        words = rng.integers(0, 2**64, size=(_DRAWS, 2), dtype=np.uint64)
        state = _state_of(members)
        kept = _bytes_of(state)
        reached: dict[tuple[int, int], frozenset[int]] = {}
        for kind, (first, second) in zip(kinds, words, strict=True):
            leaving, joining = proposed(pairs[kind][0], first, second, state)
            name = getattr(pairs[kind][0], "__name__", "the move")
            assert _bytes_of(state) == kept, f"{name} changed the state it was given"
            if (leaving, joining) not in reached:
                reached[leaving, joining] = _after(members, leaving, joining, name)
            flows[members, reached[leaving, joining]] += 1
    _check_balance(states, flows)


def _state_of(members: frozenset[int]) -> MoveState:
    from campaignkit.sample.moves import MoveState  # compiles: not before it is needed

    starts = np.cumsum([0, *_SIZES]).astype(np.int64)
    low, high = (np.array(ends, np.int64) for ends in zip(*_RANGES, strict=True))
    slot_start = np.concatenate([[0], np.cumsum(high)]).astype(np.int64)
    slots = np.full(slot_start[-1], -1, np.int64)
    counts = np.zeros(len(_SIZES), np.int64)
    for node in sorted(members):
        t = int(np.searchsorted(starts, node, side="right")) - 1
        slots[slot_start[t] + counts[t]] = node
        counts[t] += 1
    return MoveState(starts, low, high, slot_start, slots, counts)


def _bytes_of(state: MoveState) -> bytes:
    return b"".join(array.tobytes() for array in state)


def _after(members: frozenset[int], leaving: int, joining: int, name: str) -> frozenset[int]:
    here = f"{name} at {sorted(members)}"
    assert leaving == -1 or leaving in members, f"{here}: {leaving} leaves but is not in"
    assert joining == -1 or 0 <= joining < sum(_SIZES), f"{here}: {joining} is not a node"
    assert joining not in members, f"{here}: {joining} joins but is in"
    after = (members - {leaving}) | ({joining} - {-1})
    ends = np.cumsum([0, *_SIZES])
    for t, (low, high) in enumerate(_RANGES):
        count = sum(ends[t] <= node < ends[t + 1] for node in after)
        assert low <= count <= high, f"{here}: type {t} then has {count}, not {low} to {high}"
    return after


def _check_balance(
    states: dict[frozenset[int], float],
    flows: Counter[tuple[frozenset[int], frozenset[int]]],
) -> None:
    for x, y in {frozenset(pair) for pair in flows if pair[0] != pair[1]}:
        there, back = flows[x, y], flows[y, x]
        gap = states[x] * there - states[y] * back
        spread = np.sqrt(states[x] ** 2 * max(there, 1) + states[y] ** 2 * max(back, 1))
        assert abs(gap) <= _SIGMAS * spread, (
            f"not symmetric under Q: {sorted(x)} -> {sorted(y)} was proposed {there} times of "
            f"{_DRAWS}, the way back {back} times, where Q is {states[x]:.3g} and {states[y]:.3g}"
        )
