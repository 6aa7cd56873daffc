"""Gradient boosting on single values, through LightGBM."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import EncodedRows, TrainingRows
from campaignkit.classify.estimator import RecordClassifier
from campaignkit.classify.held_out import hold_out
from campaignkit.classify.linear import value_columns
from campaignkit.extras import require
from campaignkit.progress import Steps

Floats = NDArray[np.float64]

_GRID = ((31, 20), (63, 20), (15, 50))  # leaves, least rows a leaf
_PATIENCE = 30  # rounds without a better held-out log-loss
_ROUNDS_UNCHOSEN = 100


@dataclass(kw_only=True, eq=False, repr=False)
class BoostedTrees(RecordClassifier):
    """LightGBM over one column a value, tuned on held-out rows; needs the extra ``boost``.

    The number of leaves is chosen from a small grid, the number of rounds by early stopping, both
    by held-out log-loss; then all rows are fitted.

    Parameters
    ----------
    learning_rate : float
    max_rounds : int
    held_out : float
        Share of the rows to choose on.
    num_threads : int
        For LightGBM.
    seed : int
    separator, allow_unique
        As for :class:`OneHotLogistic`.

    Attributes
    ----------
    model_ : str
        The trees in LightGBM's text form.
    num_leaves_, num_rounds_ : int

    Examples
    --------
    >>> records = [{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "Brazil"}] * 40
    >>> model = BoostedTrees(max_rounds=20).fit(records, ["pos", "neg", "avg"] * 40)
    >>> model.predict(records[:3]).tolist()
    ['pos', 'neg', 'avg']
    """

    _UNSEEN = "each is left out"

    learning_rate: float = 0.1
    max_rounds: int = 500
    held_out: float = 0.15
    num_threads: int = 1
    seed: int = 0

    model_: str = field(init=False)
    num_leaves_: int = field(init=False)
    num_rounds_: int = field(init=False)

    def _learn(self, rows: TrainingRows) -> None:
        trees = require("lightgbm", extra="boost", user="BoostedTrees")
        num_classes = len(rows.classes)
        columns = _tree_columns(rows.block.nodes, rows.block.offsets, len(rows.vocabulary))
        parts = hold_out(rows, self.held_out, seed=self.seed)
        leaves, num_rounds = _GRID[0], _ROUNDS_UNCHOSEN
        if parts is not None:
            kept, held = parts
            train = trees.Dataset(
                columns[kept], rows.codes[kept], weight=rows.weights[kept], free_raw_data=False
            )
            judged = trees.Dataset(
                columns[held], rows.codes[held], weight=rows.weights[held], reference=train
            )
            least = np.inf
            steps = Steps(None, "choosing trees", len(_GRID))
            for option in _GRID:
                found = trees.train(
                    self._options(option, num_classes),
                    train,
                    self.max_rounds,
                    valid_sets=[judged],
                    callbacks=[trees.early_stopping(_PATIENCE, verbose=False)],
                )
                loss = found.best_score["valid_0"]["multi_logloss"]
                steps.step()
                if loss < least:
                    least, leaves, num_rounds = loss, option, found.best_iteration
        whole = trees.Dataset(columns, rows.codes, weight=rows.weights)
        fitted = trees.train(
            self._options(leaves, num_classes), whole, min(num_rounds, self.max_rounds)
        )
        self.model_ = fitted.model_to_string()
        self.num_leaves_, self.num_rounds_ = leaves[0], int(fitted.num_trees() // num_classes)

    def _probabilities(self, rows: EncodedRows) -> Floats:
        trees = require("lightgbm", extra="boost", user="BoostedTrees")
        n = len(self.vocabulary_)
        every = n + len(self.vocabulary_.modalities)
        columns = _tree_columns(rows.nodes, rows.offsets, every)[:, :n]
        model = trees.Booster(model_str=self.model_)
        told: Floats = np.asarray(model.predict(columns, num_threads=self.num_threads), np.float64)
        told /= told.sum(axis=1, keepdims=True)
        return told

    def _options(self, option: tuple[int, int], num_classes: int) -> dict[str, Any]:
        return {
            "objective": "multiclass",
            "num_class": num_classes,
            "metric": "multi_logloss",
            "num_leaves": option[0],
            "min_data_in_leaf": option[1],
            "learning_rate": self.learning_rate,
            "num_threads": self.num_threads,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            # Every column holds 0 and 1: bundling them would cost time and change nothing.
            "max_bin": 3,
            "min_data_in_bin": 1,
            "verbosity": -1,
        }


def _tree_columns(nodes: NDArray[np.int32], offsets: NDArray[np.int64], num: int) -> Any:
    import scipy.sparse

    # LightGBM takes scipy's older matrices only.
    return scipy.sparse.csr_matrix(value_columns(nodes, offsets, num).astype(np.float32))
