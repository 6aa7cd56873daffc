"""What priorities do: the connected share of a pair of modalities under high, none and low.

``python -m benchmarks priorities``. Two bundled graphs scored by their traits; the pair brand and
audience, and another pair drawn by a fixed seed; every label of the suggested spec. A connected
share cannot exceed 1: where the share without priorities is above .8, that is the limit of what
high can reach, and the record says so.
"""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import campaignkit as ck
from benchmarks.record import record, show_table

ROWS = 1_000
LABELS = ("neg", "avg", "pos")
PAIR = ("brand", "audience")
REACH_HIGH, REACH_LOW = 1.25, 0.8


def main() -> None:
    """Measure, print and record."""
    figures: dict[str, dict[str, Any]] = {}
    for name in ("starter-27", "retail-160"):
        graph = ck.build_graph(ck.Catalogue.bundled(name), scorer=ck.TraitScorer()).graph
        modalities = graph.catalogue.modalities
        ranges = {"brand": (1, 1), "audience": (2, 4)}
        ranges |= {other: (1, 2) for other in modalities if other not in ranges}
        spec = ck.diagnose(graph, type_ranges=ranges).suggest(dict.fromkeys(LABELS, ROWS))
        others = [pair for pair in combinations(modalities, 2) if {*pair} != {*PAIR}]
        for pair in (PAIR, random.Random(7).choice(others)):
            for label, told in shares(graph, spec, pair).items():
                figures[f"{name}, {pair[0]} and {pair[1]}, {label}"] = told
    show_table(figures)
    record(
        "priorities",
        figures,
        about=f"Connected share of the pairs between two modalities, {ROWS:,} campaigns a label, "
        "without priorities and under each; times that without, and whether the reach of "
        f"{REACH_HIGH} and {REACH_LOW} is met or a share of 1 stands against it.",
    )


def shares(
    graph: ck.SignedGraph, spec: ck.SamplingSpec, pair: tuple[str, str]
) -> dict[str, dict[str, Any]]:
    """By label: the connected shares, their ratios, and the share in range."""
    told: dict[str, dict[str, Any]] = {label: {} for label in LABELS}
    for kind in ("high", "low"):
        prior = {**spec.model_dump(), f"{kind}_priority_type_pairs": [pair]}
        dataset = ck.AnnealingSampler(graph, ck.SamplingSpec(**prior), seed=3).sample()
        for label, quality in dataset.provenance.quality["labels"].items():
            none, share = quality["connected_frac"][kind]
            found = dataset.evaluation
            assert found is not None
            told[label] |= {"none": none, kind: share, f"{kind}_times": share / none}
            told[label][f"{kind}_in_range"] = found.labels[label].in_range_frac
    for one in told.values():
        one["high_reached"] = one["high_times"] >= REACH_HIGH
        one["high_limited"] = REACH_HIGH * one["none"] > 1
        one["low_reached"] = one["low_times"] <= REACH_LOW
    return told


if __name__ == "__main__":
    main()
