"""What a recipe's graph is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.dataset.text import make_wordings
from campaignkit.dataset.text.phrases import KINDS
from campaignkit.graph import SignedGraph
from campaignkit.simulation import synthetic_graph


@dataclass(frozen=True)
class World:
    """The arguments of :func:`~campaignkit.simulation.synthetic_graph`, all but the seed.

    Examples
    --------
    >>> World({"brand": 20, "geo": 10}, pos_frac=0.3, neg_frac=0.1).graph(seed=1)
    SignedGraph(30 nodes, 60 +, 20 -)
    """

    sizes: Mapping[str, int]
    pos_frac: float | None = None
    neg_frac: float | None = None
    num_positive: int | None = None
    num_negative: int | None = None
    low_rank: int = 4
    communities: int = 8
    hubs: float = 0.03

    def graph(self, *, seed: int = 0) -> SignedGraph:
        """Draw the graph; audiences, brands and so on are described in words, places by zip codes.

        Raises
        ------
        GraphError
            If there is no such graph.
        """
        graph = synthetic_graph(
            self.sizes,
            pos_frac=self.pos_frac,
            neg_frac=self.neg_frac,
            num_positive=self.num_positive,
            num_negative=self.num_negative,
            low_rank=self.low_rank,
            communities=self.communities,
            hubs=self.hubs,
            seed=seed,
        )
        keys = [attribute.key for attribute in graph.catalogue]
        told = make_wordings([key for key in keys if key[0] in KINDS], num=1).phrases
        named = Catalogue(Attribute(key[0], told.get(key, key[1:])[0]) for key in keys)
        return SignedGraph(named, graph.columns)
