"""Moves of the random-proposal annealer: which node leaves a campaign and which joins it.

A move is a function ``move(first, second, state) -> (leaving, joining)``:

first, second : uint64
    Two random words, all the randomness a move has; :func:`pick` turns one into a choice.
state : MoveState
    The node set as it is; a move reads it and changes nothing.
leaving, joining : int64
    Node numbers; -1 for none. ``(-1, -1)`` proposes nothing at this step.

Compiled with ``numba.njit`` it runs in the annealer's loop; a plain Python function runs in the
slow reference annealer, with a warning. The law that is sampled is right only if a move is
symmetric under Q: proposing x -> y has to be as likely, weighted with Q, as y -> x. Swapping
within a type is; adding a uniformly drawn free node is, if removing a uniformly drawn one is as
likely. :func:`campaignkit.testing.check_moves` tests a list of moves for it.
"""

from __future__ import annotations

from campaignkit.sample.moves.defaults import DEFAULT_MOVES, add_node, remove_node, swap_node
from campaignkit.sample.moves.pick import MoveState, free_node, pick

__all__ = [
    "DEFAULT_MOVES",
    "MoveState",
    "add_node",
    "free_node",
    "pick",
    "remove_node",
    "swap_node",
]
