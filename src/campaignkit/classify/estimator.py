"""The base of every classifier: labels as given, scikit-learn's protocol, folders on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import (
    EncodedRows,
    TrainingRows,
    encode,
    row_weights,
    training_rows,
    warn_of_unseen,
)
from campaignkit.classify.labels import label_positions
from campaignkit.classify.settings import Settings
from campaignkit.dataset import Vocabulary
from campaignkit.errors import ArtifactError, ClassifierError, NotFitted
from campaignkit.store import (
    Manifest,
    atomic_folder,
    checked_path,
    digest_file,
    read_bytes,
    read_manifest,
    verify_files,
)

KIND = "classifier"
_ROWS_AT_ONCE = 50_000  # to predict: pairs of a million rows would fill the memory
_ARRAYS, _TEXTS = "arrays.npz", "fitted.json"


class CampaignClassifier(Settings):
    """What all classifiers share, those of records and those of texts.

    Follows scikit-learn's protocol without importing it: labels are any names or whole numbers,
    `classes_` holds them sorted, the columns of `predict_proba` are in that order, and `predict`
    answers in the labels that `fit` was given. So the wrappers and scorers of scikit-learn give
    the numbers of the bare model.

    A subclass has ``fit``, which ends by setting `classes_`, ``predict_proba``, ``save`` and
    ``load``; one of `RecordClassifier` has all but ``_learn`` and ``_probabilities`` for nothing.

    Attributes
    ----------
    classes_ : array
        The labels of the training rows, sorted.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> issubclass(MajorityClassifier, CampaignClassifier)
    True
    """

    _estimator_type = "classifier"

    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Learn from labelled campaigns, and return the classifier itself."""
        raise NotImplementedError

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """float64[rows, classes], probabilities in the order of `classes_`."""
        raise NotImplementedError

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable label of each row, written as `fit` was given it.

        Raises
        ------
        NotFitted
            Before :meth:`fit`.
        ClassifierError
            If a row is empty.
        """
        best: NDArray[np.intp] = self.predict_proba(X).argmax(axis=1)
        return self._fitted_classes()[best]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows predicted right, as scikit-learn's classifiers give it.

        Raises
        ------
        ClassifierError
            If labels are of another kind than the training rows', numbers of rows differ, or all
            weights are 0.
        """
        truth = label_positions(y, self._fitted_classes())
        told = label_positions(self.predict(X), self.classes_)
        if len(truth) != len(told):
            raise ClassifierError(
                f"{len(told):,} records and {len(truth):,} labels; expected as many labels"
            )
        return float(np.average(truth == told, weights=row_weights(sample_weight, len(truth))))

    def _fitted_classes(self) -> NDArray[Any]:
        if not self.__sklearn_is_fitted__():
            raise NotFitted(
                f"this {type(self).__name__} is not fitted", hint="call fit(X, y) first"
            )
        return self.classes_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def __sklearn_tags__(self) -> Any:  # scikit-learn's Tags; only scikit-learn asks
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(multi_class=True),
            input_tags=InputTags(two_d_array=False, categorical=True, dict=True, string=True),
        )


@dataclass(kw_only=True, eq=False, repr=False)
class RecordClassifier(CampaignClassifier):
    """A classifier of records: values are numbered, fitted arrays go to a folder and back.

    A subclass is a dataclass. Its parameters are fields; what `_learn` learns from the rows are
    fields too, with ``init=False`` and no default, and are what is saved. `_probabilities` answers
    for rows.

    Parameters
    ----------
    separator : str or None
        What divides the values of a cell that contains several: ``", "`` reads ``"Gamers,
        Cyclists"`` as two. None warns where cells look so, ``""`` takes them as they are.
    allow_unique : bool
        Whether a modality may have a value of its own in nearly every row, as ids have: they teach
        nothing and cost time and memory, so they are refused otherwise.

    Examples
    --------
    >>> from campaignkit.classify import OneHotLogistic
    >>> OneHotLogistic(separator=", ").get_params()["separator"]
    ', '
    """

    _UNSEEN = "each counts as the mean of its modality"

    separator: str | None = None
    allow_unique: bool = False

    vocabulary_: Vocabulary = field(init=False)

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Learn from labelled campaigns, and return the classifier itself.

        Parameters
        ----------
        X : CampaignDataset, data frame, list of {modality: [values]}, or array of cells
        y : sequence, optional
            One label per row: names or whole numbers. Without it the labels that `X` brings: those
            of a `CampaignDataset`, or a column ``label``.
        sample_weight : float[rows], optional

        Raises
        ------
        ClassifierError
            If rows, labels, weights or a parameter cannot be used; before anything is fitted.
        DatasetError
            If records cannot be read.
        """
        self._check_parameters()
        rows = self._training_rows(X, y, sample_weight)
        self._learn(rows)
        self.vocabulary_, self.classes_ = rows.vocabulary, rows.classes
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """float64[rows, classes], probabilities in the order of `classes_`; rows add up to 1.

        Raises
        ------
        NotFitted
            Before :meth:`fit`.
        ClassifierError
            If a record is empty, or the rows have no modality of training.
        """
        rows = self._encoded(X)
        starts = range(0, len(rows), _ROWS_AT_ONCE)
        parts = [self._probabilities(rows.part(start, _ROWS_AT_ONCE)) for start in starts]
        return np.concatenate(parts)

    def count_unseen(self, X: Any) -> dict[str, int]:
        """How many values of each modality were in no training row."""
        self._fitted_classes()
        return encode(X, self.vocabulary_, separator=self.separator).unseen

    def save(self, folder: str | PathLike[str], *, replace: bool = False) -> None:
        """Write a folder with a manifest, from which :meth:`load` gives the same predictions.

        Raises
        ------
        NotFitted
            Before :meth:`fit`.
        ArtifactError
            If the folder is not empty and `replace` is false, or cannot be written.
        """
        values: dict[str, Any] = {"classes_": self._fitted_classes()}
        values |= {name: getattr(self, name) for name in self._learned_names()}
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        plain = {name: value for name, value in values.items() if name not in arrays}
        plain["keys"] = [list(key) for key in self.vocabulary_.keys]
        with atomic_folder(folder, replace=replace) as partial:
            np.savez(partial / _ARRAYS, allow_pickle=False, **arrays)
            text = json.dumps(plain, ensure_ascii=False, indent=1) + "\n"
            (partial / _TEXTS).write_text(text, encoding="utf-8")
            Manifest(
                kind=KIND,
                spec={"family": type(self).__name__, "parameters": self._plain_parameters()},
                files={name: digest_file(partial / name) for name in (_ARRAYS, _TEXTS)},
                counts={"attributes": len(self.vocabulary_)},
            ).write(partial)

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ArtifactError
            If the folder is another classifier's, a file is missing or changed, or a weight is
            no finite number.
        """
        return cls._loaded(checked_path(folder), {})

    @classmethod
    def _loaded(cls, place: Path, more: Mapping[str, Any]) -> Self:
        """The classifier of a folder, with `more` parameters that no folder can contain."""
        manifest = read_manifest(place, kind=KIND)
        verify_files(place, manifest)
        family = manifest.spec.get("family")
        if family != cls.__name__:
            raise ArtifactError(
                f"{place} contains a {family}; expected a {cls.__name__}",
                hint=f"load it with {family}.load",
            )
        model = cls(**cls._read_parameters(manifest.spec.get("parameters", {})), **more)
        try:
            with np.load(place / _ARRAYS, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
            found |= json.loads(read_bytes(place / _TEXTS))
            keys = found.pop("keys")
            model.vocabulary_ = Vocabulary(tuple((str(m), str(v)) for m, v in keys))
        except (ValueError, KeyError, TypeError) as err:
            raise ArtifactError(f"{place} cannot be read as a {cls.__name__}: {err}") from err
        names = ["classes_", *cls._learned_names()]
        if missing := {*names} - {*found}:
            raise ArtifactError(f"{place} lacks {', '.join(sorted(missing))}")
        _refuse_nan(place, found)
        for name in names:
            setattr(model, name, found[name])
        return model

    def _learn(self, rows: TrainingRows) -> None:
        raise NotImplementedError

    def _probabilities(self, rows: EncodedRows) -> NDArray[np.float64]:
        raise NotImplementedError

    def _check_parameters(self) -> None:
        """Raise ClassifierError if a parameter is out of range; before any row is read."""

    def _training_rows(self, X: Any, y: Any, sample_weight: Any) -> TrainingRows:
        return training_rows(
            X,
            y,
            sample_weight=sample_weight,
            separator=self.separator,
            allow_unique=self.allow_unique,
        )

    def _encoded(self, X: Any) -> EncodedRows:
        self._fitted_classes()
        rows = encode(X, self.vocabulary_, separator=self.separator)
        warn_of_unseen(rows, self.vocabulary_, treated=self._UNSEEN)
        return rows

    def _plain_parameters(self) -> dict[str, Any]:
        """The parameters as JSON values; a subclass with others says how they are written."""
        return self.get_params()

    @classmethod
    def _learned_names(cls) -> list[str]:
        learned = [f.name for f in fields(cls) if not f.init and f.default is MISSING]
        return [name for name in learned if name != "vocabulary_"]

    @classmethod
    def _read_parameters(cls, written: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in written.items() if name in cls._parameter_names()}


def _refuse_nan(place: Path, found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            num = int((~np.isfinite(value)).sum())
            if num:
                raise ArtifactError(
                    f"{place}: {num:,} of {value.size:,} numbers in {name} are not finite",
                    hint="train and save the classifier again",
                )
