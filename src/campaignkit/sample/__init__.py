"""Drawing labelled campaigns: a sampler, its strategies, and the moves of the annealer."""

from __future__ import annotations

from campaignkit.sample.pilot import LabelPlan
from campaignkit.sample.quality import LabelQuality
from campaignkit.sample.sampler import AnnealingSampler
from campaignkit.sample.strategies import Annealing, HeatBath, Rejection, Strategy

__all__ = [
    "Annealing",
    "AnnealingSampler",
    "HeatBath",
    "LabelPlan",
    "LabelQuality",
    "Rejection",
    "Strategy",
]
