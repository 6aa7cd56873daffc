"""campaignkit: from marketing knowledge to labelled campaigns, with the evidence.

The path, one room a step::

    catalogue -> edges -> graph -> diagnosis -> sample -> dataset -> report

>>> import campaignkit as ck
>>> catalogue = ck.Catalogue.bundled("starter-27")
>>> graph = ck.build_graph(catalogue, scorer=ck.TraitScorer()).graph
>>> len(graph.catalogue)
27

Importing the package does no work and loads nothing heavy: each name below is imported from its
room at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from campaignkit import recipes as recipes
    from campaignkit.auditing import (
        AuditReport as AuditReport,
        audit as audit,
        mine_rules as mine_rules,
    )
    from campaignkit.catalogue import (
        Attribute as Attribute,
        Catalogue as Catalogue,
    )
    from campaignkit.classify import (
        BoostedTrees as BoostedTrees,
        ConstrainedClassifier as ConstrainedClassifier,
        DecisionTuner as DecisionTuner,
        EmbeddingLogistic as EmbeddingLogistic,
        FullFineTune as FullFineTune,
        GeminiTuner as GeminiTuner,
        LoRA as LoRA,
        MajorityClassifier as MajorityClassifier,
        OneHotLogistic as OneHotLogistic,
        PairLogistic as PairLogistic,
        PairwiseOrdinalClassifier as PairwiseOrdinalClassifier,
        TfidfLogistic as TfidfLogistic,
        TuningSettings as TuningSettings,
    )
    from campaignkit.dataset import (
        Campaign as Campaign,
        CampaignDataset as CampaignDataset,
        evaluate_dataset as evaluate_dataset,
    )
    from campaignkit.diagnosis import (
        DensityProfile as DensityProfile,
        FeasibilityReport as FeasibilityReport,
        diagnose as diagnose,
        feasible as feasible,
    )
    from campaignkit.edges import (
        ActiveBuilder as ActiveBuilder,
        AnswerQuality as AnswerQuality,
        BruteForce as BruteForce,
        BuildComparison as BuildComparison,
        BuildSession as BuildSession,
        ClusterPrefilter as ClusterPrefilter,
        ContextProvider as ContextProvider,
        Decider as Decider,
        EdgeScorer as EdgeScorer,
        FactTable as FactTable,
        Fate as Fate,
        GraphBuild as GraphBuild,
        GraphMethod as GraphMethod,
        GraphPlan as GraphPlan,
        KnownPairsCheck as KnownPairsCheck,
        LLMEdgeScorer as LLMEdgeScorer,
        PairPrompt as PairPrompt,
        PairStates as PairStates,
        PairTable as PairTable,
        RehearsalModel as RehearsalModel,
        RehearsalWorld as RehearsalWorld,
        ScoreScale as ScoreScale,
        SignScale as SignScale,
        TraitScorer as TraitScorer,
        build_graph as build_graph,
        check_known_pairs as check_known_pairs,
        compare_builds as compare_builds,
        plan_graph as plan_graph,
        published_pairs as published_pairs,
    )
    from campaignkit.embed import (
        GeminiEmbedder as GeminiEmbedder,
        HashingEmbedder as HashingEmbedder,
        MiniLMEmbedder as MiniLMEmbedder,
        OpenAICompatibleEmbedder as OpenAICompatibleEmbedder,
    )
    from campaignkit.errors import (
        ArtifactError as ArtifactError,
        CampaignkitError as CampaignkitError,
        CatalogueError as CatalogueError,
        DatasetError as DatasetError,
        EmbeddingError as EmbeddingError,
        EvaluationError as EvaluationError,
        GraphError as GraphError,
        InfeasibleSpec as InfeasibleSpec,
        MissingExtra as MissingExtra,
        SamplingFailed as SamplingFailed,
        SpecError as SpecError,
        TableError as TableError,
        UnknownAttribute as UnknownAttribute,
    )
    from campaignkit.evaluation import (
        BlindEvaluator as BlindEvaluator,
        FeatureAblation as FeatureAblation,
        GraphOracle as GraphOracle,
        Scores as Scores,
        Yardsticks as Yardsticks,
        compare_classifiers as compare_classifiers,
        compare_predictions as compare_predictions,
        evaluate as evaluate,
        learning_curve as learning_curve,
        score_findings as score_findings,
        validate_edges as validate_edges,
    )
    from campaignkit.graph import (
        Edge as Edge,
        GraphComparison as GraphComparison,
        SignedGraph as SignedGraph,
        compare as compare,
        synthetic_graph as synthetic_graph,
    )
    from campaignkit.inject import (
        ErrorInjector as ErrorInjector,
        GroundTruth as GroundTruth,
        anonymise as anonymise,
    )
    from campaignkit.llm import (
        Budget as Budget,
        ChatModel as ChatModel,
        GeminiModel as GeminiModel,
        OpenAICompatibleModel as OpenAICompatibleModel,
        ScriptedModel as ScriptedModel,
        TransformersModel as TransformersModel,
    )
    from campaignkit.progress import (
        ProgressBar as ProgressBar,
    )
    from campaignkit.report import (
        run_quickstart as run_quickstart,
        write_report as write_report,
    )
    from campaignkit.runs import (
        RunLog as RunLog,
        RunRecord as RunRecord,
    )
    from campaignkit.sample import (
        AnnealingSampler as AnnealingSampler,
    )
    from campaignkit.spec import (
        LabelSpec as LabelSpec,
        SamplingSpec as SamplingSpec,
    )
    from campaignkit.tables import (
        synthetic_table as synthetic_table,
    )

# Public name -> the room that holds it. No name here equals a module's: importing a submodule sets
# that attribute on the package and would hide the name (`recipes`, itself a module, excepted).
_ROOM_OF = {
    "ActiveBuilder": "edges",
    "AnnealingSampler": "sample",
    "AnswerQuality": "edges",
    "ArtifactError": "errors",
    "Attribute": "catalogue",
    "AuditReport": "auditing",
    "BlindEvaluator": "evaluation",
    "BoostedTrees": "classify",
    "BruteForce": "edges",
    "Budget": "llm",
    "BuildComparison": "edges",
    "BuildSession": "edges",
    "Campaign": "dataset",
    "CampaignDataset": "dataset",
    "CampaignkitError": "errors",
    "Catalogue": "catalogue",
    "CatalogueError": "errors",
    "ChatModel": "llm",
    "ClusterPrefilter": "edges",
    "ConstrainedClassifier": "classify",
    "ContextProvider": "edges",
    "DatasetError": "errors",
    "Decider": "edges",
    "DecisionTuner": "classify",
    "DensityProfile": "diagnosis",
    "Edge": "graph",
    "EdgeScorer": "edges",
    "EmbeddingError": "errors",
    "EmbeddingLogistic": "classify",
    "ErrorInjector": "inject",
    "EvaluationError": "errors",
    "FactTable": "edges",
    "Fate": "edges",
    "FeasibilityReport": "diagnosis",
    "FeatureAblation": "evaluation",
    "FullFineTune": "classify",
    "GeminiEmbedder": "embed",
    "GeminiModel": "llm",
    "GeminiTuner": "classify",
    "GraphBuild": "edges",
    "GraphComparison": "graph",
    "GraphError": "errors",
    "GraphMethod": "edges",
    "GraphOracle": "evaluation",
    "GraphPlan": "edges",
    "GroundTruth": "inject",
    "HashingEmbedder": "embed",
    "InfeasibleSpec": "errors",
    "KnownPairsCheck": "edges",
    "LLMEdgeScorer": "edges",
    "LabelSpec": "spec",
    "LoRA": "classify",
    "MajorityClassifier": "classify",
    "MiniLMEmbedder": "embed",
    "MissingExtra": "errors",
    "OneHotLogistic": "classify",
    "OpenAICompatibleEmbedder": "embed",
    "OpenAICompatibleModel": "llm",
    "PairLogistic": "classify",
    "PairPrompt": "edges",
    "PairStates": "edges",
    "PairTable": "edges",
    "PairwiseOrdinalClassifier": "classify",
    "ProgressBar": "progress",
    "RehearsalModel": "edges",
    "RehearsalWorld": "edges",
    "RunLog": "runs",
    "RunRecord": "runs",
    "SamplingFailed": "errors",
    "SamplingSpec": "spec",
    "ScoreScale": "edges",
    "Scores": "evaluation",
    "ScriptedModel": "llm",
    "SignScale": "edges",
    "SignedGraph": "graph",
    "SpecError": "errors",
    "TableError": "errors",
    "TfidfLogistic": "classify",
    "TraitScorer": "edges",
    "TransformersModel": "llm",
    "TuningSettings": "classify",
    "UnknownAttribute": "errors",
    "Yardsticks": "evaluation",
    "anonymise": "inject",
    "audit": "auditing",
    "build_graph": "edges",
    "check_known_pairs": "edges",
    "compare": "graph",
    "compare_builds": "edges",
    "compare_classifiers": "evaluation",
    "compare_predictions": "evaluation",
    "diagnose": "diagnosis",
    "evaluate": "evaluation",
    "evaluate_dataset": "dataset",
    "feasible": "diagnosis",
    "learning_curve": "evaluation",
    "mine_rules": "auditing",
    "plan_graph": "edges",
    "published_pairs": "edges",
    "recipes": "recipes",
    "run_quickstart": "report",
    "score_findings": "evaluation",
    "synthetic_graph": "graph",
    "synthetic_table": "tables",
    "validate_edges": "evaluation",
    "write_report": "report",
}

__all__ = [
    "ActiveBuilder",
    "AnnealingSampler",
    "AnswerQuality",
    "ArtifactError",
    "Attribute",
    "AuditReport",
    "BlindEvaluator",
    "BoostedTrees",
    "BruteForce",
    "Budget",
    "BuildComparison",
    "BuildSession",
    "Campaign",
    "CampaignDataset",
    "CampaignkitError",
    "Catalogue",
    "CatalogueError",
    "ChatModel",
    "ClusterPrefilter",
    "ConstrainedClassifier",
    "ContextProvider",
    "DatasetError",
    "Decider",
    "DecisionTuner",
    "DensityProfile",
    "Edge",
    "EdgeScorer",
    "EmbeddingError",
    "EmbeddingLogistic",
    "ErrorInjector",
    "EvaluationError",
    "FactTable",
    "Fate",
    "FeasibilityReport",
    "FeatureAblation",
    "FullFineTune",
    "GeminiEmbedder",
    "GeminiModel",
    "GeminiTuner",
    "GraphBuild",
    "GraphComparison",
    "GraphError",
    "GraphMethod",
    "GraphOracle",
    "GraphPlan",
    "GroundTruth",
    "HashingEmbedder",
    "InfeasibleSpec",
    "KnownPairsCheck",
    "LLMEdgeScorer",
    "LabelSpec",
    "LoRA",
    "MajorityClassifier",
    "MiniLMEmbedder",
    "MissingExtra",
    "OneHotLogistic",
    "OpenAICompatibleEmbedder",
    "OpenAICompatibleModel",
    "PairLogistic",
    "PairPrompt",
    "PairStates",
    "PairTable",
    "PairwiseOrdinalClassifier",
    "ProgressBar",
    "RehearsalModel",
    "RehearsalWorld",
    "RunLog",
    "RunRecord",
    "SamplingFailed",
    "SamplingSpec",
    "ScoreScale",
    "Scores",
    "ScriptedModel",
    "SignScale",
    "SignedGraph",
    "SpecError",
    "TableError",
    "TfidfLogistic",
    "TraitScorer",
    "TransformersModel",
    "TuningSettings",
    "UnknownAttribute",
    "Yardsticks",
    "__version__",
    "anonymise",
    "audit",
    "build_graph",
    "check_known_pairs",
    "compare",
    "compare_builds",
    "compare_classifiers",
    "compare_predictions",
    "diagnose",
    "evaluate",
    "evaluate_dataset",
    "feasible",
    "learning_curve",
    "mine_rules",
    "plan_graph",
    "published_pairs",
    "recipes",
    "run_quickstart",
    "score_findings",
    "synthetic_graph",
    "synthetic_table",
    "validate_edges",
    "write_report",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module 'campaignkit' has no attribute {name!r}")
    module = import_module(f"campaignkit.{room}")
    value = module if room == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
