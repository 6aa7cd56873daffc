"""Simulated campaigns whose outcome a signed graph decides, for the benchmarks of classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.graph import SignedGraph
from campaignkit.seeds import stream

SIZES = {"brand": 60, "audience": 80, "creative": 60, "platform": 12, "geo": 200}
RANGES = {
    "brand": (1, 1), "audience": (2, 4), "creative": (1, 3), "platform": (1, 2), "geo": (1, 4),
}  # fmt: skip
POS_FRAC, NEG_FRAC = 0.30, 0.15
IMBALANCED, BALANCED = (0.085, 0.83, 0.085), (0.29, 0.40, 0.31)

Cuts = Literal["sampler", "natural"]


@dataclass(frozen=True)
class World:
    """Labelled campaigns with the graph that decided their labels."""

    name: str
    graph: SignedGraph
    train: CampaignDataset
    test: CampaignDataset


def low_rank_graph(*, share: float, seed: int, rank: int = 6) -> SignedGraph:
    """A graph of 412 attributes: `share` of the variance of its pairs' scores is low rank."""
    catalogue = Catalogue(
        Attribute(m, f"{m} {i:03d}") for m, size in SIZES.items() for i in range(size)
    )
    starts = np.cumsum([0, *SIZES.values()])
    rng = stream(seed, "worlds", "graph", f"{share}")
    vectors = rng.standard_normal((len(catalogue), rank))
    source, target, scores = [], [], []
    for a, b in combinations(range(len(SIZES)), 2):
        i, j = np.meshgrid(
            np.arange(starts[a], starts[a + 1]), np.arange(starts[b], starts[b + 1]), indexing="ij"
        )
        mixing = rng.standard_normal((rank, rank)) / np.sqrt(rank)
        low = np.einsum("ir,rs,js->ij", vectors[i[:, 0]], mixing, vectors[j[0]])
        noise = rng.standard_normal(low.shape)
        source.append(i.ravel())
        target.append(j.ravel())
        scores.append((np.sqrt(share) * low / low.std() + np.sqrt(1 - share) * noise).ravel())
    score = np.concatenate(scores)
    low, high = np.quantile(score, [NEG_FRAC, 1 - POS_FRAC])
    sign = (score > high).astype(int) - (score < low).astype(int)
    return SignedGraph.from_arrays(
        catalogue, np.concatenate(source), np.concatenate(target), sign, neutral="drop"
    )


def draws(
    graph: SignedGraph, num: int, *, ranges: dict[str, tuple[int, int]], seed: int
) -> tuple[Block, Vocabulary, NDArray[np.float64]]:
    """Unconstrained campaigns, numbered canonically, and their net balance of signs per pair."""
    order = sorted(range(len(graph.catalogue)), key=lambda i: graph.catalogue[i].key)
    vocabulary = Vocabulary(tuple(graph.catalogue[i].key for i in order))
    signs = graph.signs[np.ix_(order, order)].astype(np.float32)
    rng = stream(seed, "worlds", "draws")
    parts = []
    for m, modality in enumerate(vocabulary.modalities):
        if modality not in ranges:
            continue
        low, high = ranges[modality]
        first, last = vocabulary.starts[m : m + 2]
        width = int(last - first)
        high = min(high, width)
        counts = rng.integers(low, high + 1, num)
        keys = rng.random((num, width), np.float32)
        chosen = (
            np.argpartition(keys, high - 1, axis=1)[:, :high]
            if high < width
            else (np.tile(np.arange(width), (num, 1)))
        )
        chosen = rng.permuted(chosen, axis=1) + first
        parts.append(np.where(np.arange(high) < counts[:, None], chosen, -1))
    wide = np.sort(np.concatenate(parts, axis=1), axis=1)
    is_node = wide >= 0
    offsets = np.concatenate([[0], np.cumsum(is_node.sum(axis=1))]).astype(np.int64)
    block = Block(wide[is_node].astype(np.int32), offsets, np.zeros(num, np.uint8))
    from campaignkit.classify.pair_tally import num_pairs, pair_scores

    scale = 1 / num_pairs(block.sizes)
    balance = pair_scores(block.nodes, block.offsets, signs.astype(float).ravel(), scale)
    return block, vocabulary, balance


def labelled(
    graph: SignedGraph,
    *,
    num: int,
    shares: tuple[float, float, float],
    cuts: Cuts,
    ranges: dict[str, tuple[int, int]],
    seed: int,
    tail: float = 0.02,
) -> CampaignDataset:
    """Campaigns labelled by their balance.

    "natural" cuts a plain draw at its quantiles, without a margin. "sampler" takes pos and neg
    from the far tails (the share `tail` of draws at each end) and avg from the middle half.
    """
    counts = np.round(np.array(shares) * num).astype(int)
    counts[1] = num - counts[0] - counts[2]
    rng = stream(seed, "worlds", "labels")
    if cuts == "natural":
        block, vocabulary, balance = draws(graph, num, ranges=ranges, seed=seed)
        # Ties at a cut are broken by chance, so that the shares are as asked.
        place = np.argsort(np.argsort(balance + 1e-9 * rng.random(num)))
        codes = np.searchsorted(np.cumsum(counts)[:2], place, side="right")
        told = Block(block.nodes, block.offsets, codes.astype(np.uint8))
        return CampaignDataset(told, vocabulary, ("neg", "avg", "pos"))
    pools: list[list[Block]] = [[], [], []]
    need = counts.copy()
    bounds: NDArray[np.float64] | None = None
    batch = 0
    while (need > 0).any():
        block, vocabulary, balance = draws(graph, 100_000, ranges=ranges, seed=seed * 7919 + batch)
        batch += 1
        if bounds is None:
            bounds = np.quantile(balance, [tail, 0.25, 0.75, 1 - tail])
        masks = (
            balance <= bounds[0],
            (balance >= bounds[1]) & (balance <= bounds[2]),
            balance >= bounds[3],
        )
        for code, mask in enumerate(masks):
            rows = np.flatnonzero(mask)[: max(need[code], 0)]
            pools[code].append(block.take(rows))
            need[code] -= len(rows)
    from campaignkit.dataset import concat_blocks

    joined = concat_blocks([b for pool in pools for b in pool])
    codes = np.repeat([0, 1, 2], counts).astype(np.uint8)
    whole = Block(joined.nodes, joined.offsets, codes).take(rng.permutation(num))
    return CampaignDataset(whole, vocabulary, ("neg", "avg", "pos"))


def world(
    name: str,
    graph: SignedGraph,
    *,
    shares: tuple[float, float, float],
    cuts: Cuts,
    ranges: dict[str, tuple[int, int]] | None = None,
    num_train: int = 42_000,
    num_test: int = 18_000,
    seed: int = 0,
    tail: float = 0.02,
) -> World:
    """A training and a test set, drawn together; identical rows stand on one side."""
    whole = labelled(
        graph, num=num_train + num_test, shares=shares, cuts=cuts, ranges=ranges or RANGES,
        seed=seed, tail=tail,
    )  # fmt: skip
    train, test = whole.split(test=num_test / (num_train + num_test), seed=seed)
    return World(name, graph, train, test)
