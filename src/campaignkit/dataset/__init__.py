"""Data sets: labelled campaigns as arrays, records, frames and files."""

from __future__ import annotations

from campaignkit.dataset.block import Block, concat_blocks
from campaignkit.dataset.campaign import Campaign
from campaignkit.dataset.campaign_dataset import CampaignDataset
from campaignkit.dataset.evaluate import EvaluationAccumulator, evaluate_dataset
from campaignkit.dataset.evaluation import (
    DatasetEvaluation,
    LabelEvaluation,
    LeakageBaseline,
    Similarity,
)
from campaignkit.dataset.measured import RowsLeftOut, read_campaigns
from campaignkit.dataset.provenance import Provenance
from campaignkit.dataset.split_files import write_split
from campaignkit.dataset.verification import LabelCheck, Verification
from campaignkit.dataset.verify import verify_dataset, verify_files
from campaignkit.dataset.vocabulary import Vocabulary
from campaignkit.dataset.writer import DatasetWriter
from campaignkit.errors import DatasetError

__all__ = [
    "Block",
    "Campaign",
    "CampaignDataset",
    "DatasetError",
    "DatasetEvaluation",
    "DatasetWriter",
    "EvaluationAccumulator",
    "LabelCheck",
    "LabelEvaluation",
    "LeakageBaseline",
    "Provenance",
    "RowsLeftOut",
    "Similarity",
    "Verification",
    "Vocabulary",
    "concat_blocks",
    "evaluate_dataset",
    "read_campaigns",
    "verify_dataset",
    "verify_files",
    "write_split",
]
