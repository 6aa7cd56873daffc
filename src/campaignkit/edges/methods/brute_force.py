"""Every pair is judged: in as few calls as can be, or in catalogue order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from campaignkit.edges.methods.packing import Packing, check_packing, fewest_calls, pack
from campaignkit.edges.pairs import PairTable, chunks
from campaignkit.edges.plan import GraphPlan, planned
from campaignkit.errors import GraphError

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges.pairs import PairStates
    from campaignkit.edges.session import BuildSession


STAGE = "scoring pairs"


@dataclass(frozen=True, slots=True)
class BruteForce:
    """Judges every pair.

    Parameters
    ----------
    batch_size : int
        Pairs in one call; 25 as published.
    packing : {"mixed", "pairs", "oriented", "published"}
        The pairs of a call: one primary attribute and targets of any modality; any pairs; one
        primary and targets of one modality, the cheaper way round; the same by the published
        rule. See :func:`~campaignkit.edges.pack`.

    Raises
    ------
    GraphError
        If there is no such packing, or the batch size is none.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> from campaignkit.edges import TraitScorer, build_graph
    >>> starter = Catalogue.bundled("starter-27")
    >>> build = build_graph(starter, scorer=TraitScorer(), method=BruteForce())
    >>> build.report.calls, BruteForce(packing="published").plan(starter).calls
    (17, 54)
    """

    batch_size: int = 25
    packing: Packing = "mixed"

    def __post_init__(self) -> None:
        check_packing(self.packing, self.batch_size)

    def build(self, session: BuildSession) -> PairStates:
        """Judge every pair; what an earlier build in the same store judged costs nothing.

        Raises
        ------
        GraphError
            If the budget's calls do not cover the pairs that are new; nothing is sent.
        """
        rows = np.flatnonzero(~session.known)
        new = pack(session.pairs, self.packing, batch_size=self.batch_size, rows=rows)
        allowed = session.calls_allowed
        if allowed is not None and len(new) > allowed:
            raise GraphError(
                f"brute force needs {len(new):,} calls; the budget leaves {allowed:,}",
                hint=f"allow Budget(calls={len(new)}) or more, or use ActiveBuilder, which stops "
                "where the budget ends",
            )
        session.judge([np.flatnonzero(session.known)], stage=STAGE)
        session.judge(new, stage=STAGE)
        return session.states

    def plan(
        self,
        catalogue: Catalogue,
        *,
        model: object = None,
        prices: object = None,
        budget: object = None,
    ) -> GraphPlan:
        """What it will ask, exactly; the budget changes nothing."""
        table = PairTable(catalogue)
        calls = pack(table, self.packing, batch_size=self.batch_size)
        return planned(
            table,
            {STAGE: calls},
            batch_size=self.batch_size,
            method=f"brute force, {self.packing} packing",
            fewest=fewest_calls(
                table, batch_size=self.batch_size, one_primary=self.packing != "pairs"
            ),
            model=model,
            prices=prices,
        )


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
        new = chunks(np.flatnonzero(~session.known), self.batch_size)
        session.judge(new, stage=STAGE)
        session.judge([np.flatnonzero(session.known)], stage=STAGE)
        return session.states
