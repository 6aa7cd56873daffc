"""Recommender: the best rest of a campaign of which a part is known."""

from __future__ import annotations

from campaignkit.recommend.advice import Advice, Change, Neighbour, Reason
from campaignkit.recommend.partial import PartialCampaign
from campaignkit.recommend.reading import recommender_at
from campaignkit.recommend.recommender import Recommender
from campaignkit.recommend.scores import Completions, Scores
from campaignkit.recommend.spread import Spread

__all__ = [
    "Advice",
    "Change",
    "Completions",
    "Neighbour",
    "PartialCampaign",
    "Reason",
    "Recommender",
    "Scores",
    "Spread",
    "recommender_at",
]
