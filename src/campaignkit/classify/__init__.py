"""Classifiers: will a campaign under-perform, do as others do, or over-perform?"""

from __future__ import annotations

from campaignkit.classify.classifier import Classifier
from campaignkit.classify.encoding import UnseenValues
from campaignkit.classify.labels import LABELS, PUBLISHED_WORDS, as_labels, label_codes
from campaignkit.classify.majority import MajorityClassifier

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "Classifier",
    "LABELS",
    "MajorityClassifier",
    "PUBLISHED_WORDS",
    "UnseenValues",
    "as_labels",
    "label_codes",
]
