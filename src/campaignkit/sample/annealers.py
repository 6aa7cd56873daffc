"""Which annealer runs a list of moves: the cached one, one compiled for them, or the reference."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from campaignkit.errors import CampaignkitError

Annealer = Callable[..., tuple[int, int, int]]  # the signature of kernels.proposals.anneal


def annealer_of(moves: tuple[tuple[Any, float], ...] | None) -> Annealer:
    """The annealer for these moves; None are the default ones."""
    if moves is None:
        from campaignkit.sample.kernels.proposals import anneal

        return cast("Annealer", anneal)
    return _compiled(tuple(move for move, _ in moves))


@lru_cache(maxsize=8)
def _compiled(moves: tuple[Any, ...]) -> Annealer:
    from campaignkit.sample.kernels.proposals import compile_annealer

    if all(is_compiled(move) for move in moves):
        return cast("Annealer", compile_annealer(moves))  # type: ignore[no-untyped-call]
    from campaignkit.sample.reference import reference_annealer

    return reference_annealer(moves)


def is_compiled(move: object) -> bool:
    """Whether a move is a numba-compiled function."""
    return hasattr(move, "py_func") and hasattr(move, "signatures")


def checked_moves(moves: object) -> tuple[tuple[Any, float], ...]:
    """Moves as pairs of (move, share): a list of moves, or of such pairs.

    Raises
    ------
    CampaignkitError
        If there is none, one cannot be called, or a share is not positive.

    Examples
    --------
    >>> from campaignkit.sample.moves.swap import swap_node
    >>> [share for _, share in checked_moves([swap_node, (swap_node, 3)])]
    [1.0, 3.0]
    """
    pairs = []
    for item in moves if isinstance(moves, list | tuple) else [moves]:
        move, share = item if isinstance(item, tuple) and len(item) == 2 else (item, 1.0)
        if not callable(move):
            raise CampaignkitError(
                f"{move!r} is not a move; expected a function (first, second, state) -> "
                "(leaving, joining)"
            )
        if isinstance(share, bool) or not isinstance(share, int | float) or not share > 0:
            raise CampaignkitError(f"the share of a move is {share!r}; expected a number above 0")
        pairs.append((move, float(share)))
    if not pairs:
        raise CampaignkitError("moves is empty; expected at least one move")
    return tuple(pairs)
