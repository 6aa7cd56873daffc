"""A diagnosis as JSON values, for programs."""

from __future__ import annotations

from typing import Any

from campaignkit.diagnosis.density import DensityProfile
from campaignkit.diagnosis.feasibility import FeasibilityReport
from campaignkit.spec import SamplingSpec


def diagnosis_json(
    profile: DensityProfile, labels: SamplingSpec | None, verdicts: FeasibilityReport | None
) -> dict[str, Any]:
    """What ``campaignkit diagnose --json`` prints: the profile, and the spec with its verdicts.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("a", "x"), ("b", "y"), 1)])
    >>> profile = ck.diagnose(graph, type_ranges={"a": (1, 1), "b": (1, 1)}, num_draws=10)
    >>> [*diagnosis_json(profile, None, None)]
    ['profile']
    """
    told: dict[str, Any] = {"profile": profile.to_dict()}
    if labels is not None and verdicts is not None:
        coverage = profile.coverage(labels)
        told["spec"] = labels.model_dump(mode="json")
        told["accepted"] = coverage.accepted
        told["overlap"] = [{"labels": list(k), "share": v} for k, v in coverage.overlap.items()]
        told["feasible"] = {name: verdict.status for name, verdict in verdicts.items()}
    return told
