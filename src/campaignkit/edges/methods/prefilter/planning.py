"""What a pre-filter is expected to ask, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from campaignkit.catalogue import Catalogue
from campaignkit.edges.methods.packing import pack
from campaignkit.edges.methods.prefilter.asking import (
    DESCRIBE,
    LABEL,
    SCORE,
    ClusterLabel,
    describe_request,
    label_calls,
    label_request,
    own_label,
    score_request,
)
from campaignkit.edges.methods.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.methods.prefilter.routing import pair_calls, score_calls
from campaignkit.edges.pairs import PairTable
from campaignkit.edges.plan import GraphPlan, StagePlan, planned
from campaignkit.llm import Request
from campaignkit.seeds import stream

if TYPE_CHECKING:
    from campaignkit.edges.methods.prefilter.builder import ClusterPrefilter

CLASSIFY = "classify pairs"
# Five simulated worlds of 160 attributes: 150 of them in 47 clusters, and of the pairs 55% judged.
_CLUSTER_SIZE, _JUDGED_FRAC = 3, 0.55
_DESCRIPTION = "x" * 700  # as long as six sentences
_LABEL = ClusterLabel("x" * 20, "x" * 100, ("x" * 25,) * 3)
_TOKENS = {DESCRIBE: 180, LABEL: 60, SCORE: 6}  # an answer; rough
_RENDERED = 40  # prompts of a stage that are measured; the others are as long on average


@dataclass(frozen=True, slots=True)
class ExpectedCalls:
    """The calls of a pre-filter whose clusters and scores are as they mostly are.

    Attributes
    ----------
    clustering : Clustering
        Every large modality in clusters of three; attributes to be described have a description.
    describe, label : list of list of int
        Catalogue positions, cluster numbers of each call.
    score : list of (int, list of int)
        Source and targets of each call.
    classify, brute_force : list of int64[k]
        Pair numbers of each call: those judged one by one, and all of them.
    """

    clustering: Clustering
    describe: list[list[int]]
    label: list[list[int]]
    score: list[tuple[int, list[int]]]
    classify: list[np.ndarray]
    brute_force: list[np.ndarray]

    @property
    def share_of_brute_force(self) -> float:
        """Their number over that of brute force in the same packing."""
        num = len(self.describe) + len(self.label) + len(self.score) + len(self.classify)
        return num / max(len(self.brute_force), 1)


def expected_calls(method: ClusterPrefilter, pairs: PairTable) -> ExpectedCalls:
    """What a method would ask of a catalogue; nothing is embedded for it."""
    catalogue = pairs.catalogue
    describe = method.describable(catalogue)
    waiting = {position for call in describe for position in call}
    described = Catalogue(
        replace(a, description=a.description or _DESCRIPTION * (i in waiting))
        for i, a in enumerate(catalogue)
    )
    clusters: list[Cluster] = []
    for modality in catalogue.modalities:
        members = [i for i, a in enumerate(catalogue) if a.modality == modality]
        size = _CLUSTER_SIZE if len(members) >= method.min_attributes else 1
        for start in range(0, len(members), size):
            held = tuple(members[start : start + size])
            clusters.append(Cluster(len(clusters), modality, held))
    clustering = Clustering(described, tuple(clusters), np.zeros((len(catalogue), 2)))
    order = stream(0, "prefilter", "plan").permutation(len(pairs))
    judged = np.sort(order[: round(_JUDGED_FRAC * len(pairs))])
    return ExpectedCalls(
        clustering=clustering,
        describe=describe,
        label=label_calls(clustering, per_call=method.labels_per_call),
        score=score_calls(
            clustering, packing=method.packing, targets_per_call=method.targets_per_call
        ),
        classify=pair_calls(pairs, judged, packing=method.packing, batch_size=method.batch_size),
        brute_force=pack(pairs, method.packing, batch_size=method.batch_size),
    )


def plan_prefilter(
    method: ClusterPrefilter, catalogue: Catalogue, *, model: object, prices: object
) -> GraphPlan:
    """The plan of a pre-filter: an estimate, since clusters and scores are not known before."""
    pairs = PairTable(catalogue)
    expected = expected_calls(method, pairs)
    if method.is_as_dear_as_brute_force(expected):
        return planned(
            pairs,
            {CLASSIFY: expected.brute_force},
            method="cluster pre-filter (brute force: it would cost hardly less)",
            batch_size=method.batch_size,
            model=model,
            prices=prices,
        )
    clustering = expected.clustering
    labels = [
        _LABEL if len(cluster) > 1 else own_label(clustering.catalogue, cluster)
        for cluster in clustering.clusters
    ]
    prompts = method.prompts
    stages = {
        DESCRIBE: _stage(
            expected.describe,
            lambda call: describe_request([catalogue[i] for i in call], prompts=prompts),
        ),
        LABEL: _stage(
            expected.label, lambda call: label_request(clustering, call, prompts=prompts)
        ),
        SCORE: _stage(
            [[source, *targets] for source, targets in expected.score],
            lambda call: score_request(
                clustering, labels, source=call[0], targets=call[1:], prompts=prompts
            ),
        ),
    }
    return planned(
        pairs,
        {CLASSIFY: expected.classify},
        method="cluster pre-filter",
        batch_size=method.batch_size,
        at_most=True,
        is_bound=False,
        fewest=1,
        model=model,
        prices=prices,
        other_stages={stage: plan for stage, plan in stages.items() if plan.calls},
    )


def _stage(
    calls: Sequence[Sequence[int]], request: Callable[[Sequence[int]], Request]
) -> StagePlan:
    """What one of the pre-filter's own stages costs: some of its prompts are written for it."""
    if not calls:
        return StagePlan(0, 0, 0, 0)
    shown = calls[:: -(-len(calls) // _RENDERED)]
    asked = [request(call) for call in shown]
    size = sum(len((one.prompt.system + one.prompt.user).encode()) for one in asked)
    items = sum(map(len, calls)) - len(calls) * (asked[0].stage == SCORE)
    return StagePlan(
        calls=len(calls),
        judgements=0,
        prompt_bytes=round(size * len(calls) / len(shown)),
        tokens_out=_TOKENS[asked[0].stage] * items,
    )
