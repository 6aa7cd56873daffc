"""The main job, end to end, judged from its files alone."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
from collections import Counter
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest

import campaignkit as ck
from campaignkit.dataset import verify_files
from campaignkit.report import run_quickstart
from campaignkit.report.quickstart import FILES
from campaignkit.store import read_manifest, verify_files as verify_digests
from command_line import run_here
from first_session import FirstSession

DATA = os.environ.get("CAMPAIGNKIT_TEST_DATA")


@pytest.fixture
def made(first_session: FirstSession) -> Path:
    """What the quickstart leaves, made with no extra and no way to the network."""
    assert first_session.code == 0, first_session.err
    return first_session.folder


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_13000_of_13000_campaigns_are_in_range_by_a_count_of_its_own(made: Path) -> None:
    """From edges.csv, spec.json and campaigns.jsonl with the standard library alone."""
    with (made / "edges.csv").open(encoding="utf-8", newline="") as file:
        sign = {}
        for edge in csv.DictReader(file):
            one, other = edge["rel"].split("_to_")
            pair = frozenset([(one, edge["source"]), (other, edge["target"])])
            sign[pair] = edge["sign"]
    spec = json.loads((made / "spec.json").read_bytes())
    found: Counter[str] = Counter()
    for row in _rows(made / "campaigns" / "campaigns.jsonl"):
        box = spec["label_params"][row.pop("label")]
        for modality, (low, high) in spec["type_ranges"].items():
            assert low <= len(row[modality]) <= high
        keys = [(modality, value) for modality, values in row.items() for value in values]
        assert len(keys) == len(set(keys))
        signs = Counter(sign.get(frozenset(pair)) for pair in combinations(keys, 2))
        for mark, name in (("+", "pos_frac_range"), ("-", "neg_frac_range")):
            low, high = (Fraction(str(bound)) for bound in box[name])
            assert low <= Fraction(signs[mark], signs.total()) <= high
        found[json.dumps(box, sort_keys=True)] += 1
    asked = {
        json.dumps(b, sort_keys=True): b["num_samples"] for b in spec["label_params"].values()
    }

    assert found == asked
    assert sorted(asked.values()) == [4000, 4000, 5000]


def test_the_independent_checker_agrees(made: Path) -> None:
    found = verify_files(
        made / "campaigns" / "campaigns.jsonl", made / "edges.csv", made / "spec.json"
    )

    assert found.is_sound, found.problems
    assert (found.rows, sum(label.in_range for label in found.labels.values())) == (13_000, 13_000)
    assert found.num_distinct >= 0.99 * 13_000


def test_the_folder_is_what_its_manifest_says(made: Path) -> None:
    manifest = read_manifest(made, kind="quickstart")

    verify_digests(made, manifest)

    on_disk = {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()}
    # The run log tells times and goes on growing; the manifest holds what is made once.
    lasting = {name for name in on_disk if not name.startswith("runs/")}
    assert lasting == {*manifest.files, "manifest.json"}
    assert set(FILES) <= {*on_disk} | {
        p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_dir()
    }


def test_the_classifiers_are_scored_logged_and_shown(made: Path) -> None:
    log = ck.RunLog(made / "runs")
    read = log.read()
    scored = [record for record in read.records if record.kind == "evaluation"]
    page = (made / "report.html").read_text(encoding="utf-8")
    test = ck.CampaignDataset.read(made / "split" / "test")

    f1 = {record.model.name: record.scores["macro_f1"] for record in scored}
    assert read.faults == ()
    assert list(f1) == ["majority", "one-hot logistic", "pair logistic", "pairwise ordinal"]
    assert sorted(f1, key=f1.__getitem__) == list(f1)
    # Simulated data: what was measured when this was written is .185, .678, .712 and .780.
    assert f1["pairwise ordinal"] > f1["pair logistic"] + 0.03
    for record in scored:
        kept = log.read_predictions(record)
        assert list(kept.truth) == test.labels.tolist()
        again = ck.evaluate(kept.truth, kept.predicted)
        assert again.macro_f1 == record.scores["macro_f1"]
        assert [list(row) for row in again.confusion] == record.confusion
        assert record.model.name in page
        assert f"{record.scores['macro_f1']:.3f}" in page
    assert "What a classifier learns" in page and "The graph that made the labels" in page


def test_train_and_test_share_no_campaign_and_lose_none(made: Path) -> None:
    whole = ck.CampaignDataset.read(made / "campaigns")
    train, test = (ck.CampaignDataset.read(made / "split" / side) for side in ("train", "test"))

    sides = [{str(campaign) for campaign in side} for side in (train, test)]

    assert sides[0].isdisjoint(sides[1])
    assert len(train) + len(test) == len(whole) == 13_000
    assert test.label_counts == {"pos": 1200, "avg": 1500, "neg": 1200}


def test_a_second_run_gives_the_same_bytes(tmp_path: Path) -> None:
    """In small: every step and every file is there, the graph's and the models' too."""
    few = {"pos": 200, "avg": 250, "neg": 200}
    one, other = tmp_path / "one", tmp_path / "other"
    for out in (one, other):
        run_quickstart(out, catalogue=ck.Catalogue.bundled("starter-27"), num_samples=few, seed=7)

    files = [p.relative_to(one) for p in one.rglob("*") if p.is_file() and "runs" not in p.parts]
    assert len(files) > 15
    for name in files:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_another_seed_gives_other_campaigns(made: Path) -> None:
    graph = ck.SignedGraph.read_csv(made / "edges.csv")
    spec = ck.SamplingSpec.read(made / "spec.json")
    theirs = {str(c) for c in ck.AnnealingSampler(graph, spec, seed=8).sample()}

    ours = {str(c) for c in ck.CampaignDataset.read(made / "campaigns")}

    assert len(ours & theirs) < 0.01 * 13_000


def test_shuffled_edges_with_their_ends_swapped_give_the_same_bytes(
    made: Path, tmp_path: Path
) -> None:
    lines = (made / "edges.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.reader(lines[1:]))[::-1]
    with (tmp_path / "edges.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["source", "target", "rel", "sign"])
        for source, target, rel, mark in rows:
            one, other = rel.split("_to_")
            writer.writerow([target, source, f"{other}_to_{one}", mark])
    graph = ck.SignedGraph.read_csv(tmp_path / "edges.csv")

    spec = ck.SamplingSpec.read(made / "spec.json")
    ck.AnnealingSampler(graph, spec, seed=7).sample().write(tmp_path / "out")

    name = Path("campaigns.jsonl")
    assert (tmp_path / "out" / name).read_bytes() == (made / "campaigns" / name).read_bytes()


@pytest.mark.data
def test_a_real_signed_network_goes_the_whole_way(tmp_path: Path) -> None:
    if not DATA:
        pytest.skip("CAMPAIGNKIT_TEST_DATA is not set")
    edges = Path(DATA, "graphs", "senate_edges.csv")
    if not edges.exists():
        pytest.skip("the senate network is not in CAMPAIGNKIT_TEST_DATA")
    graph = ck.SignedGraph.read_csv(edges)
    profile = ck.diagnose(graph, type_ranges={"senator": (3, 6), "bill": (3, 8)})
    spec = profile.suggest({"pos": 3000, "avg": 4000, "neg": 3000})

    dataset = ck.AnnealingSampler(graph, spec, seed=7).sample()
    dataset.write(tmp_path / "out")
    spec.write(tmp_path / "spec.json")

    found = verify_files(tmp_path / "out" / "campaigns.jsonl", edges, tmp_path / "spec.json")
    assert found.is_sound, found.problems
    assert sum(label.in_range for label in found.labels.values()) == 10_000
    assert found.num_distinct >= 9_900


def test_what_the_quickstart_says_to_try_next_works_as_printed(
    first_session: FirstSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shutil.copytree(first_session.folder, tmp_path / "quickstart")
    monkeypatch.chdir(tmp_path)
    lines = [line.strip() for line in first_session.out.splitlines() if " dataset " in line]
    assert len(lines) == 2

    for line in lines:
        words = shlex.split(line)
        ended = run_here(words[words.index("dataset") :], capsys)
        assert ended.code == 0, ended.err

    ours, theirs = (
        (tmp_path / place / "campaigns.jsonl").read_bytes()
        for place in ("quickstart/campaigns", "again")
    )
    assert ours == theirs
