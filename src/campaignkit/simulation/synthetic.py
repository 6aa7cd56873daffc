"""Graphs whose structure is known: for recipes, benchmarks, and as truth to recover."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.checks import checked_count, checked_share
from campaignkit.distinct import distinct
from campaignkit.errors import CatalogueError, GraphError
from campaignkit.graph import SignedGraph
from campaignkit.seeds import checked_seed, stream
from campaignkit.simulation.latent import Ints, LatentFactors, ends_of

PUBLISHED_POSITIVE, PUBLISHED_NEGATIVE = 36_420, 40_629

# The ten modalities are those of the published record. How its 746 attributes are shared out is
# not published; these sizes leave 182,880 pairs, of which the published edges are 42.1%, and that
# is what its density profile asks for (.385 of all pairs of a sample, .92 of which can be edges).
PUBLISHED_SIZES = MappingProxyType(
    {
        "brand": 132,
        "campaign-buying-type": 8,
        "campaign-objective": 16,
        "device": 18,
        "gender-generation": 34,
        "geo": 86,
        "interest-and-other-attributes": 404,
        "media-buy-billing-event": 12,
        "media-buy-cost-model": 10,
        "platform": 26,
    }
)

# The published record holds 20 attributes, at most 6 of them interests; these ranges draw 16.5 on
# average, and their density profile comes near the published one.
PUBLISHED_TYPE_RANGES = MappingProxyType(
    dict.fromkeys(PUBLISHED_SIZES, (1, 1))
    | {"gender-generation": (2, 6), "geo": (1, 3), "interest-and-other-attributes": (1, 6)}
)

# Up to this many pairs each one is scored; above, a random choice of them that is
# CANDIDATES_PER_EDGE times the edges asked for. 24 bytes a pair: about half a GB at the most.
ALL_PAIRS = 8_000_000
MAX_CANDIDATES = 24_000_000
CANDIDATES_PER_EDGE = 6

# Weights of the parts of a pair's score. Chosen so that about two thirds of its variance can be
# recovered from other edges, and so that the graph of the published size has about the published
# spread of densities.
LIKING, HUB, NOISE = 0.55, 1.0, 0.7  # beside 1.0 for the factors and latent.COMMUNITY

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
    random choice of six pairs per edge: 100,000 attributes with 700,000 edges take a few seconds
    and some hundred MB.

    Examples
    --------
    >>> graph = synthetic_graph({"brand": 20, "geo": 10}, pos_frac=0.3, neg_frac=0.1, seed=1)
    >>> graph.num_nodes, graph.num_positive, graph.num_negative
    (30, 60, 20)
    """
    catalogue = numbered_catalogue(sizes)
    pairs = _CrossPairs([int(size) for size in sizes.values()])
    positive = _count("pos_frac", pos_frac, "num_positive", num_positive, pairs.total)
    negative = _count("neg_frac", neg_frac, "num_negative", num_negative, pairs.total)
    _check_edges(positive + negative, pairs.total)
    rank = checked_count(low_rank, "low_rank", least=0, error=GraphError)
    groups = checked_count(communities, "communities", error=GraphError)
    hub_share = checked_share(hubs, "hubs", error=GraphError)
    checked_seed(seed)

    candidates = _candidates(pairs, positive + negative, stream(seed, "synthetic", "pairs"))
    rng = stream(seed, "synthetic", "world")
    n = len(catalogue)
    weight = np.ones(n)
    weight[rng.permutation(n)[: round(hub_share * n)]] += HUB
    vectors = rng.standard_normal((n, rank))
    factors = LatentFactors(
        left=vectors / math.sqrt(max(rank, 1)),
        right=vectors,
        community=rng.integers(groups, size=n),
        num_communities=groups,
        liking=LIKING * rng.standard_normal(n),
    )
    noise = stream(seed, "synthetic", "noise")
    scores = np.empty(len(candidates))
    for start in range(0, len(candidates), _BLOCK):
        part = slice(start, start + _BLOCK)
        one, other = pairs.ends(candidates[part])
        score = factors.scores(one, other) + NOISE * noise.standard_normal(len(one))
        scores[part] = score * weight[one] * weight[other]

    chosen = np.concatenate(ends_of(scores, negative, positive))
    signs = np.repeat(np.array([-1, 1], dtype=np.int8), [negative, positive])
    return SignedGraph.from_arrays(catalogue, *pairs.ends(candidates[chosen]), signs)


def published_graph(*, seed: int = 0) -> SignedGraph:
    """A synthetic graph of 746 attributes in ten modalities, 36,420 + and 40,629 - edges.

    Its density profile comes near the published one; docs/graph.md has both side by side.

    Examples
    --------
    >>> published_graph()
    SignedGraph(746 nodes, 36420 +, 40629 -)
    """
    return synthetic_graph(
        PUBLISHED_SIZES,
        num_positive=PUBLISHED_POSITIVE,
        num_negative=PUBLISHED_NEGATIVE,
        seed=seed,
    )


def numbered_catalogue(sizes: Mapping[str, int]) -> Catalogue:
    """A catalogue of so many attributes of each modality, called ``"brand 001"`` and so on.

    Examples
    --------
    >>> [attribute.value for attribute in numbered_catalogue({"brand": 1, "geo": 2})]
    ['brand 1', 'geo 1', 'geo 2']
    """
    if len(sizes) < 2:
        raise GraphError(f"sizes contains {len(sizes)} modalities; expected 2 or more")
    for modality, size in sizes.items():
        checked_count(size, f"sizes[{modality!r}]", error=GraphError)
    # Numbers of one width, so that code-point order is their order.
    try:
        return Catalogue(
            Attribute(modality, f"{modality} {number:0{len(str(size))}d}")
            for modality, size in sizes.items()
            for number in range(1, size + 1)
        )
    except CatalogueError as err:
        raise GraphError("these sizes make no graph", faults=err.faults) from err


class _CrossPairs:
    """All pairs of attributes of different modalities, numbered from 0 and never listed."""

    def __init__(self, sizes: list[int]) -> None:
        starts = np.concatenate([[0], np.cumsum(sizes)])
        blocks = np.array(list(combinations(range(len(sizes)), 2)))  # of modalities
        widths = np.array(sizes, dtype=np.int64)[blocks]
        self._first, self._width = starts[blocks], widths[:, 1]
        self._offsets = np.concatenate([[0], np.cumsum(widths.prod(axis=1))])
        self.total = int(self._offsets[-1])

    def ends(self, pairs: Ints) -> tuple[Ints, Ints]:
        block = np.searchsorted(self._offsets, pairs, side="right") - 1
        row, column = np.divmod(pairs - self._offsets[block], self._width[block])
        return self._first[block, 0] + row, self._first[block, 1] + column


def _count(
    share_name: str, share: float | None, count_name: str, count: int | None, total: int
) -> int:
    if (share is None) == (count is None):
        held = "both" if share is not None else "neither"
        raise GraphError(f"{held} of {share_name} and {count_name} given; expected one of them")
    if count is not None:
        return checked_count(count, count_name, least=0, error=GraphError)
    return round(checked_share(share, share_name, error=GraphError) * total)


def _check_edges(num_edges: int, total: int) -> None:
    if num_edges > total:
        raise GraphError(
            f"{num_edges:,} edges asked for, but there are {total:,} pairs",
            hint="ask for fewer, or widen sizes",
        )
    if min(total, CANDIDATES_PER_EDGE * num_edges) > MAX_CANDIDATES:
        raise GraphError(
            f"{num_edges:,} edges among {total:,} pairs do not fit in memory",
            hint=f"ask for at most {MAX_CANDIDATES // CANDIDATES_PER_EDGE:,}",
        )


def _candidates(pairs: _CrossPairs, num_edges: int, rng: Generator) -> Ints:
    """The pairs that are scored: all of them, or a random choice without repetition."""
    wanted = CANDIDATES_PER_EDGE * num_edges
    if pairs.total <= ALL_PAIRS or 2 * wanted >= pairs.total:
        return np.arange(pairs.total, dtype=np.int64)
    drawn = np.zeros(0, dtype=np.int64)
    while len(drawn) < wanted:
        more = rng.integers(pairs.total, size=wanted - len(drawn) + wanted // 16 + 16)
        drawn = distinct(drawn, more)
    # Dropping the surplus at random: dropping the last would leave out the last modalities.
    surplus = rng.choice(len(drawn), size=len(drawn) - wanted, replace=False)
    return np.delete(drawn, surplus)
