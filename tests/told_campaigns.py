"""Small campaigns whose outcome a signed graph decides, for the tests of classifiers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.graph import SignedGraph
from campaignkit.simulation import synthetic_graph

Record = dict[str, list[str]]


def told_campaigns(
    num: int, *, size: int = 6, seed: int = 0, noise: float = 0.0
) -> tuple[list[Record], NDArray[np.str_], SignedGraph]:
    """Records of four modalities, labels by tertiles of the balance of signs, and the graph."""
    sizes = {"audience": size, "brand": size, "creative": size, "geo": size}
    graph = synthetic_graph(sizes, pos_frac=0.35, neg_frac=0.35, hubs=0, seed=3)
    # Names of one word: a text model has to be able to tell them apart.
    named = Catalogue(Attribute(a.modality, a.value.replace(" ", "")) for a in graph.catalogue)
    edges = graph.columns
    graph = SignedGraph.from_arrays(named, edges.source, edges.target, edges.sign)
    rng = np.random.default_rng(seed)
    names = {m: [a for a in graph.catalogue if a.modality == m] for m in sizes}
    records, balance = [], []
    for _ in range(num):
        picked = []
        for modality in sizes:
            count = 1 if modality == "brand" else int(rng.integers(1, 3))
            picked += [names[modality][i] for i in rng.permutation(size)[:count]]
        nodes = [graph.catalogue.index(a) for a in picked]
        total = int(graph.signs[np.ix_(nodes, nodes)].sum()) / (len(nodes) * (len(nodes) - 1))
        record: Record = {m: sorted(a.value for a in picked if a.modality == m) for m in sizes}
        records.append(record)
        balance.append(total + noise * rng.standard_normal() + 1e-6 * rng.standard_normal())
    codes = np.searchsorted(np.quantile(balance, [1 / 3, 2 / 3]), balance)
    return records, np.array(["neg", "avg", "pos"])[codes], graph
