"""What the graph that made some rows knows of them: their labels, and what carries these.

The labels that the graph and boxes themselves give are the ceiling of scores; the share of each
modality in what decides the labels is what features are to be judged by.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import BOX_EPSILON
from campaignkit.dataset import CampaignDataset
from campaignkit.dataset.row_sample import one_hot
from campaignkit.dataset.sign_counts import SignCounter, graph_places
from campaignkit.diagnosis import diagnose
from campaignkit.graph import SignedGraph
from campaignkit.metrics import Counts, accuracy_of, count_confusion, macro_f1_of
from campaignkit.spec import SamplingSpec

_SEED = 0  # of the draws that estimate shares


@dataclass(frozen=True)
class OracleScore:
    """How well the graph itself tells the labels of some rows.

    Attributes
    ----------
    macro_f1, accuracy : float
        1 where labels are a function of the graph; less by what noise did to labels or records.
    num_rows : int
    num_outside : int
        Rows in no label's box, predicted as the nearest.
    num_ambiguous : int
        Rows in several boxes, predicted as the label that such a row most likely has. Where there
        are any, even the graph cannot score 1.

    Examples
    --------
    >>> OracleScore(0.985, 0.98, 100, 0, 0).macro_f1
    0.985
    """

    macro_f1: float
    accuracy: float
    num_rows: int
    num_outside: int
    num_ambiguous: int


class GraphOracle:
    """Labels campaigns by their fractions in a graph and the boxes of a spec.

    Parameters
    ----------
    graph : SignedGraph
    spec : SamplingSpec

    Notes
    -----
    Boxes may overlap. A campaign of a label is a draw from the unconstrained law, given the
    label's box; so a campaign in several boxes has each of their labels with a chance that goes as
    the label's number of samples over the share of unconstrained draws in its box. The oracle
    takes the largest; shares are of 10,000 draws.

    Examples
    --------
    >>> import campaignkit as ck
    >>> sizes = {"brand": 20, "geo": 30}
    >>> graph = ck.simulation.synthetic_graph(sizes, num_positive=200, num_negative=100)
    >>> spec = ck.diagnose(graph, type_ranges={"brand": (2, 3), "geo": (3, 5)}).suggest(
    ...     {"pos": 30, "neg": 30})
    >>> dataset = ck.AnnealingSampler(graph, spec).sample()
    >>> GraphOracle(graph, spec).score(dataset).macro_f1
    1.0
    """

    def __init__(self, graph: SignedGraph, spec: SamplingSpec) -> None:
        self.graph = graph
        self.spec = spec

    def predict(self, dataset: CampaignDataset) -> NDArray[np.str_]:
        """str[rows], the label whose box each row lies in, or else the nearest box's.

        Raises
        ------
        DatasetError
            If the graph lacks attributes of the data set.
        """
        return np.array([*self.spec.label_params])[self._choice(self._distances(dataset))]

    def score(self, dataset: CampaignDataset) -> OracleScore:
        """The oracle's predictions against the labels of the data set."""
        distances = self._distances(dataset)
        told = np.array([*self.spec.label_params])[self._choice(distances)]
        names, codes = np.unique(np.stack([dataset.labels, told]), return_inverse=True)
        confusion = count_confusion(*codes.reshape(2, -1), num_labels=len(names))
        inside = (distances <= 0).sum(axis=1)
        return OracleScore(
            macro_f1=float(macro_f1_of(confusion)),
            accuracy=float(accuracy_of(confusion)),
            num_rows=len(dataset),
            num_outside=int((inside == 0).sum()),
            num_ambiguous=int((inside > 1).sum()),
        )

    def _choice(self, distances: NDArray[np.float64]) -> Counts:
        """The nearest box; of several as near, the label such a row most likely has."""
        nearest = distances.min(axis=1, keepdims=True)
        if not ((distances == nearest).sum(axis=1) > 1).any():
            return np.asarray(distances.argmin(axis=1), np.int64)
        order = np.argsort(-self._odds, kind="stable")
        return np.asarray(order[distances[:, order].argmin(axis=1)], np.int64)

    @cached_property
    def _odds(self) -> NDArray[np.float64]:
        """float64[labels], samples wanted for each unconstrained draw that falls into the box."""
        profile = diagnose(self.graph, type_ranges=self.spec.type_ranges, seed=_SEED)
        accepted = profile.coverage(self.spec).accepted
        wanted = self.spec.label_params
        # A box that no draw met is the rarest: half a draw.
        least = 0.5 / profile.num_draws
        return np.array([wanted[name].num_samples / max(accepted[name], least) for name in wanted])

    def _distances(self, dataset: CampaignDataset) -> NDArray[np.float64]:
        """float64[rows, labels], share of pairs by which a row misses each box; 0 inside."""
        counts = SignCounter(self.graph, dataset.vocabulary).count(dataset.block).signed
        sizes = dataset.block.sizes.astype(np.int64)
        pairs = np.maximum(sizes * (sizes - 1) // 2, 1)[:, np.newaxis, np.newaxis]
        boxes = self.spec.label_params.values()
        bounds = np.array([(box.pos_frac_range, box.neg_frac_range) for box in boxes])
        missing = np.maximum(bounds[..., 0] * pairs - counts[:, np.newaxis] - BOX_EPSILON, 0)
        beyond = np.maximum(counts[:, np.newaxis] - bounds[..., 1] * pairs - BOX_EPSILON, 0)
        return np.asarray(((missing + beyond) / pairs).sum(axis=2))


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
        shares = net / pairs
        balances[names[one], names[two]] = shares - shares.sum() / max(len(block), 1)
    total = sum(balances.values(), np.zeros(len(block)))
    variance = float(total @ total) or 1.0
    by_pair = {key: float(net @ total) / variance for key, net in balances.items()}
    by_modality = {
        name: sum(share for key, share in by_pair.items() if name in key) / 2 for name in names
    }
    return SignalShares(by_modality, by_pair)
