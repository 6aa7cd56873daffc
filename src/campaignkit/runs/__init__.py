"""Runs: what was fitted and measured, a line each in a plain JSONL file."""

from __future__ import annotations

from campaignkit.runs.prediction_file import Predictions
from campaignkit.runs.run_log import RunLog, RunLogRead
from campaignkit.runs.run_record import (
    RunCost,
    RunDataset,
    RunModel,
    RunRecord,
    RunTime,
    machine_facts,
)

__all__ = [
    "Predictions",
    "RunCost",
    "RunDataset",
    "RunLog",
    "RunLogRead",
    "RunModel",
    "RunRecord",
    "RunTime",
    "machine_facts",
]
