"""What judged pairs say of others: an additive Bayesian ordinal probit over pairs of cards."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.edges.methods.active.cards import read_cards
from campaignkit.edges.methods.active.columns import card_columns, like_fields
from campaignkit.edges.pairs import PairTable
from campaignkit.pools import one_blas_thread
from campaignkit.seeds import stream

Float = NDArray[np.float32]
Double = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CURVATURE = np.float32(0.7)  # of the quadratic that bounds minus the log-likelihood of a sign
_GROSS = 0.0125  # share of answers that are any sign, whatever the score
_SWEEPS, _MORE_SWEEPS = 48, 14  # at first, and after each new round, from where the last one ended
_STEPS = 8  # of conjugate gradients in a sweep
_SETTLED = 8  # sweeps before variances are learnt, and again before factors are looked for
_MOST_FACTORS, _MARGIN = 12, 1.02  # an eigenvalue this much above those of noise is a factor
_FEWEST_SETTLED = 3.0  # weights of a group: fewer cannot tell their variance
_LEAST, _MOST = 1e-5, 4.0  # variances


class OrdinalProbit:
    """Learns from judged pairs how likely each sign is for every pair.

    A pair has a score, and two cuts on its scale part -, 0 and +. The score is a sum. Comparisons
    of like with like have a weight for all pairs, and one for each two modalities; so have the
    products of any two columns of the cards. Each attribute has its own reaction to the other's
    card, its bias among that. Products of hidden factors stand for what no card shows. All have
    normal priors whose variances are learnt group by group (automatic relevance determination):
    what the answers do not support shrinks to nothing. There are as many factors as the residuals
    have eigenvalues above those of noise (spectral initialisation).

    Parameters
    ----------
    catalogue : Catalogue
        With traits.
    vectors : float32[n, d], optional
        Unit vectors of the attributes' descriptions.
    seed : int

    References
    ----------
    Albert and Chib 1993, Bayesian analysis of binary and polychotomous response data.
    MacKay 1992, Bayesian interpolation. Papandreou and Yuille 2010, Gaussian sampling by local
    perturbations.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> from campaignkit.edges.methods.active.rounds import likeliest
    >>> tiers = ["budget", "luxury"] * 6
    >>> learner = OrdinalProbit(
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
        order = np.argsort(table.codes, kind="stable")
        ends = np.cumsum([0, *np.bincount(table.codes)]).tolist()
        self._sides = [slice(*side) for side in pairwise(ends)]
        self._blocks = list(combinations(self._sides, 2))
        self._pairs = [table.indices(order[a][:, None], order[b]) for a, b in self._blocks]
        cards = read_cards(catalogue)
        columns, group = card_columns(cards, vectors, len(order))
        fields = like_fields(cards, vectors, [(order[a], order[b]) for a, b in self._blocks])
        self._design = _Design(columns[order], group, fields, self._blocks)
        self._weights = np.zeros(len(self._design.group), dtype=np.float32)
        self._variances = self._design.first_variances
        self._factors = _Factors(len(order))
        self._unfit = np.zeros_like(self._weights)
        self._cuts = np.zeros(0)
        self._seed = seed

    @one_blas_thread()
    def probabilities(self, signs: NDArray[np.int8], known: Mask) -> Float:
        """float32[P, 3]: the probabilities of -, 0 and + for every pair.

        Parameters
        ----------
        signs : int8[P]
            What was judged; used where known.
        known : bool[P]
            The pairs to learn from.
        """
        from scipy.special import ndtr

        scores = self._fitted(signs, known)
        found = np.empty((len(signs), 3), dtype=np.float32)
        for pairs, score in zip(self._pairs, scores, strict=True):
            below, above = (ndtr(cut - score) for cut in self._cuts.astype(np.float32))
            found[pairs] = np.stack([below, above - below, 1 - above], axis=-1)
        return (1 - _GROSS) * found + np.float32(_GROSS / 3)

    def _fitted(self, signs: NDArray[np.int8], known: Mask) -> list[Float]:
        """float32[a, b] of each block: the scores of all its pairs."""
        masks = [known[pairs].astype(np.float32) for pairs in self._pairs]
        rows = [np.nonzero(mask) for mask in masks]
        seen = np.concatenate(
            [signs[pairs][row] for pairs, row in zip(self._pairs, rows, strict=True)]
        )
        stops = np.cumsum([len(row[0]) for row in rows])[:-1]
        num_sweeps = _MORE_SWEEPS if len(self._cuts) else _SWEEPS
        if not len(self._cuts):
            self._cuts = _first_cuts(seen)
        rng = stream(self._seed, "active", "probit", len(seen))
        size = self._design.sizes(masks)
        linear = self._design.scores(self._weights)
        hidden = self._factors.scores(self._blocks)
        for sweep in range(num_sweeps):
            score = np.concatenate(
                [(a + b)[row] for a, b, row in zip(linear, hidden, rows, strict=True)]
            )
            pull, self._cuts = _pull(score.astype(np.float64), seen, self._cuts)
            target = [np.zeros_like(mask) for mask in masks]
            aims = np.split((score + pull / float(_CURVATURE)).astype(np.float32), stops)
            for held, row, aim in zip(target, rows, aims, strict=True):
                held[row] = aim
            rest = _less(target, masks, hidden)
            self._weights = self._solved(self._weights, rest, masks, size, _STEPS)
            linear = self._design.scores(self._weights)
            if sweep >= _SETTLED or num_sweeps < _SWEEPS:
                if sweep % 2:
                    self._learn_variances(masks, size)
                rest = _less(target, masks, linear)
                if sweep in (num_sweeps // 3, 2 * num_sweeps // 3):
                    over = _less(rest, masks, hidden)
                    self._factors.grow(over, self._blocks, rng)
                self._factors.update(rest, masks, self._sides, self._blocks)
                hidden = self._factors.scores(self._blocks)
        return [a + b for a, b in zip(linear, hidden, strict=True)]

    def _solved(
        self, start: Float, target: list[Float], masks: list[Float], size: Float, num_steps: int
    ) -> Float:
        """The weights that fit the targets of the known pairs, by conjugate gradients."""
        design, ridge = self._design, np.reciprocal(self._variances[self._design.group])
        scale: Float = np.reciprocal(_CURVATURE * size + ridge)
        weights = start.copy()
        off = _less(target, masks, design.scores(weights))
        rest = _CURVATURE * design.transposed(off) - ridge * weights
        step: Float = np.multiply(scale, rest, dtype=np.float32)
        length = float(np.vdot(rest, step))
        goal = 1e-6 * length
        for _ in range(num_steps):
            if length <= goal:
                break
            image = [m * z for m, z in zip(masks, design.scores(step), strict=True)]
            bent = _CURVATURE * design.transposed(image) + ridge * step
            far = np.float32(length / float(np.vdot(step, bent)))
            weights += far * step
            rest -= far * bent
            scaled: Float = np.multiply(scale, rest, dtype=np.float32)
            length, before = float(np.vdot(rest, scaled)), length
            step = scaled + np.float32(length / before) * step
        return weights

    def _learn_variances(self, masks: list[Float], size: Float) -> None:
        """Set each group's variance to its weights' squares over how many of them are settled.

        How many the known pairs settle is told by weights and answers drawn from the prior, the
        same ones each time: what a fit takes away of them.
        """
        design, group = self._design, self._design.group
        rng = stream(self._seed, "active", "prior")
        prior: Float = rng.standard_normal(len(group), dtype=np.float32)
        prior *= np.sqrt(self._variances[group])
        noise = [
            rng.standard_normal(mask.shape, dtype=np.float32) * mask / np.sqrt(_CURVATURE)
            for mask in masks
        ]
        drawn = _less(noise, masks, design.scores(prior))
        self._unfit = self._solved(self._unfit, drawn, masks, size, 2 * _STEPS)
        of_weights, settled = (
            np.bincount(group, np.square(held)) for held in (self._weights, self._unfit)
        )
        # Damped, or what is learnt slowly would be given up early.
        settled = np.maximum(settled / self._variances, _FEWEST_SETTLED)
        learnt = np.clip(of_weights / settled, _LEAST, _MOST)
        self._variances = np.sqrt(learnt * self._variances).astype(np.float32)


class _Design:
    """What the cards make of every pair, from one vector of weights; and the transpose of that."""

    def __init__(
        self,
        columns: Float,
        group: NDArray[np.int64],
        fields: list[Float],
        blocks: list[tuple[slice, slice]],
    ) -> None:
        self._columns, self._fields, self._blocks = columns, fields, blocks
        (n, d), num, num_groups = columns.shape, fields[0].shape[-1], int(group.max()) + 1
        self._shapes = (d, d), (len(blocks), d, d), (num,), (len(blocks), num), (n, d)
        self._ends = np.cumsum([np.prod(shape) for shape in self._shapes])
        two = np.minimum.outer(group, group) * num_groups + np.maximum.outer(group, group)
        kinds = two, two, np.zeros(num), np.zeros(num), group
        flat = [
            np.broadcast_to(kind, shape).ravel() + part * num_groups**2
            for part, (kind, shape) in enumerate(zip(kinds, self._shapes, strict=True))
        ]
        first, self.group = np.unique(np.concatenate(flat), return_inverse=True)
        start = np.array([0.05, 0.02, 0.1, 0.05, 0.02], dtype=np.float32)
        self.first_variances: Float = start[(first // num_groups**2).astype(np.int64)]

    def scores(self, weights: Float) -> list[Float]:
        """float32[a, b] of each block."""
        shared, of_block, like, like_of_block, own = self._parts(weights)
        x, found = self._columns, []
        for k, (one, other) in enumerate(self._blocks):
            both = shared + shared.T + of_block[k]
            found.append((x[one] @ both + own[one]) @ x[other].T)
            found[-1] += x[one] @ own[other].T
            found[-1] += self._fields[k] @ (like + like_of_block[k])
        return found

    def transposed(self, scores: list[Float]) -> Float:
        """The sums of the scores, weighted as each weight does."""
        return self._summed(scores, self._columns, self._fields)

    def sizes(self, masks: list[Float]) -> Float:
        """How much each weight moves the scores of the known pairs, squared and summed."""
        return self._summed(masks, self._columns**2, [field**2 for field in self._fields])

    def _summed(self, scores: list[Float], x: Float, fields: list[Float]) -> Float:
        found = np.zeros(self._ends[-1], dtype=np.float32)
        shared, of_block, like, like_of_block, own = self._parts(found)
        for k, ((one, other), score) in enumerate(zip(self._blocks, scores, strict=True)):
            right = score @ x[other]
            both = x[one].T @ right
            shared += both + both.T
            of_block[k] = both
            like_of_block[k] = score.ravel() @ fields[k].reshape(score.size, -1)
            like += like_of_block[k]
            own[one] += right
            own[other] += score.T @ x[one]
        return found

    def _parts(self, weights: Float) -> list[Float]:
        parts = np.split(weights, self._ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)]


class _Factors:
    """Hidden factors: what no card shows, but many answers about an attribute give away."""

    def __init__(self, num_attributes: int) -> None:
        self._means = np.zeros((num_attributes, 0), dtype=np.float32)
        self._covariances = np.zeros((num_attributes, 0, 0), dtype=np.float32)
        self._signs = np.zeros(0, dtype=np.float32)
        self._variances = np.zeros(0, dtype=np.float32)

    def scores(self, blocks: list[tuple[slice, slice]]) -> list[Float]:
        """float32[a, b] of each block."""
        means: Float = self._means
        signed: Float = means * self._signs
        return [signed[one] @ means[other].T for one, other in blocks]

    def grow(self, rest: list[Float], blocks: list[tuple[slice, slice]], rng: Generator) -> None:
        """Add the eigenvectors of the residuals whose eigenvalues stand out from noise.

        Noise is the same residuals with signs drawn by chance.
        """
        from scipy.sparse.linalg import eigsh

        n = len(self._means)
        room = min(_MOST_FACTORS - len(self._signs), n - 2)
        upper = np.zeros((n, n))
        for block, held in zip(blocks, rest, strict=True):
            upper[block] = held
        known_frac = 2 * np.count_nonzero(upper) / n**2
        if room <= 0 or not known_frac:
            return
        mixed = upper * rng.choice([-1.0, 1.0], (n, n))
        start = np.ones(n)
        edge = np.abs(eigsh(mixed + mixed.T, k=1, v0=start, return_eigenvectors=False)).max()
        sizes, vectors = eigsh(upper + upper.T, k=room, v0=start)
        kept = np.abs(sizes) > _MARGIN * edge
        new = vectors[:, kept] * np.sqrt(np.abs(sizes[kept]) / known_frac)
        self._means = np.hstack([self._means, new]).astype(np.float32)
        self._signs = np.append(self._signs, np.sign(sizes[kept])).astype(np.float32)
        self._variances = np.append(self._variances, (new**2).mean(axis=0)).astype(np.float32)
        self._covariances = np.zeros((n, len(self._signs), len(self._signs)), dtype=np.float32)

    def update(
        self,
        rest: list[Float],
        masks: list[Float],
        sides: list[slice],
        blocks: list[tuple[slice, slice]],
    ) -> None:
        """Fit each attribute's factors to those of its partners, who may be wrong themselves."""
        num = len(self._signs)
        if not num:
            return
        for side in sides:
            size = side.stop - side.start
            gram = np.zeros((size, num * num), dtype=np.float32)
            aim = np.zeros((size, num), dtype=np.float32)
            for (one, other), target, mask in zip(blocks, rest, masks, strict=True):
                if side not in (one, other):
                    continue
                partner = other if side == one else one
                seen, wanted = (mask, target) if side == one else (mask.T, target.T)
                means = self._means[partner] * self._signs
                unsure = self._covariances[partner] * np.outer(self._signs, self._signs)
                squares = means[:, :, None] * means[:, None, :] + unsure
                gram += seen @ squares.reshape(len(means), -1)
                aim += wanted @ means
            ridge = np.diag(1 / self._variances)
            sure = _CURVATURE * gram.reshape(-1, num, num) + ridge
            self._covariances[side] = np.linalg.inv(sure)
            self._means[side] = _CURVATURE * np.einsum("nij,nj->ni", self._covariances[side], aim)
        spread = np.einsum("nii->i", self._covariances) / len(self._means)
        self._variances = np.maximum((self._means**2).mean(axis=0) + spread, _LEAST)


def _less(target: list[Float], masks: list[Float], scores: list[Float]) -> list[Float]:
    return [t - m * z for t, m, z in zip(target, masks, scores, strict=True)]


def _first_cuts(signs: NDArray[np.int8]) -> Double:
    from scipy.special import ndtri

    shares = np.array([(signs < 0).mean(), (signs < 1).mean()])
    return np.asarray(ndtri(np.clip(shares, 1e-3, 1 - 1e-3) + np.array([-1e-4, 1e-4])))


def _pull(score: Double, signs: NDArray[np.int8], cuts: Double) -> tuple[Double, Double]:
    """float64[k]: which way each answer pulls its pair's score; and the cuts, moved likewise."""
    from scipy.special import ndtr

    borders = np.array([-np.inf, *cuts, np.inf])
    low, high = borders[signs + 1] - score, borders[signs + 2] - score
    share = (1 - _GROSS) * (ndtr(high) - ndtr(low))
    weight = (1 - _GROSS) / np.sqrt(2 * np.pi) / (share + _GROSS / 3)
    from_below, from_above = (weight * np.exp(-0.5 * end**2) for end in (low, high))
    moved = cuts.copy()
    for at in (0, 1):
        beside = (signs == at - 1) | (signs == at)
        push = from_above[signs == at - 1].sum() - from_below[signs == at].sum()
        moved[at] += push / max(float(_CURVATURE) * np.count_nonzero(beside), 1)
    return from_below - from_above, moved
