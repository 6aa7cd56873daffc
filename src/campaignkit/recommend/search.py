"""The best completions of a pool of candidates: ascents find them, branch and bound proves them.

References: Land and Doig 1960, "An automatic method of solving discrete programming problems".
"""

from __future__ import annotations

from itertools import pairwise, product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from campaignkit.recommend.partial import Question
from campaignkit.seeds import stream

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

MAX_STEPS = 120_000  # of branch and bound: a tenth of a second or so
NUM_ASCENTS = 256  # where the steps do not suffice: as long again
_SWEEPS = 30
_BARRED = 1e9  # for an effect of -inf, which no product may meet
_MAX_VECTORS = 5_000  # of counts; beyond, there are ascents alone


class Pool(NamedTuple):
    """What may be chosen, and what is fixed.

    Attributes
    ----------
    weights : float64[c, c]
        Effects of pairs of candidates; 0 within a modality, -inf where two may not meet.
    degree : float64[c]
        Sum of each candidate's effects with what is fixed.
    start : int64[j + 1]
        Candidates of open modality j are start[j] to start[j + 1].
    low, high : int64[j]
        How many of each are to be chosen.
    cost : float64[c]
    base : float
        Sum of effects among what is fixed.
    fixed : int
        How many attributes are fixed.
    budget : float
        The costs of what is chosen may add up to this; inf for no limit.
    cheapest : float64[j]
        The lowest cost of each modality's candidates.
    """

    weights: Floats
    degree: Floats
    start: Whole
    low: Whole
    high: Whole
    cost: Floats
    base: float
    fixed: int
    budget: float
    cheapest: Floats


class Found(NamedTuple):
    """The best completions of a pool.

    Attributes
    ----------
    sets : list of int64[size]
        Candidates of each; the best first.
    means : float64[k]
        Mean effect over all pairs, what is fixed included.
    bound : float
        No other completion has a higher mean: -inf where that is proved of the last one, inf
        where no bound is known.
    """

    sets: list[Whole]
    means: Floats
    bound: float


def pool_of(question: Question, effects: Floats) -> tuple[Pool, Whole]:
    """The candidates of a question with their effects, and the node of each."""
    fixed, parts = question.fixed, [nodes for nodes, _, _ in question.open]
    nodes = np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int64)
    if len(question.pairs):
        one, other = question.pairs.T
        effects = effects.copy()
        effects[one, other] = effects[other, one] = -np.inf
    pool = Pool(
        weights=effects[np.ix_(nodes, nodes)],
        degree=effects[np.ix_(nodes, fixed)].sum(axis=1),
        start=np.cumsum([0, *map(len, parts)], dtype=np.int64),
        low=np.array([low for _, low, _ in question.open], np.int64),
        high=np.array([high for _, _, high in question.open], np.int64),
        cost=question.costs[nodes],
        base=float(np.triu(effects[np.ix_(fixed, fixed)]).sum()),
        fixed=len(fixed),
        budget=question.budget,
        cheapest=np.array([question.costs[part].min(initial=np.inf) for part in parts]),
    )
    return pool, nodes


def find_best(
    pool: Pool, *, k: int, max_steps: int = MAX_STEPS, num_ascents: int = NUM_ASCENTS
) -> Found:
    """The k best completions, or all where there are fewer.

    Parameters
    ----------
    pool : Pool
    k : int
    max_steps : int
        Of branch and bound; where they do not suffice, ascents look further.
    num_ascents : int

    Examples
    --------
    >>> from campaignkit.dataset import Vocabulary
    >>> from campaignkit.recommend.partial import PartialCampaign, read_partial
    >>> vocabulary = Vocabulary.of([("a", "x"), ("b", "y"), ("b", "z")])
    >>> effects = np.array([[0.0, 2.0, 1.0], [2.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    >>> question = read_partial(PartialCampaign(known={"a": "x"}), vocabulary, {})
    >>> found = find_best(pool_of(question, effects)[0], k=2)
    >>> [chosen.tolist() for chosen in found.sets], found.means.tolist(), found.bound
    ([[0], [1]], [2.0, 1.0], -inf)
    """
    from campaignkit.recommend.kernels import search

    best, bound = _work(pool, k), np.inf
    spans = zip(pool.low.tolist(), pool.high.tolist(), strict=True)
    counts = [range(low, high + 1) for low, high in spans]
    if prod(map(len, counts)) <= _MAX_VECTORS:
        link, vectors = _links(pool), np.array([*product(*counts)], np.int64)
        bounds = np.empty(len(vectors))
        search.bound_counts(pool, link, vectors, best, bounds)
        order = np.argsort(-bounds, kind="stable")
        bound = search.branch_and_bound(pool, link, vectors[order], bounds[order], best, max_steps)
    num = int((best.best > -np.inf).sum())
    sets = [np.sort(best.sets[i, : best.sizes[i]]) for i in range(num)]
    found = dict(zip((tuple(of.tolist()) for of in sets), best.best.tolist(), strict=False))
    if bound > -np.inf:
        found |= _ascend(pool, num_ascents)
    ranked = sorted(found.items(), key=lambda of: (-of[1], of[0]))[:k]
    sets = [np.array(chosen, np.int64) for chosen, _ in ranked]
    return Found(sets, np.array([mean for _, mean in ranked]), float(bound))


def _links(pool: Pool) -> Floats:
    """float64[c, j, most + 1], sums of each candidate's largest effects with a modality."""
    most = int(pool.high.max(initial=0))
    link = np.zeros((len(pool.cost), len(pool.low), most + 1))
    for j, (first, last) in enumerate(pairwise(pool.start.tolist())):
        num = int(pool.high[j])
        if num:
            largest = -np.partition(-pool.weights[:, first:last], num - 1, axis=1)[:, :num]
            link[:, j, 1 : num + 1] = np.cumsum(-np.sort(-largest, axis=1), axis=1)
            link[first:last, j] = 0.0
    return link


def _ascend(pool: Pool, starts: int) -> dict[tuple[int, ...], float]:
    """Where climbs from random sets end: each modality is chosen anew given the others.

    All climbs run side by side. Given the others, a modality's best choice are its candidates of
    highest degree, for each count in its range. Costs weigh on degrees, in each climb another
    weight; what breaks a rule is left out in the end.
    """
    from scipy.sparse import csr_array

    rng, num = stream(0, "recommend", "ascents"), len(pool.cost)
    weights, degree = (np.maximum(of, -_BARRED) for of in (pool.weights, pool.degree))
    price = np.abs(degree).max(initial=0.0) * rng.exponential(size=(starts, 1))
    price *= pool.budget < np.inf
    chosen, size = np.zeros((starts, num)), np.zeros(starts)
    total = np.full(starts, pool.base)
    blocks = [slice(*ends) for ends in pairwise(pool.start.tolist())]
    for sweep in range(_SWEEPS):
        before = chosen.copy()
        for block, low, high in zip(blocks, pool.low.tolist(), pool.high.tolist(), strict=True):
            own = chosen[:, block].copy()
            chosen[:, block] = 0.0
            gains = degree[block] + csr_array(chosen) @ weights[:, block]
            total -= (own * gains).sum(axis=1)
            size -= own.sum(axis=1)
            keys = gains - price * pool.cost[block] if sweep else rng.random(gains.shape)
            first = np.argpartition(-keys, max(high - 1, 0), axis=1)[:, :high]
            by_key = np.argsort(-np.take_along_axis(keys, first, axis=1), axis=1)
            first = np.take_along_axis(first, by_key, axis=1)
            sums = np.cumsum(np.take_along_axis(gains, first, axis=1), axis=1)
            sums = total[:, np.newaxis] + np.concatenate([np.zeros((starts, 1)), sums], axis=1)
            held = pool.fixed + size[:, np.newaxis] + np.arange(high + 1)
            means = (sums / np.maximum(held * (held - 1) / 2, 1))[:, low:]
            best = means.argmax(axis=1) + low
            taken = np.arange(high) < best[:, np.newaxis]
            row, column = np.nonzero(taken)
            chosen[row, block.start + first[row, column]] = 1.0
            total, size = sums[np.arange(starts), best], size + best
        if (chosen == before).all():
            break
    found = {}
    for row in np.unique(chosen, axis=0):
        nodes = np.flatnonzero(row)
        effect = (
            pool.base + pool.degree[nodes].sum() + pool.weights[np.ix_(nodes, nodes)].sum() / 2
        )
        count = pool.fixed + len(nodes)
        if effect > -np.inf and pool.cost[nodes].sum() <= pool.budget:
            found[tuple(nodes.tolist())] = float(effect / max(count * (count - 1) // 2, 1))
    return found


def _work(pool: Pool, k: int) -> Any:  # of the kernels, which no menu may load
    from campaignkit.recommend.kernels.search import Work

    num, slots, opened = len(pool.cost), max(int(pool.high.sum()), 1), max(len(pool.low), 1)
    levels: dict[str, Any] = {
        name: np.zeros(slots + 1) for name in ("total", "rest", "spent", "need", "top")
    } | {name: np.zeros(slots, np.int64) for name in ("place", "slot", "left", "taken")}
    return Work(
        best=np.full(k, -np.inf),
        sizes=np.zeros(k, np.int64),
        sets=np.zeros((k, slots), np.int64),
        degrees=np.tile(pool.degree, (slots + 1, 1)),
        later=np.zeros((opened, num)),
        key=np.zeros(num),
        order=np.zeros(num, np.int64),
        sorted_to=np.zeros(opened, np.int64),
        **levels,
    )
