"""What judged pairs say of others: an additive Bayesian ordinal probit over pairs of cards."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.edges.methods.active.cards import read_cards
from campaignkit.edges.methods.active.columns import LikeFields, card_columns
from campaignkit.edges.pairs import PairTable
from campaignkit.pools import one_blas_thread
from campaignkit.seeds import stream

Float = NDArray[np.float32]
Double = NDArray[np.float64]
Mask = NDArray[np.bool_]
Pairs = NDArray[np.int64]
Ends = NDArray[np.int32]

_CURVATURE = np.float32(0.7)  # of the quadratic that bounds minus the log-likelihood of a sign
_GROSS = 0.0125  # share of answers that are any sign, whatever the score
_SWEEPS, _MORE_SWEEPS = 48, 8  # at first, and after each new round, from where the last one ended
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
    >>> learner.learn(signs, known)
    >>> (likeliest(learner.probabilities(np.arange(144)))[0] == signs).mean() > 0.9
    np.True_
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        vectors: Float | None = None,
        seed: int,
        table: PairTable | None = None,
    ) -> None:
        self._table = table = table or PairTable(catalogue)
        order = np.argsort(table.codes, kind="stable")
        self._place = np.argsort(order).astype(np.int32)
        self._side_of = table.codes[order]
        ends = np.cumsum([0, *np.bincount(table.codes)]).tolist()
        self._sides = [slice(*side) for side in pairwise(ends)]
        both = list(combinations(self._sides, 2))
        cards = read_cards(catalogue[at] for at in order.tolist())
        vectors = None if vectors is None else vectors[order]
        columns, group = card_columns(cards, vectors, len(order))
        numbers = np.arange(len(order), dtype=np.int32)
        self._fields = LikeFields(cards, vectors, [(numbers[a], numbers[b]) for a, b in both])
        self._design = _Design(columns, group, self._fields.num, len(both))
        self._weights = np.zeros(len(self._design.group), dtype=np.float32)
        self._variances = self._design.first_variances
        self._factors = _Factors(len(order))
        self._unfit = np.zeros_like(self._weights)
        self._cuts = np.zeros(0)
        self._seed = seed

    @one_blas_thread()
    def learn(self, signs: NDArray[np.int8], known: Mask) -> None:
        """Fit weights, factors and cuts to judged pairs, from where the last fit ended.

        Parameters
        ----------
        signs : int8[P]
            What was judged; used where known.
        known : bool[P]
            The pairs to learn from.
        """
        pairs = np.flatnonzero(known)
        order, blocks = self._blocks_of(pairs)
        seen = signs[pairs[order]]
        num_sweeps = _MORE_SWEEPS if len(self._cuts) else _SWEEPS
        if not len(self._cuts):
            self._cuts = _first_cuts(seen)
        rng = stream(self._seed, "active", "probit", len(seen))
        size = self._design.sizes(blocks)
        linear = self._design.scores(self._weights, blocks)
        hidden = self._factors.scores(blocks)
        for sweep in range(num_sweeps):
            score = linear + hidden
            pull, self._cuts = _pull(score.astype(np.float64), seen, self._cuts)
            target: Float = score + (pull / float(_CURVATURE)).astype(np.float32)
            self._weights = self._solved(self._weights, target - hidden, blocks, size, _STEPS)
            linear = self._design.scores(self._weights, blocks)
            if sweep >= _SETTLED or num_sweeps < _SWEEPS:
                if sweep % 4 == 3:
                    self._learn_variances(blocks, size)
                if sweep in (num_sweeps // 3, 2 * num_sweeps // 3):
                    self._factors.grow(target - linear - hidden, blocks, rng)
                self._factors.update(target - linear, self._sides, blocks)
                hidden = self._factors.scores(blocks)

    @one_blas_thread()
    def probabilities(self, pairs: Pairs) -> Float:
        """float32[k, 3]: the probabilities of -, 0 and + for pairs by number."""
        from scipy.special import ndtr

        found = np.empty((len(pairs), 3), dtype=np.float32)
        order, blocks = self._blocks_of(pairs)
        score = self._design.scores(self._weights, blocks) + self._factors.scores(blocks)
        below, above = (ndtr(cut - score) for cut in self._cuts.astype(np.float32))
        found[order] = np.stack([below, above - below, 1 - above], axis=-1)
        found *= 1 - _GROSS
        found += np.float32(_GROSS / 3)
        return found

    def _blocks_of(self, pairs: Pairs) -> tuple[Pairs, list[_Block]]:
        """The order in which pairs are computed with, modality by modality; and the blocks."""
        ends = np.sort(self._place[self._table.pairs[pairs]], axis=1)
        one, other = self._side_of[ends].T
        num = len(self._sides)
        order = np.lexsort((ends[:, 0], one * num + other))
        both = list(combinations(range(num), 2))
        starts = [a * num + b for a, b in both]
        stops = np.searchsorted((one * num + other)[order], [*starts, num * num]).tolist()
        ones, others = np.ascontiguousarray(ends[order].T)
        blocks = []
        for at, ((a, b), ends_of) in enumerate(zip(both, pairwise(stops), strict=True)):
            part, first, second = slice(*ends_of), self._sides[a], self._sides[b]
            fields = self._fields.of_block(at, ones[part], others[part])
            near = ones[part] - first.start, others[part] - second.start
            blocks.append(_Block(part, first, second, *near, fields))
        return order, blocks

    def _solved(
        self, start: Float, target: Float, blocks: list[_Block], size: Float, num_steps: int
    ) -> Float:
        """The weights that fit the targets of the known pairs, by conjugate gradients."""
        design, ridge = self._design, np.reciprocal(self._variances[self._design.group])
        scale: Float = np.reciprocal(_CURVATURE * size + ridge)
        weights = start.copy()
        off = target - design.scores(weights, blocks)
        rest = _CURVATURE * design.transposed(off, blocks) - ridge * weights
        step: Float = np.multiply(scale, rest, dtype=np.float32)
        length = float(np.vdot(rest, step))
        goal = 1e-6 * length
        for _ in range(num_steps):
            if length <= goal:
                break
            image = design.scores(step, blocks)
            bent = _CURVATURE * design.transposed(image, blocks) + ridge * step
            far = np.float32(length / float(np.vdot(step, bent)))
            weights += far * step
            rest -= far * bent
            scaled: Float = np.multiply(scale, rest, dtype=np.float32)
            length, before = float(np.vdot(rest, scaled)), length
            step = scaled + np.float32(length / before) * step
        return weights

    def _learn_variances(self, blocks: list[_Block], size: Float) -> None:
        """Set each group's variance to its weights' squares over how many of them are settled.

        How many the known pairs settle is told by weights and answers drawn from the prior, the
        same ones each time: what a fit takes away of them.
        """
        design, group = self._design, self._design.group
        rng = stream(self._seed, "active", "prior")
        prior: Float = rng.standard_normal(len(group), dtype=np.float32)
        prior *= np.sqrt(self._variances[group])
        num_known = blocks[-1].part.stop
        drawn = rng.standard_normal(num_known, dtype=np.float32) / np.sqrt(_CURVATURE)
        drawn -= design.scores(prior, blocks)
        self._unfit = self._solved(self._unfit, drawn, blocks, size, 2 * _STEPS)
        of_weights, settled = (
            np.bincount(group, np.square(held)) for held in (self._weights, self._unfit)
        )
        # Damped, or what is learnt slowly would be given up early.
        settled = np.maximum(settled / self._variances, _FEWEST_SETTLED)
        learnt = np.clip(of_weights / settled, _LEAST, _MOST)
        self._variances = np.sqrt(learnt * self._variances).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Block:
    """Those of some pairs that join two modalities.

    Attributes
    ----------
    part : slice
        Of the pairs.
    first, second : slice
        The attributes of the modalities.
    one, other : int32[k]
        The pairs' attributes, counted from the first of either modality; `one` ascending.
    fields : float32[k, f]
        The pairs' comparisons of like with like.
    """

    part: slice
    first: slice
    second: slice
    one: Ends
    other: Ends
    fields: Float

    def products(self, left: Float, right: Float) -> Float:
        """float32[k]: of a row for each pair's first attribute and one for its second."""
        from campaignkit.edges.kernels.pair_products import pair_products

        found = np.empty(len(self.one), dtype=np.float32)
        pair_products(left, right, self.one, self.other, found)
        return found

    def sums(self, values: Float, rows: Float, *, of_first: bool = True) -> Float:
        """float32[a, d] or [b, d]: for each attribute the rows of its partners, times values."""
        from campaignkit.edges.kernels.pair_products import add_rows

        side, ends = (self.first, (self.one, self.other))
        if not of_first:
            side, ends = self.second, (self.other, self.one)
        found = np.zeros((side.stop - side.start, rows.shape[1]), dtype=np.float32)
        add_rows(values, rows, *ends, found)
        return found


class _Design:
    """What the cards make of pairs, from one vector of weights; and the transpose of that."""

    def __init__(
        self, columns: Float, group: NDArray[np.int64], num_fields: int, num_blocks: int
    ) -> None:
        self._columns = columns
        (n, d), num, num_groups = columns.shape, num_fields, int(group.max()) + 1
        self._shapes = (d, d), (num_blocks, d, d), (num,), (num_blocks, num), (n, d)
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

    def scores(self, weights: Float, blocks: list[_Block]) -> Float:
        """float32[k]: of the blocks' pairs."""
        shared, of_block, like, like_of_block, own = self._parts(weights)
        x, found = self._columns, []
        for k, block in enumerate(blocks):
            one, other = x[block.first], x[block.second]
            both = shared + shared.T + of_block[k]
            left = np.hstack([one @ both + own[block.first], one])
            found.append(block.products(left, np.hstack([other, own[block.second]])))
            found[-1] += block.fields @ (like + like_of_block[k])
        return np.concatenate(found)

    def transposed(self, scores: Float, blocks: list[_Block]) -> Float:
        """The sums of the scores, weighted as each weight does."""
        return self._summed(scores, self._columns, blocks, [block.fields for block in blocks])

    def sizes(self, blocks: list[_Block]) -> Float:
        """How much each weight moves the scores of the pairs, squared and summed."""
        ones = np.ones(blocks[-1].part.stop, dtype=np.float32)
        return self._summed(ones, self._columns**2, blocks, [b.fields**2 for b in blocks])

    def _summed(self, scores: Float, x: Float, blocks: list[_Block], fields: list[Float]) -> Float:
        found = np.zeros(self._ends[-1], dtype=np.float32)
        shared, of_block, like, like_of_block, own = self._parts(found)
        for k, (block, field) in enumerate(zip(blocks, fields, strict=True)):
            score = scores[block.part]
            right = block.sums(score, x[block.second])
            both = x[block.first].T @ right
            shared += both + both.T
            of_block[k] = both
            like_of_block[k] = score @ field
            like += like_of_block[k]
            own[block.first] += right
            own[block.second] += block.sums(score, x[block.first], of_first=False)
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

    def scores(self, blocks: list[_Block]) -> Float:
        """float32[k]: of the blocks' pairs."""
        means: Float = self._means
        signed: Float = means * self._signs
        found = [block.products(signed[block.first], means[block.second]) for block in blocks]
        return np.concatenate(found)

    def grow(self, rest: Float, blocks: list[_Block], rng: Generator) -> None:
        """Add the eigenvectors of the residuals whose eigenvalues stand out from noise.

        Noise is the same residuals with signs drawn by chance.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.linalg import eigsh

        n = len(self._means)
        # What has shrunk below what is not known of it makes room.
        unsure = np.einsum("nii->i", self._covariances)
        kept = np.square(self._means).sum(axis=0) > unsure
        self._means = self._means[:, kept]
        self._signs, self._variances = self._signs[kept], self._variances[kept]
        self._covariances = self._covariances[:, kept][:, :, kept]
        room = min(_MOST_FACTORS - len(self._signs), n - 2)
        if room <= 0 or not rest.any():
            return
        known_frac = 2 * np.count_nonzero(rest) / n**2
        one = np.concatenate([block.one + block.first.start for block in blocks])
        other = np.concatenate([block.other + block.second.start for block in blocks])
        ends = np.concatenate([one, other]), np.concatenate([other, one])
        held, mixed = (
            csr_array((np.tile(values.astype(np.float64), 2), ends), shape=(n, n))
            for values in (rest, rest * rng.choice([-1.0, 1.0], len(rest)))
        )
        start = np.ones(n)
        edge = np.abs(eigsh(mixed, k=1, v0=start, return_eigenvectors=False)).max()
        sizes, vectors = eigsh(held, k=room, v0=start)
        kept = np.abs(sizes) > _MARGIN * edge
        new = vectors[:, kept] * np.sqrt(np.abs(sizes[kept]) / known_frac)
        self._means = np.hstack([self._means, new]).astype(np.float32)
        self._signs = np.append(self._signs, np.sign(sizes[kept])).astype(np.float32)
        self._variances = np.append(self._variances, (new**2).mean(axis=0)).astype(np.float32)
        self._covariances = np.zeros((n, len(self._signs), len(self._signs)), dtype=np.float32)

    def update(self, rest: Float, sides: list[slice], blocks: list[_Block]) -> None:
        """Fit each attribute's factors to those of its partners, who may be wrong themselves."""
        num = len(self._signs)
        if not num:
            return
        known = np.ones_like(rest)
        for side in sides:
            size = side.stop - side.start
            gram = np.zeros((size, num * num), dtype=np.float32)
            aim = np.zeros((size, num), dtype=np.float32)
            for block in blocks:
                if side not in (block.first, block.second):
                    continue
                of_first = side == block.first
                partner = block.second if of_first else block.first
                means: Float = self._means[partner] * self._signs
                unsure = self._covariances[partner] * np.outer(self._signs, self._signs)
                squares = means[:, :, None] * means[:, None, :] + unsure
                flat = squares.reshape(len(means), -1)
                gram += block.sums(known[block.part], flat, of_first=of_first)
                aim += block.sums(rest[block.part], means, of_first=of_first)
            ridge = np.diag(1 / self._variances)
            sure = _CURVATURE * gram.reshape(-1, num, num) + ridge
            self._covariances[side] = np.linalg.inv(sure)
            self._means[side] = _CURVATURE * np.einsum("nij,nj->ni", self._covariances[side], aim)
        spread = np.einsum("nii->i", self._covariances) / len(self._means)
        self._variances = np.maximum((self._means**2).mean(axis=0) + spread, _LEAST)


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
