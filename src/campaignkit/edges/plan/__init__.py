"""Which calls a build makes, and what they cost, before anything is sent."""

from __future__ import annotations

from campaignkit.edges.plan.brute_force import BruteForce
from campaignkit.edges.plan.graph_plan import GraphPlan, StagePlan
from campaignkit.edges.plan.packing import PACKINGS, Packing, fewest_calls, pack
from campaignkit.edges.plan.plan_graph import plan_graph

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "BruteForce",
    "GraphPlan",
    "PACKINGS",
    "Packing",
    "StagePlan",
    "fewest_calls",
    "pack",
    "plan_graph",
]
