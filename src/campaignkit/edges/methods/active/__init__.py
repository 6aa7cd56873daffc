"""The active builder: rounds of judging and learning, with a bound on what is predicted wrong."""

from __future__ import annotations

from campaignkit.edges.methods.active.builder import ActiveBuilder
from campaignkit.edges.methods.active.rounds import RoundSummary

__all__ = ["ActiveBuilder", "RoundSummary"]
