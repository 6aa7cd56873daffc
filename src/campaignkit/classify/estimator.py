"""What the classifiers share: parameters by name, scikit-learn's protocol, folders on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import EncodedRows, encode, warn_of_unseen
from campaignkit.classify.labels import LABELS, label_codes
from campaignkit.classify.settings import Settings
from campaignkit.dataset import Vocabulary
from campaignkit.errors import ArtifactError, NotFitted
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
_ARRAYS, _TEXTS = "arrays.npz", "fitted.json"


class CampaignEstimator(Settings):
    """A classifier of records with parameters that can be read, set and copied.

    Follows scikit-learn's protocol without importing it: `clone`, `Pipeline`, `GridSearchCV` and
    `cross_val_score` take it as it is. A subclass has ``fit`` and ``_probabilities``, and names in
    `_SAVED` the fitted arrays and plain values that make it up.
    """

    _estimator_type = "classifier"
    _SAVED: ClassVar[tuple[str, ...]] = ()
    _UNSEEN = "each counts as the mean of its modality"

    classes_: NDArray[np.str_]
    vocabulary_: Vocabulary

    def predict_proba(self, records: Any) -> NDArray[np.float64]:
        """float64[rows, 3], probabilities of neg, avg, pos; rows add up to 1.

        Raises
        ------
        NotFitted
            Before :meth:`fit`.
        ClassifierError
            If a record is empty.
        """
        return self._probabilities(self._encoded(records))

    def predict(self, records: Any) -> NDArray[np.str_]:
        """str[rows], the most probable label of each record."""
        best: NDArray[np.intp] = self.predict_proba(records).argmax(axis=1)
        named: NDArray[np.str_] = self._classes()[best]
        return named

    def score(self, records: Any, labels: Any, sample_weight: Any = None) -> float:
        """The share of records that are predicted right, as scikit-learn's classifiers give it."""
        hit = label_codes(self.predict(records)) == label_codes(labels)
        return float(np.average(hit, weights=sample_weight))

    def count_unseen(self, records: Any) -> dict[str, int]:
        """How many values of each modality were in no training row."""
        self._classes()
        return encode(records, self.vocabulary_).unseen

    def save(self, folder: str | PathLike[str], *, replace: bool = False) -> None:
        """Write a folder with a manifest, from which :meth:`load` gives the same predictions.

        Raises
        ------
        NotFitted
            Before :meth:`fit`.
        ArtifactError
            If the folder holds something and `replace` is false, or cannot be written.
        """
        self._classes()
        values = {name: getattr(self, name) for name in self._SAVED}
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
        """The classifier of a folder, with `more` parameters that no folder can hold."""
        manifest = read_manifest(place, kind=KIND)
        verify_files(place, manifest)
        family = manifest.spec.get("family")
        if family != cls.__name__:
            raise ArtifactError(
                f"{place} holds a {family}; expected a {cls.__name__}",
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
        if missing := {*cls._SAVED} - {*found}:
            raise ArtifactError(f"{place} lacks {', '.join(sorted(missing))}")
        _refuse_nan(place, found)
        for name in cls._SAVED:
            setattr(model, name, found[name])
        model.classes_ = np.array(LABELS)
        return model

    def _probabilities(self, rows: EncodedRows) -> NDArray[np.float64]:
        raise NotImplementedError

    def _encoded(self, records: Any) -> EncodedRows:
        self._classes()
        rows = encode(records, self.vocabulary_)
        warn_of_unseen(rows, treated=self._UNSEEN)
        return rows

    def _classes(self) -> NDArray[np.str_]:
        if not self.__sklearn_is_fitted__():
            raise NotFitted(
                f"this {type(self).__name__} is not fitted", hint="call fit(records, labels) first"
            )
        return self.classes_

    def _learned(self, vocabulary: Vocabulary) -> None:
        self.vocabulary_ = vocabulary
        self.classes_ = np.array(LABELS)

    def _plain_parameters(self) -> dict[str, Any]:
        """The parameters as JSON values; a subclass with others says how they are written."""
        return self.get_params()

    @classmethod
    def _read_parameters(cls, written: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in written.items() if name in cls._parameter_names()}

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def __sklearn_tags__(self) -> Any:  # scikit-learn's Tags; only scikit-learn asks
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(multi_class=True),
            input_tags=InputTags(two_d_array=False, dict=True, string=True),
        )


def _refuse_nan(place: Path, found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            num = int((~np.isfinite(value)).sum())
            if num:
                raise ArtifactError(
                    f"{place}: {num:,} of {value.size:,} numbers in {name} are not finite",
                    hint="train and save the classifier again",
                )
