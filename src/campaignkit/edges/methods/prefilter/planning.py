"""The most that a pre-filter can ask, before anything is sent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from campaignkit.catalogue import Catalogue
from campaignkit.edges.methods.prefilter.routing import mixed_calls, published_calls
from campaignkit.edges.pairs import PairTable

if TYPE_CHECKING:
    from campaignkit.edges.methods.prefilter.builder import ClusterPrefilter
    from campaignkit.edges.plan import GraphPlan

_BYTES_A_CALL, _TOKENS_A_CALL = 2600, 1200  # rough: a question and ten names; ten answers


def plan_prefilter(
    method: ClusterPrefilter,
    catalogue: Catalogue,
    *,
    model: object,
    prices: object,
) -> GraphPlan:
    """The plan of a pre-filter: an upper bound, since what is judged depends on the scores."""
    from campaignkit.edges.plan import StagePlan, planned

    table = PairTable(catalogue)
    make_calls = published_calls if method.packing == "published" else mixed_calls
    calls = make_calls(table, np.arange(len(table)), batch_size=method.batch_size)
    return planned(
        table,
        {"classify pairs": calls},
        batch_size=method.batch_size,
        method="cluster pre-filter",
        at_most=True,
        fewest=1,
        model=model,
        prices=prices,
        other_stages={
            stage: StagePlan(num, 0, num * _BYTES_A_CALL, num * _TOKENS_A_CALL)
            for stage, num in most_other_calls(method, catalogue).items()
        },
    )


def most_other_calls(method: ClusterPrefilter, catalogue: Catalogue) -> dict[str, int]:
    """Calls that describe, label and score, at most, by stage.

    A modality cannot have more clusters than members over the smallest size of one; where noise
    stands alone, or a clusterer of yours says no smallest size, as many as members.
    """
    sizes = Counter(a.modality for a in catalogue)
    least = getattr(method.clusterer, "min_cluster_size", 1) if method.noise == "nearest" else 1
    describe = Counter(
        a.modality
        for a in catalogue
        if method.describe == "all" or (method.describe == "missing" and not a.description)
    )
    labels = sum(size // max(least, 2) for size in sizes.values() if size >= method.min_attributes)
    # All noise is as many clusters as members: that is the most there can be to score.
    clusters = dict(sorted(sizes.items()))
    names = list(clusters)
    scores = sum(
        clusters[one] * -(-clusters[other] // method.targets_per_call)
        for position, one in enumerate(names)
        for other in names[position + 1 :]
    )
    per_call = method.described_per_call
    return {
        "describe attributes": sum(-(-count // per_call) for count in describe.values()),
        "label clusters": labels,
        "score clusters": scores,
    }
