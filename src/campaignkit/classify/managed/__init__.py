"""Managed tuning: a provider trains the model; here are its requests and its answers."""

from __future__ import annotations

from campaignkit.classify.managed.gemini_tuner import DroppedExamples, GeminiTuner
from campaignkit.classify.managed.tuning_job import (
    ADAPTER_SIZES,
    PUBLISHED_RUNS,
    TuningCheckpoint,
    TuningSettings,
    TuningStatus,
)
from campaignkit.classify.managed.tuning_rows import write_tuning_file

__all__ = [
    "ADAPTER_SIZES",
    "PUBLISHED_RUNS",
    "DroppedExamples",
    "GeminiTuner",
    "TuningCheckpoint",
    "TuningSettings",
    "TuningStatus",
    "write_tuning_file",
]
