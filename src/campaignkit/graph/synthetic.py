"""Graphs whose structure is known: for recipes, benchmarks, and as truth to recover."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import CatalogueError, Fault, GraphError
from campaignkit.graph.signed_graph import SignedGraph
from campaignkit.seeds import checked_seed, stream

# Up to this many pairs each one is scored; above, a random choice of them that is
# CANDIDATES_PER_EDGE times the edges asked for. 24 bytes a pair: about half a GB at the most.
ALL_PAIRS = 8_000_000
MAX_CANDIDATES = 24_000_000
CANDIDATES_PER_EDGE = 6

# Weights of the parts of a pair's score. Chosen so that about two thirds of its variance can be
# recovered from other edges, and so that the graph of the published size has about the published
# spread of densities (graph.published).
AFFINITY, COMMUNITY, LIKING, HUB, NOISE = 1.0, 1.5, 0.55, 1.0, 0.7

_BLOCK = 1 << 20  # pairs scored at once


def synthetic_graph(
    sizes: Mapping[str, int],
    *,
    pos_frac: float | None = None,
    neg_frac: float | None = None,
    num_positive: int | None = None,
    num_negative: int | None = None,
    low_rank: int = 4,
    communities: int = 8,
    hubs: float = 0.03,
    seed: int = 0,
) -> SignedGraph:
    """Draw a graph with exact numbers of + and - edges and a structure that can be recovered.

    Each pair of attributes of different modalities has a score: the product of two hidden
    vectors, more where both belong to one community, the two attributes' own likability, and
    noise. Hubs have larger scores, of either sign, so more edges. The highest scores are +, the
    lowest -.

    Parameters
    ----------
    sizes : mapping of str to int
        Number of attributes of each modality; they are called ``"brand 001"`` and so on.
    pos_frac, neg_frac : float
        Share of + and - among the pairs of attributes of different modalities.
    num_positive, num_negative : int
        The same as numbers of edges; give one or the other of each sign.
    low_rank : int
        Length of the hidden vectors; 0 for none.
    communities : int
        Number of communities, which run through all modalities; 1 for none.
    hubs : float
        Share of the attributes that are hubs.
    seed : int
        The same arguments and seed give the same graph.

    Raises
    ------
    GraphError
        If there are not as many pairs as edges asked for, or an argument is out of range.

    Notes
    -----
    Up to 8 million pairs all are scored. Above, the edges are the highest and lowest scores of a
    random choice of six pairs an edge: 100,000 attributes with 700,000 edges take a few seconds
    and some hundred MB.

    Examples
    --------
    >>> graph = synthetic_graph({"brand": 20, "geo": 10}, pos_frac=0.3, neg_frac=0.1, seed=1)
    >>> graph.num_nodes, graph.num_positive, graph.num_negative
    (30, 60, 20)
    """
    pairs = _pair_space(sizes)
    positive = _count("pos", pos_frac, num_positive, pairs.total)
    negative = _count("neg", neg_frac, num_negative, pairs.total)
    _check(positive + negative, pairs.total, low_rank, communities, hubs)
    catalogue = _catalogue(sizes)
    checked_seed(seed)

    candidates = _candidates(pairs, positive + negative, stream(seed, "synthetic", "pairs"))
    world = _World.draw(len(catalogue), low_rank, communities, hubs, seed)
    noise = stream(seed, "synthetic", "noise")
    scores = np.empty(len(candidates))
    for start in range(0, len(candidates), _BLOCK):
        part = slice(start, start + _BLOCK)
        scores[part] = world.score(*pairs.ends(candidates[part]), noise)

    # Where all pairs are - or all +, one of the two bounds is the end and nothing is parted there.
    bounds = sorted({negative, len(scores) - positive} - {len(scores)})
    order = np.argpartition(scores, bounds) if bounds else np.arange(len(scores))
    chosen = np.concatenate([order[:negative], order[len(scores) - positive :]])
    signs = np.repeat(np.array([-1, 1], dtype=np.int8), [negative, positive])
    source, target = pairs.ends(candidates[chosen])
    return SignedGraph.from_arrays(catalogue, source, target, signs)


@dataclass(frozen=True, slots=True)
class _PairSpace:
    """All pairs of attributes of different modalities, numbered from 0."""

    total: int
    offsets: NDArray[np.int64]  # of each pair of modalities, and the total
    first: NDArray[np.int64]  # number of the first attribute of each one's modalities, [pairs, 2]
    widths: NDArray[np.int64]  # size of the second modality

    def ends(self, pairs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        block = np.searchsorted(self.offsets, pairs, side="right") - 1
        row, column = np.divmod(pairs - self.offsets[block], self.widths[block])
        return self.first[block, 0] + row, self.first[block, 1] + column


def _pair_space(sizes: Mapping[str, int]) -> _PairSpace:
    faults = [
        Fault(f"sizes[{modality!r}]", f"is {size!r}; expected a whole number of 1 or more")
        for modality, size in sizes.items()
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1
    ]
    if not faults and len(sizes) < 2:
        faults.append(Fault("sizes", f"holds {len(sizes)} modalities; expected 2 or more"))
    if faults:
        raise GraphError("these sizes make no graph", faults=faults)
    counts = [int(size) for size in sizes.values()]
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    blocks = list(combinations(range(len(counts)), 2))
    areas = [counts[i] * counts[j] for i, j in blocks]
    return _PairSpace(
        total=sum(areas),
        offsets=np.concatenate([[0], np.cumsum(areas)]).astype(np.int64),
        first=np.array([[starts[i], starts[j]] for i, j in blocks]),
        widths=np.array([counts[j] for _, j in blocks], dtype=np.int64),
    )


def _count(name: str, frac: float | None, number: int | None, total: int) -> int:
    long = {"pos": "num_positive", "neg": "num_negative"}[name]
    if (frac is None) == (number is None):
        held = "both" if frac is not None else "neither"
        raise GraphError(f"{held} of {name}_frac and {long} given; expected one of them")
    if number is not None:
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
            raise GraphError(f"{long} is {number!r}; expected a whole number of 0 or more")
        return int(number)
    assert frac is not None
    if not (math.isfinite(frac) and 0 <= frac <= 1):
        raise GraphError(f"{name}_frac is {frac!r}; expected a share in [0, 1]")
    return round(frac * total)


def _check(num_edges: int, total: int, low_rank: int, communities: int, hubs: float) -> None:
    faults = []
    if num_edges > total:
        found = f"{num_edges:,} edges asked for, but there are {total:,} pairs"
        faults.append(Fault("edges", found, "ask for fewer, or widen sizes"))
    if low_rank < 0:
        faults.append(Fault("low_rank", f"is {low_rank}; expected 0 or more"))
    if communities < 1:
        faults.append(Fault("communities", f"is {communities}; expected 1 or more"))
    if not 0 <= hubs <= 1:
        faults.append(Fault("hubs", f"is {hubs}; expected a share in [0, 1]"))
    if min(total, CANDIDATES_PER_EDGE * num_edges) > MAX_CANDIDATES:
        most = MAX_CANDIDATES // CANDIDATES_PER_EDGE
        found = f"{num_edges:,} edges among {total:,} pairs do not fit in memory"
        faults.append(Fault("edges", found, f"ask for at most {most:,}"))
    if faults:
        raise GraphError("no such graph can be drawn", faults=faults)


def _catalogue(sizes: Mapping[str, int]) -> Catalogue:
    # Numbers of one width, so that code-point order is their order.
    try:
        return Catalogue(
            Attribute(modality, f"{modality} {number:0{len(str(size))}d}")
            for modality, size in sizes.items()
            for number in range(1, size + 1)
        )
    except CatalogueError as err:
        raise GraphError("these sizes make no graph", faults=err.faults) from err


def _candidates(pairs: _PairSpace, num_edges: int, rng: Generator) -> NDArray[np.int64]:
    """The pairs that are scored: all of them, or a random choice without repetition."""
    wanted = CANDIDATES_PER_EDGE * num_edges
    if pairs.total <= ALL_PAIRS or 2 * wanted >= pairs.total:
        return np.arange(pairs.total, dtype=np.int64)
    drawn = np.zeros(0, dtype=np.int64)
    while len(drawn) < wanted:
        more = rng.integers(pairs.total, size=wanted - len(drawn) + wanted // 16 + 16)
        drawn = np.unique(np.concatenate([drawn, more]))
    # Dropping the surplus at random: dropping the last would leave out the last modalities.
    surplus = rng.choice(len(drawn), size=len(drawn) - wanted, replace=False)
    return np.delete(drawn, surplus)


@dataclass(frozen=True, slots=True)
class _World:
    """What is hidden behind a synthetic graph: one row an attribute."""

    vectors: NDArray[np.float64]  # [n, low_rank]
    community: NDArray[np.int64]
    num_communities: int
    liking: NDArray[np.float64]
    weight: NDArray[np.float64]  # more than 1 for hubs

    @classmethod
    def draw(cls, n: int, low_rank: int, communities: int, hubs: float, seed: int) -> _World:
        rng = stream(seed, "synthetic", "world")
        weight = np.ones(n)
        weight[rng.permutation(n)[: round(hubs * n)]] += HUB
        return cls(
            vectors=rng.standard_normal((n, low_rank)),
            community=rng.integers(communities, size=n),
            num_communities=communities,
            liking=LIKING * rng.standard_normal(n),
            weight=weight,
        )

    def score(
        self, i: NDArray[np.int64], j: NDArray[np.int64], noise: Generator
    ) -> NDArray[np.float64]:
        # Term by term, not as a matrix product: its sums depend on the machine, these do not.
        score = np.zeros(len(i))
        for column in self.vectors.T:
            score += column[i] * column[j]
        score *= AFFINITY / math.sqrt(max(self.vectors.shape[1], 1))
        if self.num_communities > 1:
            same = self.community[i] == self.community[j]
            # Centred, so that communities move signs and not the balance of + and -.
            score += COMMUNITY * (same - 1 / self.num_communities)
        score += self.liking[i] + self.liking[j] + NOISE * noise.standard_normal(len(i))
        return score * self.weight[i] * self.weight[j]
