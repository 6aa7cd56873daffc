"""Signs from a language model: what it is told, how its answers are read, who votes again."""

from __future__ import annotations

from campaignkit.edges.llm_scorer.context import ContextProvider, FactTable
from campaignkit.edges.llm_scorer.pair_prompt import PairPrompt
from campaignkit.edges.llm_scorer.scale import Scale, ScoreScale, SignScale
from campaignkit.edges.llm_scorer.scorer import LLMEdgeScorer
from campaignkit.edges.llm_scorer.votes import every_edge, every_pair, negative_edges

__all__ = [  # plain order, which the house test checks
    "ContextProvider",
    "FactTable",
    "LLMEdgeScorer",
    "PairPrompt",
    "Scale",
    "ScoreScale",
    "SignScale",
    "every_edge",
    "every_pair",
    "negative_edges",
]
