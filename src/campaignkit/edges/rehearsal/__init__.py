"""A simulated world to rehearse a build in: known signs, and a scorer that errs as models do."""

from __future__ import annotations

from campaignkit.edges.rehearsal.model import RehearsalModel
from campaignkit.edges.rehearsal.scorer import RehearsalScorer
from campaignkit.edges.rehearsal.world import RehearsalWorld

__all__ = ["RehearsalModel", "RehearsalScorer", "RehearsalWorld"]
