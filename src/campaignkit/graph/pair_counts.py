"""How many pairs of each sign lie between two modalities."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from campaignkit.graph.edge import Key

if TYPE_CHECKING:
    from campaignkit.graph.questions import GraphQuestions


@dataclass(frozen=True, slots=True)
class PairCounts:
    """The pairs of attributes between two modalities, by sign.

    Attributes
    ----------
    num_pairs : int
        All of them, judged or not.
    num_positive, num_negative, num_neutral : int
        Those judged so.

    Examples
    --------
    >>> PairCounts(num_pairs=8, num_positive=4, num_negative=1, num_neutral=0).pos_frac
    0.5
    """

    num_pairs: int
    num_positive: int
    num_negative: int
    num_neutral: int

    @property
    def pos_frac(self) -> float:
        """Share of the pairs that is +."""
        return self.num_positive / self.num_pairs if self.num_pairs else 0.0

    @property
    def neg_frac(self) -> float:
        """Share of the pairs that is -."""
        return self.num_negative / self.num_pairs if self.num_pairs else 0.0


def count_pairs(graph: GraphQuestions) -> dict[Key, PairCounts]:
    """The counts of every pair of modalities; see :meth:`SignedGraph.by_modality_pair`."""
    modalities = graph.catalogue.modalities
    m = len(modalities)
    columns, codes = graph.columns, graph.modality_codes
    one, other = codes[columns.source], codes[columns.target]
    low, high = np.minimum(one, other), np.maximum(one, other)
    cells = (low.astype(np.int64) * m + high) * 3 + columns.sign + 1
    counts = np.bincount(cells, minlength=m * m * 3).reshape(m, m, 3)
    sizes = Counter(codes.tolist())
    return {
        (modalities[i], modalities[j]): PairCounts(
            num_pairs=sizes[i] * sizes[j],
            num_positive=int(counts[i, j, 2]),
            num_negative=int(counts[i, j, 0]),
            num_neutral=int(counts[i, j, 1]),
        )
        for i, j in combinations(range(m), 2)
    }
