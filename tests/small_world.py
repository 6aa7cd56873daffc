"""A small graph, a spec, and campaigns drawn by trial and error: no sampler involved."""

from __future__ import annotations

from itertools import combinations

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.dataset import Block, CampaignDataset, Provenance, Vocabulary
from campaignkit.graph import Edge, SignedGraph
from campaignkit.seeds import stream
from campaignkit.spec import SamplingSpec

SIZES = {"geo": 6, "audience": 9, "brand": 8}

SPEC = SamplingSpec(
    type_ranges={"brand": (1, 2), "audience": (2, 4), "geo": (0, 2)},
    label_params={
        "pos": {"pos_frac_range": (0.3, 1), "neg_frac_range": (0, 0.2), "num_samples": 60},
        "avg": {"pos_frac_range": (0.1, 0.3), "neg_frac_range": (0.1, 0.3), "num_samples": 80},
        "neg": {"pos_frac_range": (0, 0.2), "neg_frac_range": (0.3, 1), "num_samples": 50},
    },
)


def small_graph() -> SignedGraph:
    """A graph of 23 attributes, one of them without an edge, in an order that is not canonical."""
    keys = [(modality, f"{modality} {i}") for modality, num in SIZES.items() for i in range(num)]
    rng = stream(11, "small world")
    edges = []
    for a, b in combinations(keys, 2):
        sign = int(rng.choice([1, -1, 0], p=[0.4, 0.3, 0.3]))
        if a[0] != b[0] and sign and ("brand", "brand 7") not in (a, b):
            edges.append(Edge(a, b, sign))
    return SignedGraph.from_edges(edges, catalogue=Catalogue(Attribute(*key) for key in keys))


def small_dataset(graph: SignedGraph, spec: SamplingSpec = SPEC) -> CampaignDataset:
    """Campaigns in range, label by label, each drawn until it fits."""
    vocabulary = Vocabulary.of(attribute.key for attribute in graph.catalogue)
    rng = stream(12, "small world")
    rows, labels = [], []
    for code, box in enumerate(spec.label_params.values()):
        while labels.count(code) < box.num_samples:
            row: list[int] = []
            for modality, (low, high) in spec.type_ranges.items():
                m = vocabulary.modalities.index(modality)
                nodes = range(vocabulary.starts[m], vocabulary.starts[m + 1])
                row += rng.choice(nodes, int(rng.integers(low, high + 1)), replace=False).tolist()
            signs = [
                graph.sign(vocabulary.keys[a], vocabulary.keys[b]) for a, b in combinations(row, 2)
            ]
            if box.admits(
                num_positive=signs.count(1), num_negative=signs.count(-1), num_nodes=len(row)
            ):
                rows.append(row)
                labels.append(code)
    origin = Provenance(
        graph_digest=graph.digest,
        spec_digest=spec.digest,
        spec=spec.model_dump(mode="json"),
        seed=12,
    )
    block = Block.of_rows(rows, labels=labels)
    return CampaignDataset(block, vocabulary, list(spec.label_params), provenance=origin)
