"""The specialised classifier: every pair of attributes has an effect, and the balance decides."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_count
from campaignkit.classify.effect_graph import effect_graph, extended_effects, prior_signs
from campaignkit.classify.encoding import EncodedRows, TrainingRows
from campaignkit.classify.estimator import RecordClassifier
from campaignkit.classify.held_out import hold_out
from campaignkit.classify.labels import known_ranks, ranks_of
from campaignkit.classify.ordinal import ordinal_probabilities
from campaignkit.classify.pair_fit import (
    PENALTIES,
    STIFFER,
    Calibration,
    Candidate,
    fit_pairs,
    try_penalties,
)
from campaignkit.classify.pair_tally import PairObjective, PairShape, num_pairs, pair_scores
from campaignkit.errors import ClassifierError
from campaignkit.graph import SignedGraph
from campaignkit.seeds import checked_seed, stream

Floats = NDArray[np.float64]

MAX_ATTRIBUTES = 4000  # a table of all pairs and what L-BFGS remembers of it: some 1.5 GB
_FREE_RANK = 64  # allowed however few the values are, so that one setting suits parts of the rows
_UNSURE = (1.0, 5.0)  # penalties where there are too few rows to choose by


class GuessedOrder(UserWarning):
    """The signs of a learned graph may be the wrong way round: two labels came without an order.

    Examples
    --------
    >>> issubclass(GuessedOrder, UserWarning)
    True
    """


@dataclass(kw_only=True, eq=False, repr=False)
class PairwiseOrdinalClassifier(RecordClassifier):
    """Learns an effect of every pair of attributes, and where their mean cuts the classes.

    The score of a campaign is the mean over its node pairs of ``M = U W U' + R``: for each pair of
    modalities a low-rank part, which carries over to pairs that never met, and a table of single
    pairs. Two ordered cuts make classes of it (cumulative logits). Penalties are chosen on rows
    held out, by log-loss; then all rows are fitted, and scale and cuts are those that were
    calibrated on the rows held out.

    Parameters
    ----------
    rank : int
        Length of the vectors U; 0 leaves the tables alone.
    order : sequence or None
        The labels from worst to best, as `fit` is given them. Known for neg, avg, pos and the
        published words, and of an ordered categorical column; asked for where there are three or
        more labels of other names. Two need it for the signs of `pair_effects_` only. Wrappers of
        scikit-learn that number the labels hand on numbers: for avg, neg, pos numbered 0, 1, 2 say
        ``order=[1, 0, 2]``.
    penalty : (float, float) or None
        On tables, and on vectors and matrices. None chooses among ``pair_fit.PENALTIES``,
        and tries ``pair_fit.STIFFER`` too where the stiffest of these is the best.
    prior : SignedGraph or None
        Known signs: their edges get a common effect a sign, which is learned, and tables and
        vectors learn what differs from it. Attributes are matched by (modality, value). It is
        left out where a model without it does better on the rows held out.
    held_out : float
        Share of the rows to choose and calibrate on.
    max_iterations : int
        Steps of L-BFGS for each penalty that is tried, and for the last fit.
    seed : int
        Decides the rows held out and the starting vectors.
    separator, allow_unique
        As for :class:`OneHotLogistic`.

    Attributes
    ----------
    classes_ : array
        The labels, sorted; `order_` has them from worst to best.
    effects_ : float64[n, n]
        M, symmetric, in calibrated logits: what an average campaign gains where one of its pairs
        is replaced. In the order of ``vocabulary_.keys``; 0 within a modality.
    cuts_ : float64[classes - 1]
    met_ : bool[n, n]
        Which pairs came in a training row.
    candidates_ : tuple of Candidate
        Penalties that were tried, with the log-loss of each on the rows held out.
    penalty_ : list of float
        Those that were taken.
    is_calibrated_ : bool
        False where the rarest class had fewer than 10 rows: then nothing was held out.
    uses_prior_ : bool
        Whether the prior graph is part of the model.
    is_order_known_ : bool
        False where two labels were taken in sorted order, as it was not known which is the better.

    Notes
    -----
    Unseen values count as the mean of their modality's, with a warning that says how many; a
    modality that training never met counts nothing. The effects are known up to a constant:
    `pair_effects_` measures them from the average pair.

    Examples
    --------
    >>> records = [{"brand": b, "geo": g} for b in ("Nike", "Rolex") for g in ("Peru", "Chile")]
    >>> labels = ["pos", "avg", "avg", "neg"]
    >>> model = PairwiseOrdinalClassifier(rank=2, seed=0).fit(records * 30, labels * 30)
    >>> model.predict(records).tolist()
    ['pos', 'avg', 'avg', 'neg']
    >>> model.pair_effects_.sign(("brand", "Nike"), ("geo", "Peru"))
    1
    """

    rank: int = field(default=8, kw_only=False)
    order: Sequence[Any] | None = None
    penalty: tuple[float, float] | None = None
    prior: SignedGraph | None = None
    held_out: float = 0.15
    max_iterations: int = 125
    seed: int = 0

    effects_: Floats = field(init=False)
    cuts_: Floats = field(init=False)
    order_: NDArray[Any] = field(init=False)
    met_: NDArray[np.bool_] = field(init=False)
    penalty_: list[float] = field(init=False)
    gain_: float = field(init=False)
    is_calibrated_: bool = field(init=False)
    uses_prior_: bool = field(init=False)
    is_order_known_: bool = field(init=False)
    candidates_: tuple[Candidate, ...] = field(default=(), init=False)  # not saved

    def _learn(self, rows: TrainingRows) -> None:
        order = rows.order if self.order is None else self.order
        self.is_order_known_ = known_ranks(rows.classes, order) is not None
        rows = rows.recoded(ranks_of(rows.classes, order))
        n = len(rows.vocabulary)
        if n > MAX_ATTRIBUTES:
            raise ClassifierError(
                f"{n:,} attributes; a table of their pairs has at most {MAX_ATTRIBUTES:,}",
                hint="drop rare values, or use PairLogistic, whose pairs are those that occur",
            )
        if self.rank > max(_FREE_RANK, n):
            raise ClassifierError(
                f"rank is {self.rank:,}; the rows have {n:,} values, so "
                "more dimensions than that carry no information",
                hint="rank=8 is the default",
            )
        prior = None if self.prior is None else prior_signs(self.prior, rows.vocabulary)
        shape = PairShape(rows.vocabulary.starts, self.rank, prior, len(rows.classes) - 1)
        self.gain_ = max(float(np.average(num_pairs(rows.block.sizes), weights=rows.weights)), 1.0)
        self._choose(rows, shape)
        best = min(self.candidates_, key=lambda found: found.log_loss, default=None)
        penalty = self.penalty or _UNSURE
        if best is not None:
            penalty, shape = best.penalty, best.shape
        # As many steps from the same start as on the rows not held out: more would be another,
        # surer model, which that calibration does not fit.
        objective, steps = PairObjective(rows, shape, gain=self.gain_), self.max_iterations
        parameters = fit_pairs(objective, self._start(shape, rows), penalty, max_iterations=steps)
        calibration = best.calibration if best else Calibration(1.0, shape.cuts(parameters))
        self.is_calibrated_, self.uses_prior_ = best is not None, shape.prior is not None
        self.penalty_ = [float(part) for part in penalty]
        self.effects_ = shape.table(parameters) * calibration.scale
        self.cuts_, self.order_ = calibration.cuts, rows.classes
        self.met_ = _met(rows, n)

    def _choose(self, rows: TrainingRows, shape: PairShape) -> None:
        """Try penalties on rows held out, with the prior and without."""
        parts = hold_out(rows, self.held_out, seed=self.seed)
        # A prior has to earn its place: with rows enough, its wrong signs cost more than they
        # help, and the rows held out say so.
        shapes = [shape] if shape.prior is None else [shape, replace(shape, prior=None)]
        self.candidates_ = ()
        if parts is None:
            return
        train, held = (rows.take(part) for part in parts)
        for option in shapes:
            grid: tuple[tuple[float, float], ...] = PENALTIES
            grid = grid if self.penalty is None else (self.penalty,)
            while grid:
                tried = try_penalties(
                    train,
                    held,
                    option,
                    self._start(option, rows),
                    gain=self.gain_,
                    penalties=grid,
                    max_iterations=self.max_iterations,
                )
                best = min(tried, key=lambda found: found.log_loss)
                self.candidates_ += tuple(
                    found for found in tried if self.penalty is not None or not found.is_too_stiff
                )
                grid = STIFFER if best.penalty == PENALTIES[0] and grid is PENALTIES else ()

    def _start(self, shape: PairShape, rows: TrainingRows) -> Floats:
        counts = np.bincount(rows.codes, rows.weights)
        return shape.start(stream(self.seed, "pairwise", "start"), counts)

    @property
    def pair_effects_(self) -> SignedGraph:
        """The learned marketing knowledge: a sign and a strength for each pair of attributes.

        A strength is a pair's effect less that of the average pair, in logits of an average
        campaign; pairs of less than half the root mean square are neutral. Pairs that came in a
        training row are "learned", others "predicted" (by the low-rank part). Warns with
        `GuessedOrder` where it was not known which of two labels is the better.
        """
        return self.effect_graph()

    def effect_graph(
        self, *, pos_frac: float | None = None, neg_frac: float | None = None
    ) -> SignedGraph:
        """`pair_effects_` with as many + and - edges as asked.

        Parameters
        ----------
        pos_frac, neg_frac : float, optional
            Shares of all pairs of attributes of different modalities. Without them, by strength.

        Raises
        ------
        ClassifierError
            If a share is out of range, or only one is given.
        """
        self._fitted_classes()
        if not self.is_order_known_:
            worst, best = self.order_.tolist()
            warnings.warn(
                f"it is not known which of {worst!r} and {best!r} is better: + is taken for "
                f"{best!r}, the last in sorted order; pass order=[{worst!r}, {best!r}] if that is "
                "right, or the reverse",
                GuessedOrder,
                stacklevel=2,
            )
        return effect_graph(
            self.effects_, self.vocabulary_, self.met_, pos_frac=pos_frac, neg_frac=neg_frac
        )

    def latent_score(self, X: Any) -> Floats:
        """float64[rows], the score that the cuts divide: more is better."""
        return self._scores(self._encoded(X))

    def _probabilities(self, rows: EncodedRows) -> Floats:
        ranks = ordinal_probabilities(self._scores(rows), self.cuts_)
        return ranks[:, np.argsort(self.order_)]

    def _scores(self, rows: EncodedRows) -> Floats:
        scale = self.gain_ / np.maximum(num_pairs(np.diff(rows.offsets)), 1)
        effects = extended_effects(self.effects_, self.vocabulary_)
        return pair_scores(rows.nodes, rows.offsets, effects.ravel(), scale)

    def _check_parameters(self) -> None:
        checked_seed(self.seed)
        checked_count(self.rank, "rank", least=0, error=ClassifierError)
        checked_count(self.max_iterations, "max_iterations", error=ClassifierError)
        if self.prior is not None and not isinstance(self.prior, SignedGraph):
            raise ClassifierError(f"prior is a {type(self.prior).__name__}; expected a graph")
        try:
            table, low_rank = (float(part) for part in self.penalty or _UNSURE)
        except (TypeError, ValueError):
            table = low_rank = -1.0
        if not (0 < table < np.inf and 0 < low_rank < np.inf):
            raise ClassifierError(
                f"penalty is {self.penalty!r}; expected two positive numbers or None",
                hint="penalty=(3.0, 10.0): on the tables, and on vectors and matrices",
            )

    def _plain_parameters(self) -> dict[str, Any]:
        # The prior has done its work: the effects hold it.
        order = None if self.order is None else np.asarray(self.order).tolist()
        return {**self.get_params(), "prior": None, "order": order}

    @classmethod
    def _read_parameters(cls, written: Mapping[str, Any]) -> dict[str, Any]:
        told = super()._read_parameters(written)
        if told.get("penalty") is not None:
            told["penalty"] = tuple(told["penalty"])
        return told


def _met(rows: TrainingRows, n: int) -> NDArray[np.bool_]:
    from campaignkit.classify.kernels.row_pairs import add_pairs

    counts = np.zeros(n * n)
    add_pairs(rows.block.nodes, rows.block.offsets, np.ones(len(rows)), n, counts)
    met: NDArray[np.bool_] = counts.reshape(n, n) > 0
    return met | met.T
