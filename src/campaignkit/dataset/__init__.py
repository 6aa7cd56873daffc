"""Data sets: labelled campaigns as arrays, records, frames and files."""

from __future__ import annotations

from campaignkit.dataset.block import Block, concat_blocks
from campaignkit.dataset.campaign import Campaign
from campaignkit.dataset.campaign_dataset import CampaignDataset
from campaignkit.dataset.evaluation import (
    DatasetEvaluation,
    LabelEvaluation,
    LeakageBaseline,
    Similarity,
)
from campaignkit.dataset.provenance import Provenance
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
    "LabelEvaluation",
    "LeakageBaseline",
    "Provenance",
    "Similarity",
    "Vocabulary",
    "concat_blocks",
]
