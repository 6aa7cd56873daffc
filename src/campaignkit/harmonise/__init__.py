"""Harmonise: ad platforms' landed tables, a client at a time, in one schema whose sums close."""

from __future__ import annotations

from campaignkit.harmonise.across import read_across
from campaignkit.harmonise.clients import ClientFolder, Clients
from campaignkit.harmonise.data import CampaignData, Closing, HarmoniseReport
from campaignkit.harmonise.definition import Platform, platform, platforms, read_platform
from campaignkit.harmonise.discovery import Discovery, discover
from campaignkit.harmonise.enrich import Facet, Geography, facets, generation, geography, objective
from campaignkit.harmonise.outcomes import Campaigns
from campaignkit.harmonise.places import WarehouseClients
from campaignkit.harmonise.store import ClientStore

__all__ = [
    "CampaignData",
    "Campaigns",
    "ClientFolder",
    "ClientStore",
    "Clients",
    "Closing",
    "Discovery",
    "Facet",
    "Geography",
    "HarmoniseReport",
    "Platform",
    "WarehouseClients",
    "discover",
    "facets",
    "generation",
    "geography",
    "objective",
    "platform",
    "platforms",
    "read_across",
    "read_platform",
]
