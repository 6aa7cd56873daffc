"""The graph a recipe labels by: the world's, with the signs of some modality pairs changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from campaignkit.graph import SignedGraph

Pair = tuple[str, str]


def labelling_graph(
    graph: SignedGraph, *, inverse_pairs: Collection[Pair], middle_pairs: Collection[Pair]
) -> SignedGraph:
    """The graph whose signs count for labels.

    Parameters
    ----------
    graph : SignedGraph
    inverse_pairs : (str, str) collection
        Modality pairs whose edges count with the opposite sign.
    middle_pairs : (str, str) collection
        Modality pairs whose edges count as neutral.

    Returns
    -------
    SignedGraph
        `graph` itself where no pair is named.

    Examples
    --------
    >>> import campaignkit as ck
    >>> edges = [ck.Edge(("brand", "Nike"), ("geo", "Peru"), 1)]
    >>> graph = ck.SignedGraph.from_edges(edges)
    >>> labelling_graph(graph, inverse_pairs=[("geo", "brand")], middle_pairs=[])
    SignedGraph(2 nodes, 0 +, 1 -)
    >>> labelling_graph(graph, inverse_pairs=[], middle_pairs=[("brand", "geo")]).num_positive
    0
    """
    if not inverse_pairs and not middle_pairs:
        return graph
    code_of = {modality: code for code, modality in enumerate(graph.catalogue.modalities)}
    factor = np.ones((len(code_of), len(code_of)), np.int8)
    for pairs, times in ((inverse_pairs, -1), (middle_pairs, 0)):
        for one, two in pairs:
            factor[code_of[one], code_of[two]] = factor[code_of[two], code_of[one]] = times
    codes = np.array([code_of[attribute.modality] for attribute in graph.catalogue])
    columns = graph.columns
    signs = columns.sign * factor[codes[columns.source], codes[columns.target]]
    return SignedGraph(graph.catalogue, replace(columns, sign=signs.astype(np.int8)).frozen())
