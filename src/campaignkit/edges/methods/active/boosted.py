"""The chances of the three signs, by gradient boosting."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from campaignkit.extras import require
from campaignkit.pools import one_openmp_thread

Float = NDArray[np.float32]
Predict = Callable[[Float], Float]

_SETTINGS = MappingProxyType(
    {
        "objective": "multiclass",
        "num_class": 3,
        "learning_rate": 0.08,
        "min_data_in_leaf": 20,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "max_bin": 63,
        "num_threads": 1,  # the same bytes on any machine; the model's calls take the time
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
)
_NUM_TREES = 80
_FEW_ROWS = 5000  # fewer rows are learnt better by smaller trees


def _num_leaves(num_rows: int) -> int:
    return 7 if num_rows < _FEW_ROWS else 15


def fit_signs(features: Float, signs: NDArray[np.int8], *, seed: int) -> Predict:
    """Learn the signs of some pairs; gives a function from features to chances of -, 0 and +.

    LightGBM where it is installed, else scikit-learn.

    Parameters
    ----------
    features : float32[k, F]
    signs : int8[k]
        -1, 0 or 1.
    seed : int

    Raises
    ------
    MissingExtra
        If neither library is installed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.normal(size=(600, 2)).astype(np.float32)
    >>> signs = np.sign(np.round(features[:, 0])).astype(np.int8)
    >>> fit_signs(features, signs, seed=1)(np.float32([[3, 0], [0, 0]])).argmax(axis=1).tolist()
    [2, 1]
    """
    present = np.unique(signs)
    if len(present) < 2:
        # What answers the same to everything leaves nothing to learn.
        sure = np.full(3, 0.01, dtype=np.float32)
        sure[present.astype(np.int64) + 1] = 0.98
        return lambda rows: np.tile(sure, (len(rows), 1))
    if importlib.util.find_spec("lightgbm") is None and importlib.util.find_spec("sklearn"):
        return _with_sklearn(features, signs, seed)
    return _with_lightgbm(features, signs, seed)


def _with_lightgbm(features: Float, signs: NDArray[np.int8], seed: int) -> Predict:
    lightgbm = require("lightgbm", extra="boost", user="ActiveBuilder")
    data = lightgbm.Dataset(features, label=signs + 1, params={"max_bin": 63, "verbose": -1})
    settings = {**_SETTINGS, "num_leaves": _num_leaves(len(signs)), "seed": seed % 2**31}
    grown = lightgbm.train(settings, data, num_boost_round=_NUM_TREES)
    return lambda rows: np.asarray(grown.predict(rows, num_threads=1), dtype=np.float32)


def _with_sklearn(features: Float, signs: NDArray[np.int8], seed: int) -> Predict:
    ensemble = require("sklearn.ensemble", extra="boost", user="ActiveBuilder")
    grown = ensemble.HistGradientBoostingClassifier(
        learning_rate=_SETTINGS["learning_rate"],
        max_iter=_NUM_TREES,
        max_leaf_nodes=_num_leaves(len(signs)),
        min_samples_leaf=_SETTINGS["min_data_in_leaf"],
        l2_regularization=_SETTINGS["lambda_l2"],
        max_bins=_SETTINGS["max_bin"],
        early_stopping=False,
        random_state=seed % 2**31,
    )
    with one_openmp_thread():
        grown.fit(features, signs)
    columns = np.asarray(grown.classes_, dtype=np.int64) + 1

    def predict(rows: Float) -> Float:
        chances = np.zeros((len(rows), 3), dtype=np.float32)
        with one_openmp_thread():
            chances[:, columns] = grown.predict_proba(rows)
        return chances

    return predict
