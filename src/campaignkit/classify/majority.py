"""The classifier that reads nothing: what every other one must beat."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import EncodedRows, training_rows
from campaignkit.classify.estimator import CampaignEstimator


class MajorityClassifier(CampaignEstimator):
    """Gives every record the shares of the labels in training, so the commonest label.

    Attributes
    ----------
    shares_ : float64[3]
        Shares of neg, avg, pos among the training rows.

    Examples
    --------
    >>> records = [{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "Peru"}, {"geo": "Brazil"}]
    >>> model = MajorityClassifier().fit(records, ["avg", "pos", "avg", "neg"])
    >>> model.predict(records).tolist(), model.predict_proba(records)[0].tolist()
    (['avg', 'avg', 'avg', 'avg'], [0.25, 0.5, 0.25])
    """

    _SAVED = ("shares_",)
    _UNSEEN = "this classifier reads no value"

    shares_: NDArray[np.float64]

    def fit(self, records: Any, labels: Any = None, *, sample_weight: Any = None) -> Self:
        """Count the labels; see :meth:`Classifier.fit`."""
        rows = training_rows(records, labels, sample_weight=sample_weight)
        counts = np.bincount(rows.codes, weights=rows.weights, minlength=3)
        self.shares_ = counts / counts.sum()
        self._learned(rows.vocabulary)
        return self

    def _probabilities(self, rows: EncodedRows) -> NDArray[np.float64]:
        return np.tile(self.shares_, (len(rows), 1))
