"""Harmonise: ad platforms' landed tables, a client at a time, in one schema whose sums close."""

from __future__ import annotations

from campaignkit.harmonise.data import CampaignData, Closing, HarmoniseReport
from campaignkit.harmonise.definition import Platform, platform, platforms, read_platform
from campaignkit.harmonise.store import ClientStore

__all__ = [
    "CampaignData",
    "ClientStore",
    "Closing",
    "HarmoniseReport",
    "Platform",
    "platform",
    "platforms",
    "read_platform",
]
