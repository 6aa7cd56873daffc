"""Labels that no campaign can carry are refused before any long run."""

from __future__ import annotations

from campaignkit.graph.node_tables import NodeTables
from campaignkit.sample.plan import Pilot
from campaignkit.spec import SamplingSpec


def refuse_infeasible(tables: NodeTables, spec: SamplingSpec, pilot: Pilot) -> None:
    """Raise InfeasibleSpec for labels shown to be out of reach."""
