"""Rejection: unconstrained draws until one lies in the box. Exact, and fast where many do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import SamplingFailed
from campaignkit.sample.arrays import Effort, LabelWorld, Rows
from campaignkit.sample.strategies.strategy import Strategy

# A box that accepts 2% fails this often with probability e**-20000: a stop for impossible input.
_MAX_DRAWS = 1_000_000


@dataclass(frozen=True)
class Rejection(Strategy):
    """Draws without constraint until a draw is in the label's box.

    Exact by construction. A campaign is given up after a million draws: where the box accepts
    fewer than one draw in fifty, :class:`HeatBath` costs less.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> spec = profile.suggest({"pos": 20})
    >>> len(ck.AnnealingSampler(graph, spec, strategy=Rejection()).sample())
    20
    """

    name = "rejection"
    is_compiled = True

    def draw(self, world: LabelWorld, rows: Rows, *, first: int, effort: NDArray[np.int64]) -> int:
        """See :meth:`Strategy.draw`."""
        from campaignkit.sample.kernels.rejection import reject

        filled, written, draws = reject(
            world.graph, world.box, world.scratch, world.key, first, _MAX_DRAWS, rows
        )
        effort[Effort.DRAWS] += draws
        if filled < len(rows.sizes):
            raise SamplingFailed(
                f"label '{world.label}': no campaign {first + filled} among {_MAX_DRAWS:,} "
                "unconstrained draws; its box accepts too few of them for rejection. Nothing was "
                "emitted",
                hint="leave strategy out, or use HeatBath(): it reaches such boxes",
            )
        return int(written)
