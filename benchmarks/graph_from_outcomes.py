"""A graph learned from simulated results: which edges it dares to draw, and how many are right.

    python -m benchmarks graph_from_outcomes

Simulated worlds as in `edge_outcomes`: 50% of pairs + and 9% -, which make 0.6 of the outcome's
variance beside noise. "36 attributes": 12 brands, 12 audiences, 8 places and 4 platforms, one or
two of each in a campaign. The others have 160 attributes, some 14 in a campaign. "With structure":
true signs follow hidden likings of the attributes, so that attributes could do much of what pairs
do. Agreement is the share of drawn edges that have the sign of the true graph; an edge on a pair
without a sign is wrong. On outcomes in a random order every edge is false: the stated rate is the
share of such runs with any edge at all, at most 5%.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from benchmarks.edge_outcomes import EVEN, SIZES, world
from benchmarks.record import record, show_table
from campaignkit.catalogue import ColumnsLeftOut
from campaignkit.evaluation import FewEdges, OutcomeGraph, graph_from_outcomes
from campaignkit.graph import SignedGraph

SMALL = {"audience": 12, "brand": 12, "geo": 8, "platform": 4}
FEW = {"audience": (1, 2), "brand": (1, 2), "geo": (1, 1), "platform": (1, 1)}


def main() -> None:
    for expected in (ColumnsLeftOut, FewEdges):
        warnings.simplefilter("ignore", expected)
    figures: dict[str, Mapping[str, float]] = {}
    for name, num, sizes, ranges, structured, worlds, permutations in (
        ("2k campaigns, 36 attributes", 2_000, SMALL, FEW, False, 3, 20),
        ("20k campaigns, 36 attributes", 20_000, SMALL, FEW, False, 3, 6),
        ("20k campaigns", 20_000, SIZES, EVEN, False, 1, 2),
        ("20k campaigns, signs with structure", 20_000, SIZES, EVEN, True, 1, 0),
        ("100k campaigns", 100_000, SIZES, EVEN, False, 1, 0),
    ):
        rows, false = [], [0]
        for seed in range(worlds):
            truth, _, campaigns, outcomes = world(
                num, seed=seed, sizes=sizes, ranges=ranges, structured=structured
            )
            cells = {
                modality: [list(campaign.attributes[modality]) for campaign in campaigns]
                for modality in campaigns.vocabulary.modalities
            }
            started = time.process_time()
            learned = graph_from_outcomes(pa.table({**cells, "y": outcomes}), outcome="y")
            rows.append(scores(truth, learned) | {"cpu_s": time.process_time() - started})
            for permutation in range(seed, permutations, worlds):
                order = np.random.default_rng(permutation).permutation(num)
                shuffled = pa.table({**cells, "y": outcomes[order]})
                false.append(len(graph_from_outcomes(shuffled, outcome="y").graph.columns))
        figures[name] = {
            key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]
        } | {
            "permutations": permutations,
            "permutations_with_edges": int(np.count_nonzero(false)),
            "false_edges": sum(false),
        }
        show_table({name: figures[name]})
    about = (__doc__ or "").split("\n\n", 2)[2].replace("\n", " ").strip()
    record("graph_from_outcomes", figures, about=about)


def scores(truth: SignedGraph, learned: OutcomeGraph) -> dict[str, float]:
    """How many edges were drawn, and how many of them are right."""
    right = [truth.sign(edge.source, edge.target) == edge.sign for edge in learned.graph.edges()]
    return {
        "edges": float(len(right)),
        "agreement": float(np.mean(right)) if right else float("nan"),
        "true_edges": float(len(truth.columns)),
        "pairs_tested": float(len(learned.tested.columns)),
    }


if __name__ == "__main__":
    main()
