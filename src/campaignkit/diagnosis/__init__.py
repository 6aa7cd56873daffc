"""What a graph makes likely and possible: density, suggested labels, ceilings, feasibility."""

from __future__ import annotations

from campaignkit.diagnosis.as_json import diagnosis_json
from campaignkit.diagnosis.ceiling import pair_ceiling, pair_ceilings
from campaignkit.diagnosis.density import DensityProfile, FractionStats, diagnose
from campaignkit.diagnosis.feasibility import (
    FeasibilityReport,
    LabelFeasibility,
    feasible,
    refuse_infeasible,
)

__all__ = [
    "DensityProfile",
    "FeasibilityReport",
    "FractionStats",
    "LabelFeasibility",
    "diagnose",
    "diagnosis_json",
    "feasible",
    "pair_ceiling",
    "pair_ceilings",
    "refuse_infeasible",
]
