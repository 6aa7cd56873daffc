"""Evaluation: what was found, against what was there.

>>> Hits(3, 1, 0).precision
0.75
"""

from __future__ import annotations

from campaignkit.evaluation.blind_evaluator import (
    BlindEvaluator,
    PublicScore,
    QuotaSpent,
    Standing,
)
from campaignkit.evaluation.classifier_table import (
    ClassifierResult,
    ClassifierTable,
    compare_classifiers,
)
from campaignkit.evaluation.detection import (
    DetectionScore,
    DetectionSweep,
    Hits,
    KindHits,
    score_findings,
    sweep_detection,
    total_score,
)
from campaignkit.evaluation.edge_outcomes import (
    EdgeOutcome,
    EdgeOutcomes,
    Verdict,
    validate_edges,
)
from campaignkit.evaluation.feature_ablation import AblationReport, FeatureAblation, FeatureDrop
from campaignkit.evaluation.fitted_run import FittedRun
from campaignkit.evaluation.graph_oracle import (
    GraphOracle,
    OracleScore,
    SignalShares,
    signal_shares,
)
from campaignkit.evaluation.learning_curves import CurvePoint, LearningCurve, learning_curve
from campaignkit.evaluation.outcome_graph import FewEdges, OutcomeGraph, graph_from_outcomes
from campaignkit.evaluation.paired_test import PairedTest, compare_predictions
from campaignkit.evaluation.recommendations import RecommenderScore, evaluate_recommender
from campaignkit.evaluation.rows import JudgedRows, LabelledRows, judge_rows, labelled_rows
from campaignkit.evaluation.scores import Scores, evaluate
from campaignkit.evaluation.submission import LoggedSubmission
from campaignkit.evaluation.yardsticks import Yardsticks

__all__ = [
    "AblationReport",
    "BlindEvaluator",
    "ClassifierResult",
    "ClassifierTable",
    "CurvePoint",
    "DetectionScore",
    "DetectionSweep",
    "EdgeOutcome",
    "EdgeOutcomes",
    "FeatureAblation",
    "FeatureDrop",
    "FewEdges",
    "FittedRun",
    "GraphOracle",
    "Hits",
    "JudgedRows",
    "KindHits",
    "LabelledRows",
    "LearningCurve",
    "LoggedSubmission",
    "OracleScore",
    "OutcomeGraph",
    "PairedTest",
    "PublicScore",
    "QuotaSpent",
    "RecommenderScore",
    "Scores",
    "SignalShares",
    "Standing",
    "Verdict",
    "Yardsticks",
    "compare_classifiers",
    "compare_predictions",
    "evaluate",
    "evaluate_recommender",
    "graph_from_outcomes",
    "judge_rows",
    "labelled_rows",
    "learning_curve",
    "score_findings",
    "signal_shares",
    "sweep_detection",
    "total_score",
    "validate_edges",
]
