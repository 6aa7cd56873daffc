"""Simulated annealing by random proposals, as published."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import SettingError
from campaignkit.sample.arrays import CHAINS, LONGEST, LabelWorld, Rows
from campaignkit.sample.chances import cumulative_shares, metropolis_chances
from campaignkit.sample.strategies.strategy import MAX_RESTARTS, Strategy, chains_failed

Stop = Literal["first_feasible", "mixed"]
Kernel = Callable[..., tuple[int, int, int]]  # of the signature of kernels.proposals.anneal
Move = Any  # a function of (first, second, state); numba's dispatchers have no static type

_VISITS = 500  # visits to the box before a mixed campaign is taken: at noise, as measured


@dataclass(frozen=True, repr=False)
class Annealing(Strategy):
    """The published algorithm: random start, swaps, a geometric schedule, best of K, early stop.

    A chain starts from an unconstrained draw. At each step the best of the spec's
    `proposals_per_step` random proposals is taken by Metropolis' rule on the number of edges
    outside the box, at a temperature that falls geometrically from `start_temp` to `end_temp` over
    `max_iters` steps. A chain ends with the best state so far: in the box, where nothing is left
    to improve, or after `patience` steps without improvement. One that ends outside starts again
    with a derived seed, 20 times at most: a campaign out of its box is never emitted.

    What it draws is biased: campaigns near easy entrances of the box come more often. On a graph
    small enough to enumerate, total variation to the law of a sample was .08 to .17, where the
    default strategies are at sampling noise; best of 16 made .17 into .29. Use it to reproduce the
    published behaviour or to try moves.

    Parameters
    ----------
    stop : {"first_feasible", "mixed"}
        "mixed" goes on inside the box, under a soft wall, for 500 visits (`patience` counts on
        the way there alone): then it draws from the law, at ten times the cost of
        :class:`HeatBath`.
    moves : list of moves, or of (move, share), optional
        What a proposal may be, see :mod:`campaignkit.sample.moves`. By default swaps alone, as
        published; with ``stop="mixed"`` the `DEFAULT_MOVES`, since swaps never change how many
        attributes a campaign has.

    Raises
    ------
    SettingError
        If `stop` is unknown, or something in `moves` is no move.

    References
    ----------
    Kirkpatrick, Gelatt and Vecchi 1983, Optimization by simulated annealing. Delahaye, Chaimatanan
    and Mongeau 2019, Simulated annealing: from basics to applications.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> spec = profile.suggest({"pos": 20})
    >>> len(ck.AnnealingSampler(graph, spec, strategy=Annealing()).sample())
    20
    """

    name = "annealing"
    parameters = frozenset(
        {"max_iters", "start_temp", "end_temp", "patience", "proposals_per_step"}
    )

    stop: Stop = "first_feasible"
    moves: Any = None  # as given; then a tuple of (move, share)

    def __post_init__(self) -> None:
        if self.stop not in ("first_feasible", "mixed"):
            raise SettingError(f"stop is {self.stop!r}; expected first_feasible or mixed")
        if self.moves is None:
            return
        object.__setattr__(self, "moves", checked_moves(self.moves))
        slow = [_name(move) for move, _ in self.moves if not _is_compiled(move)]
        if slow:
            warnings.warn(
                f"{', '.join(slow)}: not compiled, so the slow reference annealer runs; "
                "decorate it with numba.njit",
                stacklevel=3,
            )

    def __repr__(self) -> str:
        moves = ", ".join(f"({_name(move)}, {share:g})" for move, share in self.moves or ())
        return f"Annealing(stop={self.stop!r}{f', moves=[{moves}]' if moves else ''})"

    @property
    def is_compiled(self) -> bool:
        """Whether all moves are numba's: Python ones would only take turns in threads."""
        return all(_is_compiled(move) for move, _ in self.moves or ())

    @property
    def identity(self) -> str:
        """With what the moves do, not what they are called, and their shares."""
        moves = [(code_of(move), share) for move, share in self.moves or ()]
        return f"Annealing({self.stop}, {moves})"

    def draw(self, world: LabelWorld, rows: Rows, *, first: int, effort: NDArray[np.int64]) -> int:
        """See :meth:`Strategy.draw`."""
        from campaignkit.sample.reference import anneal_in_python

        kernel, shares = self._kernel()
        chances = metropolis_chances(world.spec.start_temp, world.spec.end_temp)
        job = (first, self.schedule(world), rows, effort[CHAINS])
        if kernel is None:
            moves = [move for move, _ in self.moves]
            filled, written, nearest = anneal_in_python(world, moves, chances, shares, *job)
        else:
            filled, written, nearest = kernel(
                world.graph, world.box, world.slots, world.scratch, chances, shares, world.key,
                *job,
            )  # fmt: skip
        if filled < len(rows.sizes):
            raise chains_failed(world, first + filled, nearest, limits="patience or max_iters")
        return int(written)

    def schedule(self, world: LabelWorld) -> NDArray[np.int64]:
        """The numbers that kernels take, see :func:`kernels.proposals.anneal`: int64[6]."""
        spec = world.spec
        limits = [spec.max_iters, spec.patience, spec.proposals_per_step, MAX_RESTARTS]
        stops = int(self.stop == "first_feasible")
        return np.array([stops, _VISITS, *(min(n, LONGEST) for n in limits)], np.int64)

    def shares_of_moves(self) -> tuple[tuple[Move, float], ...]:
        """The moves in use, each with its share of the proposals."""
        from campaignkit.sample.moves.defaults import DEFAULT_MOVES

        if self.moves is not None:
            return cast("tuple[tuple[Move, float], ...]", self.moves)
        return DEFAULT_MOVES if self.stop == "mixed" else ((DEFAULT_MOVES[0][0], 1.0),)

    def _kernel(self) -> tuple[Kernel | None, NDArray[np.uint64]]:
        """A kernel, None if a move is Python's, and the cumulative shares of its moves.

        The kernel of the library's own moves is compiled once for all, whatever their shares.
        """
        from campaignkit.sample.kernels.proposals import anneal
        from campaignkit.sample.moves.defaults import DEFAULT_MOVES

        used = self.shares_of_moves()
        moves = tuple(move for move, _ in used)
        own = [move for move, _ in DEFAULT_MOVES]
        if len({*moves}) == len(moves) and all(move in own for move in moves):
            share_of = dict(used)
            return anneal, cumulative_shares([share_of.get(move, 0.0) for move in own])
        shares = cumulative_shares([share for _, share in used])
        return (_compiled(moves) if self.is_compiled else None), shares


@lru_cache(maxsize=8)
def _compiled(moves: tuple[Move, ...]) -> Kernel:
    from campaignkit.sample.kernels.proposals import compile_annealer

    return cast("Kernel", compile_annealer(moves))  # type: ignore[no-untyped-call]


def checked_moves(moves: object) -> tuple[tuple[Move, float], ...]:
    """Moves as pairs of (move, share): from one move, a list of moves, or of such pairs.

    Raises
    ------
    SettingError
        If there is none, one cannot be called, or a share is not positive.

    Examples
    --------
    >>> from campaignkit.sample.moves import swap_node
    >>> [share for _, share in checked_moves([swap_node, (swap_node, 3)])]
    [1.0, 3.0]
    """
    pairs = []
    for item in moves if isinstance(moves, list | tuple) else [moves]:
        move, share = item if isinstance(item, tuple) and len(item) == 2 else (item, 1.0)
        if not callable(move):
            raise SettingError(
                f"{move!r} is not a move; expected a function (first, second, state) -> "
                "(leaving, joining)"
            )
        if isinstance(share, bool) or not isinstance(share, int | float) or not share > 0:
            raise SettingError(f"the share of a move is {share!r}; expected a number above 0")
        pairs.append((move, float(share)))
    if not pairs:
        raise SettingError("moves is empty; expected at least one move")
    return tuple(pairs)


def _is_compiled(move: object) -> bool:
    return hasattr(move, "py_func") and hasattr(move, "signatures")


def _name(move: object) -> str:
    return str(getattr(move, "__name__", repr(move)))


def code_of(function: object) -> str:
    """A function's bytecode, constants and closed-over values; a compiled one's source function's.

    What has no stable description, such as a callable object, is described by its address in
    memory, which another process does not share: it counts as another function, never as the same.

    Examples
    --------
    >>> code_of(lambda x: x + 1) == code_of(lambda y: y + 1)
    False
    >>> code_of(code_of) == code_of(code_of)
    True
    """
    plain = getattr(function, "py_func", function)
    code = getattr(plain, "__code__", None)
    if not isinstance(code, CodeType):
        return repr(function)
    held = [_value(cell.cell_contents) for cell in getattr(plain, "__closure__", None) or ()]
    return f"{code.co_qualname}({_code(code)};{held})"


def _code(code: CodeType) -> str:
    constants = [_code(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    names = code.co_names, code.co_varnames, code.co_freevars
    return f"{code.co_code.hex()}{constants}{names}"


def _value(value: object) -> str:
    return code_of(value) if callable(value) else repr(value)
