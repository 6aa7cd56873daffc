"""Evaluation: what was found, against what was there.

>>> Hits(3, 1, 0).precision
0.75
"""

from __future__ import annotations

from campaignkit.evaluation.detection import (
    DetectionScore,
    Hits,
    KindHits,
    score_findings,
    total_score,
)
from campaignkit.evaluation.detection_sweep import DetectionSweep, sweep_detection

__all__ = [
    "DetectionScore",
    "DetectionSweep",
    "Hits",
    "KindHits",
    "score_findings",
    "sweep_detection",
    "total_score",
]
