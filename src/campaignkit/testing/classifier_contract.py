"""The contract of :class:`campaignkit.classify.Classifier`, for ours and for yours."""

from __future__ import annotations

import importlib.util
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from campaignkit.errors import CampaignkitError
from campaignkit.testing.breaches import assert_offers, contract

if TYPE_CHECKING:
    from campaignkit.classify import CampaignClassifier

_VALUES = {
    "brand": ("Nike", "Rolex", "Wish"),
    "audience": ("Athletes", "Collectors", "Students", "Gamers"),
    "geo": ("Chile", "Peru"),
}
_WORDS = ("zeta", "alpha", "mid")  # sorted otherwise than what they stand for


@contract
def check_classifier(
    classifier: CampaignClassifier,
    *,
    X: Sequence[Any] | None = None,
    y: Sequence[Any] | None = None,
    load: Callable[[Path], Any] | None = None,
    tolerance: float = 1e-9,
) -> None:
    """Test a classifier against its contract; raises `AssertionError` on the first breach.

    It must: be copied by its parameters; refuse to predict before it is fitted; hold its labels
    sorted, whatever they are called and however many there are, and give a column of
    probabilities to each; predict the most probable label, written as it was given; give a row
    what it gives it among others, in whichever order; give the same after it was saved and
    loaded, and when it is fitted again; take lists of records and data frames alike; score rows
    of labels that it never met as wrong; and refuse what it cannot use with an error of this
    library.

    Parameters
    ----------
    classifier : CampaignClassifier
        One that is not fitted. What it would choose on rows held out, such as a penalty, must be
        given: the choice may depend on the names of labels.
    X, y : sequence, optional
        Campaigns or texts to try, 30 at least, with three labels that are neg, avg and pos;
        campaigns of its own without them.
    load : function, optional
        What loads a folder; ``type(classifier).load`` without it.
    tolerance : float
        How far probabilities may differ that should not.

    Examples
    --------
    >>> from campaignkit.classify import OneHotLogistic
    >>> check_classifier(OneHotLogistic(penalty=1.0))
    """
    assert_offers(
        classifier, "classifier", "fit", "predict", "predict_proba", "score", "save",
        "get_params", "set_params",
    )  # fmt: skip
    rows, labels = _campaigns() if X is None else (list(X), np.asarray(y))
    model = _copy(classifier)
    assert repr(model.get_params()) == repr(classifier.get_params()), "a copy has other parameters"
    _refuses("it predicts before it is fitted", model.predict, rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert model.fit(rows, labels) is model, "fit gives something else than the classifier"
        expected = _check_shapes(model, rows, labels)
        again = _copy(classifier).fit(rows, labels).predict_proba(rows)
        _same(again, expected, tolerance, "a second fit gives other probabilities")
        _check_rows(model, rows, expected, tolerance)
        _check_names(classifier, rows, labels, expected, tolerance)
        _check_folder(model, rows, expected, load or type(model).load)
        if isinstance(rows[0], dict) and importlib.util.find_spec("pandas"):
            _check_frames(classifier, rows, labels, expected, tolerance)
        strange = np.where(labels == "pos", "never met", labels)
        share = float(np.mean(model.predict(rows) == strange))
        assert model.score(rows, strange) == share, "labels that only the test has are not wrong"
        _check_refusals(classifier, model, rows, labels)


def _campaigns() -> tuple[list[dict[str, list[str]]], np.ndarray]:
    """72 campaigns whose brand and audience decide, a few against the rule."""
    rows, labels = [], []
    for i in range(72):
        brand, audience, geo = i % 3, i // 3 % 4, i // 12 % 2
        balance = (brand == audience) + (geo == brand) - (brand + audience == 3)
        audiences = {_VALUES["audience"][j] for j in (audience, (i // 24 + audience) % 4)}
        rows.append(
            {
                "brand": [_VALUES["brand"][brand]],
                "audience": sorted(audiences),
                "geo": [_VALUES["geo"][geo]],
            }
        )
        labels.append(
            ("neg", "avg", "pos")[(int(np.clip(balance, -1, 1)) + 1 + (i % 23 == 0)) % 3]
        )
    return rows, np.array(labels)


def _copy(classifier: Any) -> Any:
    return type(classifier)(**classifier.get_params())


def _check_shapes(model: Any, rows: list[Any], labels: np.ndarray) -> np.ndarray:
    classes = np.unique(labels)
    found = np.asarray(model.classes_)
    assert found.tolist() == classes.tolist(), f"classes_ are {found}; expected {classes}, sorted"
    shares = np.asarray(model.predict_proba(rows))
    wanted = (len(rows), len(classes))
    assert shares.shape == wanted, f"predict_proba has shape {shares.shape}; expected {wanted}"
    assert np.isfinite(shares).all() and (shares >= 0).all(), (
        "predict_proba gives no probabilities"
    )
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-6), (
        "probabilities of a row do not add up to 1"
    )
    told = np.asarray(model.predict(rows))
    assert told.dtype.kind == classes.dtype.kind, f"predict answers {told.dtype}, not as given"
    assert (told == classes[shares.argmax(axis=1)]).all(), "predict is not the most probable label"
    return shares


def _check_rows(model: Any, rows: list[Any], expected: np.ndarray, tolerance: float) -> None:
    _same(
        model.predict_proba(rows[::-1])[::-1],
        expected,
        tolerance,
        "the order of rows changes them",
    )
    _same(
        model.predict_proba(rows[:1]), expected[:1], tolerance, "a row alone gets something else"
    )


def _check_names(
    classifier: Any, rows: list[Any], labels: np.ndarray, expected: np.ndarray, tolerance: float
) -> None:
    """Labels of other names and of numbers, and two labels alone."""
    codes = np.array([("neg", "avg", "pos").index(label) for label in labels])
    for names in (np.array(_WORDS), np.array([7, 3, 5])):
        other = _copy(classifier)
        if "order" in other.get_params():
            _refuses("it guesses the order of labels", _copy(other).fit, rows, names[codes])
            other.set_params(order=names.tolist())
        other.fit(rows, names[codes])
        shares = _check_shapes(other, rows, names[codes])
        columns = [other.classes_.tolist().index(names[code]) for code in (1, 0, 2)]
        # Which rows a model holds out may depend on the order of the names, what it learns not.
        assert np.abs(shares[:, columns] - expected).mean() <= max(tolerance, 0.02), (
            f"labels called {', '.join(map(str, names))} get other probabilities"
        )
    two = labels != "avg"
    kept = [row for row, is_kept in zip(rows, two, strict=True) if is_kept]
    _check_shapes(_copy(classifier).fit(kept, labels[two]), kept, labels[two])


def _check_folder(
    model: Any, rows: list[Any], expected: np.ndarray, load: Callable[[Path], Any]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        model.save(Path(place, "model"))
        again = load(Path(place, "model"))
        assert np.asarray(again.classes_).tolist() == np.asarray(model.classes_).tolist(), (
            "another load has other labels"
        )
        _same(again.predict_proba(rows), expected, 1e-6, "what was saved predicts otherwise")
        _refuses("it writes over a folder unasked", model.save, Path(place, "model"))


def _check_frames(
    classifier: Any, rows: list[Any], labels: np.ndarray, expected: np.ndarray, tolerance: float
) -> None:
    import pandas as pd

    frame = pd.DataFrame(rows, index=np.arange(len(rows)) * 2 + 5)
    column = pd.Series(labels, index=frame.index)
    told = _copy(classifier).fit(frame, column).predict_proba(frame)
    _same(told, expected, tolerance, "a data frame teaches something else than its records")
    told = _copy(classifier).fit(frame.assign(label=column)).predict_proba(frame)
    _same(told, expected, tolerance, "a column of labels is not read as the labels")


def _check_refusals(classifier: Any, model: Any, rows: list[Any], labels: np.ndarray) -> None:
    _refuses("it learns from one label", _copy(classifier).fit, rows, ["pos"] * len(rows))
    _refuses("it learns from fewer labels than rows", _copy(classifier).fit, rows, labels[1:])
    _refuses("it learns from labels that are missing", _copy(classifier).fit, rows,
             [None, *labels[1:]])  # fmt: skip
    _refuses("it learns without labels", _copy(classifier).fit, rows)
    _refuses("it predicts no rows", model.predict_proba, [])
    _refuses("it scores with weights of 0", model.score, rows, labels, [0.0] * len(rows))


def _refuses(breach: str, act: Callable[..., Any], *given: Any) -> None:
    try:
        act(*given)
    except CampaignkitError as err:
        assert str(err).strip(), f"{breach}: refused without a word"
    except Exception as err:
        raise AssertionError(f"{breach}: it raises {type(err).__name__}: {err}") from err
    else:
        raise AssertionError(breach)


def _same(found: Any, expected: np.ndarray, tolerance: float, breach: str) -> None:
    apart = float(np.abs(np.asarray(found) - expected).max())
    assert apart <= tolerance, f"{breach}: {apart:.2g} apart"
