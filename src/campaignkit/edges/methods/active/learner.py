"""What the judged pairs say of all others: cards, affinities and boosted trees together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.edges.methods.active.affinity import Block, affinities, kernel
from campaignkit.edges.methods.active.boosted import fit_signs
from campaignkit.edges.methods.active.card_columns import read_cards
from campaignkit.edges.methods.active.hidden_factors import Factors, fit_factors
from campaignkit.edges.methods.active.likeness import likeness
from campaignkit.edges.methods.active.pair_features import pair_features
from campaignkit.edges.pairs import PairTable
from campaignkit.seeds import key64, stream

Float = NDArray[np.float32]

_NOISE = 2.0  # in variances of the kernel: signs are coarse, and a tenth of the cards is wrong
_ROWS_AT_ONCE = 1 << 18
# Eight factors an attribute, believed by half after as many judgements: enough for what cards do
# not show, few enough not to learn single judgements by heart.
_RANK, _RIDGE, _STEPS = 8, 8.0, 8
_MOST_ROWS = 150_000  # that trees learn from; more take longer and teach next to nothing


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the pairs before any is judged.

    Attributes
    ----------
    pairs : int32[P, 2]
        Positions of the attributes of each pair.
    features : float32[P, F]
    blocks : tuple of Block
        The pairs of each two modalities, with the kernels of their attributes.
    """

    pairs: NDArray[np.int32]
    features: Float
    blocks: tuple[Block, ...]


def gather_evidence(catalogue: Catalogue, *, vectors: Float | None = None) -> Evidence:
    """The evidence that the traits of a catalogue give, and perhaps its descriptions' vectors."""
    table = PairTable(catalogue)
    cards = read_cards(catalogue)
    groups = [np.flatnonzero(table.codes == code) for code in range(len(catalogue.modalities))]
    kernels = [kernel(likeness(cards, rows, vectors=vectors)) for rows in groups]
    blocks = tuple(
        Block(kernels[a], kernels[b], _pair_numbers(table, groups[a], groups[b]))
        for a, b in combinations(range(len(groups)), 2)
    )
    found = pair_features(cards, table.codes, table.pairs, vectors=vectors)
    return Evidence(table.pairs, found.values, blocks)


class SignLearner:
    """Learns from judged pairs the chances of each sign for every pair.

    Two features of the trees are learnt from the signs themselves: a pair's affinity, from those
    of similar pairs, and what hidden factors of its two attributes say beyond it. For the pairs
    that the trees learn from, both are computed without the pairs of their own fold, so that they
    are as good as they are for pairs that nobody judged.

    Parameters
    ----------
    evidence : Evidence
    seed : int
    """

    def __init__(self, evidence: Evidence, *, seed: int) -> None:
        self._evidence = evidence
        self._seed = seed
        num_pairs = len(evidence.features)
        self._num_folds = 5 if num_pairs < 100_000 else 3
        rng = stream(seed, "active", "folds")
        self._fold = rng.integers(self._num_folds, size=num_pairs).astype(np.int8)
        self._weights: dict[int, Float] = {}

    def chances(self, signs: NDArray[np.int8], known: NDArray[np.bool_]) -> Float:
        """float32[P, 3]: the chances of -, 0 and + for every pair.

        Parameters
        ----------
        signs : int8[P]
            What was judged; used where known.
        known : bool[P]
            The pairs to learn from.
        """
        learnt = self._learnt(_normal_scores(signs, known), known)
        rows = np.flatnonzero(known)
        if len(rows) > _MOST_ROWS:
            rng = stream(self._seed, "active", "rows", len(rows))
            rows = np.sort(rng.choice(rows, _MOST_ROWS, replace=False))
        features = self._evidence.features
        joined = np.column_stack([features[rows], learnt[rows]])
        predict = fit_signs(joined, signs[rows], seed=key64(self._seed, "active", "trees"))
        chances = np.empty((len(signs), 3), dtype=np.float32)
        for start in range(0, len(signs), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            chances[part] = predict(np.column_stack([features[part], learnt[part]]))
        return chances

    def _learnt(self, target: Float, known: NDArray[np.bool_]) -> Float:
        """float32[P, 2]: affinity, and what hidden factors add."""
        affinity = self._solved(-1, target, known)
        for fold in range(self._num_folds):
            inside = self._fold == fold
            held_out = known & inside
            affinity[held_out] = self._solved(fold, target, known & ~inside)[held_out]
        rest = target - affinity
        hidden = self._factored(rest, known)
        for fold in range(self._num_folds):
            inside = self._fold == fold
            held_out = known & inside
            hidden[held_out] = self._factored(rest, known & ~inside)[held_out]
        return np.stack([affinity, hidden], axis=1)

    def _factored(self, rest: Float, known: NDArray[np.bool_]) -> Float:
        rows = np.flatnonzero(known)
        pairs = self._evidence.pairs
        rng = stream(self._seed, "active", "factors")
        start = Factors.drawn(int(pairs.max()) + 1, _RANK, rng)
        found = fit_factors(pairs[rows], rest[rows], start, ridge=_RIDGE, num_steps=_STEPS)
        return found.products(pairs)

    def _solved(self, fold: int, target: Float, known: NDArray[np.bool_]) -> Float:
        start = self._weights.get(fold)
        learnt, self._weights[fold] = affinities(
            self._evidence.blocks, target, known, noise=_NOISE, start=start
        )
        return learnt


def _pair_numbers(
    table: PairTable, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.int64]:
    ones, others = np.broadcast_arrays(left[:, None], right[None, :])
    return table.indices(ones.ravel(), others.ravel()).reshape(len(left), len(right))


def _normal_scores(signs: NDArray[np.int8], known: NDArray[np.bool_]) -> Float:
    """float32[P]: for each sign the mean of the part of a normal curve that it takes up.

    If 9% are -, a - is worth -1.8: the mean of a standard normal below its 9% point.
    """
    from scipy.special import ndtri

    counts = np.array([np.count_nonzero(signs[known] == sign) for sign in (-1, 0, 1)]) + 1e-9
    ends = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    density = np.exp(-0.5 * np.square(ndtri(np.clip(ends, 1e-9, 1 - 1e-9))))
    density = np.where((ends < 1e-9) | (ends > 1 - 1e-9), 0.0, density) / np.sqrt(2 * np.pi)
    means = (density[:-1] - density[1:]) / np.diff(ends)
    return np.asarray(means[signs.astype(np.int64) + 1], dtype=np.float32)


def signs_of(chances: Float) -> tuple[NDArray[np.int8], Float]:
    """The likeliest sign of each pair, and its chance."""
    best: NDArray[np.int64] = chances.argmax(axis=1)
    return (best - 1).astype(np.int8), chances[np.arange(len(best)), best]


def sharpened(
    chances: Float, signs: NDArray[np.int8], rows: Sequence[int] | NDArray[np.int64]
) -> Float:
    """The chances made surer or less sure, as fits the signs of a uniform sample of pairs.

    The likeliest sign of each pair stays what it is.
    """
    rows = np.asarray(rows, dtype=np.int64)
    if len(rows) < 20:
        return chances
    logs = np.log(np.clip(chances, 1e-6, 1))
    seen = signs[rows].astype(np.int64) + 1
    best, least = 1.0, np.inf
    for power in np.geomspace(0.3, 3.0, 41):
        scaled = power * logs[rows]
        loss = np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(rows)), seen]
        if loss.mean() < least:
            best, least = float(power), float(loss.mean())
    scaled = best * logs
    scaled -= scaled.max(axis=1, keepdims=True)
    made = np.exp(scaled)
    return np.asarray(made / made.sum(axis=1, keepdims=True), dtype=np.float32)
