"""What scoring costs, and what features are worth against what they truly carry."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import campaignkit as ck
from benchmarks.classifier_worlds import BALANCED, IMBALANCED, low_rank_graph, world
from benchmarks.record import cpu_s, record, show_table
from campaignkit.report.quickstart import NUM_SAMPLES, TEST_SHARE, TYPE_RANGES
from campaignkit.runs import machine_facts
from campaignkit.seeds import stream

DOCS = Path(__file__).parent.parent / "docs" / "evaluation.md"
_START, _END = "<!-- table: ablation -->", "<!-- end: ablation -->"


def main() -> None:
    """Measure, record, and write the table into the docs."""
    costs = scoring()
    show_table(costs)
    ablations = {"quickstart": ablation(*quickstart())}
    if "--full" in sys.argv:
        graph = low_rank_graph(share=0.9, seed=0)
        for name, shares in (("imbalanced", IMBALANCED), ("balanced", BALANCED)):
            place = world(name, graph, shares=shares, cuts="sampler")
            ablations[name] = ablation(graph, place.train, place.test)
    record(
        "evaluation",
        {"scoring": costs, "ablation": ablations},
        about="CPU seconds of scoring random answers; PairwiseOrdinalClassifier retrained without "
        "each feature, 3 seeds of 90% of the rows, on the quickstart's campaigns (9,100 to train "
        "on, 3,900 to test) and, with --full, on 42,000 and 18,000 of five features, low-rank "
        "90%, sampler-like. All simulated.",
    )
    write_table(ablations)


def scoring() -> dict[str, dict[str, float]]:
    """Least CPU seconds of evaluating, testing in pairs and reading a log."""
    found = {}
    rng = stream(0, "benchmark", "evaluation")
    for num in (18_000, 1_000_000):
        truth = rng.integers(3, size=num)
        shares = rng.dirichlet([1, 1, 1], size=num)
        told, other = shares.argmax(axis=1), rng.integers(3, size=num)
        found[f"{num:,} rows"] = {
            "labels_cpu_s": cpu_s(lambda t=truth, p=told: ck.evaluate(t, p), repeats=3),
            "probabilities_cpu_s": cpu_s(lambda t=truth, p=shares: ck.evaluate(t, p), repeats=2),
            "paired_test_cpu_s": cpu_s(
                lambda t=truth, a=told, b=other: ck.compare_predictions(t, a, b), repeats=3
            ),
        }
    found["a log of 10,000 runs"] = {"read_cpu_s": reading_s()}
    return found


def reading_s() -> float:
    """CPU seconds of reading 10,000 runs."""
    made = ck.runs.RunRecord(
        kind="evaluation", task="outcome", dataset={"name": "test"}, model={"name": "m"},
        scores={"macro_f1": 0.5, "log_loss": 1.0}, intervals={"macro_f1": (0.4, 0.6)},
        confusion=[[5, 1, 0], [1, 5, 1], [0, 1, 5]], machine=machine_facts(),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "runs.jsonl")
        lines = [
            made.model_copy(update={"run_id": f"r{i}"}).model_dump_json() for i in range(10_000)
        ]
        path.write_text("\n".join(lines))
        return cpu_s(lambda: ck.RunLog(path).read(), repeats=3)


def quickstart() -> tuple[ck.SignedGraph, ck.CampaignDataset, ck.CampaignDataset]:
    """The quickstart's graph and the two sides of its campaigns."""
    graph = ck.build_graph(ck.Catalogue.bundled("retail-160"), scorer=ck.TraitScorer()).graph
    spec = ck.diagnose(graph, type_ranges=TYPE_RANGES).suggest(NUM_SAMPLES)
    train, test = ck.AnnealingSampler(graph, spec, seed=7).sample().split(test=TEST_SHARE)
    return graph, train, test


def ablation(graph: ck.SignedGraph, train: ck.CampaignDataset, test: ck.CampaignDataset) -> Any:
    """Drops and true shares of signal by feature."""
    start = time.process_time()
    report = ck.FeatureAblation(
        lambda seed: ck.PairwiseOrdinalClassifier(rank=8, seed=seed), num_seeds=3
    ).run(train, test, graph=graph)
    told = report.to_dict()
    told["cpu_s"] = round(time.process_time() - start, 1)
    drops = np.array([d.drop for d in report.drops])
    signal = np.array([d.signal_share for d in report.drops])
    told["correlation_of_drops_and_shares"] = float(np.corrcoef(drops, signal)[0, 1])
    return told


def write_table(ablations: dict[str, Any]) -> None:
    """Put the drops between the marks of the docs page."""
    lines = ["| left out | data | macro F1 | drop (95%) | log-loss | true share of signal |"]
    lines.append("|---|---|---|---|---|---|")
    for name, told in ablations.items():
        lines.append(
            f"| (nothing) | {name} | {told['macro_f1']:.3f} | | {told['log_loss']:.3f} | |"
        )
        lines += [
            f"| {d['feature']} | {name} | {d['macro_f1']:.3f} | {d['drop']:.3f} "
            f"({d['interval'][0]:.3f} to {d['interval'][1]:.3f}) | {d['log_loss']:.3f} | "
            f"{d['signal_share']:.2f} |"
            for d in told["drops"]
        ]
    text = DOCS.read_text(encoding="utf-8")
    before, rest = text.split(_START)
    table = "\n".join(lines)
    DOCS.write_text(f"{before}{_START}\n{table}\n{_END}{rest.split(_END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
