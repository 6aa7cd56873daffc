"""What judged pairs say of others: kernel ridge and latent factors, stacked by boosted trees."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.edges.methods.active.cards import pair_features, read_cards, similarity_matrix
from campaignkit.edges.pairs import PairTable
from campaignkit.extras import require
from campaignkit.pools import one_blas_thread, one_openmp_thread
from campaignkit.seeds import key64, stream

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Predict = Callable[[Float], Float]

_ROWS_AT_ONCE = 1 << 18
_MOST_ROWS = 150_000  # that trees learn from; more take longer and teach next to nothing
_NUM_TREES = 80
_FEW_ROWS, _FEW_LEAVES, _MANY_LEAVES = 5000, 7, 15  # fewer rows are learnt better by small trees
_START = 0.3  # spread of the latent factors before anything is known
_TREES: Mapping[str, Any] = {
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


class StackedLearner:
    """Learns from judged pairs how likely each sign is for every pair.

    Boosted trees over the features of the cards, and over two more that are learnt from the signs
    themselves: a kernel ridge regression, which carries the signs of similar pairs over, and
    latent factors of the attributes for what that leaves. For the pairs that the trees learn from,
    both are computed out of fold, so that they are as good as they are for pairs that nobody
    judged.

    Parameters
    ----------
    catalogue : Catalogue
        With traits.
    vectors : float32[n, d], optional
        Unit vectors of the attributes' descriptions.
    seed : int

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> from campaignkit.edges.methods.active.rounds import likeliest
    >>> tiers = ["budget", "luxury"] * 6
    >>> learner = StackedLearner(
    ...     Catalogue(
    ...         Attribute(modality, f"{modality} {at}", traits={"tier": tier})
    ...         for modality in ("brand", "audience") for at, tier in enumerate(tiers)
    ...     ), seed=1,
    ... )
    >>> signs = np.int8([1 if tiers[a] == tiers[b] else -1 for a in range(12) for b in range(12)])
    >>> known = np.arange(144) < 100
    >>> (likeliest(learner.probabilities(signs, known))[0] == signs).mean() > 0.9
    np.True_
    """

    def __init__(self, catalogue: Catalogue, *, vectors: Float | None = None, seed: int) -> None:
        table = PairTable(catalogue)
        cards = read_cards(catalogue)
        groups = [np.flatnonzero(table.codes == code) for code in range(len(catalogue.modalities))]
        kernels = [
            attribute_kernel(similarity_matrix(cards, rows, vectors=vectors)) for rows in groups
        ]
        self._blocks = [
            (kernels[a], kernels[b], table.indices(groups[a][:, None], groups[b][None, :]))
            for a, b in combinations(range(len(groups)), 2)
        ]
        features = pair_features(cards, table.codes, table.pairs, vectors=vectors)
        self._features = np.column_stack(list(features.values()))
        self._pairs = table.pairs
        self._seed = seed
        self._num_folds = 5 if len(table) < 100_000 else 3
        rng = stream(seed, "active", "folds")
        self._fold = rng.integers(self._num_folds, size=len(table)).astype(np.int8)
        self._weights: dict[int, Float] = {}  # of the last solution, by the fold left out

    def probabilities(self, signs: NDArray[np.int8], known: Mask) -> Float:
        """float32[P, 3]: the probabilities of -, 0 and + for every pair.

        Parameters
        ----------
        signs : int8[P]
            What was judged; used where known.
        known : bool[P]
            The pairs to learn from.
        """
        learnt = self._learnt(normal_scores(signs, known), known)
        rows = np.flatnonzero(known)
        if len(rows) > _MOST_ROWS:
            rng = stream(self._seed, "active", "rows", len(rows))
            rows = np.sort(rng.choice(rows, _MOST_ROWS, replace=False))
        stacked = np.column_stack([self._features[rows], learnt[rows]])
        predict = boosted_trees(stacked, signs[rows], seed=key64(self._seed, "active", "trees"))
        found = np.empty((len(signs), 3), dtype=np.float32)
        for start in range(0, len(signs), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            found[part] = predict(np.column_stack([self._features[part], learnt[part]]))
        return found

    @one_blas_thread()
    def _learnt(self, target: Float, known: Mask) -> Float:
        """float32[P, 2]: kernel ridge, and what latent factors add to it.

        Both are fitted to all known pairs; for each known pair, to those of the other folds.
        """
        columns = []
        for fit in (self._ridge, self._factors):
            fitted = fit(target, known, -1)
            for fold in range(self._num_folds):
                inside = self._fold == fold
                left_out = known & inside
                fitted[left_out] = fit(target, known & ~inside, fold)[left_out]
            target = target - fitted
            columns.append(fitted)
        return np.stack(columns, axis=1)

    def _ridge(self, target: Float, known: Mask, fold: int) -> Float:
        fitted, weights = np.zeros_like(target), np.zeros_like(target)
        start = self._weights.get(fold, np.zeros_like(target))
        for left, right, pairs in self._blocks:
            if known[pairs].any():
                fitted[pairs], weights[pairs] = kernel_ridge(
                    left, right, target[pairs], known[pairs], start=start[pairs]
                )
        self._weights[fold] = weights
        return fitted

    def _factors(self, target: Float, known: Mask, fold: int) -> Float:
        pairs = self._pairs
        rng = stream(self._seed, "active", "factors")
        first, second = latent_factors(pairs[known], target[known], int(pairs.max()) + 1, rng)
        return np.asarray(np.einsum("pr,pr->p", first[pairs[:, 0]], second[pairs[:, 1]]))


def normal_scores(signs: NDArray[np.int8], known: Mask) -> Float:
    """float32[P]: for each sign the mean of the part of a normal curve that it takes up.

    If 9% are -, a - is worth -1.8: the mean of a standard normal below its 9% point.
    """
    from scipy.special import ndtri

    counts = np.array([np.count_nonzero(signs[known] == sign) for sign in (-1, 0, 1)]) + 1e-9
    ends = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    density = np.exp(-0.5 * np.square(ndtri(np.clip(ends, 1e-9, 1 - 1e-9))))
    density = np.where((ends < 1e-9) | (ends > 1 - 1e-9), 0.0, density) / np.sqrt(2 * np.pi)
    means = (density[:-1] - density[1:]) / np.diff(ends)
    return np.asarray(means[np.where(known, signs, 0) + 1], dtype=np.float32)


def attribute_kernel(similarity: Float, *, sharp: float = 4.0, own: float = 0.25) -> Float:
    """A kernel of attributes: all alike a little, those with similar cards more, oneself most.

    The constant lets an attribute be liked by all; the part that is one's own lets it differ from
    what its card says, which is wrong now and then.
    """
    linear = (similarity - similarity.mean()) + 1.0
    mixed = 0.5 * linear + np.exp(sharp * (similarity - 1.0))
    mixed = mixed / mixed.diagonal().mean()
    return np.asarray(mixed + own * np.eye(len(mixed), dtype=np.float32), dtype=np.float32)


def kernel_ridge(
    left: Float,
    right: Float,
    target: Float,
    known: Mask,
    *,
    start: Float,
    noise: float = 2.0,
    num_steps: int = 25,
) -> tuple[Float, Float]:
    """float32[a, b] twice: kernel ridge regression on pairs of two modalities, and its weights.

    Solves (K + noise I) w = y over the known pairs by conjugate gradients, where K((i, j), (k, l))
    = left(i, k) right(j, l), and returns K w for all pairs.

    Parameters
    ----------
    left, right : float32[a, a], float32[b, b]
        Kernels of the attributes of either modality.
    target : float32[a, b]
        What is to be learnt; used where known.
    known : bool[a, b]
    start : float32[a, b]
        Weights to start from: those of an earlier solution, or zeros.
    noise : float
        Variance of what no kernel explains, in that of the kernel: signs are coarse, and a tenth
        of the cards is wrong.
    num_steps : int
        Steps of conjugate gradients, at most.
    """
    mask = known.astype(np.float32)
    wanted = target * mask
    mean = wanted.sum() / (mask.sum() + 5.0)
    wanted = (wanted - mean) * mask
    solved = start * mask
    rest = wanted - mask * (left @ solved @ right) - noise * solved
    step = rest
    size = float(np.vdot(rest, rest))
    goal = 1e-4 * float(np.vdot(wanted, wanted))
    for _ in range(num_steps):
        if size <= goal:
            break
        image = mask * (left @ step @ right) + noise * step
        length = size / float(np.vdot(step, image))
        solved = solved + length * step
        rest = rest - length * image
        size, before = float(np.vdot(rest, rest)), size
        step = rest + (size / before) * step
    return left @ solved @ right + mean, solved


def latent_factors(
    pairs: NDArray[np.integer],
    target: Float,
    num_attributes: int,
    rng: Generator,
    *,
    rank: int = 8,
    ridge: float = 8.0,
    num_steps: int = 8,
) -> tuple[Float, Float]:
    """float32[n, rank] twice: factors whose products fit some pairs, by alternating least squares.

    Parameters
    ----------
    pairs : int[k, 2]
        Attributes of each pair.
    target : float32[k]
        What the product of the first one's and the second one's factors is to be.
    num_attributes : int
    rng : Generator
        Draws where to begin.
    rank : int
        Factors of an attribute: enough for what cards do not show, few enough not to learn single
        judgements by heart.
    ridge : float
        How many judgements an attribute needs for its factors to be believed by half.
    num_steps : int

    References
    ----------
    Koren, Bell and Volinsky 2009, Matrix factorization techniques for recommender systems.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pairs = np.argwhere(np.triu(np.ones((30, 30)), 1))
    >>> hidden = rng.normal(size=30)
    >>> target = (hidden[pairs[:, 0]] * hidden[pairs[:, 1]]).astype(np.float32)
    >>> one, other = latent_factors(pairs, target, 30, rng, rank=1, ridge=1.0)
    >>> products = (one[pairs[:, 0]] * other[pairs[:, 1]]).sum(axis=1)
    >>> round(float(np.corrcoef(products, target)[0, 1]), 1)
    1.0
    """
    factors = (_START * rng.standard_normal((2, num_attributes, rank))).astype(np.float32)
    if not len(pairs):
        return np.zeros_like(factors[0]), np.zeros_like(factors[1])
    orders = [np.argsort(pairs[:, side], kind="stable") for side in (0, 1)]
    for _ in range(num_steps):
        for side, order in enumerate(orders):
            there, starts = np.unique(pairs[order, side], return_index=True)
            partners = factors[1 - side][pairs[order, 1 - side]]
            outer = np.add.reduceat(partners[:, :, None] * partners[:, None, :], starts, axis=0)
            wanted = np.add.reduceat(partners * target[order, None], starts, axis=0)
            outer += ridge * np.eye(rank, dtype=np.float32)
            factors[side] = 0
            factors[side][there] = np.linalg.solve(outer, wanted[:, :, None])[:, :, 0]
    return factors[0], factors[1]


def boosted_trees(features: Float, signs: NDArray[np.int8], *, seed: int) -> Predict:
    """Learn the signs of some pairs; gives a function from features to probabilities of -, 0, +.

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
    >>> boosted_trees(features, signs, seed=1)(np.float32([[3, 0], [0, 0]])).argmax(1).tolist()
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
    lightgbm = require("lightgbm", extra="boost", user="ActiveBuilder")
    data = lightgbm.Dataset(features, label=signs + 1, params={"max_bin": 63, "verbose": -1})
    leaves = _FEW_LEAVES if len(signs) < _FEW_ROWS else _MANY_LEAVES
    settings = {**_TREES, "num_leaves": leaves, "seed": seed % 2**31}
    grown = lightgbm.train(settings, data, num_boost_round=_NUM_TREES)
    return lambda rows: np.asarray(grown.predict(rows, num_threads=1), dtype=np.float32)


def _with_sklearn(features: Float, signs: NDArray[np.int8], seed: int) -> Predict:
    ensemble = require("sklearn.ensemble", extra="learn", user="ActiveBuilder")
    grown = ensemble.HistGradientBoostingClassifier(
        learning_rate=_TREES["learning_rate"],
        max_iter=_NUM_TREES,
        max_leaf_nodes=_FEW_LEAVES if len(signs) < _FEW_ROWS else _MANY_LEAVES,
        min_samples_leaf=_TREES["min_data_in_leaf"],
        l2_regularization=_TREES["lambda_l2"],
        max_bins=_TREES["max_bin"],
        early_stopping=False,
        random_state=seed % 2**31,
    )
    with one_openmp_thread():
        grown.fit(features, signs)
    columns = np.asarray(grown.classes_, dtype=np.int64) + 1

    def predict(rows: Float) -> Float:
        found = np.zeros((len(rows), 3), dtype=np.float32)
        with one_openmp_thread():
            found[:, columns] = grown.predict_proba(rows)
        return found

    return predict
