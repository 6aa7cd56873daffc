"""A small graph with a spec, campaigns and a table, and a home with a key that may do all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import campaignkit as ck
from campaignkit.inject import write_table
from campaignkit.service import Home, Job, Key, Quota, run_job

RANGES = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 2)}


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user has: edges.csv, spec.json, catalogue.csv, campaigns.jsonl, table.csv."""
    place = tmp_path_factory.mktemp("desk")
    graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    graph.write_csv(place / "edges.csv")
    spec = ck.diagnose(graph, type_ranges=RANGES).suggest({"pos": 150, "neg": 150})
    spec.write(place / "spec.json")
    dataset = ck.AnnealingSampler(graph, spec, seed=3).write(place / "dataset")
    (place / "campaigns.jsonl").write_bytes((dataset / "campaigns.jsonl").read_bytes())
    ck.Catalogue.bundled("starter-27").write_csv(place / "catalogue.csv")
    write_table(ck.synthetic_table(200, seed=1), place / "table.csv")
    return place


@dataclass
class Office:
    """A home, one of its keys and the desk of the key's user."""

    home: Home
    key: Key
    desk: Path

    def file(self, name: str) -> dict[str, str]:
        digest, _ = self.home.upload(self.key, [(self.desk / name).read_bytes()])
        return {"digest": digest, "name": name}

    def submit(self, kind: str, **told: Any) -> Job:
        return self.home.submit(self.key, kind, told)[0]

    def run(self, kind: str, **told: Any) -> Job:
        return run_job(self.home, self.submit(kind, **told).id)

    def dataset(self, **told: Any) -> dict[str, Any]:
        return {"graph": self.file("edges.csv"), "spec": self.file("spec.json"), **told}

    def content(self, job: Job) -> dict[str, bytes]:
        assert job.result, job.error
        read = self.home.artifacts.read
        return {file["name"]: b"".join(read(file["digest"])) for file in job.result["files"]}


@pytest.fixture
def office(tmp_path: Path, desk: Path) -> Office:
    home = Home(tmp_path / "home")
    quota = Quota(calls=1_000, micros=1_000_000)
    return Office(home, home.keys.add("ana", scopes=["all"], quota=quota)[0], desk)
