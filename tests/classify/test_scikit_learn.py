"""The classifiers follow scikit-learn's protocol without importing it."""

from __future__ import annotations

import subprocess
import sys
import warnings
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


# Of scikit-learn's checks, those that hand in no table of numbers: records are none.
CHECKS = (
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)


@pytest.mark.parametrize("model", ALL, ids=lambda m: type(m).__name__)
def test_scikit_learns_own_checks_pass_as_far_as_they_apply(model: Any) -> None:
    from sklearn.utils import estimator_checks

    with warnings.catch_warnings():
        # It says that it cannot check what takes no table of numbers.
        warnings.simplefilter("ignore")
        results = estimator_checks.check_estimator(model, on_fail=None)

    assert [r["check_name"] for r in results if r["status"] == "failed"] == []


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("model", ALL, ids=lambda m: type(m).__name__)
def test_each_check_of_the_interface_passes(model: Any, check: str) -> None:
    from sklearn.utils import estimator_checks

    run = getattr(estimator_checks, check, None)
    if run is None:
        pytest.skip(f"this scikit-learn has no {check}")
    if isinstance(model, EmbeddingLogistic) and check == "check_parameters_default_constructible":
        pytest.skip("an embedder has to be given")

    run(type(model).__name__, model)


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
