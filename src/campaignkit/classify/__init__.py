"""Classifiers: will a campaign under-perform, do as others do, or over-perform?"""

from __future__ import annotations

from campaignkit.classify.boosting import BoostedTrees
from campaignkit.classify.calibration import CalibrationCurve, calibration_curve
from campaignkit.classify.classifier import Classifier
from campaignkit.classify.constrained_classifier import ConstrainedClassifier
from campaignkit.classify.decision import BoostWarning, DecisionTuner
from campaignkit.classify.encoding import CombinedCells, UnseenValues
from campaignkit.classify.estimator import CampaignClassifier
from campaignkit.classify.labels import LABELS, PUBLISHED_WORDS, as_labels, label_codes
from campaignkit.classify.linear import OneHotLogistic, PairLogistic
from campaignkit.classify.majority import MajorityClassifier
from campaignkit.classify.managed import GeminiTuner, TuningSettings
from campaignkit.classify.pairwise_ordinal import PairwiseOrdinalClassifier
from campaignkit.classify.texts import EmbeddingLogistic, TfidfLogistic
from campaignkit.classify.training import EpochFigures, FullFineTune, LoRA, TrainingReport

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
    "LABELS",
    "LoRA",
    "MajorityClassifier",
    "OneHotLogistic",
    "PUBLISHED_WORDS",
    "PairLogistic",
    "PairwiseOrdinalClassifier",
    "TfidfLogistic",
    "TrainingReport",
    "TuningSettings",
    "UnseenValues",
    "as_labels",
    "calibration_curve",
    "label_codes",
]
