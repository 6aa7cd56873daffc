"""The classifier that reads nothing: what every other one must beat."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import EncodedRows, TrainingRows
from campaignkit.classify.estimator import RecordClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class MajorityClassifier(RecordClassifier):
    """Gives every record the shares of the labels in training, so the commonest label.

    Attributes
    ----------
    shares_ : float64[classes]
        Shares of the labels among the training rows.

    Examples
    --------
    >>> records = [{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "Peru"}, {"geo": "Brazil"}]
    >>> model = MajorityClassifier().fit(records, ["avg", "pos", "avg", "neg"])
    >>> model.predict(records).tolist(), model.predict_proba(records)[0].tolist()
    (['avg', 'avg', 'avg', 'avg'], [0.5, 0.25, 0.25])
    """

    _UNSEEN = "this classifier reads no value"

    shares_: NDArray[np.float64] = field(init=False)

    def _learn(self, rows: TrainingRows) -> None:
        counts = np.bincount(rows.codes, weights=rows.weights, minlength=len(rows.classes))
        self.shares_ = counts / counts.sum()

    def _probabilities(self, rows: EncodedRows) -> NDArray[np.float64]:
        return np.tile(self.shares_, (len(rows), 1))
