"""A graph, campaigns labelled by it with noise, and a model of them: made once."""

from __future__ import annotations

import numpy as np
import pytest

from campaignkit.classify import PairwiseOrdinalClassifier
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.graph import SignedGraph
from campaignkit.seeds import stream
from campaignkit.simulation import synthetic_graph

SIZES = {"audience": 12, "brand": 8, "creative": 6, "platform": 5}


@pytest.fixture(scope="session")
def graph() -> SignedGraph:
    return synthetic_graph(SIZES, pos_frac=0.3, neg_frac=0.2, seed=3)


@pytest.fixture(scope="session")
def campaigns(graph: SignedGraph) -> CampaignDataset:
    """1,500 random campaigns; a quarter under-performs, a quarter over-performs."""
    rng, vocabulary = stream(5, "recommend"), Vocabulary.of(a.key for a in graph.catalogue)
    places = [graph.catalogue.index(key) for key in vocabulary.keys]
    signs, starts = graph.signs[np.ix_(places, places)].astype(float), vocabulary.starts
    rows = [
        [
            int(node)
            for m in range(len(SIZES))
            for node in rng.choice(np.arange(starts[m], starts[m + 1]), rng.integers(1, 3), False)
        ]
        for _ in range(1500)
    ]
    scores = np.array([signs[np.ix_(r, r)].sum() / (len(r) * (len(r) - 1)) for r in rows])
    outcome = scores / scores.std() + 0.7 * rng.standard_normal(len(rows))
    labels = np.digitize(outcome, np.quantile(outcome, [0.25, 0.75]))
    return CampaignDataset(
        Block.of_rows(rows, labels=labels.tolist()), vocabulary, ["neg", "avg", "pos"]
    )


@pytest.fixture(scope="session")
def model(campaigns: CampaignDataset) -> PairwiseOrdinalClassifier:
    return PairwiseOrdinalClassifier(rank=2, max_iterations=40).fit(campaigns)
