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
    )
    from campaignkit.auditing import (
        audit as audit,
    )
    from campaignkit.auditing import (
        mine_rules as mine_rules,
    )
    from campaignkit.catalogue import (
        Attribute as Attribute,
    )
    from campaignkit.catalogue import (
        Catalogue as Catalogue,
    )
    from campaignkit.classify import (
        BoostedTrees as BoostedTrees,
    )
    from campaignkit.classify import (
        ConstrainedClassifier as ConstrainedClassifier,
    )
    from campaignkit.classify import (
        DecisionTuner as DecisionTuner,
    )
    from campaignkit.classify import (
        EmbeddingLogistic as EmbeddingLogistic,
    )
    from campaignkit.classify import (
        FullFineTune as FullFineTune,
    )
    from campaignkit.classify import (
        GeminiTuner as GeminiTuner,
    )
    from campaignkit.classify import (
        LoRA as LoRA,
    )
    from campaignkit.classify import (
        MajorityClassifier as MajorityClassifier,
    )
    from campaignkit.classify import (
        OneHotLogistic as OneHotLogistic,
    )
    from campaignkit.classify import (
        PairLogistic as PairLogistic,
    )
    from campaignkit.classify import (
        PairwiseOrdinalClassifier as PairwiseOrdinalClassifier,
    )
    from campaignkit.classify import (
        TfidfLogistic as TfidfLogistic,
    )
    from campaignkit.classify import (
        TuningSettings as TuningSettings,
    )
    from campaignkit.dataset import (
        Campaign as Campaign,
    )
    from campaignkit.dataset import (
        CampaignDataset as CampaignDataset,
    )
    from campaignkit.dataset import (
        evaluate_dataset as evaluate_dataset,
    )
    from campaignkit.diagnosis import (
        DensityProfile as DensityProfile,
    )
    from campaignkit.diagnosis import (
        FeasibilityReport as FeasibilityReport,
    )
    from campaignkit.diagnosis import (
        diagnose as diagnose,
    )
    from campaignkit.diagnosis import (
        feasible as feasible,
    )
    from campaignkit.edges import (
        ActiveBuilder as ActiveBuilder,
    )
    from campaignkit.edges import (
        AnswerQuality as AnswerQuality,
    )
    from campaignkit.edges import (
        BruteForce as BruteForce,
    )
    from campaignkit.edges import (
        BuildComparison as BuildComparison,
    )
    from campaignkit.edges import (
        BuildSession as BuildSession,
    )
    from campaignkit.edges import (
        ClusterPrefilter as ClusterPrefilter,
    )
    from campaignkit.edges import (
        ContextProvider as ContextProvider,
    )
    from campaignkit.edges import (
        Decider as Decider,
    )
    from campaignkit.edges import (
        EdgeScorer as EdgeScorer,
    )
    from campaignkit.edges import (
        FactTable as FactTable,
    )
    from campaignkit.edges import (
        Fate as Fate,
    )
    from campaignkit.edges import (
        GraphBuild as GraphBuild,
    )
    from campaignkit.edges import (
        GraphMethod as GraphMethod,
    )
    from campaignkit.edges import (
        GraphPlan as GraphPlan,
    )
    from campaignkit.edges import (
        KnownPairsCheck as KnownPairsCheck,
    )
    from campaignkit.edges import (
        LLMEdgeScorer as LLMEdgeScorer,
    )
    from campaignkit.edges import (
        PairPrompt as PairPrompt,
    )
    from campaignkit.edges import (
        PairStates as PairStates,
    )
    from campaignkit.edges import (
        PairTable as PairTable,
    )
    from campaignkit.edges import (
        RehearsalModel as RehearsalModel,
    )
    from campaignkit.edges import (
        RehearsalWorld as RehearsalWorld,
    )
    from campaignkit.edges import (
        ScoreScale as ScoreScale,
    )
    from campaignkit.edges import (
        SignScale as SignScale,
    )
    from campaignkit.edges import (
        TraitScorer as TraitScorer,
    )
    from campaignkit.edges import (
        build_graph as build_graph,
    )
    from campaignkit.edges import (
        check_known_pairs as check_known_pairs,
    )
    from campaignkit.edges import (
        compare_builds as compare_builds,
    )
    from campaignkit.edges import (
        plan_graph as plan_graph,
    )
    from campaignkit.edges import (
        published_pairs as published_pairs,
    )
    from campaignkit.embed import (
        GeminiEmbedder as GeminiEmbedder,
    )
    from campaignkit.embed import (
        HashingEmbedder as HashingEmbedder,
    )
    from campaignkit.embed import (
        MiniLMEmbedder as MiniLMEmbedder,
    )
    from campaignkit.embed import (
        OpenAICompatibleEmbedder as OpenAICompatibleEmbedder,
    )
    from campaignkit.errors import (
        ArtifactError as ArtifactError,
    )
    from campaignkit.errors import (
        CampaignkitError as CampaignkitError,
    )
    from campaignkit.errors import (
        CatalogueError as CatalogueError,
    )
    from campaignkit.errors import (
        DatasetError as DatasetError,
    )
    from campaignkit.errors import (
        EmbeddingError as EmbeddingError,
    )
    from campaignkit.errors import (
        EvaluationError as EvaluationError,
    )
    from campaignkit.errors import (
        GraphError as GraphError,
    )
    from campaignkit.errors import (
        InfeasibleSpec as InfeasibleSpec,
    )
    from campaignkit.errors import (
        MissingExtra as MissingExtra,
    )
    from campaignkit.errors import (
        SamplingFailed as SamplingFailed,
    )
    from campaignkit.errors import (
        SpecError as SpecError,
    )
    from campaignkit.errors import (
        TableError as TableError,
    )
    from campaignkit.errors import (
        UnknownAttribute as UnknownAttribute,
    )
    from campaignkit.evaluation import (
        BlindEvaluator as BlindEvaluator,
    )
    from campaignkit.evaluation import (
        FeatureAblation as FeatureAblation,
    )
    from campaignkit.evaluation import (
        GraphOracle as GraphOracle,
    )
    from campaignkit.evaluation import (
        Scores as Scores,
    )
    from campaignkit.evaluation import (
        Yardsticks as Yardsticks,
    )
    from campaignkit.evaluation import (
        compare_classifiers as compare_classifiers,
    )
    from campaignkit.evaluation import (
        compare_predictions as compare_predictions,
    )
    from campaignkit.evaluation import (
        evaluate as evaluate,
    )
    from campaignkit.evaluation import (
        learning_curve as learning_curve,
    )
    from campaignkit.evaluation import (
        score_findings as score_findings,
    )
    from campaignkit.evaluation import (
        validate_edges as validate_edges,
    )
    from campaignkit.graph import (
        Edge as Edge,
    )
    from campaignkit.graph import (
        GraphComparison as GraphComparison,
    )
    from campaignkit.graph import (
        SignedGraph as SignedGraph,
    )
    from campaignkit.graph import (
        compare as compare,
    )
    from campaignkit.graph import (
        synthetic_graph as synthetic_graph,
    )
    from campaignkit.inject import (
        ErrorInjector as ErrorInjector,
    )
    from campaignkit.inject import (
        GroundTruth as GroundTruth,
    )
    from campaignkit.inject import (
        anonymise as anonymise,
    )
    from campaignkit.llm import (
        Budget as Budget,
    )
    from campaignkit.llm import (
        ChatModel as ChatModel,
    )
    from campaignkit.llm import (
        GeminiModel as GeminiModel,
    )
    from campaignkit.llm import (
        OpenAICompatibleModel as OpenAICompatibleModel,
    )
    from campaignkit.llm import (
        ScriptedModel as ScriptedModel,
    )
    from campaignkit.llm import (
        TransformersModel as TransformersModel,
    )
    from campaignkit.progress import (
        ProgressBar as ProgressBar,
    )
    from campaignkit.report import (
        run_quickstart as run_quickstart,
    )
    from campaignkit.report import (
        write_report as write_report,
    )
    from campaignkit.runs import (
        RunLog as RunLog,
    )
    from campaignkit.runs import (
        RunRecord as RunRecord,
    )
    from campaignkit.sample import (
        AnnealingSampler as AnnealingSampler,
    )
    from campaignkit.spec import (
        LabelSpec as LabelSpec,
    )
    from campaignkit.spec import (
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
