"""How much of what decides the labels each modality truly carries, counted in the graph."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset import CampaignDataset
from campaignkit.dataset.row_sample import one_hot
from campaignkit.dataset.sign_counts import graph_places
from campaignkit.graph import SignedGraph


@dataclass(frozen=True)
class SignalShares:
    """Shares of the variance of the net balance of signs, over some rows.

    Attributes
    ----------
    by_modality : dict of str to float
        Sum to 1. A share may lie below 0 where a modality's pairs work against the rest.
    by_pair : dict of (str, str) to float
        The same by pair of modalities; each is split evenly between its two.

    Examples
    --------
    >>> SignalShares({"brand": 0.5, "geo": 0.5}, {("brand", "geo"): 1.0}).by_modality["geo"]
    0.5
    """

    by_modality: dict[str, float]
    by_pair: dict[tuple[str, str], float]


def signal_shares(dataset: CampaignDataset, graph: SignedGraph) -> SignalShares:
    """Take the variance of what decides a row's label apart, by modality.

    Parameters
    ----------
    dataset : CampaignDataset
    graph : SignedGraph
        What made the labels.

    Raises
    ------
    DatasetError
        If the graph lacks attributes of the rows.

    Notes
    -----
    A row's net balance is (+ pairs - minus pairs) / all pairs. It is the sum of the balances
    of pairs of modalities, so its variance is the sum of their covariances with it: a pair of
    modalities carries its covariance over the variance, half of it for each of the two.

    Examples
    --------
    >>> import campaignkit as ck
    >>> sizes = {"brand": 20, "geo": 30}
    >>> graph = ck.simulation.synthetic_graph(sizes, num_positive=200, num_negative=100)
    >>> spec = ck.diagnose(graph, type_ranges={"brand": (2, 3), "geo": (3, 5)}).suggest(
    ...     {"pos": 30, "neg": 30})
    >>> shares = signal_shares(ck.AnnealingSampler(graph, spec).sample(), graph)
    >>> {name: round(share, 3) for name, share in shares.by_modality.items()}
    {'brand': 0.5, 'geo': 0.5}
    """
    vocabulary, block = dataset.vocabulary, dataset.block
    order = graph_places(graph, vocabulary)
    signs = graph.to_scipy().tocsr()[order][:, order].astype(np.float64)
    rows = one_hot(block, len(vocabulary))
    pairs = np.maximum(block.sizes * (block.sizes - 1) // 2, 1)
    names, starts = vocabulary.modalities, vocabulary.starts
    balances: dict[tuple[str, str], NDArray[np.float64]] = {}
    for one, two in combinations(range(len(names)), 2):
        left, right = (slice(starts[m], starts[m + 1]) for m in (one, two))
        reach = rows[:, left] @ signs[left, right]
        net = np.asarray(reach.multiply(rows[:, right]).sum(axis=1)).ravel()
        balances[names[one], names[two]] = net / pairs
    total = sum(balances.values(), np.zeros(len(block)))
    variance = float(total.var()) if len(total) else 0.0
    by_pair = {
        key: float(np.mean((net - net.mean()) * (total - total.mean()))) / variance
        if variance > 0
        else 0.0
        for key, net in balances.items()
    }
    by_modality = dict.fromkeys(names, 0.0)
    for key, share in by_pair.items():
        for name in key:
            by_modality[name] += share / 2
    return SignalShares(by_modality, by_pair)
