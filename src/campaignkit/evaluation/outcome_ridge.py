"""What outcomes say of each edge: a ridge over pairs and attributes, with the signs as its prior.

An outcome is taken to be a sum: a level, an effect of each attribute, an effect of each pair the
campaign contains, and noise. An attribute's effect is drawn around 0. A pair's effect is drawn
around the size that signs have in this data, in the direction of its sign; with some probability,
learned from the data, the sign is wrong and the effect lies the other way. Ridge and probabilities
are found in turn: the ridge gives each pair's effect given all others, that gives the probability
that its sign is wrong, and that gives the next ridge's prior.

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
from campaignkit.progress import Steps

Floats = NDArray[np.float64]

STEPS = 14  # of ridge and probabilities in turn; later steps move no verdict to speak of
_DRAWS = 6  # perturbed solutions a step; pooled over thousands of pairs, so few are enough
_DAMPING = 0.5
_FIRST_WRONG = 0.1  # share of wrong signs to begin with; learned from there on
_EXACT = 1_200  # coefficients up to which variances are found exactly
_LEAST_PAIRS = 1e-3  # of the outcome's variance that pairs are taken to explain, at least
_LEAST_SPREAD = 0.05  # of the size of an effect: no two pairs have quite the same


@dataclass(frozen=True, eq=False)
class SignEffects:
    """What outcomes say of signs, in the outcome's own units.

    Attributes
    ----------
    effect, effect_sd : float64[m]
        Mean and standard deviation of each pair's effect.
    wrong_probability : float64[m]
        That the effect lies against the sign; NaN where the sign is 0.
    size, size_sd : float
        The mean effect of a right sign, and how well the data tell it at the start.
    explained_frac : float
        Share of the outcome's variance that attributes and pairs explain.
    wrong_frac : float
        Share of wrong signs that the data suggest; NaN without information.
    """

    effect: Floats
    effect_sd: Floats
    wrong_probability: Floats
    size: float
    size_sd: float
    explained_frac: float
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

    def prior(self, signed: Floats, wrong: Floats) -> tuple[Floats, Floats]:
        """Mean and variance of each effect, its sign wrong as probably as believed so far."""
        mean = (1 - 2 * wrong) * self.size * signed
        mixed = self.spread + 4 * wrong * (1 - wrong) * self.size**2
        return mean, np.where(signed != 0, mixed, self.neutral)

    def probability_wrong(self, signed: Floats, alone: Floats, given: Floats) -> Floats:
        """Of each sign, by the effect that the data alone give and its variance; 0 of no sign."""
        odds = np.log((1 - self.wrong_frac) / self.wrong_frac)
        odds = odds + 2 * self.size * signed * alone / (given + self.spread)
        return np.where(signed != 0, 1 / (1 + np.exp(np.clip(odds, -40, 40))), 0.0)

    def learn(self, towards: Floats, given: Floats, share: Floats) -> None:
        """Size and variances of edges, from effects in the direction of the sign."""
        variance = 1 / (1 / given + 1 / self.spread)
        right = variance * (towards / given + self.size / self.spread)
        turned = variance * (-towards / given + self.size / self.spread)
        size = float(np.mean((1 - share) * right + share * turned))
        square = (1 - share) * (right - size) ** 2 + share * (turned - size) ** 2 + variance
        self.size = max(size, 1e-9)
        self.spread = max(float(np.mean(square)), (_LEAST_SPREAD * self.size) ** 2)
        self.wrong_frac = float(np.clip(np.mean(share), 0.002, 0.45))


@one_blas_thread()
def fit_signs(
    pairs: Any, nodes: Any, signs: NDArray[np.int8], outcome: Floats, *, rng: Generator,
    steps: Steps,
) -> SignEffects:  # fmt: skip
    """Fit effects and probabilities.

    Parameters
    ----------
    pairs : scipy.sparse.csr_array, [n, m]
        1 where a campaign contains both attributes of an edge.
    nodes : scipy.sparse.csr_array, [n, N]
        1 where a campaign contains an attribute.
    signs : int8[m]
        Of the edges.
    outcome : float64[n]
        Not all alike.
    rng : Generator
        Of the perturbations.
    steps : Steps
        Hears of each of `STEPS` steps.
    """
    from scipy import sparse

    spread = float(outcome.std())
    outcome = (outcome - outcome.mean()) / spread
    signed, is_edge = signs.astype(np.float64), signs != 0
    level = np.ones((len(outcome), 1))
    start = sparse.hstack([level, nodes, (pairs @ signed)[:, None]], format="csr")
    guess, size_sd = _first_guess(start, outcome)
    if guess.size <= 2 * size_sd:
        # Outcomes do not follow the signs: nothing can be said of one of them.
        unknown = np.full(len(signs), np.nan)
        sizes = spread * guess.size, spread * size_sd
        return SignEffects(unknown, unknown, unknown, *sizes, 0.0, float("nan"))
    design = _Design(sparse.hstack([level, nodes, pairs], format="csr"))
    first = 1 + nodes.shape[1]
    wrong = np.where(is_edge, guess.wrong_frac, 0.0)
    solution = np.zeros(len(design.squares))
    for step in range(STEPS):
        mean, variance = guess.prior(signed, wrong)
        of_nodes = np.full(first - 1, guess.noise / guess.node)
        precision = np.concatenate([[1e-9], of_nodes, guess.noise / variance])
        target = design.turned @ outcome
        target[first:] += precision[first:] * mean
        solution = design.solve(target, precision, start=solution)
        draws = _draws(design, precision, guess.noise, rng)
        effect, known = solution[first:], design.squares[first:] / guess.noise
        given, after = _variances(draws[:, first:], known, variance)
        alone = given * (effect / after - mean / variance)  # what the data alone say
        found = guess.probability_wrong(signed, alone, given)
        wrong = found if step == 0 else _DAMPING * wrong + (1 - _DAMPING) * found
        guess.learn((alone * signed)[is_edge], given[is_edge], wrong[is_edge])
        if not is_edge.all():
            around = effect[~is_edge] ** 2 + after[~is_edge]
            guess.neutral = max(float(np.mean(around)), 1e-9)
        around = solution[1:first] ** 2 + np.mean(draws[:, 1:first] ** 2, axis=0)
        guess.node = max(float(np.mean(around)), 1e-9)
        rest = outcome - design.matrix @ solution
        spare = np.mean([np.sum((design.matrix @ draw) ** 2) for draw in draws])
        guess.noise = float((rest @ rest + spare) / len(outcome))
        steps.step()
    return SignEffects(
        effect=spread * effect,
        effect_sd=spread * np.sqrt(after),
        wrong_probability=np.where(is_edge, wrong, np.nan),
        size=spread * guess.size,
        size_sd=spread * size_sd,
        explained_frac=max(1 - guess.noise, 0.0),
        wrong_frac=guess.wrong_frac,
    )


@dataclass(frozen=True, eq=False)
class PairEffects:
    """What outcomes say of pairs of which no sign is known, in the outcome's own units.

    Attributes
    ----------
    effect, effect_sd : float64[m]
        Each pair's effect, apart from those of its two attributes, drawn towards 0; and its
        standard deviation.
    estimate, estimate_sd : float64[m]
        The same by the data alone: where the true effect is 0, their ratio is a standard normal.
    explained_frac : float
        Share of the outcome's variance that attributes and pairs explain.
    """

    effect: Floats
    effect_sd: Floats
    estimate: Floats
    estimate_sd: Floats
    explained_frac: float


@one_blas_thread()
def fit_pairs(
    pairs: Any, nodes: Any, outcome: Floats, weight: Floats, *, rng: Generator, steps: Steps
) -> PairEffects:
    """Fit the effects of attributes and pairs, each kind with a variance learned from the data.

    Parameters
    ----------
    pairs, nodes, outcome, rng, steps
        As for :func:`fit_signs`.
    weight : float64[n]
        How much each campaign counts: the inverse of its outcome's variance, up to a factor.
    """
    from scipy import sparse

    level = np.ones((len(outcome), 1))
    mean = float(np.average(outcome, weights=weight))
    scale = float(np.sqrt(np.average((outcome - mean) ** 2, weights=weight)))
    root = np.sqrt(weight / weight.mean())
    whole = sparse.hstack([level, nodes, pairs], format="csr")
    design = _Design((sparse.diags_array(root) @ whole).tocsr())
    target = root * (outcome - mean) / scale
    first, noise = 1 + nodes.shape[1], 0.7
    held = pairs.sum() / len(outcome)  # pairs a campaign
    least = _LEAST_PAIRS / max(held, 1)
    node, pair = 0.15 / max(nodes.sum() / len(outcome), 1), 0.15 / max(held, 1)
    is_small = first + pairs.shape[1] <= _EXACT
    solver = _Exact(design, target) if is_small else _Sampled(design, target, rng)
    for _ in range(STEPS):
        prior = np.concatenate([[1e9], np.full(first - 1, node), np.full(pairs.shape[1], pair)])
        found = solver.solve(prior, noise)
        square = found.mean**2 + found.variance
        node, pair = float(square[1:first].mean()), max(float(square[first:].mean()), least)
        rest = target - design.matrix @ found.mean
        noise = float((rest @ rest + found.fitted_variance) / len(outcome))
        steps.step()
    effect, estimate = scale * found.mean[first:], scale * found.estimate[first:]
    effect_sd, estimate_sd = (
        scale * np.sqrt(square[first:]) for square in (found.effect_variance, found.alone)
    )
    return PairEffects(effect, effect_sd, estimate, estimate_sd, max(1 - noise, 0.0))


@dataclass(frozen=True)
class _Posterior:
    """Of all coefficients: of the level, attributes and pairs."""

    mean: Floats
    variance: Floats
    effect_variance: Floats  # what an interval shows
    estimate: Floats  # by the data alone
    alone: Floats  # and its variance
    fitted_variance: float  # of the fitted values, summed


class _Exact:
    """Solves for few coefficients.

    Attributes and pairs may say nearly the same: of one brand and one place a campaign, a brand
    is the sum of its pairs. So the estimate is what is left of a pair's effect beside those of
    its attributes, and its variance is that over other outcomes, not over other priors.
    """

    def __init__(self, design: _Design, target: Floats) -> None:
        self._normal: Floats = (design.turned @ design.matrix).toarray()
        self._target = design.turned @ target

    def solve(self, prior: Floats, noise: float) -> _Posterior:
        """The posterior for these variances."""
        from scipy.linalg import cho_factor, cho_solve

        inverse = cho_solve(cho_factor(self._normal + np.diag(noise / prior)), np.eye(len(prior)))
        mean = inverse @ self._target
        moved = inverse @ self._normal
        alone = np.maximum(noise * np.einsum("ij,ji->i", moved, inverse), 1e-15)
        spare = noise * float(np.trace(moved))
        return _Posterior(mean, noise * np.diag(inverse), alone, mean, alone, spare)


class _Sampled:
    """Solves for many coefficients: the mean by conjugate gradients, variances from draws.

    Each solution begins at the last one: variances move less and less from step to step.
    """

    def __init__(self, design: _Design, target: Floats, rng: Generator) -> None:
        rows, width = design.matrix.shape
        self._design, self._target = design, design.turned @ target
        self._of_rows = [design.turned @ rng.normal(size=rows) for _ in range(_DRAWS)]
        self._of_prior = rng.normal(size=(_DRAWS, width)) * (np.arange(width) > 0)
        self._mean = np.zeros(width)
        self._draws = np.zeros((_DRAWS, width))

    def solve(self, prior: Floats, noise: float) -> _Posterior:
        """The posterior for these variances."""
        precision, sd, solve = noise / prior, np.sqrt(noise), self._design.solve
        self._mean = mean = solve(self._target, precision, start=self._mean)
        for i, begin in enumerate(self._draws):
            perturbed = sd * (self._of_rows[i] + np.sqrt(precision) * self._of_prior[i])
            self._draws[i] = solve(perturbed, precision, start=begin, tolerance=1e-3)
        given, after = _variances(self._draws, self._design.squares / noise, prior)
        matrix = self._design.matrix
        spare = float(np.mean([np.sum((matrix @ draw) ** 2) for draw in self._draws]))
        return _Posterior(mean, after, after, mean * given / after, given, spare)


class _Design:
    """A sparse matrix and its transpose, and the ridge solution by conjugate gradients."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix
        self.turned = matrix.T.tocsr()
        self.squares: Floats = np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel()

    def solve(
        self, target: Floats, precision: Floats, *, start: Floats | None = None,
        tolerance: float = 1e-5,
    ) -> Floats:  # fmt: skip
        """The solution of ``(X'X + precision) b = target``; the diagonal is the preconditioner."""
        from scipy.sparse.linalg import LinearOperator, cg

        scale = 1 / np.sqrt(self.squares + precision)

        def product(scaled: Floats) -> Floats:
            b = scale * scaled
            out: Floats = scale * (self.turned @ (self.matrix @ b) + precision * b)
            return out

        normal = LinearOperator((len(scale), len(scale)), matvec=product, dtype=np.float64)
        begin = None if start is None else start / scale
        solution, _ = cg(normal, scale * target, begin, rtol=tolerance, maxiter=400)
        return np.asarray(scale * solution)


def _first_guess(start: Any, outcome: Floats) -> tuple[_Guess, float]:
    """Level, attributes and the net balance of signs alone: the size of a sign's effect."""
    design = _Design(start)
    height, width = start.shape
    precision = np.full(width, 1e-3)
    fitted = design.solve(design.turned @ outcome, precision, tolerance=1e-8)
    rest = outcome - start @ fitted
    noise = float(rest @ rest) / max(height - width, 1)
    last = np.arange(width) == width - 1
    size_sd = np.sqrt(noise * design.solve(1.0 * last, precision, tolerance=1e-8)[-1])
    size = float(fitted[-1]) / (1 - 2 * _FIRST_WRONG)
    spread = (0.3 * size) ** 2 + 1e-12
    node = float(np.var(fitted[1:-1])) + 1e-9
    guess = _Guess(size, spread, 0.3 * spread, node, 0.7 * noise + 1e-9, _FIRST_WRONG)
    return guess, float(size_sd) / (1 - 2 * _FIRST_WRONG)


def _draws(design: _Design, precision: Floats, noise: float, rng: Generator) -> Floats:
    """float64[_DRAWS, width]: how far draws of the posterior lie from its mean."""
    sd = np.sqrt(noise)
    drawn = []
    for _ in range(_DRAWS):
        target = design.turned @ (rng.normal(size=design.matrix.shape[0]) * sd)
        target[1:] += np.sqrt(precision[1:]) * rng.normal(size=len(precision) - 1) * sd
        drawn.append(design.solve(target, precision, tolerance=1e-3))
    return np.array(drawn)


def _variances(draws: Floats, information: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Variance of each effect by the data alone, and with the prior's variance.

    A pair's information is its count over the noise, times a share that the uncertainty of all
    other effects leaves; the share is the same for all pairs, and found from the draws.
    """
    from scipy.optimize import brentq

    seen = float(np.mean(draws**2, axis=0).sum())

    def surplus(log_share: float) -> float:
        return seen - float((1 / (1 / prior + np.exp(log_share) * information)).sum())

    low, high = -12.0, 4.0
    share = 1.0
    if surplus(low) < 0 < surplus(high):
        share = float(np.exp(brentq(surplus, low, high)))
    given = 1 / np.maximum(share * information, 1e-12)
    return given, 1 / (1 / prior + 1 / given)
