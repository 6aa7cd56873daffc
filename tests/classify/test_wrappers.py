"""Inside scikit-learn the numbers are those of the bare model, or the refusal says what to do."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from campaignkit.classify import OneHotLogistic, PairwiseOrdinalClassifier
from campaignkit.errors import ClassifierError
from told_campaigns import told_campaigns

pytest.importorskip("sklearn")

from sklearn import ensemble, metrics, model_selection
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.multiclass import OneVsRestClassifier

RECORDS, TRUTH, _ = told_campaigns(240, seed=2)
TWO = np.where(TRUTH == "pos", "pos", "rest")
# What LabelEncoder makes of avg, neg, pos is 0, 1, 2.
ENCODED = np.unique(TRUTH, return_inverse=True)[1]


def ordinal(**settings: Any) -> PairwiseOrdinalClassifier:
    return PairwiseOrdinalClassifier(2, penalty=(1.0, 5.0), max_iterations=15, **settings)


@pytest.fixture(scope="module")
def bare() -> np.ndarray:
    return ordinal().fit(RECORDS, TRUTH).predict_proba(RECORDS)


MODELS = [ordinal(order=[1, 0, 2]), OneHotLogistic(penalty=1.0)]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_a_vote_or_a_stack_of_one_is_the_bare_model(model: Any) -> None:
    expected = model.fit(RECORDS, ENCODED).predict_proba(RECORDS)

    soft = ensemble.VotingClassifier([("m", model)], voting="soft").fit(RECORDS, TRUTH)
    hard = ensemble.VotingClassifier([("m", model)], voting="hard").fit(RECORDS, TRUTH)

    assert soft.predict_proba(RECORDS).tolist() == expected.tolist()
    assert hard.predict(RECORDS).tolist() == soft.classes_[expected.argmax(axis=1)].tolist()
    stack = ensemble.StackingClassifier([("m", FrozenEstimator(model))], cv="prefit")
    stack.fit(RECORDS, TRUTH)
    assert stack.transform(RECORDS).tolist() == expected.tolist()


def test_the_order_in_words_and_the_order_of_their_numbers_give_one_model(bare: Any) -> None:
    numbered = ordinal(order=[1, 0, 2]).fit(RECORDS, ENCODED)

    assert numbered.predict_proba(RECORDS).tolist() == bare.tolist()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda m: ensemble.VotingClassifier([("m", m)], voting="soft").fit(RECORDS, TRUTH),
        lambda m: ensemble.StackingClassifier([("m", m)], cv=2).fit(RECORDS, TRUTH),
        lambda m: model_selection.cross_val_predict(
            m, RECORDS, TRUTH, cv=2, method="predict_proba"
        ),
    ],
    ids=["vote", "stack", "cross_val_predict"],
)
def test_where_labels_come_as_numbers_the_order_is_asked_for(wrap: Any) -> None:
    with pytest.raises(ClassifierError, match=r"for neg, avg, pos pass order=\[1, 0, 2\] there"):
        wrap(ordinal())
    with pytest.raises(ClassifierError, match=r"pass order=\[1, 0, 2\] there"):
        wrap(ordinal(order=["neg", "avg", "pos"]))
    wrap(ordinal(order=[1, 0, 2]))


def test_predictions_of_folds_are_those_of_models_fitted_by_hand() -> None:
    folds = model_selection.StratifiedKFold(2)

    told = model_selection.cross_val_predict(ordinal(), RECORDS, TRUTH, cv=folds)

    for train, test in folds.split(TRUTH, TRUTH):
        own = ordinal().fit([RECORDS[i] for i in train], TRUTH[train])
        assert told[test].tolist() == own.predict([RECORDS[i] for i in test]).tolist()


@pytest.mark.parametrize("model", [ordinal(), OneHotLogistic(penalty=1.0)], ids=["o", "l"])
def test_scorers_give_what_their_metrics_give_of_the_bare_model(model: Any) -> None:
    half = [RECORDS[:120], RECORDS[120:]]
    model.fit(half[0], TRUTH[:120])
    told, proba = model.predict(half[1]), model.predict_proba(half[1])
    expected = {
        "accuracy": (told == TRUTH[120:]).mean(),
        "f1_macro": metrics.f1_score(TRUTH[120:], told, average="macro"),
        "neg_log_loss": np.log(proba[np.arange(120), ENCODED[120:]]).mean(),
        "roc_auc_ovr": np.mean(
            [metrics.roc_auc_score(TRUTH[120:] == c, p) for c, p in zip(
                model.classes_, proba.T, strict=True)]
        ),
    }  # fmt: skip
    split = [(np.arange(120), np.arange(120, 240))]

    for name, value in expected.items():
        scored = model_selection.cross_val_score(model, RECORDS, TRUTH, cv=split, scoring=name)
        assert scored[0] == pytest.approx(value, abs=1e-12), name
    assert expected["roc_auc_ovr"] > 0.65 and expected["neg_log_loss"] > -1


def test_labels_of_any_spelling_are_scored(bare: Any) -> None:
    for labels in (TRUTH, np.char.upper(TRUTH), ENCODED.astype(float)):
        model = OneHotLogistic(penalty=1.0)
        scored = model_selection.cross_val_score(model, RECORDS, labels, cv=2, scoring="f1_macro")
        assert (
            scored.tolist()
            == model_selection.cross_val_score(
                model, RECORDS, TRUTH, cv=2, scoring="f1_macro"
            ).tolist()
        )
    loud = ordinal().fit(RECORDS, np.char.upper(TRUTH))
    assert loud.predict_proba(RECORDS).tolist() == bare.tolist()
    assert loud.predict(RECORDS[:1])[0].isupper()


def test_a_search_chooses_what_the_scorer_prefers() -> None:
    grid = model_selection.GridSearchCV(
        ordinal(), {"penalty": [(0.3, 2.0), (1e4, 1e4)]}, cv=2, scoring="neg_log_loss"
    ).fit(RECORDS, TRUTH)

    assert grid.best_params_ == {"penalty": (0.3, 2.0)}


def test_a_calibration_of_the_bare_model_is_fitted_to_its_columns(bare: Any) -> None:
    model = ordinal().fit(RECORDS, TRUTH)

    wrapped = CalibratedClassifierCV(FrozenEstimator(model), method="isotonic")
    proba = wrapped.fit(RECORDS, TRUTH).predict_proba(RECORDS)

    assert wrapped.classes_.tolist() == model.classes_.tolist()
    assert (wrapped.predict(RECORDS) == TRUTH).mean() >= (model.predict(RECORDS) == TRUTH).mean()
    assert np.corrcoef(proba.ravel(), bare.ravel())[0, 1] > 0.85


def test_a_calibration_that_fits_numbers_and_words_takes_the_order_of_the_numbers() -> None:
    wrapped = CalibratedClassifierCV(ordinal(order=[1, 0, 2]), cv=2, ensemble=False)

    assert (wrapped.fit(RECORDS, TRUTH).predict(RECORDS) == TRUTH).mean() > 0.8
    with pytest.raises(ClassifierError, match=r"pass order=\[1, 0, 2\] there"):
        CalibratedClassifierCV(ordinal(), cv=2, ensemble=False).fit(RECORDS, TRUTH)


def test_thresholds_of_two_labels_move_the_bare_probabilities() -> None:
    model = ordinal().fit(RECORDS, TWO)
    proba = model.predict_proba(RECORDS)[:, 0]
    settings = {"response_method": "predict_proba", "pos_label": "pos"}

    fixed = model_selection.FixedThresholdClassifier(model, threshold=0.3, **settings)
    tuned = model_selection.TunedThresholdClassifierCV(ordinal(), cv=2, response_method="auto")

    assert fixed.fit(RECORDS, TWO).predict(RECORDS).tolist() == [
        "pos" if p >= 0.3 else "rest" for p in proba
    ]
    assert {*tuned.fit(RECORDS, TWO).predict(RECORDS)} <= {"pos", "rest"}


def test_one_against_the_rest_is_three_bare_models_of_two_labels() -> None:
    wrapped = OneVsRestClassifier(ordinal()).fit(RECORDS, TRUTH)

    shares = np.stack(
        [ordinal().fit(RECORDS, (c == TRUTH).astype(int)).predict_proba(RECORDS)[:, 1]
         for c in np.unique(TRUTH)], axis=1
    )  # fmt: skip

    assert wrapped.predict_proba(RECORDS) == pytest.approx(
        shares / shares.sum(axis=1, keepdims=True)
    )


def test_wrappers_that_make_arrays_hand_on_columns_without_names() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(RECORDS)
    cells = frame.to_numpy()
    for labels in (TRUTH, ENCODED):
        expected = OneHotLogistic(penalty=1.0).fit(cells, labels).predict_proba(cells)
        bag = ensemble.BaggingClassifier(OneHotLogistic(penalty=1.0), 1, bootstrap=False)
        boost = ensemble.AdaBoostClassifier(OneHotLogistic(penalty=1.0), n_estimators=1)
        weighted = OneHotLogistic(penalty=1.0).fit(cells, labels, sample_weight=[1 / 240] * 240)

        assert bag.fit(frame, labels).predict_proba(frame).tolist() == expected.tolist()
        assert boost.fit(frame, labels).predict(frame).tolist() == (
            weighted.predict(cells).tolist()
        )


def test_curves_and_importances_are_drawn() -> None:
    pd = pytest.importorskip("pandas")
    from sklearn.inspection import permutation_importance

    model = OneHotLogistic(penalty=1.0)
    frame = pd.DataFrame(RECORDS)
    sizes, _, scores = model_selection.learning_curve(
        model, frame, TRUTH, cv=2, train_sizes=[0.5, 1.0]
    )
    found = permutation_importance(
        model.fit(frame, TRUTH), frame, TRUTH, n_repeats=2, random_state=0
    )

    assert sizes.tolist() == [60, 120] and np.isfinite(scores).all()
    assert found.importances_mean.shape == (4,)


def test_a_fold_without_one_of_the_labels_is_fitted_to_the_others() -> None:
    labels = TRUTH.copy()
    labels[:120] = np.where(TWO[:120] == "pos", "pos", "avg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scored = model_selection.cross_val_score(
            ordinal(), RECORDS, labels, cv=model_selection.KFold(2), error_score="raise"
        )

    assert np.isfinite(scored).all()
