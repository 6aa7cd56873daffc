"""What outcomes say of each edge: a ridge over pairs and attributes, with the signs as its prior.

An outcome is taken to be a sum: a level, an effect of each attribute, an effect of each pair the
campaign holds, and noise. An attribute's effect is drawn around 0. A pair's effect is drawn around
the size that signs have in this data, in the direction of its sign; with some probability, learned
from the data, the sign is wrong and the effect lies the other way. Ridge and probabilities are
found in turn: the ridge gives each pair's effect given all others, that gives the probability that
its sign is wrong, and that gives the next ridge's prior.

References
----------
MacKay 1992, "Bayesian Interpolation": variances of ridge priors from the data. Minka 2001,
"Expectation Propagation": taking a prior out of a marginal before another is put in. Papandreou
and Yuille 2010, "Gaussian Sampling by Local Perturbations": draws of a posterior by solving for
perturbed data, which needs no matrix of pairs by pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from campaignkit.pools import one_blas_thread

Floats = NDArray[np.float64]

_STEPS = 14  # of ridge and probabilities in turn; later steps move no verdict to speak of
_DRAWS = 6  # perturbed solutions a step; pooled over thousands of pairs, so few are enough
_DAMPING = 0.5
_FIRST_WRONG = 0.1  # share of wrong signs to begin with; learned from there on
_LEAST_SPREAD = 0.05  # of the size of an effect: no two pairs have quite the same


@dataclass(frozen=True, slots=True)
class RidgeFit:
    """Effects on a standardised outcome.

    Attributes
    ----------
    effect, effect_sd : float64[m]
        Mean and standard deviation of each pair's effect.
    wrong : float64[m]
        Probability that the effect lies against the sign; NaN where the sign is 0.
    size, size_sd : float
        The mean effect of a right sign, and how well the data tell it at the start.
    noise_frac : float
        Share of the outcome's variance that nothing explains.
    wrong_frac : float
        Share of wrong signs that the data suggest.
    """

    effect: Floats
    effect_sd: Floats
    wrong: Floats
    size: float
    size_sd: float
    noise_frac: float
    wrong_frac: float


@dataclass(slots=True)
class _Guess:
    """What is believed so far of effects and variances; updated in place, step by step."""

    size: float
    spread: float  # variance of the effects of right (or wrong) signs around the size
    neutral: float  # variance of the effects of pairs judged neutral
    node: float  # variance of the effects of attributes
    noise: float
    wrong_frac: float


@one_blas_thread()
def fit_signs(
    pairs: Any, nodes: Any, signs: NDArray[np.int8], outcome: Floats, *, rng: Generator
) -> RidgeFit:
    """Fit effects and probabilities.

    Parameters
    ----------
    pairs : scipy.sparse.csr_array, [n, m]
        1 where a campaign holds both attributes of an edge.
    nodes : scipy.sparse.csr_array, [n, N]
        1 where a campaign holds an attribute.
    signs : int8[m]
        Of the edges.
    outcome : float64[n]
        Mean 0, variance 1.
    rng : Generator
        Of the perturbations.
    """
    from scipy import sparse

    signed = signs.astype(np.float64)
    level = np.ones((len(outcome), 1))
    start = sparse.hstack([level, nodes, (pairs @ signed)[:, None]], format="csr")
    guess, size_sd = _first_guess(start, outcome)
    if guess.size <= 2 * size_sd:
        # Outcomes do not follow the signs: nothing can be said of one of them.
        return _nothing_learned(signs, guess, size_sd)
    design = _Design(sparse.hstack([level, nodes, pairs], format="csr"))
    first = 1 + nodes.shape[1]
    reach = design.squares[first:]
    wrong = np.where(signs != 0, guess.wrong_frac, 0.0)
    solution = np.zeros(design.width)
    sd = np.zeros(len(signs))
    for step in range(_STEPS):
        mean, variance = _prior(signed, wrong, guess)
        precision = np.concatenate(
            [[1e-9], np.full(first - 1, guess.noise / guess.node), guess.noise / variance]
        )
        target = design.back(outcome)
        target[first:] += precision[first:] * mean
        solution = design.solve(target, precision, start=solution)
        draws = _draws(design, precision, guess.noise, rng)
        left_out = _without_prior(
            solution[first:], draws[:, first:], reach / guess.noise, (mean, variance)
        )
        found = _probability_wrong(signed, left_out, guess)
        wrong = found if step == 0 else _DAMPING * wrong + (1 - _DAMPING) * found
        sd = np.sqrt(left_out[2])
        _learn_pairs(guess, signed, wrong, left_out, effect=solution[first:])
        nodes = solution[1:first] ** 2 + np.mean(draws[:, 1:first] ** 2, axis=0)
        guess.node = max(float(np.mean(nodes)), 1e-9)
        rest = outcome - design.forth(solution)
        spare = np.mean([np.sum(design.forth(draw) ** 2) for draw in draws])
        guess.noise = float((rest @ rest + spare) / len(outcome))
    return RidgeFit(
        effect=solution[first:],
        effect_sd=sd,
        wrong=np.where(signs != 0, wrong, np.nan),
        size=guess.size,
        size_sd=size_sd,
        noise_frac=min(guess.noise, 1.0),
        wrong_frac=guess.wrong_frac,
    )


class _Design:
    """A sparse matrix and its transpose, and the ridge solution by conjugate gradients."""

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix
        self._turned = matrix.T.tocsr()
        self.width = matrix.shape[1]
        self.height = matrix.shape[0]
        self.squares: Floats = np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel()

    def forth(self, solution: Floats) -> Floats:
        out: Floats = self._matrix @ solution
        return out

    def back(self, outcome: Floats) -> Floats:
        out: Floats = self._turned @ outcome
        return out

    def solve(
        self, target: Floats, precision: Floats, *, start: Floats | None = None,
        tolerance: float = 1e-5,
    ) -> Floats:  # fmt: skip
        """The solution of ``(X'X + precision) b = target``; the diagonal is the preconditioner."""
        scale = 1 / (self.squares + precision)
        solution = np.zeros(self.width) if start is None else start.copy()
        rest = target - (self.back(self.forth(solution)) + precision * solution)
        aim = scale * rest
        along = rest @ aim
        enough = tolerance**2 * float(target @ (scale * target))
        direction = aim
        for _ in range(400):
            if along <= enough:
                break
            image = self.back(self.forth(direction)) + precision * direction
            step = along / (direction @ image)
            solution += step * direction
            rest -= step * image
            aim = scale * rest
            before, along = along, rest @ aim
            direction = aim + (along / before) * direction
        return solution


def _first_guess(start: Any, outcome: Floats) -> tuple[_Guess, float]:
    """Level, attributes and the net balance of signs alone: the size of a sign's effect."""
    design = _Design(start)
    precision = np.full(design.width, 1e-3)
    fitted = design.solve(design.back(outcome), precision, tolerance=1e-8)
    rest = outcome - design.forth(fitted)
    noise = float(rest @ rest) / max(design.height - design.width, 1)
    unit = np.zeros(design.width)
    unit[-1] = 1.0
    size_sd = float(np.sqrt(noise * design.solve(unit, precision, tolerance=1e-8)[-1]))
    size = float(fitted[-1]) / (1 - 2 * _FIRST_WRONG)
    spread = (0.3 * size) ** 2 + 1e-12
    node = float(np.var(fitted[1:-1])) + 1e-9
    guess = _Guess(size, spread, 0.3 * spread, node, 0.7 * noise + 1e-9, _FIRST_WRONG)
    return guess, size_sd / (1 - 2 * _FIRST_WRONG)


def _nothing_learned(signs: NDArray[np.int8], guess: _Guess, size_sd: float) -> RidgeFit:
    unknown = np.full(len(signs), np.nan)
    return RidgeFit(unknown, unknown, unknown, guess.size, size_sd, 1.0, float("nan"))


def _prior(signed: Floats, wrong: Floats, guess: _Guess) -> tuple[Floats, Floats]:
    """Mean and variance of each effect, its sign wrong with the probability believed so far."""
    mean = (1 - 2 * wrong) * guess.size * signed
    mixed = guess.spread + 4 * wrong * (1 - wrong) * guess.size**2
    return mean, np.where(signed != 0, mixed, guess.neutral)


def _draws(design: _Design, precision: Floats, noise: float, rng: Generator) -> Floats:
    """float64[_DRAWS, width]: how far draws of the posterior lie from its mean."""
    sd = np.sqrt(noise)
    drawn = []
    for _ in range(_DRAWS):
        target = design.back(rng.normal(size=design.height) * sd)
        target[1:] += np.sqrt(precision[1:]) * rng.normal(size=design.width - 1) * sd
        drawn.append(design.solve(target, precision, tolerance=1e-3))
    return np.array(drawn)


def _without_prior(
    effect: Floats, draws: Floats, information: Floats, prior: tuple[Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """What the data alone say of each effect: mean, variance; and the variance with the prior.

    A pair's information is its count over the noise, times a share that the uncertainty of all
    other effects leaves; the share is the same for all pairs, and found from the draws.
    """
    from scipy.optimize import brentq

    mean, variance = prior
    seen = float(np.mean(draws**2, axis=0).sum())

    def surplus(log_share: float) -> float:
        return seen - float((1 / (1 / variance + np.exp(log_share) * information)).sum())

    low, high = -12.0, 4.0
    share = 1.0
    if surplus(low) < 0 < surplus(high):
        share = float(np.exp(brentq(surplus, low, high)))
    given = 1 / np.maximum(share * information, 1e-12)
    with_prior = 1 / (1 / variance + 1 / given)
    alone = given * (effect / with_prior - mean / variance)
    return alone, given, with_prior


def _probability_wrong(
    signed: Floats, left_out: tuple[Floats, Floats, Floats], guess: _Guess
) -> Floats:
    alone, given, _ = left_out
    odds = np.log((1 - guess.wrong_frac) / guess.wrong_frac)
    odds = odds + 2 * guess.size * signed * alone / (given + guess.spread)
    return np.where(signed != 0, 1 / (1 + np.exp(np.clip(odds, -40, 40))), 0.0)


def _learn_pairs(
    guess: _Guess, signed: Floats, wrong: Floats, left_out: tuple[Floats, Floats, Floats], *,
    effect: Floats,
) -> None:  # fmt: skip
    """Sizes and variances from the effects as they are believed to be."""
    alone, given, with_prior = left_out
    edges = np.flatnonzero(signed)
    towards = alone[edges] * signed[edges]  # in the direction of the sign
    variance = 1 / (1 / given[edges] + 1 / guess.spread)
    right = variance * (towards / given[edges] + guess.size / guess.spread)
    turned = variance * (-towards / given[edges] + guess.size / guess.spread)
    share = wrong[edges]
    size = float(np.mean((1 - share) * right + share * turned))
    square = (1 - share) * (right - size) ** 2 + share * (turned - size) ** 2 + variance
    guess.size = max(size, 1e-9)
    guess.spread = max(float(np.mean(square)), (_LEAST_SPREAD * guess.size) ** 2)
    guess.wrong_frac = float(np.clip(np.mean(share), 0.002, 0.45))
    neutral = np.flatnonzero(signed == 0)
    if len(neutral):
        around = effect[neutral] ** 2 + with_prior[neutral]
        guess.neutral = max(float(np.mean(around)), 1e-9)
