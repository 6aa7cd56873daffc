"""What a verdict costs at 746 nodes: random boxes and the boxes of the sampler's benchmark.

``python -m benchmarks feasibility``
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

import campaignkit as ck
from benchmarks.record import record, show_table
from campaignkit.diagnosis.ceiling import pair_ceiling
from campaignkit.graph import SignedGraph
from campaignkit.seeds import stream
from campaignkit.simulation import published_graph
from campaignkit.simulation.synthetic import PUBLISHED_TYPE_RANGES

NUM_BOXES = 300
_SHOWN = (50, 90, 99, 100)
_TWENTY_NODES = {
    "gender-generation": (6, 6),
    "interest-and-other-attributes": (5, 5),
    "geo": (2, 2),
}
NAMED = {
    "pos >= .42, neg <= .09": ((0.42, 1.0), (0.0, 0.09)),
    "pos >= .60, neg <= .05": ((0.60, 1.0), (0.0, 0.05)),
    "pos >= .90": ((0.90, 1.0), (0.0, 1.0)),
    "pos >= .46, neg >= .46": ((0.46, 1.0), (0.46, 1.0)),
}


def main() -> None:
    """Measure, print and record."""
    graph = published_graph()
    fixed = {**PUBLISHED_TYPE_RANGES, **_TWENTY_NODES}
    figures: dict[str, dict[str, Any]] = {}  # Any: JSON values
    for name, ranges in (("published ranges", PUBLISHED_TYPE_RANGES), ("20 nodes", fixed)):
        _verdict(graph, ranges, (0.1, 0.4), (0.1, 0.4))  # compiles
        figures[f"random boxes, {name}"] = _random_boxes(graph, ranges)
    for name, (pos, neg) in NAMED.items():
        status, cpu_s, visits = _verdict(graph, fixed, pos, neg)
        figures[f"20 nodes, {name}"] = {
            "verdict": status,
            "cpu_ms": round(cpu_s * 1000, 1),
            "visits": visits,
        }
    show_table(figures)
    record(
        "feasibility",
        figures,
        about=(
            "CPU milliseconds of ck.feasible for one label on the graph of published size, tables "
            "of the graph included. Random boxes: both lows and highs uniform up to .9, lows that "
            f"add up to less than 1; the ceiling at 20 nodes is {pair_ceiling(fixed):.3f}."
        ),
    )


def _random_boxes(graph: SignedGraph, ranges: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    rng = stream(0, "benchmark", "feasibility")
    statuses: dict[str, list[float]] = {"feasible": [], "infeasible": [], "unknown": []}
    while sum(map(len, statuses.values())) < NUM_BOXES:
        pos, neg = np.sort(rng.random((2, 2)) * 0.9, axis=1).tolist()
        if pos[0] + neg[0] <= 1:
            status, cpu_s, _ = _verdict(graph, ranges, (pos[0], pos[1]), (neg[0], neg[1]))
            statuses[status].append(cpu_s * 1000)
    everything = [cpu_ms for found in statuses.values() for cpu_ms in found]
    told: dict[str, Any] = {status: len(found) for status, found in statuses.items()}
    for share in _SHOWN:
        told[f"cpu_ms_p{share}"] = round(float(np.percentile(everything, share)), 1)
    for status, found in statuses.items():
        if found:
            told[f"cpu_ms_median_{status}"] = round(float(np.median(found)), 1)
    return told


def _verdict(
    graph: SignedGraph,
    ranges: Mapping[str, tuple[int, int]],
    pos: tuple[float, float],
    neg: tuple[float, float],
) -> tuple[str, float, int]:
    label = ck.LabelSpec(pos_frac_range=pos, neg_frac_range=neg, num_samples=1)
    spec = ck.SamplingSpec(type_ranges=dict(ranges), label_params={"x": label})
    start = time.process_time()
    found = ck.feasible(graph, spec)["x"]
    return found.status, time.process_time() - start, found.effort.visits


if __name__ == "__main__":
    main()
