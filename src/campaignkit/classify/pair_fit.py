"""Fitting the pair model: one penalised fit, the choice of penalties, the calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import TrainingRows
from campaignkit.classify.ordinal import (
    cuts_of_knobs,
    knobs_of_cuts,
    ordinal_loss,
    ordinal_probabilities,
    slopes_of_knobs,
)
from campaignkit.classify.pair_tally import PairObjective, PairShape
from campaignkit.metrics import log_loss
from campaignkit.pools import one_blas_thread
from campaignkit.progress import Steps

Floats = NDArray[np.float64]

# Of tables and of the low rank, from the stiffest on. Taken from a wider grid, tried on simulated
# worlds of 1,000 to 42,000 rows whose graphs were .6 and .9 low rank.
PENALTIES = ((10.0, 10.0), (3.0, 10.0), (1.0, 5.0), (0.3, 2.0))
# Tried where the first of these is the best, as for outcomes that are half noise: a model that is
# too sure picks its own errors where a search looks for the best campaign.
STIFFER = ((30.0, 100.0), (60.0, 200.0), (200.0, 600.0))
_PATIENCE = 2  # penalties in a row that do worse than the best, after which looser ones are left
_STIFFNESS = 1.0  # of the calibration's log scale: worth a few rows, nothing beside thousands
_MAX_LOG_SCALE = 8.0
_MAX_SCALE = 2.5  # a penalty whose shrinkage the calibration undoes fits another model to all rows
_MEMORY = 10  # steps that L-BFGS remembers


@dataclass(frozen=True, eq=False)
class Calibration:
    """What turns raw scores into calibrated ones: ``scale * score`` against the cuts.

    Examples
    --------
    >>> Calibration(1.0, np.array([-1.0, 1.0])).probabilities(np.zeros(1)).round(3).tolist()
    [[0.269, 0.462, 0.269]]
    """

    scale: float
    cuts: Floats

    def probabilities(self, scores: Floats) -> Floats:
        """float64[rows, ranks] of raw scores."""
        return ordinal_probabilities(self.scale * scores, self.cuts)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A pair of penalties and what it gave on the rows held out.

    Attributes
    ----------
    penalty : (float, float)
        On the pair table, and on the vectors and matrices.
    log_loss : float
        On the rows held out, after calibration.
    shape : PairShape
    calibration : Calibration

    Examples
    --------
    >>> shape = PairShape(np.array([0, 2]), rank=1)
    >>> Candidate((1.0, 5.0), 0.3, shape, Calibration(1.0, np.zeros(2))).uses_prior
    False
    """

    penalty: tuple[float, float]
    log_loss: float
    shape: PairShape
    calibration: Calibration

    @property
    def is_too_stiff(self) -> bool:
        """Whether the calibration has to undo what the penalty did."""
        return self.penalty in STIFFER and self.calibration.scale > _MAX_SCALE

    @property
    def uses_prior(self) -> bool:
        """Whether the prior graph is part of the model."""
        return self.shape.prior is not None


def fit_pairs(
    objective: PairObjective,
    start: Floats,
    penalty: tuple[float, float],
    *,
    max_iterations: int,
) -> Floats:
    """Parameters near the least penalised loss, by L-BFGS over all rows at once.

    Examples
    --------
    >>> from campaignkit.classify.encoding import training_rows
    >>> records = [{"a": "x", "b": "y"}, {"a": "x", "b": "z"}, {"a": "w", "b": "y"}]
    >>> rows = training_rows(records, ["pos", "neg", "avg"])
    >>> shape = PairShape(rows.vocabulary.starts, rank=1)
    >>> objective = PairObjective(rows, shape, gain=1.0)
    >>> start = shape.start(np.random.default_rng(0), np.ones(3))
    >>> fitted = fit_pairs(objective, start, (1.0, 1.0), max_iterations=20)
    >>> objective(fitted)[0] < objective(start)[0]
    True
    """
    from scipy.optimize import minimize

    def penalised(parameters: Floats) -> tuple[float, Floats]:
        value, slope = objective(parameters)
        more, extra = objective.penalty(parameters, table=penalty[0], low_rank=penalty[1])
        return value + more, slope + extra

    options = {"maxiter": max_iterations, "maxcor": _MEMORY, "maxfun": 4 * max_iterations}
    with one_blas_thread():
        best = minimize(penalised, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(best.x, np.float64)


def calibrate(scores: Floats, rows: TrainingRows, cuts: Floats) -> Calibration:
    """The scale and cuts of least log-loss on rows that were not trained on.

    Examples
    --------
    >>> from campaignkit.classify.encoding import training_rows
    >>> rows = training_rows([{"a": "x"}] * 6, [0, 1, 1, 1, 1, 2])
    >>> scores = np.array([-9.0, 1.0, -8.0, 0.0, 8.0, 7.0])
    >>> calibrate(scores, rows, np.array([-1.0, 1.0])).scale < 1  # too sure by far
    True
    """
    from scipy.optimize import minimize

    def loss(knobs: Floats) -> tuple[float, Floats]:
        scale = np.exp(np.clip(knobs[0], -_MAX_LOG_SCALE, _MAX_LOG_SCALE))
        told = ordinal_loss(scale * scores, rows.codes, rows.weights, cuts_of_knobs(knobs[1:]))
        # Few rows may be told apart without a fault; nothing but this would bound the scale then.
        by_scale = (told.by_score @ scores) * scale + 2 * _STIFFNESS * knobs[0]
        slopes = np.append(by_scale, slopes_of_knobs(knobs[1:], told.by_cuts))
        return told.value + _STIFFNESS * knobs[0] ** 2, slopes

    start = np.append(0.0, knobs_of_cuts(cuts))
    with one_blas_thread():
        best = minimize(loss, start, jac=True, method="L-BFGS-B").x
    scale = float(np.exp(np.clip(best[0], -_MAX_LOG_SCALE, _MAX_LOG_SCALE)))
    return Calibration(scale, cuts_of_knobs(best[1:]))


def try_penalties(
    train: TrainingRows,
    held: TrainingRows,
    shape: PairShape,
    start: Floats,
    *,
    gain: float,
    penalties: tuple[tuple[float, float], ...],
    max_iterations: int,
) -> list[Candidate]:
    """Fit with pairs of penalties in turn, until looser ones do worse on the rows held out."""
    learned, judged = (PairObjective(rows, shape, gain=gain) for rows in (train, held))
    tried: list[Candidate] = []
    steps = Steps(None, "choosing penalties", len(penalties))
    for penalty in penalties:
        parameters = fit_pairs(learned, start, penalty, max_iterations=max_iterations)
        scores = judged.scores(parameters)
        calibration = calibrate(scores, held, shape.cuts(parameters))
        loss = log_loss(held.codes, calibration.probabilities(scores), held.weights)
        tried.append(Candidate(penalty, loss, shape, calibration))
        steps.step()
        if len(tried) - 1 - int(np.argmin([c.log_loss for c in tried])) == _PATIENCE:
            break
    steps.finish()
    return tried
