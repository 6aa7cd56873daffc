"""Simulated worlds, whose signs are known: to rehearse a build in, and to draw graphs from."""

from __future__ import annotations

from campaignkit.simulation.model import RehearsalModel
from campaignkit.simulation.synthetic import (
    PUBLISHED_SIZES,
    PUBLISHED_TYPE_RANGES,
    published_graph,
    synthetic_graph,
)
from campaignkit.simulation.world import RehearsalScorer, RehearsalWorld

__all__ = [
    "PUBLISHED_SIZES",
    "PUBLISHED_TYPE_RANGES",
    "RehearsalModel",
    "RehearsalScorer",
    "RehearsalWorld",
    "published_graph",
    "synthetic_graph",
]
