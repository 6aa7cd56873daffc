"""Managed tuning: a provider trains the model, here is what it is told and what it says."""

from __future__ import annotations

from campaignkit.classify.managed.answers import ManagedAnswers
from campaignkit.classify.managed.gemini_tuner import DroppedExamples, GeminiTuner
from campaignkit.classify.managed.tuning_data import TuningFile, write_tuning_file
from campaignkit.classify.managed.tuning_settings import (
    ADAPTER_SIZES,
    PUBLISHED_RUNS,
    TuningSettings,
)
from campaignkit.classify.managed.tuning_status import TuningCheckpoint, TuningStatus

__all__ = [
    "ADAPTER_SIZES",
    "PUBLISHED_RUNS",
    "DroppedExamples",
    "GeminiTuner",
    "ManagedAnswers",
    "TuningCheckpoint",
    "TuningFile",
    "TuningSettings",
    "TuningStatus",
    "write_tuning_file",
]
