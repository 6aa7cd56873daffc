"""What a strategy is: the one interface of all ways to draw the campaigns of a label."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import SamplingFailed
from campaignkit.sample.arrays import LabelWorld, Rows

MAX_RESTARTS = 20


class Strategy(Protocol):
    """A way to draw the campaigns of one label; inherit from it for the defaults.

    Campaign i must depend on the label's key and on i only, or, where campaigns come from chains,
    on i // chain_block. :func:`campaignkit.testing.check_strategy` tests that, the box and the
    law on a world small enough to enumerate.

    Attributes
    ----------
    name : str
        In plans and reports.
    parameters : frozenset of str
        Which annealing parameters of a spec it reads; others that a spec gives are warned of.
    """

    name: str = "strategy"
    parameters: frozenset[str] = frozenset()

    @property
    def chain_block(self) -> int:
        """How many consecutive campaigns come from one chain; a chunk never cuts them."""
        return 1

    @property
    def is_compiled(self) -> bool:
        """Whether it draws without Python's lock, so that threads help."""
        return False

    @property
    def identity(self) -> str:
        """All that campaigns depend on in addition to graph, spec and seed; names checkpoints."""
        return repr(self)

    def tuned(self, world: LabelWorld) -> Self:
        """This strategy with what it has to find out once a label, the same for every seed."""
        del world
        return self

    @abstractmethod
    def draw(self, world: LabelWorld, rows: Rows, *, first: int, effort: NDArray[np.int64]) -> int:
        """Fill `rows` with the campaigns `first`, `first` + 1, ...; the nodes written.

        Parameters
        ----------
        world : LabelWorld
        rows : Rows
            Nodes ascending within a row, rows back to back; sizes; numbers of + and - pairs.
        first : int
            A multiple of `chain_block`.
        effort : int64[NUM_EFFORTS]
            What it cost, see :mod:`campaignkit.sample.arrays`: added to.

        Raises
        ------
        SamplingFailed
            If a campaign in the box was not found. No other may be written.
        """
        ...


def chains_failed(
    world: LabelWorld, row: int, nearest: int, *, limits: str = "max_iters"
) -> SamplingFailed:
    """The error of a strategy whose chains did not reach the box, with how near they came.

    `limits` names the parameters of the spec that end a chain.
    """
    came = (
        f"the nearest came within {nearest} edge{'' if nearest == 1 else 's'} of the box"
        if nearest > 0
        else "the box was reached, but left again too often to mix inside it"
    )
    return SamplingFailed(
        f"label '{world.label}': campaign {row} was not found in {MAX_RESTARTS + 1} chains of "
        f"at most {world.spec.max_iters} steps; {came}. Nothing was emitted",
        hint=f"widen pos_frac_range or neg_frac_range of '{world.label}', or raise {limits}",
    )
