"""Moves keep their contract, and the contract catches those that do not."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from worlds import SIZES, spec_of, structured_graph

from campaignkit.errors import SettingError
from campaignkit.sample import Annealing, AnnealingSampler, moves as menu
from campaignkit.sample.moves import (
    DEFAULT_MOVES,
    MoveState,
    add_node,
    free_node,
    pick,
    remove_node,
    swap_node,
)
from campaignkit.testing import check_moves


@pytest.mark.slow
def test_the_default_moves_keep_the_contract() -> None:
    check_moves(list(DEFAULT_MOVES))


PAIRED = [add_node, remove_node]  # symmetric together only
ALONE = [
    name
    for name in menu.__all__
    if hasattr(move := getattr(menu, name), "py_func") and move not in [*PAIRED, pick, free_node]
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_every_move_of_the_menu_keeps_the_contract(name: str) -> None:
    check_moves(getattr(menu, name))


@pytest.mark.slow
@pytest.mark.parametrize(
    "moves",
    [
        [(add_node, 0.3), (remove_node, 0.1)],
        [add_node],
        [swap_node, remove_node],
    ],
    ids=["unequal", "only adding", "only removing"],
)
def test_adding_more_than_removing_is_not_symmetric(moves: list[object]) -> None:
    with pytest.raises(AssertionError, match="not symmetric under Q"):
        check_moves(moves)


def swap_to_low_nodes(first: np.uint64, second: np.uint64, state: MoveState) -> tuple[int, int]:
    """A swap that prefers nodes with low numbers."""
    leaving, joining = swap_node(first, second, state)
    return (leaving, joining) if joining < leaving or second % np.uint64(2) else (-1, -1)


def swap_in_place(first: np.uint64, second: np.uint64, state: MoveState) -> tuple[int, int]:
    """A swap that does the annealer's work."""
    leaving, joining = swap_node(first, second, state)
    state.slots[state.slots == leaving] = joining
    return leaving, joining


def add_beyond(first: np.uint64, second: np.uint64, state: MoveState) -> tuple[int, int]:
    """An addition that forgets the type range."""
    node = int(pick(first, state.type_start[-1]))
    return (-1, -1) if node in state.slots else (-1, node)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("move", "words"),
    [
        (swap_to_low_nodes, "not symmetric under Q"),
        (swap_in_place, "changed the state"),
        (add_beyond, "not 1 to 1"),
        (lambda first, second, state: (99, -1), "leaves but is not in"),
        (lambda first, second, state: (-1, int(state.slots.max())), "joins but is in"),
        (lambda first, second, state: (-1, 99), "is not a node"),
    ],
)
def test_a_broken_move_is_caught(move: object, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_moves(move)


def gives_nothing(first: np.uint64, second: np.uint64, state: MoveState) -> None:
    """A move that forgets to return what it chose."""


@pytest.mark.parametrize(
    ("move", "told"),
    [
        (gives_nothing, r"the move gives_nothing gave None; expected \(leaving, joining\)"),
        pytest.param(
            njit(gives_nothing), "numba cannot compile gives_nothing", marks=pytest.mark.slow
        ),
    ],
    ids=["plain", "compiled"],
)
@pytest.mark.filterwarnings("ignore:gives_nothing. not compiled")
def test_a_move_that_gives_nothing_ends_a_run_in_words(move: object, told: str) -> None:
    spec = spec_of({"x": ((0.5, 1.0), (0.0, 0.1))}, 5)

    with pytest.raises(SettingError, match=told):
        AnnealingSampler(
            structured_graph(SIZES, pos=38, neg=33), spec, strategy=Annealing(moves=move)
        ).sample()
