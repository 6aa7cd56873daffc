"""Signs against simulated outcomes: how many wrong ones are found, and how many flips are right.

    python -m benchmarks edge_outcomes

A simulated world: 160 attributes, 50% of pairs + and 9% -, 10% of the signs turned in the graph
that is validated. True signs lie on random pairs, or, "with structure", follow hidden likings of
the attributes, so that much of what pairs do could as well be done by attributes. An outcome is
the sum of the effects of a campaign's pairs (log-normal around one size, sd of the logarithm .25)
and of its attributes (half as much variance as the pairs: confounders), and noise. "Signal share"
is the pairs' share of the variance of pairs and noise.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from benchmarks.record import record, show_table
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.evaluation import EdgeOutcomes, Verdict, validate_edges
from campaignkit.graph import SignedGraph
from campaignkit.seeds import stream
from campaignkit.simulation import synthetic_graph

SIZES = {"audience": 60, "brand": 60, "geo": 30, "platform": 10}
EVEN = {"audience": (4, 6), "brand": (4, 6), "geo": (2, 3), "platform": (1, 1)}
ONE_BRAND = {"audience": (3, 6), "brand": (1, 2), "geo": (2, 4), "platform": (1, 3)}
WORLDS = 3


def main() -> None:
    figures: dict[str, Mapping[str, float]] = {}
    for name, num, share, ranges, spread, structured in (
        ("20k campaigns", 20_000, 0.6, EVEN, 0.25, False),
        ("60k campaigns", 60_000, 0.6, EVEN, 0.25, False),
        ("5k campaigns, weak signal", 5_000, 0.3, EVEN, 0.25, False),
        ("20k campaigns of one or two brands", 20_000, 0.6, ONE_BRAND, 0.25, False),
        ("20k campaigns, uneven effects", 20_000, 0.6, EVEN, 0.4, False),
        ("20k campaigns, signs with structure", 20_000, 0.6, EVEN, 0.25, True),
    ):
        rows = []
        for seed in range(WORLDS):
            started = time.process_time()
            truth, graph, campaigns, outcomes = world(
                num, seed=seed, share=share, ranges=ranges, spread=spread, structured=structured
            )
            made = time.process_time()
            told = validate_edges(graph, campaigns, outcomes=outcomes, seed=seed)
            cpu = time.process_time() - made
            rows.append(scores(truth, told) | {"cpu_s": cpu, "made_s": made - started})
            rows[-1]["lift_right_frac"] = lift_right(truth, graph, campaigns, outcomes)
        figures[name] = {
            key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]
        } | {
            f"{key}_sd": round(float(np.std([row[key] for row in rows], ddof=1)), 4)
            for key in ("right_after", "flip_precision")
        }
    show_table(figures)
    record("edge_outcomes", figures, about=(__doc__ or "").split("\n\n", 2)[2].replace("\n", " "))


def world(
    num: int,
    *,
    seed: int,
    share: float = 0.6,
    wrong: float = 0.1,
    ranges: Mapping[str, tuple[int, int]] = EVEN,
    sizes: Mapping[str, int] = SIZES,
    spread: float = 0.25,
    structured: bool = False,
) -> tuple[SignedGraph, SignedGraph, CampaignDataset, np.ndarray]:
    """The true graph, the one with wrong signs, campaigns and their outcomes."""
    counts = list(sizes.values())
    num_pairs = (sum(counts) ** 2 - sum(c * c for c in counts)) // 2
    wanted = {"num_positive": round(0.5 * num_pairs), "num_negative": round(0.09 * num_pairs)}
    truth = synthetic_graph(sizes, **wanted, seed=seed)
    rng = stream(seed, "benchmarks", "edge outcomes")
    if not structured:
        truth = _shuffled(truth, rng, **wanted)
    edges = truth.columns
    turned = rng.choice(len(edges), round(wrong * len(edges)), replace=False)
    signs = edges.sign.copy()
    signs[turned] *= -1
    graph = SignedGraph.from_arrays(truth.catalogue, edges.source, edges.target, signs)
    held = _draw_campaigns(truth, num, ranges, rng)
    n = len(truth.catalogue)
    effects = np.zeros((n, n))
    size = edges.sign * np.exp(rng.normal(0, spread, len(edges)))
    effects[edges.source, edges.target] = effects[edges.target, edges.source] = size
    pairs = np.array([effects[np.ix_(row, row)].sum() / 2 for row in held])
    main = rng.normal(size=n)
    nodes = np.array([main[row].sum() for row in held])
    nodes *= pairs.std() * np.sqrt(0.5) / nodes.std()
    noise = rng.normal(size=num) * pairs.std() * np.sqrt((1 - share) / share)
    vocabulary = Vocabulary.of([a.key for a in truth.catalogue])
    number = np.array([vocabulary.node_of[a.key] for a in truth.catalogue])
    block = Block.of_rows([number[row].tolist() for row in held], labels=[0] * num)
    return truth, graph, CampaignDataset(block, vocabulary, ["all"]), pairs + nodes + noise


def _shuffled(
    graph: SignedGraph, rng: np.random.Generator, *, num_positive: int, num_negative: int
) -> SignedGraph:
    """As many edges of each sign, on pairs drawn at random."""
    code = {m: i for i, m in enumerate(graph.catalogue.modalities)}
    codes = np.array([code[a.modality] for a in graph.catalogue])
    pairs = np.argwhere(np.triu(codes[:, None] != codes[None, :]))
    chosen = pairs[rng.permutation(len(pairs))[: num_positive + num_negative]]
    signs = np.repeat([1, -1], [num_positive, num_negative])
    return SignedGraph.from_arrays(graph.catalogue, chosen[:, 0], chosen[:, 1], signs)


def _draw_campaigns(
    graph: SignedGraph, num: int, ranges: Mapping[str, tuple[int, int]], rng: np.random.Generator
) -> list[np.ndarray]:
    of = {
        m: np.array([i for i, a in enumerate(graph.catalogue) if a.modality == m]) for m in ranges
    }
    return [
        np.concatenate(
            [
                rng.choice(of[m], rng.integers(lo, hi + 1), replace=False)
                for m, (lo, hi) in ranges.items()
            ]
        )
        for _ in range(num)
    ]


def scores(truth: SignedGraph, told: EdgeOutcomes) -> dict[str, float]:
    """How right the signs were, and are with the proposed flips."""
    right = told.graph.columns.sign == truth.columns.sign
    flip = told.verdict == Verdict.FLIP
    seen = told.verdict != Verdict.TOO_FEW
    return {
        "right_before": right.mean(),
        "right_after": (right ^ flip).mean(),
        "right_after_of_seen": (right ^ flip)[seen].mean(),
        "flips": float(flip.sum()),
        "flip_precision": float((~right)[flip].mean()) if flip.any() else 1.0,
        "wrong_found_frac": flip[~right].mean(),
        "too_few_frac": 1 - seen.mean(),
        "median_campaigns": float(np.median(told.num_campaigns)),
    }


def lift_right(
    truth: SignedGraph, graph: SignedGraph, campaigns: CampaignDataset, outcomes: np.ndarray
) -> float:
    """Share of signs right by naive lift: the mean outcome with a pair against without it."""
    from campaignkit.evaluation.edge_outcomes import design_of

    keys = campaigns.vocabulary.keys
    node_of = np.array([graph.catalogue.index(key) for key in keys], dtype=np.int64)
    _, pairs = design_of(graph, campaigns.block, node_of)
    mean = (pairs.T @ (outcomes - outcomes.mean())) / np.maximum(pairs.sum(axis=0), 1)
    return float((np.sign(mean) == truth.columns.sign).mean())


if __name__ == "__main__":
    main()
