"""Scores of clusters against clusters, from the model: 0 to 10, or null for "not viable"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campaignkit.edges.methods.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.methods.prefilter.describing import Ask
from campaignkit.edges.methods.prefilter.labels import ClusterLabel
from campaignkit.edges.prompt_data import DATA_RULE, data_block
from campaignkit.llm import CallFailed, Prompt, Reply, Request, numbered_reply, read_numbers
from campaignkit.seeds import stream

STAGE = "score clusters"
TEMPLATE = "cluster-score@1"
SCORE = {"type": ["integer", "null"], "minimum": 0, "maximum": 10}
_TASK = (
    "Score the source group against each numbered target group: how well would their members do "
    "together in one campaign?\n"
    "7 to 10: they fit. 10 only if every member of the one fits every member of the other.\n"
    "4 to 6: neither fit nor friction, or some members fit and others do not.\n"
    "0 to 3: friction; spend would be wasted.\n"
    "null: the combination is implausible or prohibited and would never be run. That is not the "
    "same as a low score.\n"
    "Judge what a marketer would expect. Do not invent edge cases."
)
_ANSWER = (
    "Answer with one JSON object and nothing else. Its keys are the numbers in brackets, without "
    "the brackets, every one of them once; its values are integers from 0 to 10, or null."
)


@dataclass(frozen=True, slots=True)
class ClusterScore:
    """How well two clusters go together.

    Attributes
    ----------
    source, target : int
        Cluster numbers.
    score : int or None
        0 to 10; None where the model said that the combination is not viable, or said nothing.
    failure : str
        Why there is no answer; empty where there is one, null among them.

    Examples
    --------
    >>> ClusterScore(0, 4, None).is_answered, ClusterScore(0, 5, None, "cut").is_answered
    (True, False)
    """

    source: int
    target: int
    score: int | None
    failure: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether the model gave a score or null."""
        return not self.failure


def score_calls(clustering: Clustering, *, targets_per_call: int) -> list[tuple[int, list[int]]]:
    """Which clusters are scored against which: (source, targets) by number, a call each.

    By the published rule: of two modalities the one that sorts first gives the sources, and the
    targets of a call are of one modality.

    Examples
    --------
    >>> import numpy as np
    >>> from campaignkit.catalogue import Catalogue
    >>> clusters = tuple(Cluster(i, m, (i,)) for i, m in enumerate(["geo", "brand", "geo"]))
    >>> score_calls(Clustering(Catalogue([]), clusters, np.zeros((0, 2))), targets_per_call=25)
    [(1, [0, 2])]
    """
    modalities = sorted({cluster.modality for cluster in clustering.clusters})
    calls = []
    for position, first in enumerate(modalities):
        for second in modalities[position + 1 :]:
            targets = [cluster.number for cluster in clustering.of(second)]
            for source in clustering.of(first):
                calls += [
                    (source.number, targets[start : start + targets_per_call])
                    for start in range(0, len(targets), targets_per_call)
                ]
    return calls


def score_clusters(
    clustering: Clustering,
    labels: Sequence[ClusterLabel],
    ask: Ask,
    *,
    targets_per_call: int,
    temperature: float | None,
    seed: int,
) -> list[ClusterScore]:
    """Have the model score every two clusters of different modalities.

    Targets stand in an order drawn from the seed, so that none profits from its place. Keys that
    a reply lacks, or that hold no score, are asked for once more.
    """
    found: dict[tuple[int, int], ClusterScore] = {}
    calls = score_calls(clustering, targets_per_call=targets_per_call)
    for again in (False, True):
        shuffled = []
        for source, targets in calls:
            rng = stream(seed, "prefilter", "score", source, *targets)
            shuffled.append((source, [targets[i] for i in rng.permutation(len(targets))]))
        requests = [
            score_request(clustering, labels, source=source, targets=targets,
                          temperature=temperature, mark=" again" if again else "")
            for source, targets in shuffled
        ]  # fmt: skip
        for (source, targets), reply in zip(shuffled, ask(requests), strict=True):
            _read(source, targets, reply, found)
        calls = _unanswered(calls, found)
        if not calls:
            break
    return [found[key] for key in sorted(found)]


def score_request(
    clustering: Clustering,
    labels: Sequence[ClusterLabel],
    *,
    source: int,
    targets: Sequence[int],
    temperature: float | None = 0.15,
    mark: str = "",
) -> Request:
    """The request that scores a cluster against others."""
    clusters = clustering.clusters
    shown: dict[str, object] = {
        "source": _shown(clustering, clusters[source], labels[source]),
        **{
            f"[{number}]": _shown(clustering, clusters[target], labels[target])
            for number, target in enumerate(targets, start=1)
        },
    }
    prompt = Prompt(
        user=f"{_TASK}\n{_ANSWER}\n{data_block(shown)}",
        system=f"You plan marketing campaigns. {DATA_RULE}",
        template=f"{TEMPLATE}{mark}",
        temperature=temperature,
    )
    return Request(prompt, numbered_reply(len(targets), SCORE), STAGE)


def _shown(clustering: Clustering, cluster: Cluster, label: ClusterLabel) -> dict[str, object]:
    shown: dict[str, object] = {"modality": cluster.modality, "label": label.label}
    if label.summary:
        shown["summary"] = label.summary
    if label.characteristics:
        shown["characteristics"] = list(label.characteristics)
    shown["members"] = [clustering.catalogue[position].value for position in cluster.members]
    return shown


def _read(
    source: int,
    targets: Sequence[int],
    reply: Reply[Any] | CallFailed,
    found: dict[tuple[int, int], ClusterScore],
) -> None:
    if isinstance(reply, CallFailed):
        why = f"{reply.reason}: {reply.message}"
        for target in targets:
            found[source, target] = ClusterScore(source, target, None, why)
        return
    said = read_numbers(reply.value)
    for number, target in enumerate(targets, start=1):
        score = said.get(number, "")
        if number in said and score is None:
            found[source, target] = ClusterScore(source, target, None)
        elif _is_score(score):
            found[source, target] = ClusterScore(source, target, int(score))
        else:
            why = f"the answer was {score!r}"[:80] if number in said else "the reply lacked it"
            found[source, target] = ClusterScore(source, target, None, why)


def _is_score(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= 10 and float(value).is_integer()


def _unanswered(
    calls: Sequence[tuple[int, list[int]]], found: dict[tuple[int, int], ClusterScore]
) -> list[tuple[int, list[int]]]:
    left = [
        (source, [target for target in targets if not found[source, target].is_answered])
        for source, targets in calls
    ]
    return [(source, targets) for source, targets in left if targets]
