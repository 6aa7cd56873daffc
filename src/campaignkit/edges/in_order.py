"""The plainest method: every pair is judged, in catalogue order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from campaignkit.edges.pair_states import PairStates
    from campaignkit.edges.session import BuildSession


STAGE = "scoring pairs"


@dataclass(frozen=True, slots=True)
class InOrder:
    """Judges all pairs in the order of the pair table; what a store or a budget gets by default.

    Attributes
    ----------
    batch_size : int
        Pairs in one call.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> from campaignkit.edges import TraitScorer, build_graph
    >>> starter = Catalogue.bundled("starter-27")
    >>> build_graph(starter, scorer=TraitScorer(), method=InOrder(25)).report.calls
    11
    """

    batch_size: int = 25

    def build(self, session: BuildSession) -> PairStates:
        """Judge every pair that is not known from an earlier build."""
        new = np.flatnonzero(~session.known)
        starts = range(self.batch_size, len(new), self.batch_size)
        session.judge(np.split(new, list(starts)) if len(new) else [], stage=STAGE)
        session.judge([np.flatnonzero(session.known)], stage=STAGE)
        return session.states
