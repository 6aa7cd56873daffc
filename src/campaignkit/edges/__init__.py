"""How signs come to be: scorers of pairs, and the builder that asks them about all pairs."""

from __future__ import annotations

from campaignkit.edges.build import build_graph, plan_graph
from campaignkit.edges.compare import (
    BuildComparison,
    KnownPairs,
    KnownPairsCheck,
    check_known_pairs,
    compare_builds,
    published_pairs,
)
from campaignkit.edges.methods.active.builder import ActiveBuilder
from campaignkit.edges.methods.active.rounds import RoundSummary
from campaignkit.edges.methods.brute_force import BruteForce
from campaignkit.edges.methods.packing import PACKINGS, pack
from campaignkit.edges.methods.prefilter import (
    HDBSCAN,
    PCA,
    UMAP,
    Bands,
    ClusterPrefilter,
    Prefiltering,
    describe_attributes,
)
from campaignkit.edges.methods.protocols import (
    BatchedMethod,
    GraphMethod,
    NamedMethod,
    PlanningMethod,
)
from campaignkit.edges.pairs import Outcome, PairStates, PairTable
from campaignkit.edges.plan import GraphPlan, StagePlan
from campaignkit.edges.report import AnswerQuality, BuildReport, GraphBuild, RuleCounts
from campaignkit.edges.scorers.comparisons import Overlap
from campaignkit.edges.scorers.llm import LLMEdgeScorer, every_edge, every_pair, negative_edges
from campaignkit.edges.scorers.prompt import (
    ContextProvider,
    FactTable,
    PairPrompt,
    ScoreScale,
    SignScale,
)
from campaignkit.edges.scorers.protocols import (
    EdgeScorer,
    ExplainingScorer,
    Judgement,
    JudgingScorer,
    ModelScorer,
    NamedScorer,
    Pair,
    ReadingScorer,
    Vote,
)
from campaignkit.edges.scorers.rules import TRAIT_RULES, TraitRule, TraitScorer
from campaignkit.edges.session import BuildSession

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "ActiveBuilder",
    "AnswerQuality",
    "Bands",
    "BatchedMethod",
    "BruteForce",
    "BuildComparison",
    "BuildReport",
    "BuildSession",
    "ClusterPrefilter",
    "ContextProvider",
    "EdgeScorer",
    "ExplainingScorer",
    "FactTable",
    "GraphBuild",
    "GraphMethod",
    "GraphPlan",
    "HDBSCAN",
    "Judgement",
    "JudgingScorer",
    "KnownPairs",
    "KnownPairsCheck",
    "LLMEdgeScorer",
    "ModelScorer",
    "NamedMethod",
    "NamedScorer",
    "Outcome",
    "Overlap",
    "PACKINGS",
    "PCA",
    "Pair",
    "PairPrompt",
    "PairStates",
    "PairTable",
    "PlanningMethod",
    "Prefiltering",
    "ReadingScorer",
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
    "every_edge",
    "every_pair",
    "negative_edges",
    "pack",
    "plan_graph",
    "published_pairs",
]
