"""What every classifier of campaigns can do."""

from __future__ import annotations

from os import PathLike
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Classifier(Protocol):
    """Predicts the outcome of campaigns: ``"neg"``, ``"avg"`` or ``"pos"``.

    Records are a `CampaignDataset`, any data frame with a column per modality, or a list of
    ``{modality: [values]}``; text models may take texts. Labels are all that
    :func:`campaignkit.classify.label_codes` reads.

    Attributes
    ----------
    classes_ : str[3]
        Always neg, avg, pos, in this order, whatever the order of the training rows.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> rows = [{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "Brazil"}]
    >>> isinstance(MajorityClassifier().fit(rows, ["neg", "avg", "pos"]), Classifier)
    True
    """

    classes_: NDArray[np.str_]

    def fit(self, records: Any, labels: Any) -> Self:
        """Learn from labelled records, and return the classifier itself.

        Raises
        ------
        ClassifierError
            If labels or records cannot be read, or a class has no row.
        """
        ...

    def predict(self, records: Any) -> NDArray[np.str_]:
        """str[rows], the label of each record."""
        ...

    def predict_proba(self, records: Any) -> NDArray[np.float64]:
        """float64[rows, 3], probabilities in the order of `classes_`; rows add up to 1."""
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
