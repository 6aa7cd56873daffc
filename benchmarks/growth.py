"""How the sampler's cost grows: with nodes, with the size of a campaign, with rarity.

``python -m benchmarks growth`` writes the figures and three plots for the docs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import record
from benchmarks.sampler import RANGES, Measured, measure
from campaignkit.graph import SignedGraph
from campaignkit.graph.node_set import draw_counts
from campaignkit.graph.node_tables import NodeTables
from campaignkit.sample import AnnealingSampler, HeatBath, Rejection
from campaignkit.show import line_plot
from campaignkit.simulation import published_graph, synthetic_graph
from campaignkit.spec import SamplingSpec

FIGURES = Path(__file__).parent.parent / "docs" / "figures"
Ranges = dict[str, tuple[int, int]]
ANYTHING = ((0.0, 1.0), (0.0, 1.0))


def rate(
    graph: SignedGraph, ranges: Ranges, box: tuple[Any, Any], num_rows: int, **options: Any
) -> Measured:
    """Rows a CPU-second for one box."""
    label = {"pos_frac_range": box[0], "neg_frac_range": box[1], "num_samples": 1}
    spec = SamplingSpec.model_validate({"type_ranges": ranges, "label_params": {"x": label}})
    (job,) = AnnealingSampler(graph, spec, seed=1, **options)._jobs()
    return measure(job, num_rows, repeats=2)


def pos_fracs(graph: SignedGraph, ranges: Ranges, num_draws: int) -> NDArray[np.float32]:
    """Positive fractions of unconstrained draws, in batches that fit memory."""
    tables = NodeTables.from_graph(graph, ranges)
    batch = 5_000_000
    parts = []
    for key, done in enumerate(range(0, num_draws, batch)):
        draws = draw_counts(tables, ranges, num_draws=min(batch, num_draws - done), key=key + 1)
        parts.append((draws.positives / draws.pairs).astype(np.float32))
    return np.concatenate(parts)


def by_nodes() -> dict[str, dict[int, float]]:
    """Campaigns of 3 to 12 nodes on graphs of mean degree 40, from 100 to 100,000 nodes."""
    ranges: Ranges = {"brand": (1, 2), "audience": (1, 4), "creative": (1, 4), "geo": (1, 2)}
    shares = {"brand": 0.2, "audience": 0.3, "creative": 0.4, "geo": 0.1}
    told: dict[str, dict[int, float]] = {"unconstrained draws": {}, "heat-bath, pos >= 0.2": {}}
    for nodes in (100, 300, 1_000, 3_000, 8_000, 10_000, 30_000, 100_000):
        sizes = {name: round(share * nodes) for name, share in shares.items()}
        graph = synthetic_graph(sizes, num_positive=10 * nodes, num_negative=10 * nodes, seed=2)
        free = rate(graph, ranges, ANYTHING, 100_000, strategy=Rejection())
        held = rate(graph, ranges, ((0.2, 1.0), (0.0, 0.1)), 2_000, strategy=HeatBath())
        told["unconstrained draws"][nodes] = free.rate
        told["heat-bath, pos >= 0.2"][nodes] = held.rate
        print(f"  {nodes:,} nodes: {free.rate:,.0f} and {held.rate:,.0f} rows/CPU-s", flush=True)
    return told


def by_size() -> dict[str, dict[int, float]]:
    """Campaigns of 5 to 60 nodes on the graph of the published size."""
    graph = published_graph()
    told: dict[str, dict[int, float]] = {"rejection at 20%": {}, "heat-bath at 1%": {}}
    for size in (5, 10, 15, 20, 30, 45, 60):
        ranges: Ranges = {
            "brand": (1, 1),
            "geo": (1, max(1, size // 10)),
            "gender-generation": (1, max(1, size // 5)),
            "interest-and-other-attributes": (1, max(2, size - 3 - size // 10 - size // 5)),
            "platform": (1, 1),
        }
        ranges = {name: (max(1, high - 2), high) for name, (_, high) in ranges.items()}
        fracs = pos_fracs(graph, ranges, 500_000)
        for way, share, options, rows in (
            ("rejection at 20%", 0.2, {"strategy": Rejection()}, 60_000),
            ("heat-bath at 1%", 0.01, {"strategy": HeatBath()}, 10_000),
        ):
            bound = float(np.quantile(fracs, 1 - share))
            told[way][size] = rate(graph, ranges, ((bound, 1.0), (0.0, 1.0)), rows, **options).rate
        print(f"  {size} nodes a campaign: {[f'{told[way][size]:,.0f}' for way in told]}")
    return told


def by_acceptance() -> dict[str, dict[float, float]]:
    """Boxes that accept 1 to 10**-7 of unconstrained draws, on the graph of the published size."""
    graph = published_graph()
    ways: dict[str, tuple[dict[str, Any], int]] = {
        "rejection": ({"strategy": Rejection()}, 20_000),
        "heat-bath": ({"strategy": HeatBath()}, 10_000),
        "heat-bath, blocks of 32": ({"strategy": HeatBath(chain_block=32)}, 20_000),
    }
    told: dict[str, dict[float, float]] = {way: {} for way in ways}
    fracs = np.sort(pos_fracs(graph, RANGES, 40_000_000))
    for power in range(8):
        kept = max(round(len(fracs) * 10.0**-power), 4)
        bound = float(fracs[-kept]) - 1e-6
        acceptance = float((fracs >= bound).mean())
        for way, (options, most) in ways.items():
            if way == "rejection" and power > 4:
                continue
            rows = max(10, most // 10**power * 10) if way == "rejection" else most
            box = ((max(bound, 0.0), 1.0), (0.0, 1.0))
            told[way][acceptance] = rate(graph, RANGES, box, rows, **options).rate
        print(f"  acceptance {acceptance:.1e}", flush=True)
    return told


def main() -> None:
    """Measure, record and draw."""
    FIGURES.mkdir(exist_ok=True)
    figures = {}
    for name, grow, x_label in (
        ("nodes", by_nodes, "nodes of the graph"),
        ("size", by_size, "nodes of a campaign, at most"),
        ("acceptance", by_acceptance, "share of unconstrained draws in the box"),
    ):
        curves = grow()
        figures[name] = {way: {str(x): y for x, y in told.items()} for way, told in curves.items()}
        picture = line_plot(
            {way: list(told.items()) for way, told in curves.items()},
            title=f"Campaigns a CPU-second by {name}",
            x_label=x_label,
            y_label="campaigns a CPU-second of one core",
            log_x=True,
            log_y=True,
        )
        (FIGURES / f"sampler-by-{name}.svg").write_text(picture + "\n", encoding="utf-8")
    record(
        "growth",
        figures,
        about="Campaigns a CPU-second of one core; best of two runs of this library.",
    )


if __name__ == "__main__":
    main()
