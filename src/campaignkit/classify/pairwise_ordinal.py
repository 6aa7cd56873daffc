"""The specialised classifier: every pair of attributes has an effect, and the balance decides."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.effect_graph import effect_graph, extended_effects, prior_signs
from campaignkit.classify.encoding import EncodedRows, TrainingRows, training_rows
from campaignkit.classify.estimator import CampaignEstimator
from campaignkit.classify.held_out import hold_out
from campaignkit.classify.ordinal import ordinal_probabilities
from campaignkit.classify.pair_fit import (
    PENALTIES,
    Calibration,
    Candidate,
    choose_penalty,
    fit_pairs,
)
from campaignkit.classify.pair_tally import PairObjective, PairShape, num_pairs, pair_scores
from campaignkit.errors import ClassifierError
from campaignkit.graph import SignedGraph
from campaignkit.seeds import checked_seed, stream

Floats = NDArray[np.float64]

MAX_ATTRIBUTES = 4000  # a table of all pairs and what L-BFGS remembers of it: some 1.5 GB
_FREE_RANK = 64  # allowed however few the values are, so that one setting suits parts of the rows
_UNSURE = (1.0, 5.0)  # penalties where there are too few rows to choose by


class PairwiseOrdinalClassifier(CampaignEstimator):
    """Learns an effect of every pair of attributes, and where their mean cuts the three classes.

    The score of a campaign is the mean over its node pairs of ``M = U W U' + R``: for each pair of
    modalities a low-rank part, which carries over to pairs that never met, and a table of single
    pairs. Two ordered cuts make classes of it (cumulative logits). Penalties are chosen on rows
    held out, by log-loss; then all rows are fitted, and scale and cuts are those that were
    calibrated on the rows held out.

    Parameters
    ----------
    rank : int
        Length of the vectors U; 0 leaves the tables alone.
    penalty : (float, float) or None
        On tables, and on vectors and matrices. None chooses among ``pair_fit.PENALTIES``.
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

    Attributes
    ----------
    classes_ : str[3]
        neg, avg, pos.
    effects_ : float64[n, n]
        M, symmetric, in calibrated logits: what an average campaign gains where one of its pairs
        is replaced. In the order of ``vocabulary_.keys``; 0 within a modality.
    cuts_ : float64[2]
    met_ : bool[n, n]
        Which pairs came in a training row.
    candidates_ : list of Candidate
        Penalties that were tried, with the log-loss of each on the rows held out.
    penalty_ : list of float
        Those that were taken.
    is_calibrated_ : bool
        False where the rarest class had fewer than 10 rows: then nothing was held out.
    uses_prior_ : bool
        Whether the prior graph is part of the model.

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

    _SAVED = ("effects_", "cuts_", "met_", "penalty_", "gain_", "is_calibrated_", "uses_prior_")

    effects_: Floats
    cuts_: Floats
    met_: NDArray[np.bool_]
    penalty_: list[float]
    candidates_: list[Candidate]
    gain_: float
    is_calibrated_: bool
    uses_prior_: bool

    def __init__(
        self,
        rank: int = 8,
        *,
        penalty: tuple[float, float] | None = None,
        prior: SignedGraph | None = None,
        held_out: float = 0.15,
        max_iterations: int = 125,
        seed: int = 0,
    ) -> None:
        self.rank = rank
        self.penalty = penalty
        self.prior = prior
        self.held_out = held_out
        self.max_iterations = max_iterations
        self.seed = seed

    def fit(self, records: Any, labels: Any = None, *, sample_weight: Any = None) -> Self:
        """Learn from labelled records.

        Parameters
        ----------
        records : CampaignDataset, data frame, or list of {modality: [values]}
        labels : sequence
            A `CampaignDataset` brings its own where none are given.
        sample_weight : float[rows], optional

        Raises
        ------
        ClassifierError
            If rows, labels, weights or a parameter cannot be used; before anything is fitted.
        DatasetError
            If records cannot be read.
        """
        self._check_parameters()
        rows = training_rows(records, labels, sample_weight=sample_weight)
        if len(rows.vocabulary) > MAX_ATTRIBUTES:
            raise ClassifierError(
                f"{len(rows.vocabulary):,} attributes; a table of their pairs holds at most "
                f"{MAX_ATTRIBUTES:,}",
                hint="drop rare values, or use PairLogistic, whose pairs are those that occur",
            )
        prior = None if self.prior is None else prior_signs(self.prior, rows.vocabulary)
        if self.rank > max(_FREE_RANK, len(rows.vocabulary)):
            raise ClassifierError(
                f"rank is {self.rank:,}; the rows hold {len(rows.vocabulary):,} values, of which "
                "no more dimensions than that can say anything",
                hint="rank=8 is the default",
            )
        shape = PairShape.of(rows.vocabulary, rank=self.rank, prior=prior)
        gain = max(float(num_pairs(rows.block.sizes).mean()), 1.0)
        parameters, shape, calibration = self._fitted(rows, shape, gain)
        self.uses_prior_ = shape.prior is not None
        effects = shape.table(parameters) * calibration.scale
        self.effects_, self.gain_ = effects, gain
        self.cuts_ = np.array([calibration.low, calibration.high])
        self.met_ = _met(rows, shape)
        self.__dict__.pop("_extended", None)
        self._learned(rows.vocabulary)
        return self

    @property
    def pair_effects_(self) -> SignedGraph:
        """The learned marketing knowledge: a sign and a strength for each pair of attributes.

        A strength is a pair's effect less that of the average pair, in logits of an average
        campaign; pairs of less than half the root mean square are neutral. Pairs that came in a
        training row are "learned", others "predicted" (by the low-rank part).
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
        self._classes()
        return effect_graph(
            self.effects_, self.vocabulary_, self.met_, pos_frac=pos_frac, neg_frac=neg_frac
        )

    def decision_function(self, records: Any) -> Floats:
        """float64[rows], the score that the cuts divide: more is better."""
        return self._scores(self._encoded(records))

    def _probabilities(self, rows: EncodedRows) -> Floats:
        low, high = self.cuts_.tolist()
        return ordinal_probabilities(self._scores(rows), low=low, high=high)

    def _scores(self, rows: EncodedRows) -> Floats:
        scale = self.gain_ / np.maximum(num_pairs(np.diff(rows.offsets)), 1)
        return pair_scores(rows.nodes, rows.offsets, self._extended.ravel(), scale)

    @cached_property
    def _extended(self) -> Floats:
        return extended_effects(self.effects_, self.vocabulary_)

    def _fitted(
        self, rows: TrainingRows, shape: PairShape, gain: float
    ) -> tuple[Floats, PairShape, Calibration]:
        """Parameters fitted to all rows, their shape, and the calibration that was held out."""
        steps = self.max_iterations
        penalties = PENALTIES if self.penalty is None else (self.penalty,)
        parts = hold_out(rows, self.held_out, seed=self.seed)
        self.is_calibrated_ = parts is not None
        self.candidates_ = []
        penalty = self.penalty or _UNSURE
        calibration: Calibration | None = None
        if parts is not None:
            # A prior has to earn its place: with rows enough, its wrong signs cost more than they
            # help, and the rows held out say so.
            shapes = [shape] if shape.prior is None else [shape, shape.without_prior()]
            choices = [
                choose_penalty(
                    *parts,
                    option,
                    self._start(option, rows),
                    gain=gain,
                    penalties=penalties,
                    max_iterations=steps,
                )
                for option in shapes
            ]
            self.candidates_ = [c for choice in choices for c in choice.candidates]
            best = min(choices, key=lambda choice: choice.log_loss)
            shape, penalty, calibration = best.shape, best.penalty, best.calibration
        self.penalty_ = [float(part) for part in penalty]
        # As many steps from the same start as on the rows not held out: more would be another,
        # surer model, which that calibration does not fit.
        parameters = fit_pairs(
            PairObjective(rows, shape, gain=gain),
            self._start(shape, rows),
            penalty,
            max_iterations=steps,
        )
        return parameters, shape, calibration or Calibration(1.0, *shape.cuts(parameters))

    def _start(self, shape: PairShape, rows: TrainingRows) -> Floats:
        return shape.start(stream(self.seed, "pairwise", "start"), rows.class_counts)

    def _check_parameters(self) -> None:
        checked_seed(self.seed)
        for name, least in (("rank", 0), ("max_iterations", 1)):
            value = getattr(self, name)
            is_int = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if not is_int or value < least:
                raise ClassifierError(f"{name} is {value!r}; expected an integer from {least} on")
        if self.prior is not None and not isinstance(self.prior, SignedGraph):
            raise ClassifierError(f"prior is a {type(self.prior).__name__}; expected a graph")
        if self.penalty is None:
            return
        try:
            table, low_rank = (float(part) for part in self.penalty)
        except (TypeError, ValueError):
            table = low_rank = -1.0
        if not (0 < table < np.inf and 0 < low_rank < np.inf):
            raise ClassifierError(
                f"penalty is {self.penalty!r}; expected two positive numbers or None",
                hint="penalty=(3.0, 10.0): on the tables, and on vectors and matrices",
            )

    def _plain_parameters(self) -> dict[str, Any]:
        told = self.get_params()
        # The prior has done its work: the effects hold it.
        told["prior"] = None
        return told

    @classmethod
    def _read_parameters(cls, written: Any) -> dict[str, Any]:
        told = super()._read_parameters(written)
        if told.get("penalty") is not None:
            told["penalty"] = tuple(told["penalty"])
        return told


def _met(rows: TrainingRows, shape: PairShape) -> NDArray[np.bool_]:
    from campaignkit.classify.kernels.row_pairs import add_pairs

    n = shape.num_nodes
    counts = np.zeros(n * n)
    add_pairs(rows.block.nodes, rows.block.offsets, np.ones(len(rows)), n, counts)
    met: NDArray[np.bool_] = counts.reshape(n, n) > 0
    return met | met.T
