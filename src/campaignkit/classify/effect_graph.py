"""From a table of pair effects to a signed graph, and from a graph to a prior for one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.checks import checked_share
from campaignkit.dataset import Vocabulary
from campaignkit.errors import ClassifierError
from campaignkit.graph import DECIDED_BY, SignedGraph
from campaignkit.graph.columns import EdgeColumns

Floats = NDArray[np.float64]

NEUTRAL_BELOW = 0.5  # times the root mean square: about 38% of normal effects


def effect_graph(
    effects: Floats,
    vocabulary: Vocabulary,
    met: NDArray[np.bool_],
    *,
    pos_frac: float | None = None,
    neg_frac: float | None = None,
) -> SignedGraph:
    """A graph of all pairs of different modalities, strengths measured from the mean effect.

    Parameters
    ----------
    effects : float64[n, n]
        Symmetric.
    met : bool[n, n]
        Pairs that are "learned"; others are "predicted".
    pos_frac, neg_frac : float, optional
        Shares of the pairs to call + and -, the strongest first.

    Raises
    ------
    ClassifierError
        If a share is out of range, or only one is given.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("a", "x"), ("b", "y"), ("b", "z")])
    >>> effects = np.array([[0, 2.0, -2.0], [2.0, 0, 0], [-2.0, 0, 0]])
    >>> graph = effect_graph(effects, vocabulary, effects != 0)
    >>> graph.edge(("a", "x"), ("b", "z")).strength
    -2.0
    """
    modality = vocabulary.modality_of
    source, target = np.nonzero(np.triu(modality[:, np.newaxis] != modality))
    strength = effects[source, target]
    strength = strength - (strength.mean() if len(strength) else 0.0)
    if (pos_frac is None) != (neg_frac is None):
        raise ClassifierError("one of pos_frac and neg_frac is given; expected both or neither")
    if pos_frac is None or neg_frac is None:
        least = NEUTRAL_BELOW * np.sqrt(np.mean(strength**2)) if len(strength) else 0.0
        sign = np.where(np.abs(strength) > least, np.sign(strength), 0)
    else:
        sign = _ranked(strength, pos_frac, neg_frac)
    decided = np.where(
        met[source, target], DECIDED_BY.index("learned"), DECIDED_BY.index("predicted")
    )
    columns = EdgeColumns(
        source.astype(np.int32),
        target.astype(np.int32),
        sign.astype(np.int8),
        decided.astype(np.uint8),
        strength=strength,
    )
    catalogue = Catalogue(Attribute(modality, value) for modality, value in vocabulary.keys)
    return SignedGraph(catalogue, columns.frozen())


def extended_effects(effects: Floats, vocabulary: Vocabulary) -> Floats:
    """float64[n + modalities, n + modalities]: a row more a modality, the mean of its nodes'.

    Unseen values take these rows. Only what stands above the diagonal is filled in.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("a", "x"), ("b", "y"), ("b", "z")])
    >>> effects = np.array([[0, 2.0, 4.0], [2.0, 0, 0], [4.0, 0, 0]])
    >>> extended_effects(effects, vocabulary)[:3, 3:].tolist()
    [[0.0, 3.0], [2.0, 0.0], [4.0, 0.0]]
    """
    n, m = len(vocabulary), len(vocabulary.modalities)
    mean_of = np.zeros((n, m))
    for code, (first, last) in enumerate(
        zip(vocabulary.starts, vocabulary.starts[1:], strict=False)
    ):
        mean_of[first:last, code] = 1 / max(int(last - first), 1)
    told = np.zeros((n + m, n + m))
    told[:n, :n] = np.triu(effects)
    told[:n, n:] = effects @ mean_of
    told[n:, n:] = np.triu(mean_of.T @ effects @ mean_of)
    return told


def prior_signs(graph: SignedGraph, vocabulary: Vocabulary) -> NDArray[np.int8]:
    """int8[n, n], the signs that a known graph gives to the attributes of some rows.

    Raises
    ------
    ClassifierError
        If the graph knows none of the attributes.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("a", "x"), ("b", "y"), -1)])
    >>> prior_signs(graph, Vocabulary.of([("a", "x"), ("b", "y"), ("b", "z")])).tolist()
    [[0, -1, 0], [-1, 0, 0], [0, 0, 0]]
    """
    place = np.array([vocabulary.node_of.get(a.key, -1) for a in graph.catalogue], np.int64)
    if (place < 0).all():
        raise ClassifierError(
            f"the prior graph contains none of the {len(vocabulary):,} attributes of the rows",
            hint="modalities and values must be spelled as in the records",
        )
    edges = graph.columns
    one, other = place[edges.source], place[edges.target]
    both = (one >= 0) & (other >= 0)
    signs = np.zeros((len(vocabulary), len(vocabulary)), np.int8)
    signs[one[both], other[both]] = edges.sign[both]
    return signs + signs.T


def _ranked(strength: Floats, pos_frac: float, neg_frac: float) -> Floats:
    pos, neg = (
        checked_share(share, name, error=ClassifierError)
        for name, share in (("pos_frac", pos_frac), ("neg_frac", neg_frac))
    )
    if pos + neg > 1:
        raise ClassifierError(
            f"pos_frac and neg_frac are {pos} and {neg}; expected shares that add up to at most 1"
        )
    order = np.argsort(strength, kind="stable")
    sign = np.zeros(len(strength))
    sign[order[: round(neg * len(order))]] = -1
    sign[order[len(order) - round(pos * len(order)) :]] = 1
    return sign
