"""Which calls a build makes, and what they cost, before anything is sent."""

from __future__ import annotations

from campaignkit.edges.plan.packing import PACKINGS, Packing, fewest_calls, pack

__all__ = ["PACKINGS", "Packing", "fewest_calls", "pack"]
