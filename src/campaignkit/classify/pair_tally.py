"""The pair model's parameters and its objective, as sums over rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import TrainingRows
from campaignkit.classify.ordinal import (
    cuts_of_knobs,
    cuts_of_shares,
    knobs_of_cuts,
    ordinal_loss,
    slopes_of_knobs,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairShape:
    """Where each part of the model lies in its one flat array of parameters.

    In order: vectors U float64[n, rank]; for each pair of modalities a < b a matrix W_ab
    float64[rank, rank]; for each the table R_ab float64[size a, size b]; the weights of the
    prior's + and - edges, if there is a prior; the lowest cut; the logs of the cuts' distances.

    Attributes
    ----------
    starts : int64[modalities + 1]
        Nodes of modality m are starts[m] to starts[m + 1].
    rank : int
    prior : int8[n, n] or None
        Signs of a known graph.
    num_cuts : int
        One less than there are classes.

    Examples
    --------
    >>> shape = PairShape(np.array([0, 1, 3]), rank=2)
    >>> shape.num_nodes, shape.size
    (3, 14)
    """

    starts: NDArray[np.int64]
    rank: int
    prior: NDArray[np.int8] | None = None
    num_cuts: int = 2

    @property
    def num_nodes(self) -> int:
        """n, the number of attributes."""
        return int(self.starts[-1])

    @cached_property
    def blocks(self) -> list[tuple[slice, slice]]:
        """The nodes of both modalities, for each pair of modalities."""
        parts = [slice(int(a), int(b)) for a, b in zip(self.starts, self.starts[1:], strict=False)]
        return list(combinations(parts, 2))

    @cached_property
    def ends(self) -> tuple[int, int, int, int]:
        """Where vectors, matrices, tables and prior weights end."""
        vectors = self.num_nodes * self.rank
        matrices = vectors + len(self.blocks) * self.rank**2
        tables = matrices + sum((a.stop - a.start) * (b.stop - b.start) for a, b in self.blocks)
        return vectors, matrices, tables, tables + (0 if self.prior is None else 2)

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.ends[3] + self.num_cuts

    def start(self, rng: np.random.Generator, label_counts: NDArray[np.number]) -> Floats:
        """Parameters to begin with: small vectors, matrices near 1, the rest 0."""
        vectors, matrices, _, last = self.ends
        parameters = np.zeros(self.size)
        parameters[:vectors] = 0.3 * rng.standard_normal(vectors)
        noise = 0.3 * rng.standard_normal((len(self.blocks), self.rank, self.rank))
        parameters[vectors:matrices] = (noise + np.eye(self.rank)).ravel()
        if self.prior is not None:
            parameters[last - 2 : last] = 0.1
        parameters[last:] = knobs_of_cuts(cuts_of_shares(label_counts))
        return parameters

    def cuts(self, parameters: Floats) -> Floats:
        """float64[cuts], in order by construction."""
        return cuts_of_knobs(parameters[self.ends[3] :])

    def table(self, parameters: Floats) -> Floats:
        """float64[n, n], the effect of every pair: symmetric.

        M = U W U' + R + the prior's weights, between nodes of different modalities.
        """
        upper = self.upper(parameters)
        return upper + upper.T

    def upper(self, parameters: Floats) -> Floats:
        """The same above the diagonal of modalities, 0 elsewhere."""
        vectors = parameters[: self.ends[0]].reshape(self.num_nodes, self.rank)
        effects = np.zeros((self.num_nodes, self.num_nodes))
        plus, minus = parameters[self.ends[3] - 2 : self.ends[3]]
        for (a, b), matrix, where in self._parts(parameters):
            part = effects[a, b]
            part += parameters[where].reshape(part.shape)
            if self.rank:
                part += vectors[a] @ matrix @ vectors[b].T
            if self.prior is not None:
                signs = self.prior[a, b]
                part += plus * (signs > 0) - minus * (signs < 0)
        return effects

    def pull_back(self, parameters: Floats, slopes: Floats) -> Floats:
        """Slopes by the parameters (cuts excepted), of slopes float64[n, n] by the effects."""
        gradient = np.zeros(self.size)
        n, (last_vector, last_matrix, _, last) = self.num_nodes, self.ends
        vectors = parameters[:last_vector].reshape(n, self.rank)
        by_vectors = gradient[:last_vector].reshape(n, self.rank)
        by_matrix = gradient[last_vector:last_matrix].reshape(
            len(self.blocks), self.rank, self.rank
        )
        for i, ((a, b), matrix, where) in enumerate(self._parts(parameters)):
            slope = slopes[a, b]
            gradient[where] = slope.ravel()
            if self.rank:
                left = vectors[a] @ matrix
                by_vectors[b] += slope.T @ left
                right = slope @ vectors[b]
                by_vectors[a] += right @ matrix.T
                by_matrix[i] = vectors[a].T @ right
            if self.prior is not None:
                signs = self.prior[a, b]
                gradient[last - 2] += slope[signs > 0].sum()
                gradient[last - 1] -= slope[signs < 0].sum()
        return gradient

    def _parts(self, parameters: Floats) -> Iterator[tuple[tuple[slice, slice], Floats, slice]]:
        shape = len(self.blocks), self.rank, self.rank
        matrices = parameters[self.ends[0] : self.ends[1]].reshape(shape)
        first = self.ends[1]
        for i, (a, b) in enumerate(self.blocks):
            last = first + (a.stop - a.start) * (b.stop - b.start)
            yield (a, b), matrices[i], slice(first, last)
            first = last


class PairObjective:
    """The loss of a pair model and its slopes, as sums over rows.

    Sums, not means: the objective of two sets of rows is the sum of theirs, wherever they are.
    The penalty belongs to no row and is added once.

    Parameters
    ----------
    rows : TrainingRows
        Their label codes are ranks.
    shape : PairShape
    gain : float
        A row's score is ``gain`` times the mean effect of its pairs.

    Examples
    --------
    >>> from campaignkit.classify.encoding import training_rows
    >>> records = [{"a": "x", "b": "y"}, {"a": "x", "b": "z"}, {"a": "w", "b": "y"}]
    >>> rows = training_rows(records, ["pos", "neg", "avg"])
    >>> shape = PairShape(rows.vocabulary.starts, rank=1)
    >>> parameters = shape.start(np.random.default_rng(0), np.ones(3))
    >>> whole = PairObjective(rows, shape, gain=1.0)(parameters)
    >>> parts = [PairObjective(rows.take(np.array(part)), shape, gain=1.0)(parameters)
    ...          for part in ([0], [1, 2])]
    >>> abs(whole[0] - parts[0][0] - parts[1][0]) < 1e-9
    True
    """

    def __init__(self, rows: TrainingRows, shape: PairShape, *, gain: float) -> None:
        self.shape = shape
        self._nodes, self._offsets = rows.block.nodes, rows.block.offsets
        self._ranks, self._weights = rows.codes, rows.weights
        self._scale = gain / np.maximum(num_pairs(rows.block.sizes), 1)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        """Sum of the rows' losses and float64[size], its slopes; no penalty."""
        from campaignkit.classify.kernels.row_pairs import add_pairs

        shape, n = self.shape, self.shape.num_nodes
        knobs = parameters[shape.ends[3] :]
        scores = self.scores(parameters)
        loss = ordinal_loss(scores, self._ranks, self._weights, cuts_of_knobs(knobs))
        slopes = np.zeros(n * n)
        add_pairs(self._nodes, self._offsets, loss.by_score * self._scale, n, slopes)
        gradient = shape.pull_back(parameters, slopes.reshape(n, n))
        gradient[shape.ends[3] :] = slopes_of_knobs(knobs, loss.by_cuts)
        return loss.value, gradient

    def scores(self, parameters: Floats) -> Floats:
        """float64[rows], the score of each row."""
        effects = self.shape.upper(parameters).ravel()
        return pair_scores(self._nodes, self._offsets, effects, self._scale)

    def penalty(
        self, parameters: Floats, *, table: float, low_rank: float
    ) -> tuple[float, Floats]:
        """Half the weighted squares of tables, and of vectors and matrices; and its slopes."""
        _, matrices, tables, _ = self.shape.ends
        gradient = np.zeros_like(parameters)
        gradient[:matrices] = low_rank * parameters[:matrices]
        gradient[matrices:tables] = table * parameters[matrices:tables]
        return float(gradient @ parameters) / 2, gradient


def num_pairs(sizes: NDArray[np.integer]) -> NDArray[np.int64]:
    """int64[rows], node pairs of rows of these sizes, same-modality pairs included.

    Examples
    --------
    >>> num_pairs(np.array([1, 2, 5])).tolist()
    [0, 1, 10]
    """
    sizes = sizes.astype(np.int64)
    return sizes * (sizes - 1) // 2


def pair_scores(
    nodes: NDArray[np.int32],
    offsets: NDArray[np.int64],
    effects: Floats,
    scale: Floats,
) -> Floats:
    """float64[rows], `scale` times the sum of the effects of each row's pairs.

    Parameters
    ----------
    effects : float64[n * n]
        A square table laid flat; what lies below its diagonal is not read.

    Examples
    --------
    >>> table = np.array([0.0, 5.0, 0.0, 0.0])
    >>> nodes, offsets = np.array([0, 1], np.int32), np.array([0, 2])
    >>> pair_scores(nodes, offsets, table, np.ones(1)).tolist()
    [5.0]
    """
    from campaignkit.classify.kernels.row_pairs import sum_pairs

    sums = np.empty(len(offsets) - 1)
    stride = round(len(effects) ** 0.5)
    sum_pairs(nodes, offsets, np.ascontiguousarray(effects), stride, sums)
    return sums * scale
