"""What a graph makes likely: density of unconstrained draws, suggested labels, ceilings."""

from __future__ import annotations

from campaignkit.diagnosis.ceiling import pair_ceiling, pair_ceilings
from campaignkit.diagnosis.density import DensityProfile, FractionStats, diagnose

__all__ = ["DensityProfile", "FractionStats", "diagnose", "pair_ceiling", "pair_ceilings"]
