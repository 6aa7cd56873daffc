"""Drawing labelled campaigns: rejection and annealing behind one interface."""

from __future__ import annotations

from campaignkit.sample.plan import LabelPlan
from campaignkit.sample.quality import LabelQuality
from campaignkit.sample.sampler import AnnealingSampler

__all__ = ["AnnealingSampler", "LabelPlan", "LabelQuality"]
