"""Descriptions of attributes by a chat model: what tells one from another, by modality."""

from __future__ import annotations

from campaignkit.edges.enrichment.describe import (
    Descriptions,
    describe_attributes,
    describe_request,
)
from campaignkit.edges.enrichment.guide import GUIDES, Guide, guide_for

__all__ = [
    "GUIDES",
    "Descriptions",
    "Guide",
    "describe_attributes",
    "describe_request",
    "guide_for",
]
