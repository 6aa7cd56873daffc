"""Every kind of job gives the bytes of its command, and says what is wrong with a request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import campaignkit as ck
from campaignkit.errors import (
    CampaignkitError,
    InfeasibleSpec,
    ServiceError,
    SettingError,
    SpecError,
)
from campaignkit.service import KINDS, NotAllowed, NotThere, QuotaExceeded, kind_named
from campaignkit.service.kinds.request import read_json
from campaignkit.simulation import RehearsalModel, RehearsalWorld
from campaignkit.testing import ModelServer
from command_line import run_here


def folder_content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_data_set_has_the_bytes_of_the_command_line(
    office: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = office.desk
    job = office.run("dataset", **office.dataset(seed=7))
    run_here(
        ["dataset", "generate", desk / "edges.csv", desk / "spec.json", "--out", tmp_path / "out",
         "--seed", "7"],
        capsys,
    )  # fmt: skip

    assert (job.state, job.done, job.all, job.used.rows) == ("done", 300, 300, 300)
    assert office.content(job) == folder_content(tmp_path / "out")
    assert list((office.home.path / "work").iterdir()) == []


def test_a_graph_has_the_bytes_of_the_command_line(
    office: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = office.run("graph", catalogue=office.file("catalogue.csv"))
    run_here(
        ["graph", "build", office.desk / "catalogue.csv", "--out", tmp_path / "edges.csv"], capsys
    )

    assert office.content(job) == {"edges.csv": (tmp_path / "edges.csv").read_bytes()}


def test_a_diagnosis_has_the_bytes_of_the_command_line(
    office: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ranges = {"brand": [1, 1], "audience": [2, 4]}
    job = office.run(
        "diagnose", graph=office.file("edges.csv"), ranges=ranges, suggest={"pos": 9}, draws=500
    )
    told = run_here(
        ["diagnose", office.desk / "edges.csv", "--ranges", "brand=1,audience=2-4", "--suggest",
         "pos=9", "--draws", "500", "--write-spec", tmp_path / "spec.json", "--json"],
        capsys,
    )  # fmt: skip

    expected = {
        "diagnosis.json": told.out.encode(),
        "spec.json": (tmp_path / "spec.json").read_bytes(),
    }
    assert office.content(job) == expected


def test_an_audit_has_the_bytes_of_the_command_line(
    office: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    job = office.run("audit", table=office.file("table.csv"))
    monkeypatch.chdir(office.desk)
    run_here(["audit", "table.csv", "--report", tmp_path / "report"], capsys)

    found, expected = office.content(job), folder_content(tmp_path / "report")
    assert found.keys() == expected.keys()
    assert timeless(found["audit.json"]) == timeless(expected["audit.json"])
    assert job.used.rows == 200


def timeless(text: bytes) -> Any:
    told = json.loads(text)
    return {name: value for name, value in told.items() if "time" not in name}


def test_a_recommendation_has_the_bytes_of_the_command_line(
    office: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    job = office.run(
        "recommend", model=office.file("edges.csv"), known={"brand": ["Nike"]}, count=2
    )
    told = run_here(
        [
            "recommend",
            office.desk / "edges.csv",
            "--known",
            "brand=Nike",
            "--count",
            "2",
            "--json",
        ],
        capsys,
    )

    assert office.content(job) == {"advice.json": told.out.encode()}


def test_a_classifier_is_trained_scored_and_predicts(office: Any) -> None:
    job = office.run(
        "classify", campaigns=office.file("campaigns.jsonl"), classifier="one-hot-logistic"
    )

    lines = office.content(job)["predictions.csv"].decode().splitlines()
    assert lines[0] == "row,predicted,neg,pos"
    assert len(lines) == 1 + 90
    assert job.result["summary"]["accuracy"]


def test_a_model_is_asked_within_the_budget_that_the_job_states(
    office: Any,
) -> None:
    catalogue = office.file("catalogue.csv")
    world = RehearsalWorld(ck.Catalogue.read_csv(office.desk / "catalogue.csv"))
    with ModelServer(RehearsalModel(world).answer) as server:
        told = f'[fast]\nprovider = "openai"\nname = "m"\nbase_url = "{server.openai_url}"\n'
        (office.home.path / "models.toml").write_text(told + "in_per_million = 1\n")
        with pytest.raises(SettingError, match="has no budget"):
            office.submit("graph", catalogue=catalogue, model="fast")
        with pytest.raises(NotThere, match="this service has: fast"):
            office.submit("graph", catalogue=catalogue, model="slow", calls=50, money=0.5)
        with pytest.raises(CampaignkitError, match="does not fit the budget"):
            office.submit("graph", catalogue=catalogue, model="fast", calls=1, money=0.5)
        with pytest.raises(QuotaExceeded, match="quota of calls"):
            office.submit("graph", catalogue=catalogue, model="fast", calls=1_001, money=0.5)
        job = office.run("graph", catalogue=catalogue, model="fast", calls=50, money=0.5)

    (key,) = office.home.keys.list()
    assert job.state == "done", job.error
    assert job.cost.calls == 50 and job.cost.micros == 500_000
    assert 0 < job.used.calls < 50 and 0 < job.used.micros < 500_000
    assert (key.used.calls, key.used.micros) == (job.used.calls, job.used.micros)


@pytest.mark.parametrize("said", ["[fast", '[fast]\nprovider = "x"\nname = "m"', "fast = 1"])
def test_a_fault_in_the_list_of_models_is_told_without_what_is_in_it(
    office: Any, said: str
) -> None:
    (office.home.path / "models.toml").write_text(said)
    catalogue = office.file("catalogue.csv")

    with pytest.raises(ServiceError, match=r"^models.toml of the service cannot be read\n.*hint"):
        office.submit("graph", catalogue=catalogue, model="fast", calls=9, money=1)


def test_what_cannot_be_drawn_is_refused_with_the_samplers_advice_and_makes_no_job(
    office: Any,
) -> None:
    spec = json.loads((office.desk / "spec.json").read_text())
    spec["label_params"]["pos"] |= {"pos_frac_range": [0.99, 1.0], "neg_frac_range": [0, 0]}
    digest, _ = office.home.upload(office.key, [json.dumps(spec).encode()])
    told = office.dataset(spec={"digest": digest, "name": "spec.json"})

    with pytest.raises(InfeasibleSpec, match="pos"):
        office.home.submit(office.key, "dataset", told)
    assert office.home.queue.list(None) == ()


def test_messages_name_the_users_file_and_no_folder_of_the_service(office: Any) -> None:
    digest, _ = office.home.upload(office.key, [b"{"])
    told = office.dataset(spec={"digest": digest, "name": "mine.json"})

    with pytest.raises(SpecError) as caught:
        office.home.plan(office.key, "dataset", told)
    assert "mine.json" in str(caught.value)
    assert str(office.home.path) not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_refuses_unknown_keys_and_scopes(office: Any, kind: str) -> None:
    with pytest.raises(SettingError, match="cannot be run"):
        office.home.plan(office.key, kind, {"path": "/etc/passwd"})
    lone, _ = office.home.keys.add("ben", scopes=["audit" if kind != "audit" else "graph"])
    with pytest.raises(NotAllowed, match=f"expected the scope {kind}"):
        office.home.plan(lone, kind, {})
    assert kind_named(kind).name == kind


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1), ("seed", 2**53), ("seed", 1.5), ("seed", True), ("seed", "7"),
        ("graph", "edges.csv"), ("graph", {"digest": "sha256:0", "name": "a.csv"}),
        ("graph", {"digest": "sha256:" + "0" * 64, "name": "../a.csv"}),
        ("graph", {"digest": "sha256:" + "0" * 64, "name": "http://a/b.csv"}),
    ],
)  # fmt: skip
def test_values_out_of_bounds_paths_and_addresses_are_refused(
    office: Any, field: str, value: object
) -> None:
    with pytest.raises(SettingError) as caught:
        office.home.plan(office.key, "dataset", office.dataset(**{field: value}))
    assert caught.value.faults[0].where.startswith(field)


@pytest.mark.parametrize(
    "body",
    ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": 1e400}', '{"a": -Infinity}', f'{{"a": {2**53}}}',
     '{"a": 1' + "0" * 5_000 + "}", '[["\\u0000"]]', '{"\\ud800": 1}', "[" * 100_000, "", b"\xff"],
)  # fmt: skip
def test_bodies_that_are_no_json_for_everybody_are_refused(body: str | bytes) -> None:
    with pytest.raises(SettingError, match="not JSON"):
        read_json(body)


def test_another_owners_file_is_not_there(office: Any) -> None:
    told = office.dataset()
    other, _ = office.home.keys.add("ben", scopes=["all"])

    with pytest.raises(NotThere, match=r"edges\.csv"):
        office.home.submit(other, "dataset", told)
