"""How signs come to be: scorers of pairs, and the builder that asks them about all pairs."""

from __future__ import annotations

from campaignkit.edges.answer_quality import AnswerQuality
from campaignkit.edges.build import build_graph
from campaignkit.edges.build_comparison import BuildComparison, compare_builds
from campaignkit.edges.graph_build import BuildReport, GraphBuild, RuleCounts
from campaignkit.edges.judgement import Judgement
from campaignkit.edges.known_pairs import KnownPairsCheck, check_known_pairs, published_pairs
from campaignkit.edges.llm_scorer import (
    ContextProvider,
    FactTable,
    LLMEdgeScorer,
    PairPrompt,
    ScoreScale,
    SignScale,
)
from campaignkit.edges.method import GraphMethod
from campaignkit.edges.methods.active import ActiveBuilder, RoundSummary
from campaignkit.edges.methods.prefilter import (
    HDBSCAN,
    PCA,
    UMAP,
    Bands,
    ClusterPrefilter,
    Prefiltering,
    describe_attributes,
)
from campaignkit.edges.pair_states import Decider, Fate, PairStates
from campaignkit.edges.pair_table import PairTable
from campaignkit.edges.plan import PACKINGS, BruteForce, GraphPlan, StagePlan, pack, plan_graph
from campaignkit.edges.rehearsal import RehearsalModel, RehearsalScorer, RehearsalWorld
from campaignkit.edges.scorer import EdgeScorer, Pair
from campaignkit.edges.session import BuildSession
from campaignkit.edges.trait_rules import TRAIT_RULES, TraitRule, Vote
from campaignkit.edges.trait_scorer import TraitScorer

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "ActiveBuilder",
    "AnswerQuality",
    "Bands",
    "BruteForce",
    "BuildComparison",
    "BuildReport",
    "BuildSession",
    "ClusterPrefilter",
    "ContextProvider",
    "Decider",
    "EdgeScorer",
    "FactTable",
    "Fate",
    "GraphBuild",
    "GraphMethod",
    "GraphPlan",
    "HDBSCAN",
    "Judgement",
    "KnownPairsCheck",
    "LLMEdgeScorer",
    "PACKINGS",
    "PCA",
    "Pair",
    "PairPrompt",
    "PairStates",
    "PairTable",
    "Prefiltering",
    "RehearsalModel",
    "RehearsalScorer",
    "RehearsalWorld",
    "RoundSummary",
    "RuleCounts",
    "ScoreScale",
    "SignScale",
    "StagePlan",
    "TRAIT_RULES",
    "TraitRule",
    "TraitScorer",
    "UMAP",
    "Vote",
    "build_graph",
    "check_known_pairs",
    "compare_builds",
    "describe_attributes",
    "pack",
    "plan_graph",
    "published_pairs",
]
