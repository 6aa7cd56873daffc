"""Classifiers: will a campaign under-perform, do as others do, or over-perform?"""

from __future__ import annotations

from campaignkit.classify.boosting import BoostedTrees
from campaignkit.classify.calibration import CalibrationCurve, calibration_curve
from campaignkit.classify.classifier import Classifier
from campaignkit.classify.decision import BoostWarning, DecisionTuner
from campaignkit.classify.encoding import CombinedCells, TargetLeakage, UnseenValues
from campaignkit.classify.estimator import CampaignClassifier
from campaignkit.classify.labels import LABELS, PUBLISHED_WORDS, as_labels, label_codes
from campaignkit.classify.linear import OneHotLogistic, PairLogistic
from campaignkit.classify.llm.config import (
    EpochFigures,
    FullFineTune,
    LoRA,
    TrainerCallback,
    TrainerState,
    TrainingReport,
)
from campaignkit.classify.llm.constrained import ConstrainedClassifier
from campaignkit.classify.majority import MajorityClassifier
from campaignkit.classify.managed import GeminiTuner, TuningSettings
from campaignkit.classify.pairwise_ordinal import GuessedOrder, PairwiseOrdinalClassifier
from campaignkit.classify.prompted import PromptedClassifier
from campaignkit.classify.texts import EmbeddingLogistic, TfidfLogistic

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "BoostWarning",
    "BoostedTrees",
    "CalibrationCurve",
    "CampaignClassifier",
    "Classifier",
    "CombinedCells",
    "ConstrainedClassifier",
    "DecisionTuner",
    "EmbeddingLogistic",
    "EpochFigures",
    "FullFineTune",
    "GeminiTuner",
    "GuessedOrder",
    "LABELS",
    "LoRA",
    "MajorityClassifier",
    "OneHotLogistic",
    "PUBLISHED_WORDS",
    "PairLogistic",
    "PairwiseOrdinalClassifier",
    "PromptedClassifier",
    "TargetLeakage",
    "TfidfLogistic",
    "TrainerCallback",
    "TrainerState",
    "TrainingReport",
    "TuningSettings",
    "UnseenValues",
    "as_labels",
    "calibration_curve",
    "label_codes",
]
