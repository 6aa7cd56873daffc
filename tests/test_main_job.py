"""The main job, judged by code that shares nothing with what does it."""

from __future__ import annotations

import json
from pathlib import Path

import campaignkit as ck
from campaignkit.dataset import verify_dataset, verify_files

TYPE_RANGES = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 3)}


def test_every_campaign_is_in_range_whichever_way_the_graph_came(tmp_path: Path) -> None:
    """At a tenth of the size: the 13,000 themselves are counted in `test_end_to_end`."""
    graph = ck.build_graph(ck.Catalogue.bundled("retail-160"), scorer=ck.TraitScorer()).graph
    graph.write_csv(tmp_path / "edges.csv")
    read = ck.SignedGraph.read_csv(tmp_path / "edges.csv")
    profile = ck.diagnose(read, type_ranges=TYPE_RANGES, num_draws=10_000, seed=0)
    spec = profile.suggest(num_samples={"pos": 400, "avg": 500, "neg": 400})
    spec.write(tmp_path / "spec.json")
    outs = [tmp_path / name for name in ("one", "two", "other")]
    for out, source, seed in zip(outs, (read, graph, read), (7, 7, 8), strict=True):
        ck.AnnealingSampler(source, spec, seed=seed).sample().write(out)

    # From here on: edges.csv, spec.json and the JSONL alone.
    rows = [out / "campaigns.jsonl" for out in outs]
    found = verify_files(rows[0], tmp_path / "edges.csv", tmp_path / "spec.json")
    in_range = {name: label.in_range for name, label in found.labels.items()}

    assert found.is_sound, str(found)
    assert in_range == {"pos": 400, "avg": 500, "neg": 400}
    assert found.num_distinct >= 0.99 * 1300
    assert verify_dataset(outs[0], tmp_path / "edges.csv").is_sound
    assert rows[0].read_bytes() == rows[1].read_bytes()
    assert rows[0].read_bytes() != rows[2].read_bytes()


def test_the_checker_finds_one_wrong_label_among_thousands(tmp_path: Path) -> None:
    graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    graph.write_csv(tmp_path / "edges.csv")
    profile = ck.diagnose(graph, type_ranges=TYPE_RANGES, num_draws=10_000, seed=0)
    spec = profile.suggest(num_samples={"pos": 1000, "avg": 1000})
    out = ck.AnnealingSampler(graph, spec, seed=7).sample().write(tmp_path / "out")
    lines = (out / "campaigns.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[700])
    record["label"] = {"pos": "avg", "avg": "pos"}[record["label"]]
    lines[700] = json.dumps(record, ensure_ascii=False)
    (out / "campaigns.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    found = verify_dataset(out, tmp_path / "edges.csv")

    assert found.problems[0].startswith("campaigns.jsonl:701: is outside the ranges of")
    assert found.num_problems == 4  # the campaign, two numbers of campaigns, the file's digest
