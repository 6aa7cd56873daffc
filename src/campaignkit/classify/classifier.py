"""What every classifier of campaigns can do."""

from __future__ import annotations

from os import PathLike
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Classifier(Protocol):
    """Predicts the outcome of campaigns, in labels of any names.

    Campaigns are a `CampaignDataset`, any data frame with a column per modality, or a list of
    ``{modality: [values]}``; text models may take texts. A subclass of
    ``campaignkit.classify.estimator.RecordClassifier`` has all but two methods for nothing;
    :func:`campaignkit.testing.check_classifier` tests yours for what is promised here.

    Attributes
    ----------
    classes_ : array
        The labels of the training rows, sorted as ``np.unique`` sorts them.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> rows = [{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "Brazil"}]
    >>> isinstance(MajorityClassifier().fit(rows, ["neg", "avg", "pos"]), Classifier)
    True
    """

    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any = None, /) -> Self:
        """Learn from labelled campaigns, and return the classifier itself.

        Raises
        ------
        ClassifierError
            If labels or records cannot be read, or there is one label alone.
        """
        ...

    def predict(self, X: Any, /) -> NDArray[Any]:
        """The label of each row, written as `fit` was given it."""
        ...

    def predict_proba(self, X: Any, /) -> NDArray[np.float64]:
        """float64[rows, classes], probabilities in the order of `classes_`; rows add up to 1."""
        ...

    def save(self, folder: str | PathLike[str], *, replace: bool = False) -> None:
        """Write a folder with a manifest, from which :meth:`load` gives the same predictions."""
        ...

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ArtifactError
            If the folder is not this classifier's, or a file is missing or changed.
        """
        ...
