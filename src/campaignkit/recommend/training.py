"""The training campaigns of a model, in its own node numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import encode, own_labels
from campaignkit.classify.labels import read_labels
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.errors import ClassifierError
from campaignkit.recommend.advice import Neighbour
from campaignkit.recommend.partial import Ranges

Nodes = NDArray[np.int64]

_NEIGHBOURS = 3


@dataclass(frozen=True, eq=False)
class Training:
    """Campaigns with the attributes that a model knows.

    Attributes
    ----------
    nodes, offsets : int32[total], int64[rows + 1]
        As in a block.
    vocabulary : Vocabulary
        Of the model.
    labels : array or None
    """

    nodes: NDArray[np.int32]
    offsets: Nodes
    vocabulary: Vocabulary
    labels: NDArray[Any] | None

    @classmethod
    def of(cls, campaigns: Any, labels: Any, vocabulary: Vocabulary) -> Training:
        """Read campaigns; values that the model does not know are left out.

        Raises
        ------
        ClassifierError
            If there are more or fewer labels than campaigns.
        """
        rows = encode(campaigns, vocabulary)
        known = rows.nodes < len(vocabulary)
        ends = np.append(0, np.cumsum(known))[rows.offsets]
        if labels is None:
            try:
                labels = own_labels(campaigns)
            except ClassifierError:  # they bring none
                return cls(rows.nodes[known], ends, vocabulary, None)
        told = read_labels(labels)
        if len(told) != len(rows):
            raise ClassifierError(
                f"{len(rows):,} campaigns and {len(told):,} labels; "
                "expected the same number of each"
            )
        return cls(rows.nodes[known], ends, vocabulary, told)

    @cached_property
    def sets(self) -> list[Nodes]:
        """The node set of each campaign."""
        return np.split(self.nodes.astype(np.int64), self.offsets[1:-1])

    @cached_property
    def usual(self) -> Ranges:
        """How many values of each modality a campaign has: fewest and most."""
        num_rows, names = len(self.offsets) - 1, self.vocabulary.modalities
        row = np.repeat(np.arange(num_rows), np.diff(self.offsets))
        cells = row * len(names) + self.vocabulary.modality_of[self.nodes]
        counts = np.bincount(cells, minlength=num_rows * len(names)).reshape(num_rows, -1)
        ends = zip(names, counts.min(axis=0).tolist(), counts.max(axis=0).tolist(), strict=True)
        return {name: (low, high) for name, low, high in ends}

    @property
    def rarest(self) -> int:
        """Rows of the rarest label; 0 without labels."""
        if self.labels is None:
            return 0
        return int(np.unique(self.labels, return_counts=True)[1].min())

    def rows(self, which: Nodes) -> tuple[CampaignDataset, NDArray[Any]]:
        """Some campaigns and their labels, to fit on."""
        assert self.labels is not None
        block = Block(self.nodes, self.offsets, np.zeros(len(self.offsets) - 1, np.uint8))
        return CampaignDataset(block.take(which), self.vocabulary, ["any"]), self.labels[which]

    def nearest(self, nodes: Nodes) -> tuple[Neighbour, ...]:
        """The campaigns that share most with one (Jaccard)."""
        is_in = np.zeros(len(self.vocabulary), bool)
        is_in[nodes] = True
        shared = np.diff(np.append(0, np.cumsum(is_in[self.nodes]))[self.offsets])
        overlap = shared / np.maximum(np.diff(self.offsets) + len(nodes) - shared, 1)
        best = np.argsort(-overlap, kind="stable")[:_NEIGHBOURS].tolist()
        labels = [None] * len(overlap) if self.labels is None else self.labels.tolist()
        return tuple(Neighbour(row, float(overlap[row]), labels[row]) for row in best)


def named(nodes: Sequence[int] | Nodes, vocabulary: Vocabulary) -> dict[str, list[str]]:
    """Nodes as values by modality, both in code-point order.

    Examples
    --------
    >>> named([0, 1], Vocabulary.of([("geo", "Peru"), ("brand", "Nike")]))
    {'brand': ['Nike'], 'geo': ['Peru']}
    """
    campaign: dict[str, list[str]] = {}
    for node in nodes:
        modality, value = vocabulary.keys[int(node)]
        campaign.setdefault(modality, []).append(value)
    return campaign
