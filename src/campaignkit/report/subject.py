"""What a data set's report is about: everything its sections may draw on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.show.page import Markup, label_name
from campaignkit.show.palette import MUTED, label_colours

if TYPE_CHECKING:
    from campaignkit.dataset import CampaignDataset, DatasetEvaluation
    from campaignkit.diagnosis import DensityProfile
    from campaignkit.evaluation import ClassifierTable
    from campaignkit.graph import SignedGraph
    from campaignkit.spec import LabelSpec, SamplingSpec


@dataclass(frozen=True)
class Subject:
    """A data set with what it came from.

    Attributes
    ----------
    dataset : CampaignDataset
    graph : SignedGraph
    spec : SamplingSpec or None
        None where labels come from outcomes or from elsewhere.
    evaluation : DatasetEvaluation
    profile : DensityProfile or None
        Unconstrained draws, for comparison.
    splits : mapping of str to CampaignDataset
        Parts such as train and test.
    classifiers : ClassifierTable or None
        What models made of the parts.
    """

    dataset: CampaignDataset
    graph: SignedGraph
    spec: SamplingSpec | None
    evaluation: DatasetEvaluation
    profile: DensityProfile | None = None
    splits: Mapping[str, CampaignDataset] = field(default_factory=dict)
    classifiers: ClassifierTable | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the data set, in its order."""
        return self.dataset.label_names

    @property
    def boxes(self) -> Mapping[str, LabelSpec]:
        """The ranges of each label; none without a spec."""
        return self.spec.label_params if self.spec else {}

    @cached_property
    def colours(self) -> dict[str, str]:
        """One colour a label, the same in every picture."""
        return label_colours(dict.fromkeys([*self.labels, *self.boxes]))

    def named(self, label: str) -> Markup:
        """A label's name with its colour, for a table."""
        return label_name(label, self.colours.get(label, MUTED))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """int64[rows, 2], + and - pairs of every campaign."""
        from campaignkit.dataset.sign_counts import SignCounter

        return SignCounter(self.graph, self.dataset.vocabulary).count(self.dataset.block).signed

    @cached_property
    def fractions(self) -> dict[str, NDArray[np.float64]]:
        """float64[m, 2] by label: the positive and negative fraction of its campaigns."""
        sizes = self.dataset.block.sizes.astype(np.int64)
        pairs = np.maximum(sizes * (sizes - 1) // 2, 1)
        shares = self.counts / pairs[:, np.newaxis]
        return {
            name: shares[self.dataset.block.labels == code]
            for code, name in enumerate(self.labels)
        }
