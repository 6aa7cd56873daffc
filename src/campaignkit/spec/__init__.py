"""What to draw: sampling specs, read and checked with all their faults at once."""

from __future__ import annotations

from campaignkit.spec.fit import check_fit, idle_notes, overlap_notes
from campaignkit.spec.sampling import GridPoint, LabelSpec, SamplingSpec

__all__ = [
    "GridPoint",
    "LabelSpec",
    "SamplingSpec",
    "check_fit",
    "idle_notes",
    "overlap_notes",
]
