"""The classifiers follow scikit-learn's protocol without importing it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from campaignkit.classify import (
    BoostedTrees,
    DecisionTuner,
    EmbeddingLogistic,
    MajorityClassifier,
    OneHotLogistic,
    PairLogistic,
    PairwiseOrdinalClassifier,
    TfidfLogistic,
)
from campaignkit.embed import HashingEmbedder
from campaignkit.errors import ClassifierError
from told_campaigns import told_campaigns

sklearn = pytest.importorskip("sklearn")

ALL = [
    MajorityClassifier(),
    OneHotLogistic(),
    PairLogistic(),
    TfidfLogistic(),
    EmbeddingLogistic(HashingEmbedder()),
    BoostedTrees(),
    PairwiseOrdinalClassifier(),
]
RECORDS, TRUTH, _ = told_campaigns(300, seed=2)


class ReadsNumbers:
    """Cuts tables of numbers into values: scikit-learn's checks hand in nothing else."""

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Any:
        from sklearn.utils.validation import validate_data

        X, y = validate_data(self, X, y)
        return super().fit(_values(X), y, sample_weight=sample_weight)  # type: ignore[misc]

    def predict_proba(self, X: Any) -> Any:
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(self)
        return super().predict_proba(_values(validate_data(self, X, reset=False)))  # type: ignore[misc]

    def _learn(self, rows: Any) -> None:
        if isinstance(self, PairwiseOrdinalClassifier):  # the checks cannot say the order
            self.order = rows.classes.tolist()
        super()._learn(rows)  # type: ignore[misc]
        if isinstance(self, PairwiseOrdinalClassifier):
            self.order = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = True
        return tags


def _values(X: Any) -> Any:
    return np.clip(np.floor(X), -9, 9).astype(int)


class NumbersOneHot(ReadsNumbers, OneHotLogistic):
    pass


class NumbersPairs(ReadsNumbers, PairLogistic):
    pass


class NumbersOrdinal(ReadsNumbers, PairwiseOrdinalClassifier):
    pass


@pytest.mark.filterwarnings("ignore:.*does not inherit from")
@pytest.mark.parametrize(
    "model",
    [
        NumbersOneHot(allow_unique=True),
        NumbersOrdinal(rank=2, max_iterations=20, allow_unique=True),
        pytest.param(NumbersPairs(allow_unique=True), marks=pytest.mark.slow),
    ],
    ids=lambda m: type(m).__name__,
)
def test_scikit_learns_own_checks_pass_and_they_are_many(model: Any) -> None:
    from sklearn.utils import estimator_checks

    results = estimator_checks.check_estimator(model, on_fail=None, on_skip=None)

    assert [(r["check_name"], r["exception"]) for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) > 50


@pytest.mark.parametrize("model", [*ALL, DecisionTuner("tau")], ids=lambda m: type(m).__name__)
def test_a_clone_has_the_same_settings_and_is_not_fitted(model: Any) -> None:
    from sklearn.base import clone

    copy = clone(model)

    assert type(copy) is type(model)
    assert repr(copy.get_params()) == repr(model.get_params())
    assert not hasattr(copy, "classes_")


def test_settings_are_read_set_and_shown_by_name() -> None:
    model = PairwiseOrdinalClassifier(4, seed=2)

    model.set_params(rank=6, max_iterations=20)

    assert repr(model) == "PairwiseOrdinalClassifier(max_iterations=20, rank=6, seed=2)"
    assert model.get_params()["rank"] == 6
    with pytest.raises(ClassifierError, match="has no parameter rnak"):
        model.set_params(rnak=3)


def test_grid_search_cross_validation_and_pipelines_take_them() -> None:
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    grid = GridSearchCV(OneHotLogistic(), {"penalty": [0.1, 10.0]}, cv=2, scoring="f1_macro")
    grid.fit(RECORDS, TRUTH)
    scores = cross_val_score(PairwiseOrdinalClassifier(max_iterations=15), RECORDS, TRUTH, cv=2)
    steps = make_pipeline(FunctionTransformer(), OneHotLogistic(penalty=1.0)).fit(RECORDS, TRUTH)

    assert grid.best_params_["penalty"] in (0.1, 10.0)
    assert (scores > 0.4).all()
    assert steps.predict(RECORDS[:3]).shape == (3,)


def test_a_data_set_can_be_cross_validated() -> None:
    from sklearn.model_selection import cross_val_predict

    from campaignkit.classify import LABELS, label_codes
    from campaignkit.dataset import Block, CampaignDataset
    from campaignkit.dataset.records import read_records

    found = read_records(RECORDS)
    block = Block(found.block.nodes, found.block.offsets, label_codes(TRUTH).astype(np.uint8))
    dataset = CampaignDataset(block, found.vocabulary, LABELS)

    told = cross_val_predict(OneHotLogistic(penalty=1.0), dataset, TRUTH, cv=2)

    assert len(told) == len(dataset)


def test_fitting_and_predicting_load_neither_scikit_learn_nor_torch() -> None:
    code = """
import sys
import campaignkit as ck
records = [{"a": a * 2, "b": b * 2} for a in "xyz" for b in "xyz"] * 12
labels = ["neg", "avg", "pos"] * 36
for name in ("PairwiseOrdinalClassifier", "OneHotLogistic", "PairLogistic"):
    getattr(ck, name)().fit(records, labels).predict(records)
print(sorted({"sklearn", "torch", "lightgbm"} & {*sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert done.stdout.strip() == "[]", done.stderr
